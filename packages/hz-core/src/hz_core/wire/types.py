"""Types that codecs and their callers share."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

# Makes an object from the Data that lies at buffer[start:end].
ReadData = Callable[[bytes, int, int], Any]


class Absent(Enum):
    """Type of `ABSENT`; an enum so that type checkers narrow ``value is ABSENT``."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


# Stands for a parameter that an older member did not send, which is not the same as null.
ABSENT: Final = Absent.ABSENT


def raw_data(buffer: bytes, start: int, end: int) -> bytes:
    """Read nothing: the serialized Data itself, as its own bytes object."""
    return buffer[start:end]
