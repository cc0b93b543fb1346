from collections.abc import Iterator
from typing import Any

def numbers(message: bytes, pos: int, kind: str) -> tuple[list[Any], int] | None:
    """Return a column of numbers as a list, and the position after it."""

def moments(message: bytes, pos: int, size: int) -> tuple[list[Any], int] | None:
    """Return a column of dates, times or both, which their size tells, as a list, and the position after it."""

def texts(message: bytes, pos: int) -> tuple[list[Any], int] | None:
    """Return a column of texts as a list, and the position after it."""

def text_buffers(message: bytes, pos: int) -> tuple[int, int, bytes | None, bytes, bytes, int] | None:
    """Return a column of texts as buffers, which are not checked to be UTF-8."""

def dense(message: bytes, pos: int, size: int) -> tuple[int, bytes, bytes, int] | None:
    """Return the values of a column that are not null, one after the other; the bits that say which; its end."""

def spread(values: Any, present: bytes, rows: int, size: int) -> bytes | None:
    """Return values with zeros where there are none."""

def dates(values: bytes) -> bytes | None:
    """Return dates as days since 1970, of four bytes."""

def ticks(values: bytes, size: int, per_second: int) -> bytes | None:
    """Return times and timestamps, which their size tells, as units since midnight or 1970, of eight bytes."""

class Rows(Iterator[Any]):
    """Iterator over the rows of columns, which are lists of one length."""

    def __init__(self, cls: type[Any], columns: list[list[Any]]) -> None: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __next__(self) -> Any: ...
    def __length_hint__(self) -> int: ...
