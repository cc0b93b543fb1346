"""The plan of writing one version of a Portable class: everything that does not depend on the values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Any, Final

from hz_serialization.layout import Layout
from hz_serialization.portable.definition import (
    NESTED,
    ClassDefinition,
    check_field_count,
    check_ids,
    check_name,
    describe_class,
)
from hz_serialization.portable.field_type import FieldType

Key = tuple[int, int, int]
"""Factory id, class id and version of a class."""
NumberTable = dict[str, tuple[int, Callable[[Any], bytes]]]
"""Field name to index, and a function that packs name, type and value."""

NestedTable = dict[str, tuple[int, bytes, bytes, tuple[int, int]]]
"""Field name to index, the bytes before the value, and factory id and class id of the nested class, packed and as
numbers."""

NUMBER_CODES: Final = {
    FieldType.BYTE: "b",
    FieldType.CHAR: "H",
    FieldType.SHORT: "h",
    FieldType.INT: "i",
    FieldType.LONG: "q",
    FieldType.FLOAT: "f",
    FieldType.DOUBLE: "d",
}
"""The struct codes of the fields of fixed size."""


def field_head(layout: Layout, name: bytes, field_type: int) -> bytes:
    """Return what precedes each value: the length of the field's name, the name and the type."""
    return layout.h.pack(len(name)) + name + bytes((field_type,))


class WritePlan:
    """Tables by type of field with prepared bytes for a writer; immutable.

    Attributes:
        ids: Factory id and class id.
        head: From the version to the positions, which are still 0.
        heads: The bytes before the value of each field: name and type.
        compiled: The counterpart of this plan in hz-speedups, if it is used.
        pack_positions: Writes end, field count and positions into ``head``, 4 bytes after its beginning.
    """

    __slots__ = (
        "booleans",
        "bytes",
        "chars",
        "compiled",
        "doubles",
        "field_names",
        "field_types",
        "floats",
        "head",
        "heads",
        "ids",
        "ints",
        "key",
        "longs",
        "no_positions",
        "origin",
        "others",
        "pack_positions",
        "portable_arrays",
        "portables",
        "shorts",
        "texts",
    )

    def __init__(self, definition: ClassDefinition, layout: Layout, origin: str) -> None:
        factory_id, class_id, version = definition.factory_id, definition.class_id, definition.version
        check_ids(factory_id, class_id, version)
        fields = sorted(definition.field_defs.values(), key=lambda field: field.index)
        count = len(fields)
        check_field_count(count)
        self.key: Key = (factory_id, class_id, version)
        self.origin: str = origin
        self.compiled: object = None
        self.ids: bytes = layout.ii.pack(factory_id, class_id)
        self.head: bytes = Struct(f"{layout.prefix}iii{4 * count + 4}x").pack(version, 0, count)
        self.pack_positions: Callable[..., None] = Struct(f"{layout.prefix}{count + 3}i").pack_into
        self.no_positions: list[int] = [0] * count
        self.field_names: tuple[str, ...] = tuple(field.field_name for field in fields)
        self.field_types: dict[str, FieldType] = {field.field_name: field.field_type for field in fields}
        numbers: dict[FieldType, NumberTable] = {field_type: {} for field_type in NUMBER_CODES}
        self.booleans: dict[str, tuple[int, tuple[bytes, bytes]]] = {}
        self.texts: NumberTable = {}
        """With functions that take the size of the text in bytes."""
        self.portables: NestedTable = {}
        self.portable_arrays: NestedTable = {}
        self.others: dict[FieldType, dict[str, tuple[int, bytes]]] = {kind: {} for kind in FieldType}
        self.heads: dict[str, bytes] = {}
        for index, field in enumerate(fields):
            name, kind = field.field_name, field.field_type
            self.heads[name] = head = field_head(layout, check_name(name), kind)
            if kind in NUMBER_CODES:
                numbers[kind][name] = (index, _packer(layout, head, NUMBER_CODES[kind]))
            elif kind == FieldType.BOOLEAN:
                self.booleans[name] = (index, (head + b"\0", head + b"\1"))
            elif kind == FieldType.STRING:
                self.texts[name] = (index, _packer(layout, head, "i"))
            elif kind in NESTED:
                table = self.portables if kind == FieldType.PORTABLE else self.portable_arrays
                ids = (field.factory_id, field.class_id)
                table[name] = (index, head, layout.ii.pack(*ids), ids)
            else:
                self.others[kind][name] = (index, head)
        self.bytes: NumberTable = numbers[FieldType.BYTE]
        self.chars: NumberTable = numbers[FieldType.CHAR]
        self.shorts: NumberTable = numbers[FieldType.SHORT]
        self.ints: NumberTable = numbers[FieldType.INT]
        self.longs: NumberTable = numbers[FieldType.LONG]
        self.floats: NumberTable = numbers[FieldType.FLOAT]
        self.doubles: NumberTable = numbers[FieldType.DOUBLE]

    def describe(self) -> str:
        """Describe the class and its fields for an error message."""
        fields = ", ".join(f"{name} {kind.name}" for name, kind in self.field_types.items()) or "no fields"
        return f"the Portable of {describe_class(*self.key)} ({self.origin}: {fields})"


def _packer(layout: Layout, head: bytes, code: str) -> Callable[[Any], bytes]:
    return partial(Struct(f"{layout.prefix}{len(head)}s{code}").pack, head)
