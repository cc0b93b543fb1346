"""Type variables and small conversions that the structures share."""

from typing import Final, TypeVar

K = TypeVar("K")
"""Type of a map's keys."""

V = TypeVar("V")
"""Type of a map's values."""

E = TypeVar("E")
"""Type of the items of a queue, list or set."""

R = TypeVar("R")
"""Type of what an aggregator, projection or entry processor returns."""

SERVER_DEFAULT: Final = -1
"""A duration that leaves the choice to the member's configuration, or has no limit."""


def to_millis(seconds: float | None) -> int:
    """Return ``seconds`` in the protocol's milliseconds, -1 for None.

    A positive time below a millisecond becomes one: 0 means "for ever" to a member.
    """
    if seconds is None:
        return SERVER_DEFAULT
    millis = int(seconds * 1000)
    return 1 if millis == 0 and seconds > 0 else millis
