"""The kinds of Compact fields for Arrow's types."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pyarrow as pa

from hz_serialization import HazelcastSerializationError
from hz_serialization.compact import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Schema


class Target(NamedTuple):
    """What becomes of a column."""

    kind: FieldKind
    """The kind of field."""

    cast: pa.DataType
    """The type that the column is converted to first."""

    convert: Callable[[Any], Any] | None
    """Converts each value that is not null, after pyarrow has made a Python object of it; None for nothing."""


_NUMBERS: Final = {
    pa.int8(): (FieldKind.INT8, FieldKind.NULLABLE_INT8, pa.int8()),
    pa.uint8(): (FieldKind.INT16, FieldKind.NULLABLE_INT16, pa.int16()),
    pa.int16(): (FieldKind.INT16, FieldKind.NULLABLE_INT16, pa.int16()),
    pa.uint16(): (FieldKind.INT32, FieldKind.NULLABLE_INT32, pa.int32()),
    pa.int32(): (FieldKind.INT32, FieldKind.NULLABLE_INT32, pa.int32()),
    pa.uint32(): (FieldKind.INT64, FieldKind.NULLABLE_INT64, pa.int64()),
    pa.int64(): (FieldKind.INT64, FieldKind.NULLABLE_INT64, pa.int64()),
    pa.uint64(): (FieldKind.INT64, FieldKind.NULLABLE_INT64, pa.int64()),
    pa.float16(): (FieldKind.FLOAT32, FieldKind.NULLABLE_FLOAT32, pa.float32()),
    pa.float32(): (FieldKind.FLOAT32, FieldKind.NULLABLE_FLOAT32, pa.float32()),
    pa.float64(): (FieldKind.FLOAT64, FieldKind.NULLABLE_FLOAT64, pa.float64()),
    pa.bool_(): (FieldKind.BOOLEAN, FieldKind.NULLABLE_BOOLEAN, pa.bool_()),
}

_Test = Callable[[pa.DataType], bool]

_OTHERS: Final[tuple[tuple[_Test, FieldKind, Callable[[pa.DataType], pa.DataType]], ...]] = (
    (pa.types.is_null, FieldKind.STRING, lambda kind: pa.string()),
    (pa.types.is_string, FieldKind.STRING, lambda kind: pa.string()),
    (pa.types.is_large_string, FieldKind.STRING, lambda kind: pa.string()),
    (pa.types.is_string_view, FieldKind.STRING, lambda kind: pa.string()),
    (pa.types.is_decimal, FieldKind.DECIMAL, lambda kind: kind),
    (pa.types.is_date, FieldKind.DATE, lambda kind: pa.date32()),
    (pa.types.is_time, FieldKind.TIME, lambda kind: pa.time64("us")),
    (pa.types.is_binary, FieldKind.ARRAY_OF_INT8, lambda kind: pa.binary()),
    (pa.types.is_large_binary, FieldKind.ARRAY_OF_INT8, lambda kind: pa.binary()),
    (pa.types.is_fixed_size_binary, FieldKind.ARRAY_OF_INT8, lambda kind: pa.binary()),
    (pa.types.is_binary_view, FieldKind.ARRAY_OF_INT8, lambda kind: pa.binary()),
)


def target(field: pa.Field, type_name: str) -> Target:
    """Return what becomes of a column.

    Args:
        field: The column.
        type_name: Name of the Compact type of structs in it.

    Raises:
        HazelcastSerializationError: There is no kind of field for it.
    """
    kind = field.type
    if isinstance(kind, pa.BaseExtensionType):
        return target(field.with_type(kind.storage_type), type_name)
    if pa.types.is_dictionary(kind):
        return target(field.with_type(kind.value_type), type_name)
    if kind in _NUMBERS:
        plain, nullable, cast = _NUMBERS[kind]
        return Target(nullable if field.nullable else plain, cast, None)
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        moment = FieldKind.TIMESTAMP_WITH_TIMEZONE if zoned else FieldKind.TIMESTAMP
        return Target(moment, pa.timestamp("us", kind.tz), None)
    if pa.types.is_struct(kind):
        record, cast = _record(kind, f"{type_name}.{field.name}")
        return Target(FieldKind.COMPACT, cast, record)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _items(field, type_name)
    for matches, found, cast_to in _OTHERS:
        if matches(kind):
            return Target(found, cast_to(kind), None)
    raise HazelcastSerializationError(
        f"the column {field.name!r} is of type {kind}, for which Compact has no kind of field; cast or drop the column"
    )


def _items(field: pa.Field, type_name: str) -> Target:
    item = target(field.type.value_field.with_name(field.name), type_name)
    if item.kind.name.startswith("ARRAY_OF_"):
        raise HazelcastSerializationError(
            f"the column {field.name!r} is of type {field.type}; Compact has no lists of lists or of binary values"
        )
    convert = item.convert
    # The kind of an array follows that of its items.
    return Target(
        FieldKind(item.kind + 1),
        pa.list_(item.cast),
        None
        if convert is None
        else lambda values: [None if value is None else convert(value) for value in values],
    )


def _record(kind: pa.StructType, type_name: str) -> tuple[Callable[[Any], GenericRecord], pa.DataType]:
    """Return the function that makes records of the structs of a type, and the type that is converted first."""
    fields = [kind.field(index) for index in range(kind.num_fields)]
    targets = {field.name: target(field, type_name) for field in fields}
    schema = Schema(type_name, [(name, found.kind) for name, found in targets.items()])
    parts = [(name, targets[name].convert) for name in schema.slots]

    def record(value: dict[str, Any]) -> GenericRecord:
        values = [
            value[name] if convert is None or value[name] is None else convert(value[name])
            for name, convert in parts
        ]
        return GenericRecord.of(schema, values)

    cast = pa.struct([field.with_type(targets[field.name].cast) for field in fields])
    return record, cast
