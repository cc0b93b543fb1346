"""The last errors of a client, for diagnostics."""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

MOST: Final = 50
"""So many errors are kept."""


class RecentError(NamedTuple):
    """An error that has happened."""

    time: float
    """When, in seconds of the engine's clock."""

    where: str
    """The operation, or the address of a connection."""

    error: str
    """Name of the class."""

    text: str | None
    """The text, for connections; that of an operation is left out, since it may contain a part of a key or value."""


class RecentErrors:
    """Keeps the last errors: of attempts to send, which may have been repeated since, and of connections.

    Args:
        now: The engine's clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: deque[RecentError] = deque(maxlen=MOST)

    def add(self, where: str, error: BaseException, text: str | None = None) -> None:
        """Keep an error; callable from any thread."""
        self._last.append(RecentError(self._now(), where, type(error).__name__, text))

    def last(self) -> list[RecentError]:
        """Return the errors, the oldest first."""
        return list(self._last)
