"""Schemas: the fields of the objects of a Compact type, and the fingerprint that identifies them."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple

from hz_serialization.compact.kinds import FieldKind
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.public_names import publish

FIXED_SIZES: Final[Mapping[FieldKind, int]] = MappingProxyType(
    {
        FieldKind.INT8: 1,
        FieldKind.INT16: 2,
        FieldKind.INT32: 4,
        FieldKind.INT64: 8,
        FieldKind.FLOAT32: 4,
        FieldKind.FLOAT64: 8,
    }
)
"""The size in bytes of the kinds whose values all have the same size. BOOLEAN, one bit, is not among them."""

FIXED_KINDS: Final = frozenset((*FIXED_SIZES, FieldKind.BOOLEAN))
"""The kinds whose values are in the part of a record that always has the same size."""

_EMPTY: Final = 0xC15D213AA4D7A795


def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (_EMPTY if number & 1 else 0)
        table.append(number)
    return table


_TABLE: Final = _table()


class Field(NamedTuple):
    """A field of a schema.

    Attributes:
        name: The name, unique in the schema.
        kind: What the field holds.
    """

    name: str
    kind: FieldKind


class Schema:
    """The fields of a Compact type, in order of their names as Java orders them. Immutable.

    Two schemas of one type name with other fields are two versions of the type.

    Args:
        type_name: Name of the type, the same in all clients and members.
        fields: ``Field`` tuples in any order.

    Attributes:
        type_name: Name of the type.
        fields: The fields in order of the UTF-16 code units of their names.
        schema_id: Signed 64-bit Rabin fingerprint of type name, names and kinds.
        kinds: Kind by name.
        slots: Index of each field's value in a record: fields of fixed size by descending size and
            name, then BOOLEAN fields by name, then all others by name.

    Raises:
        HazelcastSerializationError: Two fields have one name, a kind is not one that Compact has, or a
            name cannot be written as UTF-8.
    """

    __slots__ = ("fields", "kinds", "schema_id", "slots", "type_name")

    type_name: str
    fields: tuple[Field, ...]
    schema_id: int
    kinds: Mapping[str, FieldKind]
    slots: Mapping[str, int]

    def __init__(self, type_name: str, fields: Iterable[Field | tuple[str, FieldKind]]) -> None:
        checked = [_checked(type_name, name, kind) for name, kind in fields]
        try:
            ordered = tuple(sorted(checked, key=lambda field: field.name.encode("utf-16-be")))
            schema_id = _fingerprint(type_name, ordered)
        except UnicodeEncodeError as error:
            raise HazelcastSerializationError(
                f"Compact type {type_name!r}: {error.object!r} holds a lone surrogate, which UTF-8 cannot "
                "carry; choose another name",
                error,
            ) from None
        kinds = {field.name: field.kind for field in ordered}
        if len(kinds) < len(ordered):
            twice = next(one.name for one, two in pairwise(ordered) if one.name == two.name)
            raise HazelcastSerializationError(
                f"Compact type {type_name!r} has field {twice!r} twice; give each field a name of its own"
            )
        fixed = [field for field in ordered if field.kind in FIXED_SIZES]
        fixed.sort(key=lambda field: -FIXED_SIZES[field.kind])  # stable: by name within a size
        booleans = [field for field in ordered if field.kind is FieldKind.BOOLEAN]
        variable = [field for field in ordered if field.kind not in FIXED_KINDS]
        slots = {field.name: slot for slot, field in enumerate((*fixed, *booleans, *variable))}
        for attribute, value in (
            ("type_name", type_name),
            ("fields", ordered),
            ("schema_id", schema_id),
            ("kinds", MappingProxyType(kinds)),
            ("slots", MappingProxyType(slots)),
        ):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Schema is immutable; make another one instead of setting {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Schema is immutable; {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Schema):
            return NotImplemented
        return self.type_name == other.type_name and self.fields == other.fields

    def __hash__(self) -> int:
        return hash(self.schema_id)

    def __reduce__(self) -> tuple[type["Schema"], tuple[str, tuple[Field, ...]]]:
        return Schema, (self.type_name, self.fields)

    def __repr__(self) -> str:
        fields = ", ".join(f"{field.name}: {field.kind.name}" for field in self.fields)
        return f"Schema({self.type_name!r}, id {self.schema_id}, {{{fields}}})"


def _checked(type_name: str, name: str, kind: int) -> Field:
    try:
        known = FieldKind(kind)
    except ValueError:
        known = FieldKind.NOT_AVAILABLE
    if known is FieldKind.NOT_AVAILABLE:
        raise HazelcastSerializationError(
            f"Compact type {type_name!r}: field {name!r} has kind {int(kind)}, which no Compact field has; "
            "use a member of FieldKind other than NOT_AVAILABLE"
        )
    return Field(name, known)


def _fingerprint(type_name: str, fields: tuple[Field, ...]) -> int:
    """Return Rabin's fingerprint, which is the same in all clients and members."""
    block = _text(type_name) + len(fields).to_bytes(4, "little")
    block += b"".join(_text(field.name) + field.kind.to_bytes(4, "little") for field in fields)
    value, table = _EMPTY, _TABLE
    for byte in block:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return value - (value >> 63 << 64)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "little") + encoded


publish("hz_serialization.compact", (Field, Schema))
