"""Conversion of objects of one class to records and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from hz_serialization import type_ids
from hz_serialization.compact.fields import FieldsReader, FieldsWriter, FirstWriter
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.layout import FieldMissing, RecordLayout
from hz_serialization.compact.schema import Schema
from hz_serialization.compact.schema_registry import SchemaRegistry
from hz_serialization.compact.serializer import CompactSerializer
from hz_serialization.compact.tailored import record_reader, writer_class
from hz_serialization.layout import header
from hz_serialization.problems import failed_writing, type_name
from hz_serialization.registry import Reader

LayoutMaker = Callable[[Schema, "tuple[str, ...]"], RecordLayout]
"""``(schema, order)``: the layout of a schema's records, with variable-size values in that order."""


_Kind = tuple[Callable[[], FieldsWriter], RecordLayout]
"""The class of the writers of records with a layout, and the layout."""


class RecordType(Protocol):
    """The records of objects of one class."""

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""

    def reader(self, layout: RecordLayout) -> Reader:
        """Return a reader of records of one schema of the type, from the schema id on."""


class SerializedRecords:
    """Records by a ``CompactSerializer``.

    The first object determines the fields; the values of later objects only have to be put into their slots.
    An object with other fields has a schema of its own.
    """

    __slots__ = (
        "_current",
        "_encoders",
        "_known",
        "_make_layout",
        "_schemas",
        "_serializer",
        "_type_name",
        "_write",
    )

    def __init__(
        self, serializer: CompactSerializer[Any], make_layout: LayoutMaker, schemas: SchemaRegistry
    ) -> None:
        self._serializer = serializer
        self._write = serializer.write
        self._type_name = serializer.get_type_name()
        self._make_layout = make_layout
        self._schemas = schemas
        self._known: dict[frozenset[tuple[str, FieldKind]], _Kind] = {}
        self._current: RecordLayout | None = None
        self._encoders: _Kind | None = None

    def encode(self, value: Any) -> bytes:
        """Return the whole ``Data`` of an object."""
        encoders = self._encoders
        if encoders is not None:
            cls, layout = encoders
            writer = cls()
            writer.values = layout.blank[:]
            try:
                self._write(writer, value)
                return layout.encode(writer.values)
            except FieldMissing:
                pass  # an object with other fields than the one before it
            except Exception as error:
                failed_writing(value, error, f"{type_name(type(self._serializer))}.write()")
        out = bytearray(header(type_ids.COMPACT))
        self._write_first(out, value, 0)
        return bytes(out)

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
        layout = self._current
        if layout is not None:
            start = len(out)
            writer = FieldsWriter(layout)
            try:
                self._write(writer, value)
                layout.write(out, writer.values, depth)
                return
            except FieldMissing:
                del out[start:]  # an object with other fields than the one before it
            except Exception as error:
                failed_writing(value, error, f"{type_name(type(self._serializer))}.write()")
        self._write_first(out, value, depth)

    def _write_first(self, out: bytearray, value: Any, depth: int) -> None:
        writer = FirstWriter(self._type_name)
        try:
            self._write(writer, value)
        except Exception as error:
            failed_writing(value, error, f"{type_name(type(self._serializer))}.write()")
        key = frozenset(writer.fields.items())
        known = self._known.get(key)
        if known is None:
            schema = Schema(self._type_name, writer.fields.items())
            layout = self._make_layout(schema, tuple(writer.fields))
            cls: Any = writer_class(layout)  # its __init__ has no arguments
            known = self._known[key] = cls, layout
        layout = known[1]
        self._schemas.use(layout.schema)
        layout.write(out, [writer.values[name] for name in layout.slots], depth)
        self._current = layout
        self._encoders = known

    def reader(self, layout: RecordLayout) -> Reader:
        """Return a reader of records of one schema of the type."""
        method = f"{type_name(type(self._serializer))}.read()"
        return record_reader(layout, self._serializer.read, method)


class GenericRecords:
    """Records as ``GenericRecord``, of any schema."""

    __slots__ = ("_layouts", "_make_layout", "_schemas")

    def __init__(self, make_layout: LayoutMaker, schemas: SchemaRegistry) -> None:
        self._layouts: dict[int, RecordLayout] = {}
        self._make_layout = make_layout
        self._schemas = schemas

    def write(self, out: bytearray, value: GenericRecord, depth: int) -> None:
        """Append a record, from its schema id on."""
        schema = value.schema
        layout = self._layouts.get(schema.schema_id)
        if layout is None:
            layout = self._make_layout(schema, ())
        if schema.schema_id not in self._schemas.used or layout.schema is not schema:
            self._schemas.use(schema)
            self._layouts[schema.schema_id] = layout
        layout.write(out, value.values, depth, value.order)

    def reader(self, layout: RecordLayout) -> Reader:
        """Return a reader of records of one schema."""
        schema = layout.schema

        def read(data: bytes, pos: int, depth: int) -> tuple[GenericRecord, int]:
            fixed, offsets, null, _, end = layout.open(data, pos)
            values = layout.fill(fixed, offsets, null, data, pos, depth)
            return GenericRecord.of(schema, values, _order(offsets, null)), end

        return read


def _order(offsets: Sequence[int], null: int) -> list[int] | None:
    """Return the order of the values if it is not that of their names; null, the greatest offset, comes last."""
    found = [offset for offset in offsets if offset != null]
    if found == sorted(found):
        return None
    return sorted(range(len(offsets)), key=offsets.__getitem__)


class AutomaticRecords:
    """Records of a class whose schema follows from its typed fields."""

    __slots__ = ("_layout", "_make_layout", "_record", "_schemas", "_values")

    def __init__(self, record: Any, make_layout: LayoutMaker, schemas: SchemaRegistry) -> None:
        self._record = record
        self._values = record.values
        self._schemas = schemas
        self._layout = make_layout(record.schema, record.order)

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
        layout = self._layout
        if layout.schema.schema_id not in self._schemas.used:
            self._schemas.use(layout.schema)
        layout.write(out, self._values(value), depth)

    def encode(self, value: Any) -> bytes:
        """Return the whole ``Data`` of an object."""
        layout = self._layout
        if layout.schema.schema_id not in self._schemas.used:
            self._schemas.use(layout.schema)
        return layout.encode(self._values(value))

    def reader(self, layout: RecordLayout) -> Reader:
        """Return a reader of records of one schema of the type."""
        if layout.schema != self._record.schema:
            evolve = self._record.make_evolved

            def read_evolved(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
                reader = FieldsReader(layout, data, pos, depth)
                return evolve(reader), reader.end

            return read_evolved
        make, read_own = self._record.make, self._layout.read

        def read(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
            values, end = read_own(data, pos, depth)
            return make(values), end

        return read
