"""Rows of Arrow tables as keys and values of maps."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hz_core.arguments import shown
from hz_proxies.arrow.contents import buffers_of, contents
from hz_proxies.arrow.kinds import Target, target
from hz_proxies.arrow.values import ARROW_ERRORS
from hz_serialization import Data, HazelcastJsonValue, HazelcastSerializationError, SerializationService
from hz_serialization.compact import GenericRecord
from hz_serialization.compact.columns import Buffers
from hz_serialization.compact.schema import Schema

Rows = tuple[list[Any], list[Data]]
"""Keys, and serialized values."""


class RowReader:
    """Makes keys and values of rows.

    Args:
        serialization: Serializes values.
        schema: The columns.
        key: The column of the key.
        columns: The columns of the values; None for all others.
        form: ``"compact"`` or ``"json"``.
        type_name: Name of the Compact type of the values.
        key_range: The first key, and the one after the last; None for no limit.

    Raises:
        ValueError: There is no such column or form.
        HazelcastSerializationError: A column has a type that fields cannot have.
    """

    def __init__(
        self,
        serialization: SerializationService,
        schema: pa.Schema,
        key: str,
        columns: Sequence[str] | None,
        form: str,
        type_name: str,
        key_range: tuple[Any, Any],
    ) -> None:
        names = list(columns) if columns is not None else [name for name in schema.names if name != key]
        for name in (key, *names):
            if schema.get_field_index(name) < 0:
                known = ", ".join(schema.names)
                raise ValueError(f"there is no one column {shown(name)}; the columns are {known}")
        if not names:
            raise ValueError(f"there is no column for values beside the key {key!r}")
        if form not in ("compact", "json"):
            raise ValueError(f"values must be 'compact' or 'json', not {shown(form)}")
        self._key = key
        self._key_target = target(schema.field(key), type_name)
        self._range = key_range
        self._targets: dict[str, Target] = {name: target(schema.field(name), type_name) for name in names}
        self._order = names
        self._serialization = serialization
        self._record_schema: Schema | None = None
        if form == "compact":
            record_schema = Schema(type_name, [(name, self._targets[name].kind) for name in names])
            self._record_schema = record_schema
            self._order = list(record_schema.slots)

    def read(self, table: pa.Table) -> Rows:
        """Return the keys and values of rows.

        Raises:
            HazelcastSerializationError: A key is null, or a value does not fit.
        """
        low, high = self._range
        keys = table[self._key]
        wanted = []
        if low is not None:
            wanted.append(pc.greater_equal(keys, low))
        if high is not None:
            wanted.append(pc.less(keys, high))
        for condition in wanted[1:]:
            wanted[0] = pc.and_(wanted[0], condition)
        if wanted:
            table = table.filter(wanted[0])
        found = self._column(table, self._key, self._key_target)
        if None in found:
            raise HazelcastSerializationError(
                f"the column {self._key!r} of the key has a null in row {found.index(None)} of those that were read;"
                " maps have no null keys"
            )
        schema = self._record_schema
        if schema is not None:
            sources = [self._source(table, name, self._targets[name]) for name in self._order]
            records = self._serialization.encode_buffers(schema, len(found), sources)
            if records is not None:
                return found, records
        columns = [self._column(table, name, self._targets[name]) for name in self._order]
        if schema is not None:
            return found, self._serialization.encode_columns(schema, columns)
        return found, [self._json(values) for values in zip(*columns, strict=True)]

    def _source(self, table: pa.Table, name: str, wanted: Target) -> Buffers | list[Any]:
        if wanted.convert is not None:
            return self._column(table, name, wanted)
        found: Buffers | list[Any] = self._values(table, name, wanted, _bytes_or_objects)
        return found

    def _column(self, table: pa.Table, name: str, wanted: Target) -> list[Any]:
        values: list[Any] = self._values(table, name, wanted, contents)
        convert = wanted.convert
        if convert is not None:
            return [None if value is None else convert(value) for value in values]
        return values

    def _values(self, table: pa.Table, name: str, wanted: Target, take: Callable[[pa.Array], Any]) -> Any:
        array = table[name].combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        try:
            # Parts of a microsecond are dropped; anything else that does not fit is an error.
            temporal = pa.types.is_temporal(array.type)
            return take(array.cast(wanted.cast, safe=not temporal))
        except ARROW_ERRORS as e:
            raise HazelcastSerializationError(f"the column {name!r} does not fit into a field: {e}") from e

    def _json(self, values: tuple[Any, ...]) -> Data:
        content = dict(zip(self._order, values, strict=True))
        try:
            text = json.dumps(content, default=_as_json, allow_nan=False)
        except (TypeError, ValueError) as e:
            raise HazelcastSerializationError(f"the row {shown(content)} cannot be JSON: {e}") from e
        return self._serialization.to_data(HazelcastJsonValue(text))


def _bytes_or_objects(array: pa.Array) -> Buffers | list[Any]:
    found = buffers_of(array)
    return contents(array) if found is None else found


def _as_json(value: Any) -> Any:
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, GenericRecord):
        return value.to_dict()
    raise TypeError(f"JSON has no {type(value).__name__}")


def parts_of(source: Any, size: int) -> Iterator[pa.Table]:
    """Yield the rows of tables, record batches and readers, as tables of up to ``size`` rows.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(source, pa.RecordBatch):
        source = pa.Table.from_batches([source])
    if isinstance(source, pa.Table):
        for start in range(0, source.num_rows, size):
            yield source.slice(start, size)
        return
    for batch in source:
        if not isinstance(batch, pa.RecordBatch | pa.Table):
            raise TypeError(f"a pyarrow.RecordBatch is needed, not {shown(batch)}")
        yield from parts_of(batch, size)


def schema_of(source: Any) -> pa.Schema:
    """Return the columns of what ``parts_of`` takes.

    Raises:
        TypeError: It is something else.
    """
    schema = getattr(source, "schema", None)
    if not isinstance(schema, pa.Schema):
        raise TypeError(f"a pyarrow Table, RecordBatch or RecordBatchReader is needed, not {shown(source)}")
    return schema
