"""The types that users derive from, or that their classes are handed."""

from __future__ import annotations

from typing import Any, NoReturn

from hz_serialization.compact.api import CompactReader, CompactWriter
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.serializer import CompactSerializer
from hz_serialization.portable_api import PortableReader, PortableWriter
from hz_serialization.stream_api import ObjectDataInput, ObjectDataOutput

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


def _must_be_written(owner: object, method: str) -> NoReturn:
    raise NotImplementedError(f"{type(owner).__qualname__}.{method}() is missing; the class must define it")


class IdentifiedDataSerializable:
    """A class that writes and reads its own fields, found again by a factory id and a class id.

    Its instances are made without arguments when they are read, so ``__init__`` needs defaults. The member
    needs a Java class with the same ids where it has to understand the object.
    """

    __slots__ = ()

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Writes the fields."""
        _must_be_written(self, "write_data")

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Reads the fields in the order in which ``write_data`` wrote them."""
        _must_be_written(self, "read_data")

    def get_factory_id(self) -> int:
        """Id of the factory that makes this class."""
        _must_be_written(self, "get_factory_id")

    def get_class_id(self) -> int:
        """Id of the class, unique in its factory."""
        _must_be_written(self, "get_class_id")


class Portable:
    """A class whose fields are written with their names, so that members query them without its code.

    A subclass may define ``get_class_version(self) -> int``; without it the configured
    ``portable_version`` counts.
    """

    __slots__ = ()

    def write_portable(self, writer: PortableWriter) -> None:
        """Writes the fields by name."""
        _must_be_written(self, "write_portable")

    def read_portable(self, reader: PortableReader) -> None:
        """Reads the fields by name."""
        _must_be_written(self, "read_portable")

    def get_factory_id(self) -> int:
        """Id of the factory that makes this class."""
        _must_be_written(self, "get_factory_id")

    def get_class_id(self) -> int:
        """Id of the class, unique in its factory."""
        _must_be_written(self, "get_class_id")


class StreamSerializer:
    """Writes and reads objects of classes that know nothing of Hazelcast.

    Registered as ``custom_serializers={SomeClass: SomeSerializer}`` or as ``global_serializer``.
    """

    __slots__ = ()

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        """Writes ``obj``."""
        _must_be_written(self, "write")

    def read(self, inp: ObjectDataInput) -> Any:
        """Reads and returns an object."""
        _must_be_written(self, "read")

    def get_type_id(self) -> int:
        """Positive number, unique among the serializers of the cluster's clients and members."""
        _must_be_written(self, "get_type_id")

    def destroy(self) -> None:
        """Called when the service is closed; releases what the serializer holds."""
