"""Writers and readers of the values of the variable-size kinds in a record.

They do not handle null, which is an offset without bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from struct import Struct, pack, unpack_from
from struct import error as StructError
from typing import Any, Final, NamedTuple, NoReturn

from hz_serialization import type_ids
from hz_serialization.arrays import INT_CODE, pack_numbers, unpack_numbers
from hz_serialization.big_numbers import register_big_numbers, split_decimal
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Schema
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.layout import Layout, check_count, length_error, take
from hz_serialization.problems import UnserializableError, damaged, fail_at, type_name
from hz_serialization.registry import Reader, Registry, Writer
from hz_serialization.scalars import big_integer_bytes
from hz_serialization.temporal import offset_seconds, register_temporal

BYTE_OFFSETS: Final = 255
"""Values that take fewer bytes than this have offsets of one byte, whose highest value means null."""
SHORT_OFFSETS: Final = 65535
"""Values that take fewer bytes than this have offsets of two bytes, whose highest value means null."""
LONG_NULL: Final = 0xFFFFFFFF


def refuse(kind: FieldKind, value: object, error: Exception, step: str) -> NoReturn:
    """Raise the error that names a value that does not fit its kind.

    Args:
        kind: The kind of the field, or of the items of the array.
        value: The value.
        error: The error of the attempt to write it.
        step: How the value is reached from the value around it.
    """
    if isinstance(error, (HazelcastSerializationError, UnicodeEncodeError, RecursionError)):
        fail_at(error, step, value)
    shown = repr(value)
    shown = shown if len(shown) < 80 else f"{shown[:76]}..."
    why = "" if isinstance(error, (KeyError, AttributeError)) else f": {error}"
    # These errors of the attempt add nothing to the message.
    cause = None if isinstance(error, (KeyError, AttributeError, StructError)) else error
    problem = UnserializableError(type(value), f"{kind.name} cannot hold {shown}{why}", cause)
    problem.add_step(step)
    raise problem from cause


class Codec(NamedTuple):
    """Writer and reader of the values of one kind.

    Attributes:
        write: ``(out, value, depth)``: appends the value, which is not ``None``.
        read: ``(data, position, depth)``: returns the value there and the position after it.
    """

    write: Writer
    read: Reader


def no_record_writer(out: bytearray, value: Any, depth: int) -> NoReturn:
    """Raise an error: there is no format that knows the nested types."""
    raise UnserializableError(type(value), "nested Compact objects need a SerializationService")


def no_record_reader(data: bytes, pos: int, depth: int) -> NoReturn:
    """Raise an error: there is no format that knows the nested types."""
    raise damaged("nested Compact objects need a SerializationService")


def make_codecs(
    layout: Layout,
    write_record: Writer = no_record_writer,
    read_record: Reader = no_record_reader,
    *,
    blocks: bool = False,
) -> dict[FieldKind, Codec]:
    """Return the codecs of all variable-size kinds.

    Args:
        layout: Byte order of payloads.
        write_record: Writes a nested Compact object, from its schema id on.
        read_record: Reads one.
        blocks: Whether arrays of numbers are read as ``array.array`` instead of lists.
    """
    record = Codec(write_record, read_record)
    boolean = Codec(_write_boolean, _read_boolean)
    codecs = {
        FieldKind.STRING: _text(layout),
        FieldKind.COMPACT: record,
        FieldKind.ARRAY_OF_BOOLEAN: _bits(layout),
        FieldKind.NULLABLE_BOOLEAN: boolean,
        **_temporal(layout),
    }
    numbers = [
        (FieldKind.INT8, FieldKind.NULLABLE_INT8, layout.b, "b"),
        (FieldKind.INT16, FieldKind.NULLABLE_INT16, layout.h, "h"),
        (FieldKind.INT32, FieldKind.NULLABLE_INT32, layout.i, INT_CODE),
        (FieldKind.INT64, FieldKind.NULLABLE_INT64, layout.q, "q"),
        (FieldKind.FLOAT32, FieldKind.NULLABLE_FLOAT32, layout.f, "f"),
        (FieldKind.FLOAT64, FieldKind.NULLABLE_FLOAT64, layout.d, "d"),
    ]
    for plain, nullable, struct, code in numbers:
        codecs[nullable] = _number(struct)
        codecs[FieldKind(plain + 1)] = _block(layout, code, blocks)
    for kind, codec in list(codecs.items()):
        if FieldKind(kind).name.startswith("ARRAY_OF_") or kind is FieldKind.COMPACT:
            continue
        codecs[FieldKind(kind + 1)] = _items(layout, codec, kind)
    codecs[FieldKind.ARRAY_OF_COMPACT] = _records(layout, record)
    return codecs


def _number(struct: Struct) -> Codec:
    pack_number, unpack_number, size = struct.pack, struct.unpack_from, struct.size

    def write(out: bytearray, value: Any, depth: int) -> None:
        out += pack_number(value)

    def read(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        return unpack_number(data, pos)[0], pos + size

    return Codec(write, read)


_BOOLEANS: Final = {False: 0, True: 1}


def _write_boolean(out: bytearray, value: bool, depth: int) -> None:
    out.append(_BOOLEANS[value])


def _read_boolean(data: bytes, pos: int, depth: int) -> tuple[bool, int]:
    return data[pos] != 0, pos + 1


def _text(layout: Layout) -> Codec:
    pack_size, unpack_size = layout.i.pack, layout.i.unpack_from

    def write(out: bytearray, value: str, depth: int) -> None:
        encoded = value.encode()
        out += pack_size(len(encoded))
        out += encoded

    def read(data: bytes, pos: int, depth: int) -> tuple[str, int]:
        size = unpack_size(data, pos)[0]
        pos += 4
        end = pos + size
        if size < 0 or end > len(data):
            raise length_error(size, data, pos)
        return data[pos:end].decode(), end

    return Codec(write, read)


def _bits(layout: Layout) -> Codec:
    pack_size, unpack_size = layout.i.pack, layout.i.unpack_from

    def write(out: bytearray, value: Sequence[bool], depth: int) -> None:
        bits = 0
        for index, flag in enumerate(value):
            try:
                if _BOOLEANS[flag]:
                    bits |= 1 << index
            except (KeyError, TypeError) as error:
                refuse(FieldKind.BOOLEAN, flag, error, f"[{index}]")
        count = len(value)
        out += pack_size(count)
        out += bits.to_bytes((count + 7) // 8, "little")

    def read(data: bytes, pos: int, depth: int) -> tuple[list[bool], int]:
        count = unpack_size(data, pos)[0]
        if count < 0:
            raise damaged(f"negative length {count} at byte {pos}")
        size = (count + 7) // 8
        block = take(data, pos + 4, size)
        flags = [bool(byte >> bit & 1) for byte in block for bit in range(8)]
        del flags[count:]
        return flags, pos + 4 + size

    return Codec(write, read)


def _block(layout: Layout, code: str, blocks: bool) -> Codec:
    pack_size = layout.i.pack

    def write(out: bytearray, value: Sequence[Any], depth: int) -> None:
        if code == "b" and isinstance(value, (bytes, bytearray)):
            out += pack_size(len(value))
            out += value
        else:
            out += pack_numbers(layout, code, value)

    def read(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        block, end = unpack_numbers(layout, code, data, pos)
        if block is None:
            raise damaged(f"negative length -1 at byte {pos}")
        return block if blocks else block.tolist(), end

    return Codec(write, read)


def _temporal(layout: Layout) -> dict[FieldKind, Codec]:
    """Return the codecs of decimals, dates and times, which are written as the types of that name without a type id."""
    registry = Registry(layout)
    register_big_numbers(registry)
    register_temporal(registry)
    readers = registry.readers
    pack_int = layout.i.pack
    pack_date = Struct(layout.prefix + "ibb").pack
    pack_time = Struct(layout.prefix + "bbbi").pack
    pack_local = Struct(layout.prefix + "ibbbbbi").pack
    pack_zoned = Struct(layout.prefix + "ibbbbbii").pack

    def write_decimal(out: bytearray, value: Decimal, depth: int) -> None:
        unscaled, scale = split_decimal(value)
        digits = big_integer_bytes(unscaled)
        out += pack_int(len(digits)) + digits + pack_int(scale)

    def write_time(out: bytearray, value: time, depth: int) -> None:
        if value.tzinfo is not None:
            raise UnserializableError(
                type(value), "a TIME field has no zone; drop tzinfo or use a TIMESTAMP_WITH_TIMEZONE"
            )
        out += pack_time(value.hour, value.minute, value.second, value.microsecond * 1000)

    def write_date(out: bytearray, value: date, depth: int) -> None:
        if isinstance(value, datetime):
            raise UnserializableError(
                type(value), "a DATE field would lose the time of day; use value.date()"
            )
        out += pack_date(value.year, value.month, value.day)

    def write_local(out: bytearray, value: datetime, depth: int) -> None:
        if value.tzinfo is not None:
            raise UnserializableError(
                type(value),
                "a TIMESTAMP field would lose the zone; drop tzinfo or use a TIMESTAMP_WITH_TIMEZONE",
            )
        out += pack_local(*_parts(value))

    def write_zoned(out: bytearray, value: datetime, depth: int) -> None:
        if value.tzinfo is None:
            raise UnserializableError(
                type(value), "a TIMESTAMP_WITH_TIMEZONE field needs a zone; set tzinfo or use a TIMESTAMP"
            )
        out += pack_zoned(*_parts(value), offset_seconds(value))

    return {
        FieldKind.DECIMAL: Codec(write_decimal, readers[type_ids.BIG_DECIMAL]),
        FieldKind.TIME: Codec(write_time, readers[type_ids.LOCAL_TIME]),
        FieldKind.DATE: Codec(write_date, readers[type_ids.LOCAL_DATE]),
        FieldKind.TIMESTAMP: Codec(write_local, readers[type_ids.LOCAL_DATE_TIME]),
        FieldKind.TIMESTAMP_WITH_TIMEZONE: Codec(write_zoned, readers[type_ids.OFFSET_DATE_TIME]),
    }


def _parts(value: datetime) -> tuple[int, int, int, int, int, int, int]:
    return (
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond * 1000,
    )


def pack_offsets(prefix: str, offsets: list[int], size: int) -> bytes:
    """Pack the offsets of values that take ``size`` bytes; -1 stands for null."""
    if size >= SHORT_OFFSETS:
        return pack(f"{prefix}{len(offsets)}i", *offsets)
    null, code = (BYTE_OFFSETS, "B") if size < BYTE_OFFSETS else (SHORT_OFFSETS, "H")
    return pack(f"{prefix}{len(offsets)}{code}", *[null if offset < 0 else offset for offset in offsets])


def _items(layout: Layout, item: Codec, kind: FieldKind) -> Codec:
    """Return the codec of arrays whose items differ in size or may be null: their bytes, then an offset for each."""
    two = layout.ii
    write_item, read_item = item.write, item.read

    def write(out: bytearray, value: Sequence[Any], depth: int) -> None:
        start = len(out)
        base = start + 8
        out += bytes(8)
        offsets = []
        for index, each in enumerate(value):
            if each is None:
                offsets.append(-1)
                continue
            offsets.append(len(out) - base)
            try:
                write_item(out, each, depth)
            except Exception as error:
                refuse(kind, each, error, f"[{index}]")
        size = len(out) - base
        two.pack_into(out, start, size, len(offsets))
        out += pack_offsets(layout.prefix, offsets, size)

    def read(data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
        size, count = two.unpack_from(data, pos)
        base = pos + 8
        check_count(size, 1, data, base)
        table = base + size
        if size < BYTE_OFFSETS:
            width, code, null = 1, "B", BYTE_OFFSETS
        elif size < SHORT_OFFSETS:
            width, code, null = 2, "H", SHORT_OFFSETS
        else:
            width, code, null = 4, "I", LONG_NULL
        check_count(count, width, data, table)
        items: list[Any] = []
        end = base
        for offset in unpack_from(f"{layout.prefix}{count}{code}", data, table):
            if offset == null:
                items.append(None)
                continue
            if base + offset < end:  # otherwise a few bytes could stand for any number of items
                raise damaged(f"item {len(items)} of the array at byte {pos} begins inside the one before it")
            value, end = read_item(data, base + offset, depth)
            items.append(value)
        if end > table:
            raise damaged(
                f"the array at byte {pos} says that its items have {size} bytes, but they have more"
            )
        return items, table + count * width

    return Codec(write, read)


def _records(layout: Layout, record: Codec) -> Codec:
    """Return the codec of arrays of Compact objects, all of one type."""
    codec = _items(layout, record, FieldKind.COMPACT)

    def write(out: bytearray, value: Sequence[Any], depth: int) -> None:
        first = None
        for index, each in enumerate(value):
            if each is None:
                continue
            kind = each.schema if isinstance(each, GenericRecord) else type(each)
            if first is None:
                first = kind
            elif kind != first:
                raise UnserializableError(
                    type(each),
                    "the items of an array of Compact objects must be of one type, but the first is of "
                    f"{_described(first)} and item {index} of {_described(kind)}",
                )
        codec.write(out, value, depth)

    return Codec(write, codec.read)


def _described(kind: Schema | type) -> str:
    return str(kind) if isinstance(kind, Schema) else f"class {type_name(kind)}"
