"""The types that classes with a serialization of their own derive from, or are handed."""

from hz_serialization.api import (
    CompactReader,
    CompactSerializer,
    CompactWriter,
    FieldKind,
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
    StreamSerializer,
)

__all__ = [
    "CompactReader",
    "CompactSerializer",
    "CompactWriter",
    "FieldKind",
    "IdentifiedDataSerializable",
    "ObjectDataInput",
    "ObjectDataOutput",
    "Portable",
    "PortableReader",
    "PortableWriter",
    "StreamSerializer",
]
