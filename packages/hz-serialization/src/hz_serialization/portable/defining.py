# ruff: noqa: D102
# The abstract class documents the methods.
"""Derivation of the definition of a Portable class from the calls of its ``write_portable``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.output import DataOutput
from hz_serialization.portable.api import Portable, PortableWriter
from hz_serialization.portable.builder import ClassDefinitionBuilder
from hz_serialization.portable.definition import ClassDefinition
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import Key
from hz_serialization.portable.seen import SeenClass
from hz_serialization.problems import fail_at
from hz_serialization.registry import Registry
from hz_serialization.stream_api import ObjectDataOutput


class DefiningWriterBase(PortableWriter):
    """Recorder of the names and types of fields, without their values.

    Args:
        key: Ids and version of the class.
        key_of: Returns those of a nested object.
        known_version: Returns the version of a class that has a definition, by its ids; ``None`` if it has none.
        registry: For the output of raw data.
        seen: The class as received in other objects: it tells the class of a field that is null here.
    """

    __slots__ = ("_builder", "_key_of", "_known_version", "_raw", "_seen")

    def __init__(
        self,
        key: Key,
        key_of: Callable[[Portable], Key],
        known_version: Callable[[int, int], int | None],
        registry: Registry,
        seen: SeenClass | None,
    ) -> None:
        self._builder = ClassDefinitionBuilder(*key)
        self._key_of = key_of
        self._known_version = known_version
        self._seen = seen
        self._raw = _RawDataSink(bytearray(8), registry, 0)

    def build(self) -> ClassDefinition:
        """Return the definition of what was written."""
        return self._builder.build()

    def write_portable(self, field_name: str, portable: Portable | None) -> None:
        if portable is None:
            nested = self._received_class(field_name, FieldType.PORTABLE)
            if nested is None:
                _refuse(field_name, "null, which does not tell its class", "write_null_portable with the ids")
        else:
            nested = self._class_of(field_name, portable)
        self._builder.add_portable_field(field_name, nested)

    def write_null_portable(self, field_name: str, factory_id: int, class_id: int) -> None:
        version = self._known_version(factory_id, class_id)
        if version is None:
            _refuse(
                field_name,
                f"null of factory id {factory_id}, class id {class_id}, of which no definition is known",
                "write an object of that class first",
            )
        nested = ClassDefinition(factory_id, class_id, version)
        self._builder.add_portable_field(field_name, nested)

    def write_portable_array(self, field_name: str, values: Sequence[Portable] | None) -> None:
        if values:
            nested: ClassDefinition | None = self._class_of(field_name + "[0]", values[0])
        else:
            nested = self._received_class(field_name, FieldType.PORTABLE_ARRAY)
        if nested is None:
            _refuse(
                field_name, "null or an empty array, which does not tell its class", "write a full one first"
            )
        self._builder.add_portable_array_field(field_name, nested)

    def get_raw_data_output(self) -> ObjectDataOutput:
        return self._raw

    def _received_class(self, field_name: str, field_type: FieldType) -> ClassDefinition | None:
        index = None if self._seen is None else self._seen.by_name.get(field_name)
        if self._seen is None or index is None:
            return None
        field = self._seen.fields[index]
        if field.field_type != field_type or field.class_id == 0:
            return None
        version = (
            self._known_version(field.factory_id, field.class_id) if field.version is None else field.version
        )
        return ClassDefinition(field.factory_id, field.class_id, version or 0)

    def _class_of(self, step: str, portable: Any) -> ClassDefinition:
        try:
            if not isinstance(portable, Portable):
                raise TypeError(f"a Portable is wanted, not {portable!r:.80}")
            return ClassDefinition(*self._key_of(portable))
        except Exception as error:
            fail_at(error, "." + step, portable)


class _RawDataSink(DataOutput):
    """An output for the raw data that ignores nested objects, which are written later."""

    __slots__ = ()

    def write_object(self, val: Any) -> None:
        pass


def _refuse(field_name: str, what: str, or_else: str) -> NoReturn:
    raise HazelcastSerializationError(
        f"the first object of the class has {what}, in the field {field_name!r}; add the definition of the class, "
        f"made with ClassDefinitionBuilder, to class_definitions, or {or_else}"
    )
