"""Types that codecs and their callers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, ClassVar, Final

# Deserializes the Data at buffer[start:end].
ReadData = Callable[[bytes, int, int], Any]


class Absent(Enum):
    """Type of ``ABSENT``; an enum so that type checkers narrow ``value is ABSENT``."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


# Stands for a parameter that an older member did not send, which is not the same as null.
ABSENT: Final = Absent.ABSENT


def raw_data(buffer: bytes, start: int, end: int) -> bytes:
    """Return the serialized Data itself, as a bytes object."""
    return buffer[start:end]


class Record:
    """Base class of generated classes with several fields; compared, printed and unpacked by their fields.

    Not named tuples, because creating their classes at import takes ten times as long, and there are many.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    """The names of the fields, in the protocol's order."""

    __slots__: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(other) is type(self) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash((type(self), *self))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"
