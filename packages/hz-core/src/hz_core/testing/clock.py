"""Time for simulated members."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> object:
        """Do not make the call."""
        ...


class Clock(Protocol):
    """Tells the time and makes calls later; the scripted driver is one."""

    def now(self) -> float:
        """Return the time in seconds."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call ``callback`` after ``delay`` seconds."""
        ...


class _Call:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A clock that stands still unless a test moves it.

    Args:
        start: The time to begin with, in seconds.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._calls: list[tuple[float, int, _Call]] = []
        self._numbers = count()

    def now(self) -> float:
        """Return the time in seconds."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Timer:
        """Call ``callback`` when the time was moved on by ``delay`` seconds."""
        call = _Call(callback)
        heappush(self._calls, (self._now + max(delay, 0.0), next(self._numbers), call))
        return call

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, and make the calls that are due by then."""
        until = self._now + seconds
        while self._calls and self._calls[0][0] <= until:
            at, _, call = heappop(self._calls)
            self._now = max(self._now, at)
            if call.callback is not None:
                call.callback()
        self._now = until
