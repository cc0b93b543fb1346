"""How one annotated field of an automatic Compact class is stored in the record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from hz_serialization.compact.kinds import FieldKind
from hz_serialization.problems import type_name


class Unsupported(Exception):
    """An annotation or a class that has no Compact form; the message says why and what to do."""


class Mismatch(Exception):
    """A value that does not fit its field; the message says what was expected and what was found."""


class FieldType(NamedTuple):
    """The kind of a field, and the conversion of its Python values to those of a record and back.

    ``None`` goes through neither ``to_slot`` nor ``from_slot``.

    Attributes:
        kind: The kind in the schema.
        label: What the field holds, for messages.
        classes: Values are instances of one of these.
        excluded: Values are not instances of any of these.
        optional: Whether ``None`` is a value of it.
        to_slot: Converts a value to what the writer of the kind takes, or refuses it; ``None`` if no conversion is
            needed.
        from_slot: Converts what the reader of the kind returns to the value; ``None`` if no conversion is needed.
        coerce: Converts a value of another class to one that fits without loss, or raises ``Mismatch``.
        nested: Classes in the field with Compact forms of their own.
    """

    kind: FieldKind
    label: str
    classes: tuple[type, ...]
    excluded: tuple[type, ...] = ()
    optional: bool = False
    to_slot: Callable[[Any], Any] | None = None
    from_slot: Callable[[Any], Any] | None = None
    coerce: Callable[[Any], Any] | None = None
    nested: tuple[type, ...] = ()

    def takes(self, cls: type) -> bool:
        """Return whether a value of exactly this class fits the field as it is."""
        if cls is type(None):
            return self.optional
        return issubclass(cls, self.classes) and not issubclass(cls, self.excluded)

    def mismatch(self, value: Any) -> Mismatch:
        """Return the error for a value of the wrong class."""
        if value is None:
            return Mismatch(
                f"expected {self.label}, got None; annotate it as `... | None` if it may be absent"
            )
        return Mismatch(f"expected {self.label}, got {type_name(type(value))}")

    def fit(self, value: Any) -> Any:
        """Return the value, or an equal one of the class that the field has.

        Raises:
            Mismatch: There is none.
        """
        if self.takes(type(value)):
            return value
        if self.coerce is None or value is None:
            raise self.mismatch(value)
        return self.coerce(value)


_PLAIN = ("BOOLEAN", "INT8", "INT16", "INT32", "INT64", "FLOAT32", "FLOAT64")
_NULLABLE = {FieldKind[name]: FieldKind[f"NULLABLE_{name}"] for name in _PLAIN}
_PLAIN_OF = {nullable: plain for plain, nullable in _NULLABLE.items()}
_ARRAYS = {
    FieldKind[f"ARRAY_OF_{kind.name}"]: kind
    for kind in FieldKind
    if f"ARRAY_OF_{kind.name}" in FieldKind.__members__
}

INT_KINDS = (FieldKind.INT8, FieldKind.INT16, FieldKind.INT32, FieldKind.INT64)
FLOAT_KINDS = (FieldKind.FLOAT32, FieldKind.FLOAT64)


def nullable(kind: FieldKind) -> FieldKind:
    """Return the kind that may be null: kinds of variable size always may."""
    return _NULLABLE.get(kind, kind)


def plain(kind: FieldKind) -> FieldKind:
    """Return the kind without ``NULLABLE_``."""
    return _PLAIN_OF.get(kind, kind)


def array_of(kind: FieldKind) -> FieldKind:
    """Return the kind of an array of such items."""
    return FieldKind[f"ARRAY_OF_{kind.name}"]


def item_of(kind: FieldKind) -> FieldKind | None:
    """Return the kind of an array's items; ``None`` for kinds that are not arrays."""
    return _ARRAYS.get(kind)


def may_be_null(kind: FieldKind) -> bool:
    """Return whether a record can hold null in a field, or in an array's item, of this kind."""
    return kind not in _NULLABLE


def readable_as(found: FieldKind, wanted: FieldKind) -> FieldKind | None:
    """Return the kind to read a field as, when a record has ``found`` and the class has ``wanted``.

    The result is nullable if ``wanted`` is; numbers may be narrower than wanted, since no digit is lost.
    ``None`` if one cannot be read as the other.
    """
    found_item, wanted_item = item_of(found), item_of(wanted)
    if found_item is not None and wanted_item is not None:
        item = readable_as(found_item, wanted_item)
        return None if item is None else array_of(item)
    base, goal = plain(found), plain(wanted)
    for family in (INT_KINDS, FLOAT_KINDS):
        if base in family and goal in family and base <= goal:
            return base if wanted == goal else nullable(base)
    return wanted if base == goal else None


@cache
def read_methods(wanted: FieldKind) -> tuple[str | None, ...]:
    """Return the name of the ``CompactReader`` method to read each kind as ``wanted``, by the number of the kind."""
    methods: list[str | None] = [None] * (max(FieldKind) + 1)
    for found in FieldKind:
        kind = readable_as(found, wanted)
        if kind is not None:
            methods[found] = f"read_{kind.name.lower()}"
    return tuple(methods)
