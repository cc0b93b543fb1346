"""Python objects as Arrow arrays."""

from collections.abc import Callable, Sequence
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


_CONVERSIONS: Final[dict[type, Callable[[Any], Any]]] = {
    HazelcastJsonValue: HazelcastJsonValue.to_string,
    UUID: str,
    list: _list,
    tuple: _list,
}
