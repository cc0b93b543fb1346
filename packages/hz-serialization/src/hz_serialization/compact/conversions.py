"""Conversions of values of automatic Compact fields that differ in Python and in the record."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from hz_serialization.compact.field_types import FieldType, Mismatch, may_be_null
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.problems import type_name

TYPECODES: Final = {
    FieldKind.INT8: "b",
    FieldKind.INT16: "h",
    FieldKind.INT32: "i",
    FieldKind.INT64: "q",
    FieldKind.FLOAT32: "f",
    FieldKind.FLOAT64: "d",
}
"""The type code of an ``array.array`` whose items have the kind's size."""

_INTS: Final = "bhilq"
_KNOWN_CLASSES: Final = 64


def without_zone(value: datetime) -> datetime:
    """Return a naive datetime unchanged; refuse one with a zone, which TIMESTAMP would lose."""
    if value.tzinfo is not None:
        raise Mismatch(
            "expected a datetime without tzinfo, got one with; annotate the field as "
            "Annotated[datetime, FieldKind.TIMESTAMP_WITH_TIMEZONE] to keep the offset"
        )
    return value


def with_zone(value: datetime) -> datetime:
    """Return an aware datetime unchanged; refuse a naive one, whose instant is unknown."""
    if value.utcoffset() is None:
        raise Mismatch(
            "expected a datetime with tzinfo, got one without; give it one, or annotate the field as "
            "datetime alone (TIMESTAMP)"
        )
    return value


def time_without_zone(value: time) -> time:
    """Return a time of day unchanged; refuse one with a zone, for which Compact has no kind."""
    if value.tzinfo is not None:
        raise Mismatch(
            "expected a time without tzinfo, got one with; Compact has no kind for it, use a datetime"
        )
    return value


def exact_float(value: Any) -> float:
    """Return the float that equals an int; refuse an int without one, and anything that is not an int."""
    if isinstance(value, int):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number == value:
            return number
        raise Mismatch(f"expected float, got an int of {value.bit_length()} bits that no float equals")
    raise Mismatch(f"expected float, got {type_name(type(value))}")


def whole(value: Decimal) -> int:
    """Return the int that a DECIMAL holds."""
    number = int(value)
    if number != value:
        raise Mismatch("expected a whole number, got one with decimals")
    return number


class Choices(dict[Any, Any]):
    """The possible values in a record, and what they become; another value raises an error that lists them."""

    def __init__(self, what: str, values: dict[Any, Any]) -> None:
        super().__init__(values)
        self._what = what

    def __missing__(self, key: Any) -> Any:
        known = ", ".join(repr(choice) for choice in list(self)[:20])
        more = f" and {len(self) - 20} more" if len(self) > 20 else ""
        raise Mismatch(f"expected one of {self._what} ({known}{more}), got {key!r:.80}")


