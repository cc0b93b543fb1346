"""Pages as record batches and tables."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from hz_core.wire.frames import HazelcastProtocolError
from hz_proxies.arrow.values import ARROW_ERRORS, object_array
from hz_proxies.sql.arrow import moments
from hz_proxies.sql.arrow.cells import CELLS, TextCells
from hz_proxies.sql.arrow.decimals import Decimals, fitted, of_type, suitable
from hz_proxies.sql.rows import SqlColumnMetadata, SqlColumnType
from hz_proxies.sql_page import COMPILED, FixedCells, SqlPage, Unreadable
from hz_serialization import HazelcastSerializationError

STREAMED_DECIMAL: Final = pa.decimal256(76, 38)
"""The type of decimals whose values are not all known when the first batch is made."""

_TYPES: Final = {
    SqlColumnType.VARCHAR: pa.string(),
    SqlColumnType.BOOLEAN: pa.bool_(),
    SqlColumnType.TINYINT: pa.int8(),
    SqlColumnType.SMALLINT: pa.int16(),
    SqlColumnType.INTEGER: pa.int32(),
    SqlColumnType.BIGINT: pa.int64(),
    SqlColumnType.REAL: pa.float32(),
    SqlColumnType.DOUBLE: pa.float64(),
    SqlColumnType.DATE: pa.date32(),
    SqlColumnType.TIME: pa.time64("us"),
    SqlColumnType.TIMESTAMP: pa.timestamp("us"),
    SqlColumnType.TIMESTAMP_WITH_TIME_ZONE: pa.timestamp("us", "UTC"),
    SqlColumnType.NULL: pa.null(),
    SqlColumnType.JSON: pa.string(),
}
"""The types of arrays, but for decimals and objects."""


class Columns:
    """Makes Arrow arrays of the columns of a result.

    Args:
        columns: The columns of the result.
        types: Arrow types of columns, by name, instead of those that are chosen.
        whole: Whether the types of decimals and objects are chosen when all pages are known, for a table.

    Raises:
        ValueError: ``types`` names a column that the result has not.
        TypeError: It has something else than a type.
    """

    def __init__(
        self, columns: Sequence[SqlColumnMetadata], types: Mapping[str, pa.DataType] | None, whole: bool
    ) -> None:
        types = {} if types is None else types
        names = {column.name for column in columns}
        for name, kind in types.items():
            if name not in names:
                raise ValueError(
                    f"`types` has the column {name!r}; the result has {', '.join(sorted(names))}"
                )
            if not isinstance(kind, pa.DataType):
                raise TypeError(
                    f"`types` has {kind!r} for the column {name!r}; it must be a pyarrow.DataType"
                )
        self._columns = [_column(column, types.get(column.name), whole) for column in columns]
        self._schema: pa.Schema | None = None

    def chunks(self, page: SqlPage) -> list[Any]:
        """Return what is kept of each column of a page for a table.

        Raises:
            HazelcastProtocolError: The page is damaged.
            HazelcastSerializationError: A value does not fit into the type of its column.
        """
        cells = page.decode(CELLS)
        for index, content in enumerate(cells):
            if content is None:
                cells[index] = page.columns[index]
        chunks = [column.chunk(content) for column, content in zip(self._columns, cells, strict=True)]
        lengths = [len(content) if isinstance(content, list) else content.rows for content in cells]
        if len(set(lengths)) > 1:
            raise HazelcastProtocolError(f"The columns of a SQL page differ in length: {lengths}")
        return chunks

    def batch(self, page: SqlPage) -> pa.RecordBatch:
        """Return a page as a batch. All have the schema of the first one.

        Raises:
            HazelcastProtocolError, HazelcastSerializationError: See ``chunks``.
        """
        arrays = self.chunks(page)
        if self._schema is None:
            self._schema = self._schema_of(arrays)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def table(self, pages: Sequence[list[Any]]) -> pa.Table:
        """Return the chunks of all pages as a table.

        Raises:
            HazelcastSerializationError: The values of a column have no type in common.
        """
        arrays = [
            column.joined([chunks[index] for chunks in pages]) for index, column in enumerate(self._columns)
        ]
        return pa.Table.from_arrays(arrays, schema=self._schema_of(arrays))

    def _schema_of(self, arrays: Sequence[Any]) -> pa.Schema:
        return pa.schema(
            column.field(array.type) for column, array in zip(self._columns, arrays, strict=True)
        )


class _Column:
    """A column whose type does not depend on its values."""

    def __init__(self, metadata: SqlColumnMetadata, wanted: pa.DataType | None) -> None:
        self._metadata = metadata
        self._what = f"the column {metadata.name!r} ({metadata.type.name})"
        self._wanted = wanted
        self._kind = _TYPES.get(metadata.type) if wanted is None else wanted

    def field(self, kind: pa.DataType) -> pa.Field:
        """Return the description of the column, with its SQL type in the metadata."""
        sql_type = {"hazelcast.sql.type": self._metadata.type.name}
        return pa.field(self._metadata.name, kind, self._metadata.nullable, sql_type)

    def chunk(self, cells: Any) -> Any:
        """Return an array of the cells of a page."""
        try:
            return _cast(self._native(cells), self._kind)
        except ARROW_ERRORS as e:
            raise HazelcastSerializationError(
                f"{self._what} does not fit into {self._kind}: {e}; name another type for it in `types`, or CAST it to"
                " VARCHAR in the query"
            ) from e

    def joined(self, chunks: list[Any]) -> pa.ChunkedArray:
        """Return the chunks of all pages as one array."""
        return pa.chunked_array(chunks, type=self._kind)

    def _native(self, cells: Any) -> pa.Array:
        sql_type = self._metadata.type
        if sql_type is SqlColumnType.NULL:
            return pa.nulls(len(cells))
        if isinstance(cells, list):
            return _utf8(pa.array(cells, type=pa.binary()))
        if isinstance(cells, TextCells):
            return _utf8(_texts(cells))
        return _fixed(cells, _dense(sql_type, self._kind))


class _Decimals(_Column):
    """A column of decimals whose type is known."""

    def chunk(self, cells: Any) -> Any:
        if pa.types.is_decimal(self._kind):
            return of_type(cells, self._kind, self._what)
        try:
            return _cast(fitted(cells, self._what).array, self._kind)
        except ARROW_ERRORS as e:
            raise HazelcastSerializationError(f"{self._what} does not fit into {self._kind}: {e}") from e


class _FittedDecimals(_Column):
    """A column of decimals whose type suits all of them."""

    def chunk(self, cells: Any) -> Any:
        return fitted(cells, self._what)

    def joined(self, chunks: list[Decimals]) -> pa.ChunkedArray:
        whole = max((chunk.whole for chunk in chunks), default=0)
        kind = suitable(whole, max((chunk.scale for chunk in chunks), default=0), self._what)
        return pa.chunked_array([chunk.array.cast(kind) for chunk in chunks], type=kind)


class _Objects(_Column):
    """A column of objects: their type is that of the first page, if none is named."""

    def chunk(self, cells: Any) -> Any:
        array = object_array(_readable(cells), self._kind, self._what)
        self._kind = array.type
        return array


class _FittedObjects(_Column):
    """A column of objects whose type suits all of them."""

    def chunk(self, cells: Any) -> Any:
        return _readable(cells)

    def joined(self, chunks: list[list[Any]]) -> pa.ChunkedArray:
        array = object_array([value for chunk in chunks for value in chunk], None, self._what)
        return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _column(metadata: SqlColumnMetadata, wanted: pa.DataType | None, whole: bool) -> _Column:
    if metadata.type is SqlColumnType.OBJECT:
        return (_FittedObjects if whole and wanted is None else _Objects)(metadata, wanted)
    if metadata.type is SqlColumnType.DECIMAL:
        if wanted is not None:
            return _Decimals(metadata, wanted)
        return _FittedDecimals(metadata, None) if whole else _Decimals(metadata, STREAMED_DECIMAL)
    return _Column(metadata, wanted)


def _readable(values: list[Any]) -> list[Any]:
    for value in values:
        if isinstance(value, Unreadable):
            raise value.error
    return values


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if array.type == kind:
        return array
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, array.cast(kind.storage_type))
    return array.cast(kind)


def _texts(cells: TextCells) -> pa.Array:
    buffers = [None if part is None else pa.py_buffer(part) for part in cells[2:]]
    return pa.Array.from_buffers(pa.binary(), cells.rows, buffers, cells.nulls)


def _utf8(array: pa.Array) -> pa.Array:
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid as e:
        raise HazelcastProtocolError(f"A SQL page has text that is not UTF-8: {e}") from e


def _fixed(cells: FixedCells, dense: Callable[[bytes], pa.Array]) -> pa.Array:
    """Return an array of values of fixed size, with nulls where there are none."""
    values = dense(cells.values)
    if cells.present is None:
        return values
    if not len(values):
        return pa.nulls(cells.rows, values.type)
    bits = values.type.bit_width
    if COMPILED is not None and bits >= 8:
        whole = COMPILED.spread(_content(values), cells.present, cells.rows, bits // 8)
        if whole is not None:
            return pa.Array.from_buffers(
                values.type, cells.rows, [pa.py_buffer(cells.present), pa.py_buffer(whole)]
            )
    present = pa.Array.from_buffers(pa.bool_(), cells.rows, [None, pa.py_buffer(cells.present)])
    places = pc.subtract(pc.cumulative_sum(present.cast(pa.int32())), 1)
    return values.take(pc.if_else(present, places, None))


def _content(array: pa.Array) -> pa.Buffer:
    """Return the bytes of the values of an array of a fixed size."""
    size = array.type.bit_width // 8
    return array.buffers()[1].slice(array.offset * size, len(array) * size)


def _dense(sql_type: SqlColumnType, kind: pa.DataType) -> Callable[[bytes], pa.Array]:
    """Return the function that makes an array of the bytes of values; for moments in the unit of ``kind``."""
    default = _TYPES[sql_type]
    if sql_type is SqlColumnType.DATE:
        return moments.dates
    if sql_type is SqlColumnType.TIME:
        return partial(moments.times, kind=kind if pa.types.is_time(kind) else default)
    if sql_type in (SqlColumnType.TIMESTAMP, SqlColumnType.TIMESTAMP_WITH_TIME_ZONE):
        unit = kind.unit if pa.types.is_timestamp(kind) else default.unit
        make = moments.timestamps if sql_type is SqlColumnType.TIMESTAMP else moments.instants
        return partial(make, unit=unit)
    if sql_type is SqlColumnType.BOOLEAN:
        return _booleans
    return partial(_numbers, kind=default)


def _numbers(content: bytes, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_buffers(kind, len(content) * 8 // kind.bit_width, [None, pa.py_buffer(content)])


def _booleans(content: bytes) -> pa.Array:
    return _numbers(content, pa.uint8()).cast(pa.bool_())
