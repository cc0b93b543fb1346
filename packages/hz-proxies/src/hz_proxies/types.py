"""Type variables and conversions for all data structures."""

from typing import Final, TypeVar

K = TypeVar("K")
"""Type of a map's keys."""

V = TypeVar("V")
"""Type of a map's values."""

E = TypeVar("E")
"""Type of the items of a queue, list or set."""

R = TypeVar("R")
"""Type of the result of an aggregator, projection or entry processor."""

SERVER_DEFAULT: Final = -1
"""The duration for the member's default, or for no limit."""


def to_millis(seconds: float | None) -> int:
    """Return ``seconds`` in the protocol's milliseconds, -1 for None.

    A positive time below a millisecond is rounded up to one, because 0 means "no limit" for members.
    """
    if seconds is None:
        return SERVER_DEFAULT
    millis = int(seconds * 1000)
    return 1 if millis == 0 and seconds > 0 else millis
