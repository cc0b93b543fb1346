"""Decoding of the wire type ``SqlPage``: the rows of one fetch, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from struct import Struct
from typing import Any, Final, NamedTuple

from hz_core.wire.decode import after_begin, after_end, frame_at, length_at, read_data_list, read_ints
from hz_core.wire.frames import END_DATA_STRUCTURE, IS_NULL, HazelcastProtocolError
from hz_core.wire.types import ReadData
from hz_serialization import HazelcastJsonValue, HazelcastSerializationError
from hz_serialization.big_numbers import join_decimal

_ALL_NULL: Final = 1
_NO_NULLS: Final = 2
_MIXED: Final = 3

_column_head: Final = Struct("<bi").unpack_from
_int: Final = Struct("<i")


class SqlPage(NamedTuple):
    """One page of a SQL result: the type ids and the values of the columns, and whether it is the last page."""

    is_last: bool
    column_types: list[int]
    columns: list[list[Any]]

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.columns[0]) if self.columns else 0


def read_sql_page(message: bytes, pos: int, read: ReadData) -> tuple[SqlPage, int]:
    """Read a ``SqlPage``.

    Raises:
        HazelcastProtocolError: A column has a type or a layout that the protocol does not allow.
        HazelcastSerializationError: A date is outside of the years that ``datetime`` supports.
    """
    pos = after_begin(message, pos)
    end = pos + length_at(message, pos)[0]
    is_last = message[pos + 6 : end] == b"\x01"
    column_types, pos = read_ints(message, end, read)
    columns: list[list[Any]] = []
    for column_type in column_types:
        reader = _COLUMNS.get(column_type)
        if reader is None:
            raise HazelcastProtocolError(
                f"A SQL page has a column of type {column_type}, which this client does not know"
            )
        column, pos = reader(message, pos, read)
        columns.append(column)
    if len({len(column) for column in columns}) > 1:
        raise HazelcastProtocolError(
            f"The columns of a SQL page differ in length: {[len(c) for c in columns]}"
        )
    return SqlPage(is_last, column_types, columns), after_end(message, pos)


def _fixed_column(
    code: str, convert: Callable[..., Any] | None = None
) -> Callable[[bytes, int, ReadData], tuple[list[Any], int]]:
    """Return the reader of a column with values of a fixed size: one frame with the non-null values."""
    layout = Struct(f"<{code}")
    size = layout.size

    def values(payload: bytes) -> Iterator[Any]:
        fields = layout.iter_unpack(payload)
        return (convert(*item) for item in fields) if convert else (item[0] for item in fields)

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
        end = pos + length_at(message, pos)[0]
        kind, count = _column_head(message, pos + 6)
        start = pos + 11
        if kind == _ALL_NULL:
            # Rows of this kind need no bytes, so a damaged count is limited here.
            return [None] * _row_count(count), end
        if kind == _NO_NULLS and count == (end - start) // size:
            return list(values(message[start:end])), end
        if kind == _MIXED:
            return _mixed(message[start:end], count, size, values), end
        raise HazelcastProtocolError(
            f"A SQL column of kind {kind} with {count} values fills {end - pos} bytes"
        )

    return read_column


_MAX_ROWS: Final = 1 << 22


def _row_count(count: int) -> int:
    if 0 <= count <= _MAX_ROWS:
        return count
    raise HazelcastProtocolError(f"A SQL page claims {count} rows, more than {_MAX_ROWS} cannot be true")


def _mixed(payload: bytes, count: int, size: int, values: Callable[[bytes], Iterator[Any]]) -> list[Any]:
    """Read groups of up to eight values, each after a bitmask of its non-null values."""
    present: list[int] = []
    parts: list[bytes] = []
    pos = 0
    for _ in range(0, count, 8):
        mask = payload[pos]
        parts.append(payload[pos + 1 : pos + 1 + mask.bit_count() * size])
        present.append(mask)
        pos += 1 + mask.bit_count() * size
    known = values(b"".join(parts))
    result = [next(known, None) if present[i >> 3] >> (i & 7) & 1 else None for i in range(count)]
    if pos != len(payload):
        raise HazelcastProtocolError(f"A SQL column of {count} values fills {len(payload)} bytes, not {pos}")
    return result


def _nullable_column(
    convert: Callable[[bytes], Any],
) -> Callable[[bytes, int, ReadData], tuple[list[Any], int]]:
    """Return the reader of a column with a frame for each value."""

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
        pos = after_begin(message, pos)
        column: list[Any] = []
        while True:
            length, flags = frame_at(message, pos)
            end = pos + length
            if flags & END_DATA_STRUCTURE:
                return column, end
            column.append(None if flags & IS_NULL else convert(message[pos + 6 : end]))
            pos = end

    return read_column


def _read_json_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    pos = after_begin(message, pos)
    column: list[Any] = []
    while True:
        length, flags = frame_at(message, pos)
        if flags & END_DATA_STRUCTURE:
            return column, pos + length
        if flags & IS_NULL:
            column.append(None)
            pos += length
            continue
        start = after_begin(message, pos)
        end = start + length_at(message, start)[0]
        column.append(HazelcastJsonValue(message[start + 6 : end].decode()))
        pos = after_end(message, end)


def _read_null_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    end = pos + length_at(message, pos)[0]
    return [None] * _row_count(_int.unpack_from(message, pos + 6)[0]), end


def _decimal(payload: bytes) -> Decimal:
    size: int = _int.unpack_from(payload)[0]
    scale: int = _int.unpack_from(payload, 4 + size)[0]
    return join_decimal(payload[4 : 4 + size], scale)


def _date(year: int, month: int, day: int) -> date:
    return date(_year(year), month, day)


def _time(hour: int, minute: int, second: int, nano: int) -> time:
    return time(hour, minute, second, nano // 1000)


def _timestamp(year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int) -> datetime:
    return datetime(_year(year), month, day, hour, minute, second, nano // 1000)


def _zoned_timestamp(
    year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int, offset: int
) -> datetime:
    zone = timezone(timedelta(seconds=offset)) if offset else UTC
    return datetime(_year(year), month, day, hour, minute, second, nano // 1000, zone)


def _year(year: int) -> int:
    if 1 <= year <= 9999:
        return year
    raise HazelcastSerializationError(
        f"A SQL date of the year {year} does not fit into Python's datetime (years 1 to 9999); "
        "CAST the column to VARCHAR in the query"
    )


_COLUMNS: Final[dict[int, Callable[[bytes, int, ReadData], tuple[list[Any], int]]]] = {
    0: _nullable_column(bytes.decode),
    1: _fixed_column("?"),
    2: _fixed_column("b"),
    3: _fixed_column("h"),
    4: _fixed_column("i"),
    5: _fixed_column("q"),
    6: _nullable_column(_decimal),
    7: _fixed_column("f"),
    8: _fixed_column("d"),
    9: _fixed_column("ibb", _date),
    10: _fixed_column("bbbi", _time),
    11: _fixed_column("ibbbbbi", _timestamp),
    12: _fixed_column("ibbbbbii", _zoned_timestamp),
    13: read_data_list,
    14: _read_null_column,
    15: _read_json_column,
}
