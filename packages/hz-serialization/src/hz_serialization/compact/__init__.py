"""The Compact format: records whose schema is known to the cluster by a fingerprint.

The names for users are here, wherever they are defined; what nobody asks for is not imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hz_serialization.compact.automatic import (
        BigInt,
        FieldName,
        Float32,
        Float32Array,
        Float64,
        Float64Array,
        Int8,
        Int16,
        Int16Array,
        Int32,
        Int32Array,
        Int64,
        Int64Array,
        ZonedDatetime,
        compact_type,
    )
    from hz_serialization.compact.generic import GenericRecord
    from hz_serialization.compact.schema import Field, Schema
    from hz_serialization.compact.schemas import Schemas, UnknownSchemaError

__all__ = [
    "BigInt",
    "Field",
    "FieldName",
    "Float32",
    "Float32Array",
    "Float64",
    "Float64Array",
    "GenericRecord",
    "Int8",
    "Int16",
    "Int16Array",
    "Int32",
    "Int32Array",
    "Int64",
    "Int64Array",
    "Schema",
    "Schemas",
    "UnknownSchemaError",
    "ZonedDatetime",
    "compact_type",
]

_ELSEWHERE = {
    "Field": "schema",
    "GenericRecord": "generic",
    "Schema": "schema",
    "Schemas": "schemas",
    "UnknownSchemaError": "schemas",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'automatic')}"), name)
