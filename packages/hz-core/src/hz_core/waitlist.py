"""Callers that wait for a place, in the order in which they came."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

RECHECK_INTERVAL: Final = 0.25
"""Seconds after which a caller that waits looks again, whether or not it was woken."""


class Waitlist:
    """Wakes those who wait for a place when there may be one.

    Args:
        free: Returns how many places are free.
        new_waiter: Makes the future on which a caller waits.
    """

    def __init__(self, free: Callable[[], int], new_waiter: Callable[[], Any]) -> None:
        self._free = free
        self._new_waiter = new_waiter
        self._waiting: deque[Any] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def enqueue(self) -> Any:
        """Return a future that is completed when there may be a place."""
        waiter = self._new_waiter()
        self._waiting.append(waiter)
        self.wake()  # a place may have become free before the waiter was seen
        return waiter

    def forget(self, waiter: Any) -> None:
        """Remove a waiter that does not wait any more; what it was told is passed on."""
        try:
            self._waiting.remove(waiter)
        except ValueError:
            self.wake()

    def wake(self) -> None:
        """Wake as many as there are places, in their order."""
        if not self._waiting:
            return
        for _ in range(self._free()):
            try:
                waiter = self._waiting.popleft()
            except IndexError:
                return
            if not waiter.done():
                waiter.set_result(None)

    def wait(self, take: Callable[[], bool], now: Callable[[], float], end: float | None) -> bool:
        """Wait in the calling thread until ``take()`` succeeds; return False if it has not until ``end``."""
        while True:
            waiter = self.enqueue()
            try:
                waiter.result(rest(now, end))
            except TimeoutError:
                if end is not None and now() >= end:
                    return False
            finally:
                self.forget(waiter)
            if take():
                return True


def rest(now: Callable[[], float], end: float | None) -> float:
    """Return how long to wait before the next look, in seconds."""
    return RECHECK_INTERVAL if end is None else max(min(end - now(), RECHECK_INTERVAL), 0.0)
