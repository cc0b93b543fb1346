"""Decoding of the wire type ``SqlPage``: the rows of one fetch, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from struct import Struct, unpack
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from hz_core.wire.decode import after_begin, after_end, frame_at, length_at, read_ints
from hz_core.wire.frames import DECODE_ERRORS, END_DATA_STRUCTURE, IS_NULL, HazelcastProtocolError
from hz_core.wire.types import ReadData, raw_data
from hz_proxies.sql_cells import Cell, cell_value
from hz_serialization import HazelcastJsonValue, HazelcastSerializationError
from hz_serialization.big_numbers import join_decimal
from hz_serialization.speedups import compiled

C = TypeVar("C")

ColumnReader: TypeAlias = Callable[[bytes, int, ReadData], tuple[C, int]]
"""Reads a column of the message at a position; returns it with the position after it."""

COMPILED: Final[Any] = compiled("_sql")
"""The compiled functions; None without them. They return None for what is left to those here."""

OBJECT: Final = 13
"""The type id of columns of objects."""

_FRAME: Final = 6
"""The length of a frame without content."""

_END_OR_NULL: Final = END_DATA_STRUCTURE | IS_NULL
_ALL_NULL: Final = 1
_NO_NULLS: Final = 2
_MIXED: Final = 3

_column_head: Final = Struct("<bi").unpack_from
_int: Final = Struct("<i")


class SqlPage:
    """One page of a SQL result.

    Its columns are decoded when they are asked for: not by whoever receives the message, but by whoever reads the rows.

    Args:
        is_last: Whether there are no further rows.
        column_types: The type ids of the columns.
        message: The bytes with the columns.
        span: The positions of the first column, and after the last one.
        read: Deserializes objects.

    Attributes:
        is_last: Whether there are no further rows.
        is_lazy: Whether its cells may be of the class :class:`Cell`.
        column_types: The type ids of the columns.
    """

    __slots__ = ("_cells", "_columns", "_message", "_read", "_span", "column_types", "is_last", "is_lazy")

    def __init__(
        self, is_last: bool, column_types: list[int], message: bytes, span: tuple[int, int], read: ReadData
    ) -> None:
        self.is_last: bool = is_last
        self.is_lazy: bool = OBJECT in column_types and read is not raw_data
        self.column_types: list[int] = column_types
        self._message = message
        self._span = span
        self._read = read
        self._cells: list[list[Any]] | None = None
        self._columns: list[list[Any]] | None = None

    @property
    def cells(self) -> list[list[Any]]:
        """The values, column by column. Objects are not deserialized yet: a :class:`Cell` stands for each.

        Raises:
            HazelcastProtocolError: The page is damaged.
            HazelcastSerializationError: A date is outside of the years that ``datetime`` supports.
        """
        cells = self._cells
        if cells is None:
            cells = self.decode(COLUMNS)
            if len(cells) > 1:
                _check_lengths(cells)
            self._cells = cells
        return cells

    @property
    def columns(self) -> list[list[Any]]:
        """The values, column by column. What cannot be deserialized is an :class:`Unreadable`.

        Raises:
            HazelcastProtocolError: The page is damaged.
            HazelcastSerializationError: A date is outside of the years that ``datetime`` supports.
        """
        columns = self._columns
        if columns is None:
            columns = self._columns = [
                [_loaded(value) for value in column] if type_ == OBJECT and self.is_lazy else column
                for column, type_ in zip(self.cells, self.column_types, strict=True)
            ]
        return columns

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.cells[0]) if self.column_types else 0

    def decode(self, readers: Mapping[int, ColumnReader[C]]) -> list[C]:
        """Return what ``readers`` make of the columns' bytes, which are not kept.

        For other forms of columns than lists of Python objects.

        Args:
            readers: A function for each type id. It takes the message, the position of the column in it, and a function
                that deserializes objects, and returns the column and the position after it.

        Raises:
            HazelcastProtocolError: The page is damaged, or there is no reader for the type of a column.
        """
        start, end = self._span
        columns, pos = _decoded(self._message, start, self.column_types, readers, self._read)
        if pos != end:
            raise HazelcastProtocolError(f"The columns of a SQL page end at byte {pos}, not at {end}")
        return columns


def _decoded(
    message: bytes,
    pos: int,
    column_types: list[int],
    readers: Mapping[int, ColumnReader[C]],
    read: ReadData,
) -> tuple[list[C], int]:
    """Return the columns that begin at ``pos``, and the position after them."""
    columns: list[C] = []
    try:
        for column_type in column_types:
            reader = readers.get(column_type)
            if reader is None:
                raise HazelcastProtocolError(
                    f"A SQL page has a column of type {column_type}, which this client does not know"
                )
            column, pos = reader(message, pos, read)
            columns.append(column)
    except DECODE_ERRORS as e:
        raise HazelcastProtocolError(f"A SQL page is damaged: {type(e).__name__}: {e}") from e
    return columns, pos


def _check_lengths(columns: list[list[Any]]) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise HazelcastProtocolError(f"The columns of a SQL page differ in length: {lengths}")


def read_sql_page(message: bytes, pos: int, read: ReadData) -> tuple[SqlPage, int]:
    """Read a ``SqlPage``.

    Raises:
        HazelcastProtocolError: A column has a type or a layout that the protocol does not allow.
        HazelcastSerializationError: A date is outside of the years that ``datetime`` supports.
    """
    pos = after_begin(message, pos)
    end = pos + length_at(message, pos)[0]
    is_last = message[pos + 6 : end] == b"\x01"
    column_types, start = read_ints(message, end, read)
    # In a reply, nothing but the null frame of the error is behind a page, so its end is known without its columns.
    end = len(message) - _FRAME
    columns_end = end - _FRAME
    if (
        start <= columns_end
        and _is_empty(message, columns_end, END_DATA_STRUCTURE)
        and _is_empty(message, end, IS_NULL)
    ):
        return SqlPage(is_last, column_types, message, (start, columns_end), read), end
    columns, end = _decoded(message, start, column_types, COLUMNS, read)
    page = SqlPage(is_last, column_types, message, (start, end), read)
    _check_lengths(columns)
    page._cells = columns
    return page, after_end(message, end)


def _is_empty(message: bytes, pos: int, flag: int) -> bool:
    """Return whether there is a frame without content, with this flag."""
    length, flags = frame_at(message, pos)
    return length == _FRAME and bool(flags & flag)


class Unreadable:
    """What stands in a column for an object that cannot be deserialized.

    Args:
        error: Why not.
    """

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error

    def __repr__(self) -> str:
        return f"<unreadable: {self.error}>"


def _loaded(value: Any) -> Any:
    try:
        return cell_value(value)
    except HazelcastSerializationError as e:
        return Unreadable(e)


class FixedCells(NamedTuple):
    """A column with values of a fixed size, as its bytes."""

    rows: int
    """The number of rows."""

    values: bytes
    """The values that are not null, one after the other."""

    present: bytes | None
    """A bit for each row, the lowest one of a byte first, that says whether its value is not null; None if all are."""


def fixed_cells(size: int) -> ColumnReader[FixedCells]:
    """Return the reader of the bytes of a column with values of ``size`` bytes: one frame."""
    pure = pure_fixed_cells(size)
    if COMPILED is None:
        return pure
    dense = COMPILED.dense

    def read_cells(message: bytes, pos: int, read: ReadData) -> tuple[FixedCells, int]:
        found = dense(message, pos, size)
        if found is None:
            return pure(message, pos, read)
        rows, values, present, end = found
        return FixedCells(rows, values, present), end

    return read_cells


def pure_fixed_cells(size: int) -> ColumnReader[FixedCells]:
    """Return what ``fixed_cells`` does, in pure Python."""

    def read_cells(message: bytes, pos: int, read: ReadData) -> tuple[FixedCells, int]:
        end = pos + length_at(message, pos)[0]
        kind, count = _column_head(message, pos + 6)
        start = pos + 11
        if kind == _ALL_NULL:
            # Rows of this kind need no bytes, so a damaged count is limited here.
            return FixedCells(_row_count(count), b"", bytes((count + 7) // 8)), end
        if kind == _NO_NULLS and count * size == end - start:
            return FixedCells(count, message[start:end], None), end
        if kind == _MIXED:
            return _mixed(message[start:end], count, size), end
        raise HazelcastProtocolError(
            f"A SQL column of kind {kind} with {count} values fills {end - pos} bytes"
        )

    return read_cells


def _fixed_column(size: int, values: Callable[[bytes], list[Any]]) -> ColumnReader[list[Any]]:
    """Return the reader of a column with values of a fixed size: one frame with the non-null values.

    Args:
        size: The bytes of a value.
        values: Returns the values in a row of bytes.
    """
    read_cells = pure_fixed_cells(size)

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
        cells, end = read_cells(message, pos, read)
        present = cells.present
        if present is None:
            return values(cells.values), end
        known = iter(values(cells.values))
        return [next(known, None) if present[i >> 3] >> (i & 7) & 1 else None for i in range(cells.rows)], end

    return read_column


def _number_column(code: str) -> ColumnReader[list[Any]]:
    size = Struct(f"<{code}").size

    def values(payload: bytes) -> list[Any]:
        return list(unpack(f"<{len(payload) // size}{code}", payload))

    return _fixed_column(size, values)


def _moment_column(
    code: str, convert: Callable[[Iterable[tuple[int, ...]]], list[Any]]
) -> ColumnReader[list[Any]]:
    layout = Struct(f"<{code}")

    def values(payload: bytes) -> list[Any]:
        try:
            return convert(layout.iter_unpack(payload))
        except (ValueError, OverflowError) as e:
            for fields in layout.iter_unpack(payload):
                if len(fields) != _FIELDS_OF_TIME and not 1 <= fields[0] <= 9999:
                    raise HazelcastSerializationError(
                        f"A SQL date of the year {fields[0]} does not fit into Python's datetime (years 1 to 9999); "
                        "CAST the column to VARCHAR in the query"
                    ) from e
            raise HazelcastProtocolError(f"A SQL column has a date or time that does not exist: {e}") from e

    return _fixed_column(layout.size, values)


_MAX_ROWS: Final = 1 << 22


def _row_count(count: int) -> int:
    if 0 <= count <= _MAX_ROWS:
        return count
    raise HazelcastProtocolError(f"A SQL page claims {count} rows, more than {_MAX_ROWS} cannot be true")


def _mixed(payload: bytes, count: int, size: int) -> FixedCells:
    """Read groups of up to eight values, each after a bitmask of its non-null values."""
    present = bytearray()
    parts: list[bytes] = []
    pos = 0
    for _ in range(0, count, 8):
        mask = payload[pos]
        end = pos + 1 + mask.bit_count() * size
        parts.append(payload[pos + 1 : end])
        present.append(mask)
        pos = end
    if pos != len(payload):
        raise HazelcastProtocolError(f"A SQL column of {count} values fills {len(payload)} bytes, not {pos}")
    return FixedCells(count, b"".join(parts), bytes(present))


def nullable_column(convert: Callable[[bytes], C]) -> ColumnReader[list[C | None]]:
    """Return the reader of a column with a frame for each value, which is converted by ``convert``."""

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[list[C | None], int]:
        pos = after_begin(message, pos)
        column: list[C | None] = []
        append = column.append
        while True:
            length, flags = frame_at(message, pos)
            end = pos + length
            if flags & _END_OR_NULL:
                if flags & END_DATA_STRUCTURE:
                    return column, end
                append(None)
            else:
                append(convert(message[pos + 6 : end]))
            pos = end

    return read_column


def _read_varchar_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    # As `nullable_column` does, with fewer steps: most of the cells of results are strings.
    pos = after_begin(message, pos)
    column: list[Any] = []
    append = column.append
    length, flags = frame_at(message, pos)
    while True:
        start = pos + 6
        pos += length
        if flags & _END_OR_NULL:
            if flags & END_DATA_STRUCTURE:
                return column, pos
            append(None)
        else:
            append(message[start:pos].decode())
        length, flags = frame_at(message, pos)


def _read_object_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    pos = after_begin(message, pos)
    column: list[Any] = []
    append = column.append
    while True:
        length, flags = frame_at(message, pos)
        end = pos + length
        if flags & _END_OR_NULL:
            if flags & END_DATA_STRUCTURE:
                return column, end
            append(None)
        else:
            data = message[pos + 6 : end]
            append(data if read is raw_data else Cell(data, read))
        pos = end


def json_column(convert: Callable[[bytes], C]) -> ColumnReader[list[C | None]]:
    """Return the reader of a column with a structure for each value, whose text is converted by ``convert``."""

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[list[C | None], int]:
        pos = after_begin(message, pos)
        column: list[C | None] = []
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
            column.append(convert(message[start + 6 : end]))
            pos = after_end(message, end)

    return read_column


def _json(text: bytes) -> HazelcastJsonValue:
    return HazelcastJsonValue(text.decode())


def read_null_column(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    """Read a column that has nothing but nulls: their number."""
    end = pos + length_at(message, pos)[0]
    return [None] * _row_count(_int.unpack_from(message, pos + 6)[0]), end


def decimal_parts(payload: bytes) -> tuple[bytes, int]:
    """Return a decimal's unscaled value, as in Java's ``BigInteger.toByteArray``, and its scale."""
    size: int = _int.unpack_from(payload)[0]
    scale: int = _int.unpack_from(payload, 4 + size)[0]
    return payload[4 : 4 + size], scale


def _decimal(payload: bytes) -> Decimal:
    return join_decimal(*decimal_parts(payload))


def _dates(fields: Iterable[Any]) -> list[Any]:
    return [date(year, month, day) for year, month, day in fields]


def _times(fields: Iterable[Any]) -> list[Any]:
    return [time(hour, minute, second, nano // 1000) for hour, minute, second, nano in fields]


def _timestamps(fields: Iterable[Any]) -> list[Any]:
    return [
        datetime(year, month, day, hour, minute, second, nano // 1000)
        for year, month, day, hour, minute, second, nano in fields
    ]


def _zoned_timestamps(fields: Iterable[Any]) -> list[Any]:
    zones: dict[int, timezone] = {0: UTC}
    result = []
    for year, month, day, hour, minute, second, nano, offset in fields:
        zone = zones.get(offset)
        if zone is None:
            zone = zones[offset] = timezone(timedelta(seconds=offset))
        result.append(datetime(year, month, day, hour, minute, second, nano // 1000, zone))
    return result


_FIELDS_OF_TIME: Final = 4

PURE_COLUMNS: Final[Mapping[int, ColumnReader[list[Any]]]] = {
    0: _read_varchar_column,
    1: _number_column("?"),
    2: _number_column("b"),
    3: _number_column("h"),
    4: _number_column("i"),
    5: _number_column("q"),
    6: nullable_column(_decimal),
    7: _number_column("f"),
    8: _number_column("d"),
    9: _moment_column("ibb", _dates),
    10: _moment_column("bbbi", _times),
    11: _moment_column("ibbbbbi", _timestamps),
    12: _moment_column("ibbbbbii", _zoned_timestamps),
    OBJECT: _read_object_column,
    14: read_null_column,
    15: json_column(_json),
}
"""Readers of all types of columns, as lists of Python objects, in pure Python."""


def _faster(pure: ColumnReader[Any], fast: Callable[..., Any], *arguments: Any) -> ColumnReader[Any]:
    """Return a reader that leaves to ``pure`` what the compiled one does not do."""

    def read_column(message: bytes, pos: int, read: ReadData) -> tuple[Any, int]:
        found: tuple[Any, int] | None = fast(message, pos, *arguments)
        return pure(message, pos, read) if found is None else found

    return read_column


def _columns() -> Mapping[int, ColumnReader[list[Any]]]:
    pure = PURE_COLUMNS
    if COMPILED is None:
        return pure
    codes = {1: "?", 2: "b", 3: "h", 4: "i", 5: "q", 7: "f", 8: "d"}
    sizes = {9: 6, 10: 7, 11: 13, 12: 17}
    return {
        **pure,
        0: _faster(pure[0], COMPILED.texts),
        **{type_: _faster(pure[type_], COMPILED.numbers, code) for type_, code in codes.items()},
        **{type_: _faster(pure[type_], COMPILED.moments, size) for type_, size in sizes.items()},
    }


COLUMNS: Final = _columns()
"""Readers of all types of columns, as lists of Python objects."""
