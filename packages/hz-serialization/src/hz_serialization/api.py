"""The types that users derive from, or that their classes receive."""

from __future__ import annotations

from hz_serialization.compact.api import CompactReader, CompactWriter
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.serializer import CompactSerializer
from hz_serialization.portable.api import Portable, PortableReader, PortableWriter
from hz_serialization.problems import method_missing
from hz_serialization.public_names import publish
from hz_serialization.stream_api import ObjectDataInput, ObjectDataOutput, StreamSerializer

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


class IdentifiedDataSerializable:
    """A class that writes and reads its own fields; a factory id and a class id identify it.

    Instances are made without arguments when they are read, so that ``__init__`` needs defaults. A member that
    has to understand the object needs a Java class with the same ids.
    """

    __slots__ = ()

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Write the fields."""
        method_missing(self, "write_data")

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Read the fields in the order in which ``write_data`` wrote them."""
        method_missing(self, "read_data")

    def get_factory_id(self) -> int:
        """Return the id of the factory that makes this class."""
        method_missing(self, "get_factory_id")

    def get_class_id(self) -> int:
        """Return the id of the class, unique in its factory."""
        method_missing(self, "get_class_id")


publish(__name__, (globals()[name] for name in __all__))
