"""Paths to fields of nested Portables, such as ``engine.power``, ``wheels[0].serial`` and ``wheels[any].serial``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.portable.field_type import FieldType

ANY: Final = "any"

_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[([0-9]+|any)\])?", re.ASCII)
_ITEM_TYPES: Final = {
    field_type: FieldType[field_type.name.removesuffix("_ARRAY")]
    for field_type in FieldType
    if field_type.name.endswith("_ARRAY")
}
_ARRAY_TYPES: Final = {item: array for array, item in _ITEM_TYPES.items()}
Steps = list[tuple[str, str | None]]
"""Name of each field, and the index of the item in it, ``any`` for all items, ``None`` for the field itself."""


class FieldsAt(Protocol):
    """The fields of one object on the way (see ``FieldReaderBase``)."""

    def read_as(self, field_name: str, field_type: FieldType) -> Any:
        """Read a field by the method of a type."""
        ...

    def open_portable(self, field_name: str) -> FieldsAt | None:
        """Return the fields of a nested object; ``None`` if it is null."""
        ...

    def open_portables(self, field_name: str) -> Sequence[FieldsAt] | None:
        """Return the fields of each nested object of an array; ``None`` if it is null."""
        ...


def is_path(field_name: str) -> bool:
    """Return whether a name can be a path."""
    return "." in field_name or "[" in field_name


def read_path(reader: FieldsAt, path: str, wanted: FieldType) -> Any:
    """Return the value at the end of a path; ``None`` if something on the way to it is null.

    Args:
        reader: The reader of the object where the path begins.
        path: Fields, separated by dots, each with an index or ``[any]`` if it is an array of which items are wanted.
        wanted: The type as which the value is read: that of the array of all values for a path with ``[any]``.

    Raises:
        HazelcastSerializationError: The path is malformed, a field is unknown or of another type, a number would be
            null, or the path leads to several values and one is wanted.
    """
    steps = _parse(path)
    several = any(item == ANY for _, item in steps)
    if several and wanted not in _ITEM_TYPES:
        raise _refused(path, f"it leads to several values; read it as {_ARRAY_TYPES[wanted].name}")
    value = _Search(path, _ITEM_TYPES[wanted] if several else wanted).at(reader, steps)
    if value is None and wanted in _NUMBERS:
        raise _refused(path, f"it leads to null, which {wanted.name} cannot hold")
    return bytearray(value) if wanted is FieldType.BYTE_ARRAY and value is not None else value


class _Search:
    """The search for the values at the end of a path.

    Args:
        path: The whole path, for errors.
        leaf: The type of each value.
    """

    def __init__(self, path: str, leaf: FieldType) -> None:
        self._path = path
        self._leaf = leaf

    def at(self, reader: FieldsAt, steps: Steps) -> Any:
        (name, item), rest = steps[0], steps[1:]
        if item is None:
            if not rest:
                return reader.read_as(name, self._leaf)
            nested = reader.open_portable(name)
            return None if nested is None else self.at(nested, rest)
        items = reader.open_portables(name) if rest else reader.read_as(name, self._array())
        if items is None:
            return None
        if item != ANY:
            each = items[int(item)] if int(item) < len(items) else None
            return self.at(each, rest) if rest and each is not None else each
        if not rest:
            return items
        return self._all(items, rest)

    def _array(self) -> FieldType:
        if self._leaf not in _ARRAY_TYPES:
            raise _refused(self._path, f"there are no arrays of {self._leaf.name}")
        return _ARRAY_TYPES[self._leaf]

    def _all(self, readers: Sequence[FieldsAt], rest: Steps) -> list[Any]:
        several = any(item == ANY for _, item in rest)
        values: list[Any] = []
        for reader in readers:
            value = self.at(reader, rest)
            if several:
                values += () if value is None else value
            elif value is None and self._leaf in _NUMBERS:
                raise _refused(
                    self._path, f"it leads to null in one of them, which {self._leaf.name} cannot hold"
                )
            else:
                values.append(value)
        return values


_NUMBERS: Final = frozenset(
    (
        FieldType.BYTE,
        FieldType.BOOLEAN,
        FieldType.CHAR,
        FieldType.SHORT,
        FieldType.INT,
        FieldType.LONG,
        FieldType.FLOAT,
        FieldType.DOUBLE,
    )
)
"""The types that have no null."""


def _parse(path: str) -> Steps:
    steps: Steps = []
    for part in path.split("."):
        matched = _STEP.fullmatch(part)
        if matched is None:
            raise _refused(
                path, "the parts of a path are names, with [0] or another index, or [any], for items"
            )
        steps.append((matched[1], matched[2]))
    return steps


def _refused(path: str, why: str) -> HazelcastSerializationError:
    return HazelcastSerializationError(f"Cannot read the Portable field {path!r}: {why}")