def enum_by_name(cls: type[Enum]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the conversions from member to name, as Java writes its enums, and back."""
    return attrgetter("_name_"), Choices(f"the names of {type_name(cls)}", dict(cls.__members__)).__getitem__


def enum_by_value(cls: type[Enum]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return the conversions from member to value and back."""
    return attrgetter("_value_"), cls


def one_of(choices: Collection[Any]) -> Callable[[Any], Any]:
    """Return a function that returns the listed values and refuses all others."""
    return Choices("the annotated literals", {choice: choice for choice in choices}).__getitem__


def uuid_of(text: str) -> UUID:
    """Return the UUID of its text form."""
    try:
        return UUID(text)
    except ValueError:
        raise Mismatch(f"expected the 36 characters of a UUID, got {text!r:.80}") from None


def instance_of(cls: type) -> Callable[[Any], Any]:
    """Return a function that returns objects of the class and refuses all others."""

    def check_class(value: Any) -> Any:
        if not isinstance(value, cls):
            raise Mismatch(
                f"expected {type_name(cls)}, got {value!r:.80}; name its class in compact_serializers too"
            )
        return value

    return check_class


def array_writer(kind: FieldKind) -> Callable[[Any], Any]:
    """Return a function that returns arrays whose items have the size and sort of the kind, and refuses all others."""
    code = TYPECODES[kind]
    size, sort = array(code).itemsize, _INTS if code in _INTS else "fd"

    def check_array(value: array[Any]) -> array[Any]:
        if value.typecode != code and (value.typecode not in sort or value.itemsize != size):
            raise Mismatch(f"expected an array of type code {code!r}, got {value.typecode!r}")
        return value

    return check_array


def array_reader(kind: FieldKind) -> Callable[[Any], Any]:
    """Return a function that makes an array of what the reader of the kind returns."""
    code = TYPECODES[kind]

    return lambda value: value if type(value) is array and value.typecode == code else array(code, value)


def signed(value: bytes | bytearray) -> array[int]:
    """Return bytes as the signed numbers that ARRAY_OF_INT8 holds."""
    return array("b", value)


def octets(value: Any) -> bytes:
    """Return the bytes of the signed numbers that the reader of ARRAY_OF_INT8 returns."""
    return (value if type(value) is array else array("b", value)).tobytes()


def mutable_octets(value: Any) -> bytearray:
    """Return the same as ``octets``, in a bytearray."""
    return bytearray(octets(value))


def as_list(items: Any) -> list[Any]:
    """Return the items that the reader of an array returned, as a list."""
    if type(items) is list:
        return items
    return items.tolist() if type(items) is array else list(items)


class ItemsWriter:
    """Check and conversion of a list, tuple or set to the items of a record's array."""

    def __init__(self, item: FieldType, length: int | None = None, is_set: bool = False) -> None:
        self._item = item
        self._length = length
        self._is_set = is_set
        self._known: set[type] = set()
        """Classes of items that have been checked; few, so that a check is one pass in C."""

    def __call__(self, items: Collection[Any]) -> Any:
        """Return the items as a sequence that the array's writer takes.

        Raises:
            Mismatch: An item does not fit, or they are too few or too many.
        """
        if self._length is not None and len(items) != self._length:
            raise Mismatch(f"expected {self._length} items, got {len(items)}")
        fitting = items if self._known.issuperset(map(type, items)) else self._examine(items)
        convert = self._item.to_slot
        if convert is not None:
            fitting = self._convert(fitting, convert)
        return sorted(fitting) if self._is_set else fitting

    def _examine(self, items: Collection[Any]) -> Collection[Any]:
        item, fitting = self._item, []
        for index, value in enumerate(items):
            cls = type(value)
            if item.takes(cls):
                if len(self._known) < _KNOWN_CLASSES:
                    self._known.add(cls)
                fitting.append(value)
                continue
            try:
                fitting.append(item.fit(value))
            except Mismatch as error:
                raise Mismatch(f"item {index}: {error}") from None
        return fitting

    def _convert(self, items: Iterable[Any], convert: Callable[[Any], Any]) -> list[Any]:
        converted: list[Any] = []
        try:
            for value in items:
                converted.append(None if value is None else convert(value))  # noqa: PERF401 - its length is the index
        except Mismatch as error:
            raise Mismatch(f"item {len(converted)}: {error}") from None
        return converted


class IntsWriter(ItemsWriter):
    """Conversion of a list or tuple of ints to a block in one pass, which also checks that they fit."""

    def __init__(self, item: FieldType, length: int | None = None) -> None:
        super().__init__(item, length)
        self._code = TYPECODES[item.kind]

    def __call__(self, items: Collection[Any]) -> Any:
        """Return the items as an array.

        Raises:
            Mismatch: An item is not an int or too large for its kind, or they are too few or too many.
        """
        if type(items) in (list, tuple):  # array() may not accept other collections
            try:
                block = array(self._code, items)
            except (TypeError, OverflowError):
                pass  # the code below finds which item is wrong
            else:
                if self._length is None or self._length == len(block):
                    return block
        block = array(self._code)
        for index, value in enumerate(super().__call__(items)):
            try:
                block.append(value)
            except OverflowError:
                raise Mismatch(
                    f"item {index}: expected an int of kind {self._item.kind.name}, got {value}"
                ) from None
        return block


class ItemsReader:
    """Conversion of a record's array to the list, tuple or set that the field holds."""

    def __init__(self, item: FieldType, make: Callable[[Any], Any], length: int | None = None) -> None:
        self._item = item
        self._make = make
        self._length = length
        self._nulls = may_be_null(item.kind) and not item.optional

    def __call__(self, items: Any) -> Any:
        """Return the items as the field's collection.

        Raises:
            Mismatch: An item is null without being optional, or is not what it should be, or they are too
                few or too many.
        """
        if self._length is not None and len(items) != self._length:
            raise Mismatch(f"expected {self._length} items, got {len(items)}")
        item = self._item
        if self._nulls and None in items:
            raise Mismatch(f"item {list(items).index(None)}: {item.mismatch(None)}")
        convert = item.from_slot
        if convert is None:
            return self._make(items)
        return self._make([None if value is None else convert(value) for value in items])
