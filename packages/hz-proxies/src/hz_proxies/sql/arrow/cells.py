"""The cells of a page's columns, as bytes."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hz_core.wire.decode import after_begin, frame_at
from hz_core.wire.frames import END_DATA_STRUCTURE, IS_NULL
from hz_core.wire.types import ReadData
from hz_proxies.sql.rows import SqlColumnType
from hz_proxies.sql_page import (
    COMPILED,
    ColumnReader,
    fixed_cells,
    json_column,
    pure_fixed_cells,
    read_null_column,
)

_END_OR_NULL: Final = END_DATA_STRUCTURE | IS_NULL

SIZES: Final = {
    SqlColumnType.BOOLEAN: 1,
    SqlColumnType.TINYINT: 1,
    SqlColumnType.SMALLINT: 2,
    SqlColumnType.INTEGER: 4,
    SqlColumnType.BIGINT: 8,
    SqlColumnType.REAL: 4,
    SqlColumnType.DOUBLE: 8,
    SqlColumnType.DATE: 6,
    SqlColumnType.TIME: 7,
    SqlColumnType.TIMESTAMP: 13,
    SqlColumnType.TIMESTAMP_WITH_TIME_ZONE: 17,
}
"""Bytes of the values of fixed size."""


def _read_cells(message: bytes, pos: int, read: ReadData) -> tuple[list[bytes | None], int]:
    """Read a column with a frame for each value."""
    pos = after_begin(message, pos)
    cells: list[bytes | None] = []
    append = cells.append
    length, flags = frame_at(message, pos)
    while True:
        start = pos + 6
        pos += length
        if flags & _END_OR_NULL:
            if flags & END_DATA_STRUCTURE:
                return cells, pos
            append(None)
        else:
            append(message[start:pos])
        length, flags = frame_at(message, pos)


class TextCells(NamedTuple):
    """A column of texts, as the buffers of an Arrow array. They have not been checked to be UTF-8."""

    rows: int
    """The number of rows."""

    nulls: int
    """The number of nulls."""

    present: bytes | None
    """A bit for each row, the lowest one of a byte first, that says whether its text is not null; None if all are."""

    places: bytes
    """Where each text begins, and the last one ends."""

    content: bytes
    """The texts, one after the other."""


def _read_texts(message: bytes, pos: int, read: ReadData) -> tuple[TextCells | list[bytes | None], int]:
    found = COMPILED.text_buffers(message, pos)
    if found is None:
        return _read_cells(message, pos, read)
    *buffers, end = found
    return TextCells(*buffers), end


def _skip_objects(message: bytes, pos: int, read: ReadData) -> tuple[None, int]:
    """Pass over a column of objects, which have been read when the page was received."""
    pos = after_begin(message, pos)
    length, flags = frame_at(message, pos)
    while not flags & END_DATA_STRUCTURE:
        pos += length
        length, flags = frame_at(message, pos)
    return None, pos + length


def _unchanged(text: bytes) -> bytes:
    return text


PURE_CELLS: Final[Mapping[int, ColumnReader[Any]]] = {
    **{int(column_type): pure_fixed_cells(size) for column_type, size in SIZES.items()},
    SqlColumnType.VARCHAR: _read_cells,
    SqlColumnType.DECIMAL: _read_cells,
    SqlColumnType.OBJECT: _skip_objects,
    SqlColumnType.NULL: read_null_column,
    SqlColumnType.JSON: json_column(_unchanged),
}
"""Readers of all types of columns: ``FixedCells`` for values of a fixed size, None for objects, lists for others."""

CELLS: Final[Mapping[int, ColumnReader[Any]]] = (
    PURE_CELLS
    if COMPILED is None
    else {
        **PURE_CELLS,
        **{int(column_type): fixed_cells(size) for column_type, size in SIZES.items()},
        SqlColumnType.VARCHAR: _read_texts,
    }
)
"""Compiled readers where there are some: ``TextCells`` for texts."""
