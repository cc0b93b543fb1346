"""Type variables of the data structures."""

from typing import TypeVar

K = TypeVar("K")
"""Type of a map's keys."""

V = TypeVar("V")
"""Type of a map's values."""

E = TypeVar("E")
"""Type of the items of a queue, list or set."""

R = TypeVar("R")
"""Type of the result of an aggregator, projection or entry processor."""
