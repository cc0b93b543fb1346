"""What the generated readers and writers of fields have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, NoReturn

from hz_serialization.compact.api import CompactReader, CompactWriter
from hz_serialization.compact.codecs import BYTE_OFFSETS
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.layout import FieldMissing, Missing, RecordLayout
from hz_serialization.compact.schema import FIXED_KINDS
from hz_serialization.errors import HazelcastSerializationError


def _counterparts() -> dict[FieldKind, FieldKind]:
    pairs = {}
    for kind in FieldKind:
        plain = FieldKind.__members__.get(kind.name.replace("NULLABLE_", "", 1), kind)
        if plain is not kind:
            pairs[kind] = plain
            pairs[plain] = kind
    return pairs


_COUNTERPARTS: Final = _counterparts()
"""The nullable kind of each plain one, and the plain one of each nullable one."""

UNREAD: Final[Any] = object()
"""Stands for a variable-size value that nobody has asked for yet."""


class FieldsReaderBase(CompactReader):
    """Reads one record.

    Args:
        layout: That of the schema that it was written with.
        data: One ``Data``.
        pos: Where the record begins.
        depth: Levels of objects around it.
    """

    __slots__ = (
        "_base",
        "_data",
        "_depth",
        "_fixed",
        "_layout",
        "_limit",
        "_null",
        "_offsets",
        "_room",
        "_tables",
        "_values",
        "end",
    )

    def __init__(self, layout: RecordLayout, data: bytes, pos: int, depth: int) -> None:
        self._layout = layout
        self._tables = layout.read_tables
        self._data = data
        self._base = base = pos + 12
        self._depth = depth
        if layout.is_usual:  # what layout.open does, without the call: a twentieth of the time of six fields
            self._fixed = fixed = layout.unpack(data, pos + 8)
            size = fixed[0]
            self._room = room = size - layout.fixed_size
            self._limit = limit = base + size
            end = limit + layout.count
            if room >= 0 and size < BYTE_OFFSETS and end <= len(data):
                self._offsets: Sequence[int] = data[limit:end]
                self._null = BYTE_OFFSETS
                self._values = [UNREAD] * layout.count
                self.end = end
                return
        self._fixed, self._offsets, self._null, self._room, self.end = layout.open(data, pos)
        self._values = [UNREAD] * len(self._offsets)
        self._limit = base + self._fixed[0] if self._values else base

    def get_field_kind(self, field_name: str) -> FieldKind:
        return self._layout.schema.kinds.get(field_name, FieldKind.NOT_AVAILABLE)

    def _decode(self, index: int) -> Any:
        """Reads a variable-size value, once; together they cannot have more bytes than the record."""
        offset = self._offsets[index]
        if offset == self._null:
            return None
        begin = self._base + offset
        value, end = self._layout.readers[index](self._data, begin, self._depth)
        self._room = room = self._room - (end - begin)
        if room < 0 or end > self._limit:
            raise self._layout.overfull(self._base - 12)
        self._values[index] = value
        return value

    def _converted(self, field_name: str, kind: FieldKind) -> Any:
        """The value of a field that is not of the kind asked for: null and not null are interchangeable."""
        schema = self._layout.schema
        found = schema.kinds.get(field_name)
        if found is None:
            raise HazelcastSerializationError(
                f"Cannot read the value: Compact type {schema.type_name!r} has no field {field_name!r} in the "
                f"version that was written, which has {_names(schema.kinds)}; ask get_field_kind() first"
            )
        if _COUNTERPARTS.get(kind) is not found:
            raise HazelcastSerializationError(
                f"Cannot read the value: field {field_name!r} of Compact type {schema.type_name!r} is of kind "
                f"{found.name}, not {kind.name}; read it as that"
            )
        index = self._tables[found][field_name]
        if found in FIXED_KINDS:
            value = self._fixed[index]
        else:
            value = self._values[index]
            if value is UNREAD:
                value = self._decode(index)
        nullable = "NULLABLE_" in kind.name
        if nullable or (value is None and kind.name.startswith("ARRAY_OF_")):
            return value
        if value is None or (isinstance(value, list) and None in value):
            where = "is null" if value is None else f"has a null at index {value.index(None)}"
            raise HazelcastSerializationError(
                f"Cannot read the value: field {field_name!r} of Compact type {schema.type_name!r} {where}, "
                f"which {kind.name} cannot hold; use read_{found.name.lower()}()"
            )
        return value


class FieldsWriterBase(CompactWriter):
    """Takes the values of a record.

    Args:
        layout: That of the schema.

    Attributes:
        values: The value of each slot, ``MISSING`` where none was written.
    """

    __slots__ = ("_layout", "_tables", "values")

    def __init__(self, layout: RecordLayout) -> None:
        self._layout = layout
        self._tables = layout.tables
        self.values: list[Any] = layout.blank[:]

    def _refuse(self, field_name: str, kind: FieldKind) -> NoReturn:
        schema = self._layout.schema
        raise FieldMissing(
            Missing,
            f"Compact type {schema.type_name!r} has no field {field_name!r} of kind {kind.name} in {schema}",
        )


class FirstWriterBase(CompactWriter):
    """Notes the fields of a record, and their values.

    Attributes:
        type_name: Name of the type.
        fields: Kind by name, in the order in which they were written.
        values: Value by name.
    """

    __slots__ = ("fields", "type_name", "values")

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name
        self.fields: dict[str, FieldKind] = {}
        self.values: dict[str, Any] = {}

    def _note(self, field_name: str, kind: FieldKind, value: Any) -> None:
        if field_name in self.fields:
            raise HazelcastSerializationError(
                f"the serializer of Compact type {self.type_name!r} writes field {field_name!r} twice; give "
                "each field a name of its own"
            )
        self.fields[field_name] = kind
        self.values[field_name] = value


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(repr, islice(names, 20))) or "none"
