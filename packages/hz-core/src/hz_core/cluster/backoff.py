"""How long to wait between attempts to reach the cluster. Pure."""

from hz_core.io import Randomness


class Backoff:
    """Exponential pauses with jitter, until a time is used up.

    Args:
        initial: First pause in seconds.
        maximum: Longest pause in seconds.
        multiplier: Factor from one pause to the next, at least 1.
        jitter: Share of a pause, 0 to 1, by which it is randomly lengthened or shortened.
        timeout: Seconds after which there is no further attempt; negative for never.
        random: Source of the jitter.
    """

    __slots__ = ("_initial", "_jitter", "_maximum", "_multiplier", "_random", "_timeout", "_tries")

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

    def next_pause(self, elapsed: float) -> float | None:
        """Return the next pause in seconds, or None when `elapsed` seconds leave no time for another attempt."""
        if 0 <= self._timeout <= elapsed:
            return None
        try:
            pause = min(self._initial * self._multiplier**self._tries, self._maximum)
        except OverflowError:
            pause = self._maximum
        self._tries += 1
        pause += pause * self._jitter * (2.0 * self._random.random() - 1.0)
        if self._timeout >= 0:
            pause = min(pause, self._timeout - elapsed)
        return pause
