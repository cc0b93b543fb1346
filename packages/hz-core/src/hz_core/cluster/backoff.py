"""The pauses between attempts to connect to the cluster, without I/O."""

from typing import Final

from hz_core.io import Randomness

_LAST_ROUND: Final = 1.0
"""Longest time in seconds that the last pause leaves for one more round of attempts."""


class Backoff:
    """Exponential pauses with jitter, until a time limit.

    Args:
        initial: First pause in seconds.
        maximum: Longest pause in seconds.
        multiplier: Factor from one pause to the next, at least 1.
        jitter: Fraction of a pause, 0 to 1, by which it is randomly lengthened or shortened.
        timeout: Seconds after which there is no further attempt; 0 for one round, negative for never.
        random: Source of the jitter.
    """

    __slots__ = ("_initial", "_jitter", "_last", "_maximum", "_multiplier", "_random", "_timeout", "_tries")

    def __init__(
        self,
        *,
        initial: float,
        maximum: float,
        multiplier: float,
        jitter: float,
        timeout: float,
        random: Randomness,
    ) -> None:
        self._initial = min(initial, maximum)
        self._maximum = maximum
        self._multiplier = multiplier
        self._jitter = jitter
        self._timeout = timeout
        self._random = random
        self._tries = 0
        self._last = False

    def left(self, elapsed: float) -> float | None:
        """Return the seconds left for attempts after ``elapsed`` seconds, at least 0, or None for no limit."""
        return max(self._timeout - elapsed, 0.0) if self._timeout > 0 else None

    def over(self, elapsed: float) -> bool:
        """Return whether no time is left for another attempt within a round, after ``elapsed`` seconds."""
        return self.left(elapsed) == 0

    def next_pause(self, elapsed: float) -> float | None:
        """Return the next pause in seconds, or None if no time for another attempt is left after ``elapsed``."""
        if self._last or 0 <= self._timeout <= elapsed:
            return None
        try:
            pause = min(self._initial * self._multiplier**self._tries, self._maximum)
        except OverflowError:
            pause = self._maximum
        self._tries += 1
        pause += pause * self._jitter * (2.0 * self._random.random() - 1.0)
        if self._timeout >= 0:
            left = self._timeout - elapsed
            longest = left - min(_LAST_ROUND, self._timeout / 10)
            # After a shortened pause there is one more round, instead of a series of ever shorter pauses.
            self._last = pause > longest
            pause = min(pause, longest)
        return pause
