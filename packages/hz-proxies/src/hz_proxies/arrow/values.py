"""Python objects as Arrow arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from hz_serialization import HazelcastJsonValue, HazelcastSerializationError
from hz_serialization.compact import GenericRecord

ARROW_ERRORS: Final = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError)
"""What pyarrow raises for values that do not fit into a type."""


def object_array(values: Sequence[Any], wanted: pa.DataType | None, what: str) -> pa.Array:
    """Return an array of Python objects.

    Records (dataclasses and generic records) become structs, JSON values and UUIDs become texts.

    Args:
        values: The objects.
        wanted: The type; None for one that suits all of them.
        what: What the values are, for the error.

    Raises:
        HazelcastSerializationError: There is no such type, or a value does not fit.
    """
    plain = [None if value is None else _plain(value) for value in values]
    try:
        return pa.array(plain, type=wanted)
    except ARROW_ERRORS as e:
        kinds = ", ".join(sorted({type(value).__name__ for value in values if value is not None}))
        target = "no Arrow type suits all of them" if wanted is None else f"they do not fit into {wanted}"
        raise HazelcastSerializationError(
            f"{what} has values of {kinds}, and {target}: {e}; name an Arrow type for it in `types`, or select single"
            " attributes"
        ) from e


def _plain(value: Any) -> Any:
    """Return a value as pyarrow knows it."""
    convert = _CONVERSIONS.get(type(value))
    if convert is not None:
        return convert(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, GenericRecord):
        return {name: _plain(value[name]) for name in value}
    return value


def _list(values: Sequence[Any]) -> list[Any]:
    return [_plain(value) for value in values]


def columns_of(
    names: Sequence[str], rows: Sequence[Sequence[Any]], types: Mapping[str, pa.DataType] | None = None
) -> pa.Table:
    """Return a table of rows.

    Raises:
        ValueError: ``types`` has another column.
        HazelcastSerializationError: The values of a column have no type in common.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return _table(dict(zip(names, columns, strict=True)), types)


def entries_of(
    entries: Sequence[tuple[Any, Any]], types: Mapping[str, pa.DataType] | None = None
) -> pa.Table:
    """Return a table of keys and values, with a column for each field if all values are records or JSON objects.

    Raises:
        ValueError: ``types`` has another column.
        HazelcastSerializationError: The values of a column have no type in common.
    """
    keys = [key for key, _ in entries]
    records = [_fields(value) for _, value in entries]
    if not entries or any(record is None for record in records):
        return _table({"__key": keys, "this": [value for _, value in entries]}, types)
    # The fields in the order in which they were met.
    names = {name: None for record in records if record is not None for name in record}
    columns = {name: [record.get(name) for record in records if record is not None] for name in names}
    return _table({"__key": keys, **columns}, types)


def _fields(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, HazelcastJsonValue):
        value = value.loads()
        return value if isinstance(value, dict) else None
    plain = _plain(value)
    return plain if isinstance(plain, dict) and not isinstance(value, dict) else None


def _table(columns: Mapping[str, Sequence[Any]], types: Mapping[str, pa.DataType] | None) -> pa.Table:
    types = {} if types is None else types
    for name in types:
        if name not in columns:
            raise ValueError(f"`types` has the column {name!r}; the table has {', '.join(columns)}")
    arrays = [
        object_array(values, types.get(name), f"the column {name!r}") for name, values in columns.items()
    ]
    return pa.Table.from_arrays(arrays, names=list(columns))


_CONVERSIONS: Final[dict[type, Callable[[Any], Any]]] = {
    HazelcastJsonValue: HazelcastJsonValue.to_string,
    UUID: str,
    list: _list,
    tuple: _list,
}
