"""Type variables of CP objects."""

from typing import TypeVar

E = TypeVar("E")
"""Type of the value of a reference."""

K = TypeVar("K")
"""Type of keys."""

V = TypeVar("V")
"""Type of values."""
