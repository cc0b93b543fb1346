# ruff: noqa: D102
# The abstract class documents the methods.
"""Base class of the generated reader of Portable fields."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.input import DataInput
from hz_serialization.layout import check_count
from hz_serialization.portable.api import Portable, PortableReader
from hz_serialization.portable.definition import describe_class
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.paths import is_path, read_path
from hz_serialization.portable.seen import FIRST, WIDENS, SeenClass, SeenField
from hz_serialization.problems import MAX_DEPTH, damaged
from hz_serialization.stream_api import ObjectDataInput

_MISSING: dict[FieldType, Any] = {
    FieldType.BYTE: 0,
    FieldType.BOOLEAN: False,
    FieldType.CHAR: "\0",
    FieldType.SHORT: 0,
    FieldType.INT: 0,
    FieldType.LONG: 0,
    FieldType.FLOAT: 0.0,
    FieldType.DOUBLE: 0.0,
}
"""The values of fields that the written version does not have; other types are ``None``."""


class FieldReaderBase(PortableReader):
    """Reader by the tables of a class that was seen before, which compares the bytes before each value.

    If they are not those of the field, the class is inspected again in these bytes.

    Attributes:
        seen: The class as seen before, or as it is in these bytes.
        head: Where the object ends, how many fields it has, where each begins and where the raw data does.
        raw: The input of the raw data, after ``get_raw_data_input`` was called.

    Args:
        seen: The class as seen before.
        data: The whole ``Data``.
        head: Where the object ends, how many fields it has, where each begins and where the raw data does.
        start: Where the first field can begin.
        depth: Levels of objects around this one.
    """

    __slots__ = ("_data", "_depth", "_full", "_order", "_start", "head", "raw", "seen")

    def __init__(self, seen: SeenClass, data: bytes, head: tuple[int, ...], start: int, depth: int) -> None:
        self.seen: SeenClass = seen
        self._data = data
        self.head: tuple[int, ...] = head
        self._start = start
        self._depth = depth
        self._full: SeenClass | None = None
        self._order: list[int] | None = None
        self.raw: DataInput | None = None

    def get_version(self) -> int:
        return (self._full or self.seen).key[2]

    def has_field(self, field_name: str) -> bool:
        return field_name in self._checked().by_name

    def get_field_names(self) -> set[str]:
        return set(self._checked().by_name)

    def get_field_type(self, field_name: str) -> FieldType:
        return self._known(field_name).field_type

    def get_field_class_id(self, field_name: str) -> int:
        return self._known(field_name).class_id

    def read_portable(self, field_name: str) -> Portable | None:
        portable: Portable | None = self._portable(field_name, self._nested)
        return portable

    def read_portable_array(self, field_name: str) -> list[Portable | None] | None:
        return self._portables(field_name, self._nested)

    def read_as(self, field_name: str, field_type: FieldType) -> Any:
        """Read a field by the method of a type."""
        return getattr(self, f"read_{field_type.name.lower()}")(field_name)

    def open_portable(self, field_name: str) -> FieldReaderBase | None:
        """Return the reader of a nested object; ``None`` if it is null or this version does not have the field."""
        reader: FieldReaderBase | None = self._portable(field_name, self._opened)
        return reader

    def open_portables(self, field_name: str) -> list[FieldReaderBase] | None:
        """Return the readers of the nested objects of an array."""
        return self._portables(field_name, self._opened)

    def _portable(self, field_name: str, take: Callable[[bytes, int, int], tuple[Any, int]]) -> Any:
        place = self._place(field_name, FieldType.PORTABLE)
        if place is None:
            return self._absent(field_name, FieldType.PORTABLE)
        begin, pos = place
        data, pos = self._data, pos + 1
        if pos + 8 > self.head[0]:
            raise self._cut_off(field_name)
        if data[pos - 1]:
            return None
        return take(data[pos : pos + 12], pos + 12, self._limit(begin))[0]

    def _portables(
        self, field_name: str, take: Callable[[bytes, int, int], tuple[Any, int]]
    ) -> list[Any] | None:
        place = self._place(field_name, FieldType.PORTABLE_ARRAY)
        if place is None:
            found: list[Any] | None = self._absent(field_name, FieldType.PORTABLE_ARRAY)
            return found
        begin, pos = place
        data, unpack = self._data, self.seen.format.layout.i.unpack_from
        if pos + 12 > self.head[0]:
            raise self._cut_off(field_name)
        count = unpack(data, pos)[0]
        if count == -1:
            return None
        ids, first = data[pos + 4 : pos + 12], pos + 12
        check_count(count, 4, data, first)
        limit, pos = self._limit(begin), first + 4 * count
        items: list[Any] = []
        for at in range(first, pos, 4):
            begin = unpack(data, at)[0]
            if begin < pos:
                raise damaged(f"an item of the Portable field {field_name!r} lies within what is before it")
            item, pos = take(ids + data[begin : begin + 4], begin + 4, limit)
            items.append(item)
        return items

    def get_raw_data_input(self) -> ObjectDataInput:
        if self.raw is None:
            seen, pos = self._checked(), self.head[-1]
            if pos == 0:
                raise HazelcastSerializationError(
                    f"The Portable of {describe_class(*seen.key)} was written without raw data; "
                    "look at get_version() before reading it if other versions have some"
                )
            if not self._start <= pos <= self.head[0]:
                raise damaged(f"the raw data of a Portable begins at byte {pos}, outside of it")
            self.raw = DataInput(self._data, pos, self.seen.format.tools, self._depth)
            self.seen = self.seen.format.nothing
        return self.raw

    def finish(self) -> None:
        """Check that the object has not read beyond its end, after it has read its fields.

        Raises:
            HazelcastSerializationError: It has read raw data beyond the object's end.
        """
        if self.raw is not None and self.raw.position() > self.head[0]:
            raise damaged(f"the raw data of a Portable was read beyond its end at byte {self.head[0]}")

    def _number(self, field_name: str, wanted: FieldType) -> Any:
        """Read a number by the slow path: it may be missing, of another type, or not where it was in other objects."""
        place = self._place(field_name, wanted)
        if place is None:
            return self._absent(field_name, wanted)
        pos = place[1]
        seen = self._checked()
        found = seen.fields[seen.by_name[field_name]].field_type
        value = self.seen.format.numbers[found].unpack_from(self._data, pos)[0]
        if wanted == FieldType.CHAR:
            return chr(value)
        if wanted == FieldType.DOUBLE:
            return float(value)
        if wanted == FieldType.FLOAT and found == FieldType.INT:
            single = self.seen.format.layout.f
            return single.unpack(single.pack(value))[0]
        return float(value) if wanted == FieldType.FLOAT else value

    def _text(self, field_name: str) -> str | None:
        place = self._place(field_name, FieldType.STRING)
        if place is None:
            found: str | None = self._absent(field_name, FieldType.STRING)
            return found
        text, stop = self.seen.format.tools.text(self._data, place[1])
        if stop > self.head[0]:
            raise self._cut_off(field_name)
        return text

    def _take(self, field_name: str, wanted: FieldType) -> Any:
        place = self._place(field_name, wanted)
        if place is None:
            return self._absent(field_name, wanted)
        value, stop = self.seen.format.takers[wanted](self._data, place[1])
        if stop > self.head[0]:
            raise self._cut_off(field_name)
        return value

    def _place(self, field_name: str, wanted: FieldType) -> tuple[int, int] | None:
        """Return where a field and its value begin; ``None`` for a path, or a field that this version does not have."""
        known = self.seen.others.get((wanted, field_name))
        if known is not None:
            place, head = known
            pos = self.head[place]
            if pos >= self._start and self._data.startswith(head, pos):
                return pos, pos + len(head)
        if self.raw is not None:
            raise HazelcastSerializationError(
                f"Cannot read the Portable field {field_name!r}: get_raw_data_input() was called; read all fields first"
            )
        seen = self._checked()
        index = seen.by_name.get(field_name)
        if index is None:
            return None
        field, pos = seen.fields[index], self.head[FIRST + index]
        if field.field_type not in WIDENS.get(wanted, (wanted,)):
            raise _incompatible(seen, field, wanted)
        seen.remember(index, wanted)
        return pos, pos + len(field.head)

    def _absent(self, field_name: str, wanted: FieldType) -> Any:
        """Return the value at the end of a path, or that of a field which the written version does not have."""
        if is_path(field_name):
            return read_path(self, field_name, wanted)
        seen = self._checked()
        if seen.format.seen.class_version(*seen.key[:2]) == seen.key[2]:
            raise self._unknown(field_name)
        return _MISSING.get(wanted)

    def _checked(self) -> SeenClass:
        """Return the class as it is in these bytes, with all fields compared."""
        if self._full is None:
            seen = self.seen
            if not seen.fits(self._data, self.head, self._start):
                seen = seen.format.seen.learn(seen.key, self._data, self.head, self._start)
                self.seen = seen
            self._full = seen
        return self._full

    def _known(self, field_name: str) -> SeenField:
        seen = self._checked()
        index = seen.by_name.get(field_name)
        if index is None:
            raise self._unknown(field_name)
        return seen.fields[index]

    def _nested(self, key: bytes, pos: int, limit: int) -> tuple[Any, int]:
        depth = self._depth + 1
        if depth >= MAX_DEPTH:
            raise _too_deep(pos)
        return self.seen.format.read_nested(self._data, key, pos, depth, limit)

    def _opened(self, key: bytes, pos: int, limit: int) -> tuple[FieldReaderBase, int]:
        depth = self._depth + 1
        if depth >= MAX_DEPTH:
            raise _too_deep(pos)
        reader = self.seen.format.open_nested(self._data, key, pos, depth, limit)
        return reader, reader.head[0]

    def _limit(self, begin: int) -> int:
        """Return where a field ends at the latest.

        No two fields share bytes: otherwise a few of them could make a reader go through the same nested objects again
        and again, twice as often at every level.
        """
        order, end = self._order, self.head[0]
        if order is None:
            order = self._order = sorted(self.head[FIRST:])
        after = bisect_right(order, begin)
        return min(order[after], end) if after < len(order) else end

    def _cut_off(self, field_name: str) -> HazelcastSerializationError:
        return damaged(
            f"the Portable field {field_name!r} goes beyond the object's end at byte {self.head[0]}"
        )

    def _unknown(self, field_name: str) -> HazelcastSerializationError:
        seen = self._checked()
        return HazelcastSerializationError(
            f"Cannot read the Portable field {field_name!r}: the object of {describe_class(*seen.key)} has "
            f"{', '.join(seen.by_name) or 'no fields'}; give the class another version by get_class_version() "
            "when its fields change"
        )


def _too_deep(pos: int) -> HazelcastSerializationError:
    return damaged(f"nested deeper than {MAX_DEPTH} levels at byte {pos}")


def _incompatible(seen: SeenClass, field: SeenField, wanted: FieldType) -> HazelcastSerializationError:
    text = (
        f"the Portable field {field.name!r} of {describe_class(*seen.key)} is {field.field_type.name}, "
        f"which cannot be read as {wanted.name}"
    )
    return HazelcastSerializationError(f"Cannot read the value: {text}", TypeError(text))
