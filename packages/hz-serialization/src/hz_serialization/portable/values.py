"""Writers and readers of field values other than those of fixed size, texts and nested Portables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from struct import Struct
from typing import Any, Final

from hz_serialization.arrays import (
    INT_CODE,
    pack_booleans,
    pack_chars,
    pack_numbers,
    pack_texts,
    text_array_unpacker,
    unpack_booleans,
    unpack_chars,
    unpack_numbers,
)
from hz_serialization.big_numbers import join_decimal, split_decimal
from hz_serialization.layout import Layout, check_count, take
from hz_serialization.portable.field_type import FieldType
from hz_serialization.problems import damaged, fail_at
from hz_serialization.scalars import big_integer_bytes
from hz_serialization.temporal import offset_seconds, zone_of

Append = Callable[[bytearray, Any], None]
"""``(out, value)``: appends a value; ``out`` begins with the first byte of the ``Data``."""
Take = Callable[[bytes, int], "tuple[Any, int]"]
"""``(data, position)``: returns the value there and the position after it."""
_Pack = Callable[[Any], bytes]

_NUMBER_ARRAYS: Final = {
    FieldType.SHORT_ARRAY: "h",
    FieldType.INT_ARRAY: INT_CODE,
    FieldType.LONG_ARRAY: "q",
    FieldType.FLOAT_ARRAY: "f",
    FieldType.DOUBLE_ARRAY: "d",
}


def appenders(layout: Layout) -> dict[FieldType, Append]:
    """Return the writers by type of field."""
    null = layout.i.pack(-1)
    arrays: dict[FieldType, _Pack] = {
        FieldType.BYTE_ARRAY: lambda values: _pack_bytes(layout, values),
        FieldType.BOOLEAN_ARRAY: lambda values: pack_booleans(layout, values),
        FieldType.CHAR_ARRAY: lambda values: pack_chars(layout, values),
        FieldType.STRING_ARRAY: lambda values: pack_texts(layout, values),
    }
    for field_type, code in _NUMBER_ARRAYS.items():
        arrays[field_type] = _numbers_packer(layout, code)
    table = {field_type: _or_null(pack, null) for field_type, pack in arrays.items()}
    for field_type, pack in _packers(layout).items():
        table[field_type] = _after_flag(pack)
        table[_array_of(field_type)] = _items_appender(layout, pack)
    return table


def takers(layout: Layout) -> dict[FieldType, Take]:
    """Return the readers by type of field."""
    texts = text_array_unpacker(layout)
    table: dict[FieldType, Take] = {
        FieldType.BYTE_ARRAY: lambda data, pos: _take_bytes(layout, data, pos),
        FieldType.BOOLEAN_ARRAY: _as_list(lambda data, pos: unpack_booleans(layout, data, pos)),
        FieldType.CHAR_ARRAY: _as_list(lambda data, pos: unpack_chars(layout, data, pos)),
        FieldType.STRING_ARRAY: _as_list(texts),
    }
    for field_type, code in _NUMBER_ARRAYS.items():
        table[field_type] = _numbers_taker(layout, code)
    for field_type, item in _item_takers(layout).items():
        table[field_type] = _unless_flag(item)
        table[_array_of(field_type)] = _items_taker(layout, item)
    return table


def _array_of(field_type: FieldType) -> FieldType:
    return FieldType(field_type + 1)


def _or_null(pack: _Pack, null: bytes) -> Append:
    def append(out: bytearray, values: Any) -> None:
        out += null if values is None else pack(values)

    return append


def _after_flag(pack: _Pack) -> Append:
    def append(out: bytearray, value: Any) -> None:
        out += b"\1" if value is None else b"\0" + pack(value)

    return append


def _items_appender(layout: Layout, pack: _Pack) -> Append:
    """Return the writer of an array: count, absolute position of each item, items."""
    pack_int = layout.i.pack

    def append(out: bytearray, values: Sequence[Any] | None) -> None:
        if values is None:
            out += pack_int(-1)
            return
        out += pack_int(len(values))
        at = len(out)
        out += bytes(4 * len(values))
        positions = []
        for index, value in enumerate(values):
            positions.append(len(out))
            try:
                if value is None:
                    raise TypeError("an array of these cannot hold null; leave it out")
                out += pack(value)
            except Exception as error:
                fail_at(error, f"[{index}]", value)
        out[at : at + 4 * len(positions)] = pack_numbers(layout, INT_CODE, positions)[4:]

    return append


def _unless_flag(item: Take) -> Take:
    def read(data: bytes, pos: int) -> tuple[Any, int]:
        return (None, pos + 1) if data[pos] else item(data, pos + 1)

    return read


def _items_taker(layout: Layout, item: Take) -> Take:
    def read(data: bytes, pos: int) -> tuple[list[Any] | None, int]:
        positions, pos = unpack_numbers(layout, INT_CODE, data, pos)
        if positions is None:
            return None, pos
        items = []
        for at in positions:
            if at < pos:
                raise damaged(f"an item of an array at byte {at} lies within what is before it")
            value, pos = item(data, at)
            items.append(value)
        return items, pos

    return read


def _as_list(read: Take) -> Take:
    def read_list(data: bytes, pos: int) -> tuple[list[Any] | None, int]:
        items, pos = read(data, pos)
        return None if items is None else list(items), pos

    return read_list


def _numbers_packer(layout: Layout, code: str) -> _Pack:
    return lambda values: pack_numbers(layout, code, values)


def _numbers_taker(layout: Layout, code: str) -> Take:
    def read(data: bytes, pos: int) -> tuple[list[Any] | None, int]:
        block, pos = unpack_numbers(layout, code, data, pos)
        return None if block is None else block.tolist(), pos

    return read


def _pack_bytes(layout: Layout, values: Any) -> bytes:
    if isinstance(values, int):
        raise TypeError(f"bytes are wanted, not the number {values}")
    block = bytes(values)
    return layout.i.pack(len(block)) + block


def _take_bytes(layout: Layout, data: bytes, pos: int) -> tuple[bytearray | None, int]:
    size = layout.i.unpack_from(data, pos)[0]
    pos += 4
    return (None, pos) if size == -1 else (bytearray(take(data, pos, size)), pos + size)


def _packers(layout: Layout) -> dict[FieldType, _Pack]:
    """Return the writers of values that can be items of arrays as well, without the flag for null."""
    prefix, pack_int = layout.prefix, layout.i.pack
    date_struct, time_struct = Struct(prefix + "hbb"), Struct(prefix + "bbbi")

    def pack_decimal(value: Decimal) -> bytes:
        if not isinstance(value, Decimal):
            raise TypeError(f"a decimal.Decimal is wanted, not {value!r:.80}")
        unscaled, scale = split_decimal(value)
        digits = big_integer_bytes(unscaled)
        return pack_int(len(digits)) + digits + pack_int(scale)

    def pack_date(value: date) -> bytes:
        if isinstance(value, datetime):
            raise TypeError("a date is wanted, not a datetime, whose time would be lost; pass value.date()")
        return date_struct.pack(value.year, value.month, value.day)

    def pack_time(value: time) -> bytes:
        if value.tzinfo is not None:
            raise TypeError("a time without tzinfo is wanted; Java's LocalTime has no zone")
        return time_struct.pack(value.hour, value.minute, value.second, value.microsecond * 1000)

    def pack_local(value: datetime) -> bytes:
        return date_struct.pack(value.year, value.month, value.day) + time_struct.pack(
            value.hour, value.minute, value.second, value.microsecond * 1000
        )

    def pack_timestamp(value: datetime) -> bytes:
        if value.tzinfo is not None:
            raise TypeError(
                "a datetime without tzinfo is wanted; use write_timestamp_with_timezone to keep the UTC offset"
            )
        return pack_local(value)

    def pack_with_timezone(value: datetime) -> bytes:
        if value.tzinfo is None:
            raise TypeError("a datetime with tzinfo is wanted; use write_timestamp for one without")
        return pack_local(value) + pack_int(offset_seconds(value))

    return {
        FieldType.DECIMAL: pack_decimal,
        FieldType.DATE: pack_date,
        FieldType.TIME: pack_time,
        FieldType.TIMESTAMP: pack_timestamp,
        FieldType.TIMESTAMP_WITH_TIMEZONE: pack_with_timezone,
    }


def _item_takers(layout: Layout) -> dict[FieldType, Take]:
    """Return the readers of what ``_packers`` writes."""
    prefix, unpack_int = layout.prefix, layout.i.unpack_from

    def take_decimal(data: bytes, pos: int) -> tuple[Decimal, int]:
        size = unpack_int(data, pos)[0]
        check_count(size, 1, data, pos + 4)
        pos += 4 + size
        return join_decimal(data[pos - size : pos], unpack_int(data, pos)[0]), pos + 4

    return {
        FieldType.DECIMAL: take_decimal,
        FieldType.DATE: _temporal(Struct(prefix + "hbb"), date),
        FieldType.TIME: _temporal(Struct(prefix + "bbbi"), _time),
        FieldType.TIMESTAMP: _temporal(Struct(prefix + "hbbbbbi"), _datetime),
        FieldType.TIMESTAMP_WITH_TIMEZONE: _temporal(Struct(prefix + "hbbbbbii"), _aware),
    }


def _temporal(struct: Struct, build: Callable[..., Any]) -> Take:
    unpack, size = struct.unpack_from, struct.size

    def read(data: bytes, pos: int) -> tuple[Any, int]:
        fields = unpack(data, pos)
        try:
            return build(*fields), pos + size
        except (ValueError, OverflowError) as error:
            raise damaged(
                f"{fields} is not a date or time that Python can hold (years 1 to 9999): {error}"
            ) from None

    return read


def _time(hour: int, minute: int, second: int, nano: int) -> time:
    """Make a time from nanoseconds; Python keeps microseconds."""
    return time(hour, minute, second, nano // 1000)


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int) -> datetime:
    return datetime(year, month, day, hour, minute, second, nano // 1000)


def _aware(
    year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int, offset: int
) -> datetime:
    return datetime(year, month, day, hour, minute, second, nano // 1000, zone_of(offset))
