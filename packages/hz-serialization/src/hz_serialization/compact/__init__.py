"""The Compact format: records whose schema is known to the cluster by a fingerprint.

The public names are here, wherever they are defined; a module is imported when a name of it is first used.
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
    from hz_serialization.compact.schema_registry import SchemaRegistry, UnknownSchemaError

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
    "SchemaRegistry",
    "UnknownSchemaError",
    "ZonedDatetime",
    "compact_type",
]

_ELSEWHERE = {
    "Field": "schema",
    "GenericRecord": "generic",
    "Schema": "schema",
    "SchemaRegistry": "schema_registry",
    "UnknownSchemaError": "schema_registry",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'automatic')}"), name)
