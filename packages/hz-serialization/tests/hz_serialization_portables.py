"""Portable classes for several test modules. Not a test module itself."""

from __future__ import annotations

from typing import Any

from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import Portable, PortableReader, PortableWriter

Fields = list[tuple[str, str, Any]]
"""Name, kind as in the names of the methods, value."""


class Record(Portable):
    """A Portable that writes what it is told, in the order in which it is told; reads what ``reads`` names."""

    ids = (1, 1)
    reads: tuple[tuple[str, str], ...] = ()

    def __init__(self, fields: Fields | None = None) -> None:
        self.fields = fields or []
        self.values: dict[str, Any] = {}

    def get_factory_id(self) -> int:
        return self.ids[0]

    def get_class_id(self) -> int:
        return self.ids[1]

    def write_portable(self, writer: PortableWriter) -> None:
        for name, kind, value in self.fields:
            if kind == "null_portable":
                writer.write_null_portable(name, *value)
            else:
                getattr(writer, f"write_{kind}")(name, value)

    def read_portable(self, reader: PortableReader) -> None:
        for name, kind in self.reads:
            self.values[name] = getattr(reader, f"read_{kind}")(name)

    def __repr__(self) -> str:
        return f"Record({self.values!r})"


def record(
    *reads: tuple[str, str], ids: tuple[int, int] = (1, 1), version: int | None = None
) -> type[Record]:
    """A class of its own that reads these fields."""
    members: dict[str, Any] = {"reads": reads, "ids": ids}
    if version is not None:
        members["get_class_version"] = lambda self: version
    return type("Made", (Record,), members)


def service_of(*classes: type[Record], **options: Any) -> SerializationService:
    """A service that knows these classes."""
    factories: dict[int, dict[int, Any]] = {}
    for cls in classes:
        factories.setdefault(cls.ids[0], {})[cls.ids[1]] = cls
    return SerializationService(SerializationConfig(portable_factories=factories, **options))


class Inner(Portable):
    """Two numbers; the inner class of the vectors."""

    def __init__(self, i: int = 0, f: float = 0.0) -> None:
        self.i = i
        self.f = f

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 2

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("i", self.i)
        writer.write_float("f", self.f)

    def read_portable(self, reader: PortableReader) -> None:
        self.i = reader.read_int("i")
        self.f = reader.read_float("f")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inner) and (self.i, self.f) == (other.i, other.f)

    def __hash__(self) -> int:
        return hash((self.i, self.f))

    def __repr__(self) -> str:
        return f"Inner({self.i}, {self.f})"


class Inner3(Inner):
    """The same as version 3."""

    def get_class_version(self) -> int:
        return 3


class Node(Portable):
    """A tree, with raw data at its leaves."""

    def __init__(self, name: str | None = None, left: Node | None = None, right: Node | None = None) -> None:
        self.name = name
        self.left = left
        self.right = right
        self.raw: Any = None

    def get_factory_id(self) -> int:
        return 2

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_string("name", self.name)
        writer.write_portable("left", self.left)
        writer.write_portable("right", self.right)
        writer.get_raw_data_output().write_object(self.raw)

    def read_portable(self, reader: PortableReader) -> None:
        self.name = reader.read_string("name")
        left, right = reader.read_portable("left"), reader.read_portable("right")
        assert left is None or isinstance(left, Node)
        assert right is None or isinstance(right, Node)
        self.left, self.right = left, right
        self.raw = reader.get_raw_data_input().read_object()

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.left!r}, {self.right!r}, {self.raw!r})"
