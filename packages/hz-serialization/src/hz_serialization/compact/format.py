"""Compact as a format of the serialization service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from struct import pack
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.compact.codecs import Codec, make_codecs
from hz_serialization.compact.columns import Buffers, ColumnEncoder
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.layout import RecordLayout
from hz_serialization.compact.records import AutomaticRecords, GenericRecords, RecordType, SerializedRecords
from hz_serialization.compact.schema import Schema
from hz_serialization.compact.schema_registry import SchemaRegistry, UnknownSchemaError
from hz_serialization.compact.serializer import CompactSerializer
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.problems import MAX_DEPTH, UnserializableError, damaged, too_deep, type_name
from hz_serialization.registry import Reader, Registry, Writer
from hz_serialization.top_level import TopReader

_AUTOMATIC: Final = "hz_serialization.compact.automatic"
"""The module of classes with typed fields, which is imported when it is first used."""


_MOST_ENCODERS: Final = 100


class _Readers(dict[bytes, Reader]):
    """Readers by the bytes of the schema id, made when an id is first seen."""

    def __init__(self, owner: CompactFormat) -> None:
        super().__init__()
        self._owner = owner

    def __missing__(self, schema_id: bytes) -> Reader:
        reader = self[schema_id] = self._owner.make_reader(schema_id)
        return reader


class CompactFormat:
    """Compact objects: those of registered classes, and all others as ``GenericRecord``.

    Args:
        registry: The serializers of the service.
        serializers: ``CompactSerializer`` objects or classes, or classes with typed fields.
        schemas: Where the schemas of what is written and read are kept.

    Raises:
        HazelcastSerializationError: Two serializers have one class or type name, or one cannot be used.
    """

    type_id = type_ids.COMPACT

    def __init__(self, registry: Registry, serializers: Iterable[Any], schemas: SchemaRegistry) -> None:
        self._layout = registry.layout
        self._schemas = schemas
        self._generic = GenericRecords(self._make_layout, schemas)
        self._by_class: dict[type, RecordType] = {GenericRecord: self._generic}
        self._classes: dict[str, type] = {}
        self._readers = _Readers(self)
        self._top_readers: dict[bytes, Reader] = {}
        self._basic = registry.basic
        self._encoders: dict[Schema, ColumnEncoder] = {}
        automatic = []
        for item in serializers:
            if isinstance(item, type) and not issubclass(item, CompactSerializer):
                automatic.append(item)
            else:
                self._add_serializer(item)
        for index, cls in enumerate(automatic):
            if cls in automatic[:index] or cls in self._by_class:
                raise _two_serializers(cls)
        for cls in automatic:
            self._add_automatic(cls)

    # Made for the first Compact object: most services never have one.

    @cached_property
    def _codecs(self) -> dict[FieldKind, Codec]:
        return make_codecs(self._layout, self._write_nested, self._read_nested)

    @cached_property
    def _block_codecs(self) -> dict[FieldKind, Codec]:
        return make_codecs(self._layout, self._write_nested, self._read_nested, blocks=True)

    def matches(self, cls: type) -> bool:
        """Return whether ``cls`` itself is registered or marked as Compact, or is ``GenericRecord``."""
        if cls not in self._by_class:
            marks = sys.modules.get(_AUTOMATIC)
            if marks is None or not marks.is_marked(cls):
                return False
            self._add_automatic(cls)
        return True

    def writer_of(self, cls: type) -> Writer:
        """Return the writer of payloads of a class that matches."""
        return self._by_class[cls].write

    def encoder_of(self, cls: type) -> Callable[[Any], bytes] | None:
        """Return the fast encoder of whole ``Data`` for a class that matches, if there is one."""
        encode: Callable[[Any], bytes] | None = getattr(self._by_class[cls], "encode", None)
        return encode

    def top_reader(self, general: TopReader) -> TopReader:
        """Return the fast reader of whole ``Data``, which leaves everything unusual to ``general``."""
        readers = self._top_readers

        def read_compact(buffer: bytes, start: int, end: int) -> Any:
            if type(buffer) is not bytes:
                return general(buffer, start, end)
            data = buffer if end - start == len(buffer) else buffer[start:end]
            try:
                reader = readers[data[4:16]]  # type id and schema id
            except KeyError:
                reader = None
            # Not in the handler: errors would have the KeyError as their context.
            return general(data, 0, len(data)) if reader is None else reader(data, 8, 0)[0]

        return read_compact

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append the record, from its schema id on."""
        self._by_class[type(value)].write(out, value, depth)

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Read the record at ``pos``.

        Raises:
            UnknownSchemaError: Its schema, or one inside it, is not known.
            HazelcastSerializationError: The bytes are damaged.
        """
        return self._readers[data[pos : pos + 8]](data, pos, depth)

    def make_reader(self, schema_id: bytes) -> Reader:
        """Make the reader of a schema.

        Raises:
            UnknownSchemaError: There is no such schema.
        """
        if len(schema_id) < 8:
            raise damaged("the bytes end within the schema id of a Compact object")
        number = self._layout.q.unpack(schema_id)[0]
        schema = self._schemas.by_id.get(number)
        if schema is None:
            raise UnknownSchemaError(number)
        cls = self._classes.get(schema.type_name)
        records = self._marked(schema.type_name) if cls is None else self._by_class[cls]
        reader = records.reader(self._make_layout(schema, ()))
        self._top_readers[pack(">i", self.type_id) + schema_id] = reader
        return reader

    def _marked(self, name: str) -> RecordType:
        """Return the records of a class that was marked after this service was made, or else generic ones."""
        marks = sys.modules.get(_AUTOMATIC)
        cls = None if marks is None else marks.marked_class(name)
        if cls is None:
            return self._generic
        self._add_automatic(cls)
        return self._by_class[cls]

    def encode_columns(self, schema: Schema, columns: Sequence[Sequence[Any]]) -> list[bytes]:
        """Return the ``Data`` of the records whose values are given as columns."""
        if columns and columns[0]:
            self._schemas.use(schema)
        return self._column_encoder(schema).encode(columns)

    def encode_buffers(
        self, schema: Schema, rows: int, columns: Sequence[Buffers | list[Any]]
    ) -> list[bytes] | None:
        """Return what ``encode_columns`` does, of buffers; None if that has to do it."""
        found = self._column_encoder(schema).encode_buffers(rows, columns)
        if found:
            self._schemas.use(schema)
        return found

    def _column_encoder(self, schema: Schema) -> ColumnEncoder:
        # The schema of nested records is noted by their writer.
        encoder = self._encoders.get(schema)
        if encoder is None:
            encoder = ColumnEncoder(schema, self._layout, self._codecs)
            if len(self._encoders) >= _MOST_ENCODERS:
                self._encoders.clear()
            self._encoders[schema] = encoder
        return encoder

    def _make_layout(self, schema: Schema, order: tuple[str, ...]) -> RecordLayout:
        return RecordLayout(schema, self._layout, self._codecs, order)

    def _make_block_layout(self, schema: Schema, order: tuple[str, ...]) -> RecordLayout:
        """Return a layout for classes with typed fields, which convert arrays themselves."""
        return RecordLayout(schema, self._layout, self._block_codecs, order)

    def _write_nested(self, out: bytearray, value: Any, depth: int) -> None:
        records = self._by_class.get(type(value))
        if records is None and self.matches(type(value)):
            records = self._by_class[type(value)]
        if records is None:
            raise UnserializableError(
                type(value),
                "a Compact field holds Compact objects only; add the class or its CompactSerializer to "
                "compact_serializers, or use a GenericRecord",
            )
        if depth >= MAX_DEPTH:
            raise too_deep(value)
        records.write(out, value, depth + 1)

    def _read_nested(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        if depth >= MAX_DEPTH:
            raise damaged(f"nested deeper than {MAX_DEPTH} levels at byte {pos}")
        return self._readers[data[pos : pos + 8]](data, pos, depth + 1)

    def _add_serializer(self, item: Any) -> None:
        serializer = item() if isinstance(item, type) else item
        if not isinstance(serializer, CompactSerializer):
            raise HazelcastSerializationError(
                f"compact_serializers holds CompactSerializer objects and classes, not {item!r}"
            )
        given: tuple[Any, Any] = serializer.get_class(), serializer.get_type_name()
        cls, name = given
        if not isinstance(cls, type) or not isinstance(name, str):
            raise HazelcastSerializationError(
                f"{type_name(type(serializer))}: get_class() must give a class and get_type_name() text, not "
                f"{cls!r} and {name!r}"
            )
        if cls in self._by_class:
            raise _two_serializers(cls)
        self._add(cls, name, SerializedRecords(serializer, self._make_layout, self._schemas))

    def _add_automatic(self, cls: type) -> None:
        """Add a class with typed fields, and those in its fields that are not there yet."""
        # Not at the top: only programs with such classes should spend the time of the import.
        from hz_serialization.compact.automatic import AutomaticRecord, record_of

        found: dict[type, AutomaticRecord] = {}
        waiting = [cls]
        while waiting:
            each = waiting.pop()
            if each not in self._by_class and each not in found:
                found[each] = record_of(each)
                waiting += found[each].nested
        for each, record in reversed(
            found.items()
        ):  # the outermost last: whoever finds it finds the others as well
            self._add(
                each, record.type_name, AutomaticRecords(record, self._make_block_layout, self._schemas)
            )

    def _add(self, cls: type, name: str, records: RecordType) -> None:
        """Add a class; another thread may add the same one at the same time."""
        if cls in self._basic:
            raise HazelcastSerializationError(
                f"A Compact serializer cannot replace that of {cls.__name__}; derive a class from it"
            )
        self._by_class.setdefault(cls, records)
        other = self._classes.setdefault(name, cls)
        if other is not cls:
            del self._by_class[cls]
            raise HazelcastSerializationError(
                f"Two Compact serializers, of {type_name(other)} and {type_name(cls)}, have the type name {name!r}; "
                "give each type a name of its own"
            )
        self._readers.clear()
        self._top_readers.clear()


def _two_serializers(cls: type) -> HazelcastSerializationError:
    return HazelcastSerializationError(
        f"Class {type_name(cls)} has two Compact serializers; leave one of them out"
    )
