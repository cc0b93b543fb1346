# ruff: noqa: D102
# The abstract classes document the methods.
"""Base classes of the generated readers and writers of fields."""

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
"""The nullable kind of each plain kind, and the plain kind of each nullable kind."""

UNREAD: Final[Any] = object()
"""Stands for a variable-size value that has not been read yet."""


class FieldsReaderBase(CompactReader):
    """Reader of one record.

    Args:
        layout: The layout of the schema that the record was written with.
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
        self.end: int
        self._layout = layout
        self._tables = layout.read_tables
        self._data = data
        self._base = base = pos + 12
        self._depth = depth
        if layout.is_usual:  # the same as layout.open: without the call, six fields take 5 % less time
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
        """Read a variable-size value once; all of them together cannot have more bytes than the record."""
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
        """Return the value of a field by the method of its nullable or plain counterpart."""
        schema = self._layout.schema
        found = schema.kinds.get(field_name)
        if found is None:
            raise HazelcastSerializationError(
                f"Cannot read the value: Compact type {schema.type_name!r} has no field {field_name!r} in the "
                f"version that was written, which has {_names(schema.kinds)}; ask get_field_kind() first"
            ) from None
        if _COUNTERPARTS.get(kind) is not found:
            raise HazelcastSerializationError(
                f"Cannot read the value: field {field_name!r} of Compact type {schema.type_name!r} is of kind "
                f"{found.name}, not {kind.name}; read it as that"
            ) from None
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
            ) from None
        return value


class FieldsWriterBase(CompactWriter):
    """Collector of the values of a record.

    Args:
        layout: The layout of the schema.

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
    """Recorder of the fields of a record and their values.

    Attributes:
        type_name: The name of the type.
        fields: The kinds by name, in the order in which the fields were written.
        values: The values by name.
    """

    __slots__ = ("fields", "type_name", "values")

    def __init__(self, type_name: str) -> None:
        self.type_name: str = type_name
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
