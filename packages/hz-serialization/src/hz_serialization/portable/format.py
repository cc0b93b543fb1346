"""The Portable format: conversion of objects to bytes and back."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import Any

from hz_serialization import type_ids
from hz_serialization.config import SerializationConfig
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.input import InputTools
from hz_serialization.layout import Layout, header
from hz_serialization.portable.api import Portable
from hz_serialization.portable.definition import check_field_count
from hz_serialization.portable.definitions import Definitions
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.fields import FieldReader, FieldWriter
from hz_serialization.portable.plan import NUMBER_CODES, WritePlan
from hz_serialization.portable.seen import SeenClass
from hz_serialization.portable.seen_classes import SeenClasses
from hz_serialization.portable.values import Append, Take, appenders, takers
from hz_serialization.problems import damaged, failed_reading_portable
from hz_serialization.registry import Registry
from hz_serialization.top_level import TopReader


class PortableFormat:
    """The format of type id -1.

    Payload: ``int32 factory id, int32 class id``, then the object: ``int32 version, int32 end, int32 field
    count``, the position of each field and of the raw data, and the fields, each with its name and type.
    Positions count from the first byte of the ``Data``.

    Args:
        registry: Serializers of the service.
        tools: What the inputs of the service share.
        config: Options, of which ``portable_factories``, ``portable_version``, ``class_definitions`` and
            ``check_class_definition_errors`` are used.

    Raises:
        HazelcastSerializationError: The class definitions contradict each other or are incomplete.
    """

    type_id = type_ids.PORTABLE

    def __init__(self, registry: Registry, tools: InputTools, config: SerializationConfig) -> None:
        self.registry = registry
        self.tools = tools
        layout = registry.layout
        self.layout: Layout = layout
        self.appenders: dict[FieldType, Append] = appenders(layout)
        self.takers: dict[FieldType, Take] = takers(layout)
        self.numbers: dict[FieldType, Struct] = {
            field_type: Struct(layout.prefix + code)
            for field_type, code in {**NUMBER_CODES, FieldType.BOOLEAN: "?"}.items()
        }
        self.seen: SeenClasses = SeenClasses(self, config.portable_factories, config.portable_version)
        self.nothing: SeenClass = SeenClass((0, 0, 0), (), self, Portable)
        """A class without fields, for readers that must not read any more."""
        self._definitions = Definitions(registry, config.portable_version, self.seen)
        self._definitions.add_configured(config.class_definitions, check=config.check_class_definition_errors)
        self._plans = self._definitions.plans
        self._portable_version = config.portable_version
        self._by_bytes = self.seen.by_bytes

    def matches(self, cls: type) -> bool:
        """Return whether ``cls`` is derived from Portable."""
        return issubclass(cls, Portable)

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append ids, head and fields.

        Raises:
            HazelcastSerializationError: The class writes other fields than its definition has, or a value
                does not fit its field.
        """
        plan = self._plan_of(value)
        out += plan.ids
        self._write_object(out, value, plan, depth)

    def write_nested(self, out: bytearray, value: Any, depth: int) -> None:
        """Append an object, without its ids."""
        self._write_object(out, value, self._plan_of(value), depth)

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Read ids and object.

        Raises:
            HazelcastSerializationError: No class has these ids, or the bytes are damaged.
        """
        return self.read_nested(data, data[pos : pos + 12], pos + 12, depth, len(data))

    def top_reader(self, general: TopReader) -> TopReader:
        """Return the fast reader of whole ``Data``, which leaves everything unusual to ``general``."""
        read_nested, type_id = self.read_nested, header(type_ids.PORTABLE)[4:]

        def read_portable(buffer: bytes, start: int, end: int) -> Any:
            if buffer[start + 4 : start + 8] != type_id or type(buffer) is not bytes or end > len(buffer):
                return general(buffer, start, end)
            data = buffer[start:end]
            return read_nested(data, data[8:20], 20, 0, end - start)[0]

        return read_portable

    def _plan_of(self, value: Any) -> WritePlan:
        get_version = getattr(value, "get_class_version", None)
        version = self._portable_version if get_version is None else get_version()
        key = (value.get_factory_id(), value.get_class_id(), version)
        plan = self._plans.get(key)
        return self._definitions.define(value, key) if plan is None else plan

    def _write_object(self, out: bytearray, value: Any, plan: WritePlan, depth: int) -> None:
        begin = len(out)
        out += plan.head
        writer = FieldWriter(out, plan, self, depth)
        value.write_portable(writer)
        positions = writer.positions
        if 0 in positions:
            raise self.incomplete(plan, positions)
        plan.pack_positions(out, begin + 4, len(out), len(positions), *positions, writer.raw_position)

    def incomplete(self, plan: WritePlan, positions: Sequence[int]) -> HazelcastSerializationError:
        """Return the error for an object that did not write all fields of its class: fields with position 0."""
        missing = [name for name, at in zip(plan.field_names, positions, strict=True) if not at]
        return HazelcastSerializationError(
            f"{', '.join(missing)} of {plan.describe()} must be written, too: write the same fields for every object"
        )

    def read_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> tuple[Any, int]:
        """Read an object whose ids and version have been read already.

        Args:
            data: The whole ``Data``.
            key: The bytes of factory id, class id and version.
            pos: Where the head of the object begins.
            depth: Levels of objects around this one.
            limit: Where the object must have ended.

        Raises:
            HazelcastSerializationError: No class has these ids, or the bytes are damaged.
        """
        reader = self.open_nested(data, key, pos, depth, limit)
        value = reader.seen.make()
        try:
            value.read_portable(reader)
        except Exception as error:
            failed_reading_portable(error, value)
        if reader.raw is not None:
            reader.finish()
        return value, reader.head[0]

    def open_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> FieldReader:
        """Return the reader of the fields of such an object; arguments and errors are those of ``read_nested``."""
        seen = self._by_bytes.get(key)
        if seen is None:
            seen, head = self._learn(data, key, pos, limit)
        else:
            head = seen.unpack_head(data, pos)
            if head[1] != seen.count:
                seen, head = self._learn(data, key, pos, limit)
        start = pos + seen.head_size
        end = head[0]
        if not start <= end <= limit:
            raise damaged(f"the Portable at byte {pos} ends at byte {end}, not within {start} and {limit}")
        return FieldReader(seen, data, head, start, depth)

    def _learn(self, data: bytes, key: bytes, pos: int, limit: int) -> tuple[SeenClass, tuple[int, ...]]:
        end, count = self.layout.ii.unpack_from(data, pos)
        start = pos + 12 + 4 * count
        if count < 0 or not start <= end <= limit:
            raise damaged(f"the Portable at byte {pos} has {count} fields and ends at byte {end} of {limit}")
        check_field_count(count)
        head = Struct(f"{self.layout.prefix}{count + 3}i").unpack_from(data, pos)
        return self.seen.learn(self.seen.key_of(key), data, head, start), head
