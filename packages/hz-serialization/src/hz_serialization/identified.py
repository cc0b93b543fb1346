"""IdentifiedDataSerializable: objects found by factory id and class id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import error as StructError
from typing import Any

from hz_serialization import type_ids
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.input import DataInput, InputTools
from hz_serialization.output import DataOutput
from hz_serialization.problems import (
    UnserializableError,
    damaged,
    failed_reading,
    failed_writing,
    new_instance,
    type_name,
)
from hz_serialization.registry import Registry

ObjectReader = Callable[[ObjectDataInput], Any]
"""Reads the fields of one class and returns the object."""


class IdentifiedFormat:
    """The format of type id -2.

    Payload: ``byte 1, int32 factory id, int32 class id``, then what the class writes.
    """

    type_id = type_ids.IDENTIFIED

    def __init__(self, registry: Registry, tools: InputTools) -> None:
        self._registry = registry
        self._tools = tools
        self._pack_ids = registry.layout.ii.pack
        self._unpack_ids = registry.layout.ii.unpack_from
        self._readers: dict[tuple[int, int], ObjectReader] = {}

    def add_factory(self, factory_id: int, factory: Mapping[int, Callable[[], Any]]) -> None:
        """Register classes; one registered before under the same ids is replaced."""
        for class_id, make in factory.items():
            self._readers[factory_id, class_id] = _reader_of(make)

    def add_reader(self, factory_id: int, class_id: int, reader: ObjectReader) -> None:
        """Register a function that reads the fields and gives the object."""
        self._readers[factory_id, class_id] = reader

    def matches(self, cls: type) -> bool:
        """Return whether ``cls`` is derived from IdentifiedDataSerializable."""
        return issubclass(cls, IdentifiedDataSerializable)

    def write(self, out: bytearray, value: IdentifiedDataSerializable, depth: int) -> None:
        """Append ids and fields."""
        out.append(1)
        ids = value.get_factory_id(), value.get_class_id()
        try:
            out += self._pack_ids(*ids)
        except StructError:
            raise HazelcastSerializationError(
                f"get_factory_id() and get_class_id() must give integers of 32 bits, not {ids[0]!r} and {ids[1]!r}"
            ) from None
        try:
            value.write_data(DataOutput(out, self._registry, depth))
        except UnserializableError as problem:
            problem.add_step(f".<{type(value).__name__}.write_data>")
            raise
        except Exception as error:
            failed_writing(value, error, f"{type_name(type(value))}.write_data()")

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Read the ids, find the factory and let the object read its fields."""
        if data[pos] != 1:
            if data[pos] == 0:
                name = self._tools.text(data, pos + 1)[0]
                raise damaged(
                    f"it is a DataSerializable of the Java class {name}, which only Java can read; "
                    "make it IdentifiedDataSerializable, Portable or Compact there"
                )
            raise damaged(f"unknown flags {data[pos]} of an IdentifiedDataSerializable")
        ids = self._unpack_ids(data, pos + 1)
        reader = self._readers.get(ids)
        if reader is None:
            raise HazelcastSerializationError(
                f"Cannot read the value: no IdentifiedDataSerializable has factory id {ids[0]} and "
                f"class id {ids[1]}; set data_serializable_factories={{{ids[0]}: {{{ids[1]}: YourClass}}}}"
            )
        inp = DataInput(data, pos + 9, self._tools, depth)
        return reader(inp), inp.position()


def _reader_of(make: Callable[[], Any]) -> ObjectReader:
    def read(inp: ObjectDataInput) -> Any:
        instance = new_instance(make, "data serializable")
        if not isinstance(instance, IdentifiedDataSerializable):
            raise HazelcastSerializationError(
                f"The data serializable factory made a {type_name(type(instance))}, "
                "which is not derived from IdentifiedDataSerializable"
            )
        try:
            instance.read_data(inp)
        except Exception as error:
            failed_reading(error, f"{type_name(type(instance))}.read_data()")
        return instance

    return read
