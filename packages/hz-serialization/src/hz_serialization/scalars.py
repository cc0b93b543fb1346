"""Values that hold no other values: null, numbers, text, UUID, JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import Any
from uuid import UUID

from hz_serialization import type_ids
from hz_serialization.config import IntType
from hz_serialization.java_types import BigInteger, Byte, Char, Float, Integer, JavaClass, Long, Short
from hz_serialization.json_value import HazelcastJsonValue
from hz_serialization.layout import Layout, take
from hz_serialization.problems import damaged
from hz_serialization.registry import Reader, Registry, Scalar
from hz_serialization.speedups import compiled

_calls: Any = compiled("_calls")

_INTS = {
    IntType.BYTE: (type_ids.BYTE, "b", 8),
    IntType.SHORT: (type_ids.SHORT, "h", 16),
    IntType.INT: (type_ids.INTEGER, "i", 32),
    IntType.LONG: (type_ids.LONG, "q", 64),
}


def big_integer_bytes(value: int) -> bytes:
    """Return the shortest two's complement of ``value`` as Java writes it: big-endian in both byte orders."""
    return value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True)


def make_scalars(layout: Layout, int_type: IntType, prefix: Callable[[int], bytes]) -> dict[type, Scalar]:
    """Return the writers of the basic scalar types.

    Args:
        layout: Byte order of payloads.
        int_type: How ``int`` is written.
        prefix: Returns the bytes before a payload, by type id: the header of a ``Data``, or the type id alone.
            So a top-level value is packed in one step as well.
    """
    pack_bool = {flag: prefix(type_ids.BOOLEAN) + bytes([flag]) for flag in (False, True)}
    null = prefix(type_ids.NULL)
    scalars: dict[type, Scalar] = {
        type(None): {None: null}.__getitem__,
        bool: pack_bool.__getitem__,
        int: _int_writer(layout, int_type, prefix),
        Byte: _int_writer(layout, IntType.BYTE, prefix),
        Short: _int_writer(layout, IntType.SHORT, prefix),
        Integer: _int_writer(layout, IntType.INT, prefix),
        Long: _int_writer(layout, IntType.LONG, prefix),
        BigInteger: _int_writer(layout, IntType.BIG_INT, prefix),
        Float: _packer(layout, prefix(type_ids.FLOAT), "f"),
        Char: _char_writer(layout, prefix(type_ids.CHAR)),
        float: _packer(layout, prefix(type_ids.DOUBLE), "d"),
        str: _text_writer(layout, prefix(type_ids.STRING)),
        JavaClass: _text_writer(layout, prefix(type_ids.JAVA_CLASS)),
    }
    head = prefix(type_ids.JSON)
    pack = Struct(f"{layout.prefix}{len(head)}si").pack

    def write_json(value: HazelcastJsonValue) -> bytes:
        text = value.to_string().encode()
        return pack(head, len(text)) + text

    scalars[HazelcastJsonValue] = write_json
    return scalars


def _packer(layout: Layout, head: bytes, code: str) -> Scalar:
    """Return a function that packs head and number in one call into C."""
    return partial(Struct(f"{layout.prefix}{len(head)}s{code}").pack, head)


def _text_writer(layout: Layout, head: bytes) -> Scalar:
    pack = Struct(f"{layout.prefix}{len(head)}si").pack

    def write_text(value: str) -> bytes:
        text = value.encode()
        return pack(head, len(text)) + text

    if _calls is None:
        return write_text
    writer: Scalar = _calls.TextWriter(write_text, layout.is_big_endian, head)
    return writer


def _char_writer(layout: Layout, head: bytes) -> Scalar:
    pack = layout.u.pack

    def write_char(value: str) -> bytes:
        if len(value) != 1 or ord(value) > 0xFFFF:
            raise ValueError(f"{str(value)!r} is not one UTF-16 unit, as a Java char is")
        return head + pack(ord(value))

    return write_char


def _int_writer(layout: Layout, int_type: IntType, prefix: Callable[[int], bytes]) -> Scalar:
    if int_type in _INTS:
        type_id, code, _ = _INTS[int_type]
        return _packer(layout, prefix(type_id), code)
    big_head = prefix(type_ids.BIG_INTEGER)
    pack_size = layout.i.pack

    def write_big(value: int) -> bytes:
        digits = big_integer_bytes(value)
        return big_head + pack_size(len(digits)) + digits

    if int_type is IntType.BIG_INT:
        return write_big
    by_size = [(bits, _packer(layout, prefix(type_id), code)) for type_id, code, bits in _INTS.values()]

    def write_smallest(value: int) -> bytes:
        needed = (value if value >= 0 else ~value).bit_length() + 1
        for bits, pack in by_size:
            if needed <= bits:
                return pack(value)
        return write_big(value)

    return write_smallest


def register_scalars(registry: Registry, int_type: IntType) -> None:
    """Add the writers for nested values and the readers of all scalar types."""
    layout = registry.layout
    for cls, scalar in make_scalars(layout, int_type, layout.type_id).items():
        registry.add_scalar(cls, scalar)
    uuid_struct = Struct(layout.prefix + "iqq")

    def write_uuid(value: UUID) -> bytes:
        number = value.int
        high, low = number >> 64, number & 0xFFFFFFFFFFFFFFFF
        return uuid_struct.pack(type_ids.UUID, high - (high >> 63 << 64), low - (low >> 63 << 64))

    registry.add_scalar(UUID, write_uuid, further=True)
    for type_id, struct in (
        (type_ids.BYTE, layout.b),
        (type_ids.SHORT, layout.h),
        (type_ids.INTEGER, layout.i),
        (type_ids.LONG, layout.q),
        (type_ids.FLOAT, layout.f),
        (type_ids.DOUBLE, layout.d),
    ):
        registry.add_reader(type_id, _number_reader(struct))
    _register_other_readers(registry)


def _number_reader(struct: Struct) -> Reader:
    unpack, size = struct.unpack_from, struct.size

    def read_number(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        return unpack(data, pos)[0], pos + size

    return read_number


def read_text(layout: Layout) -> Callable[[bytes, int], tuple[str | None, int]]:
    """Return the reader of ``int32 size, UTF-8``, where size -1 stands for null."""
    unpack = layout.i.unpack_from

    def read(data: bytes, pos: int) -> tuple[str | None, int]:
        size = unpack(data, pos)[0]
        pos += 4
        if size == -1:
            return None, pos
        if size < 0 or size > len(data) - pos:
            take(data, pos, size)
        end = pos + size
        return data[pos:end].decode(), end

    return read


def _register_other_readers(registry: Registry) -> None:
    layout = registry.layout
    text = read_text(layout)
    unpack_char, unpack_uuid = layout.u.unpack_from, layout.qq.unpack_from

    def read_null(data: bytes, pos: int, depth: int) -> tuple[None, int]:
        return None, pos

    def read_boolean(data: bytes, pos: int, depth: int) -> tuple[bool, int]:
        return data[pos] != 0, pos + 1

    def read_char(data: bytes, pos: int, depth: int) -> tuple[str, int]:
        return chr(unpack_char(data, pos)[0]), pos + 2

    def read_string(data: bytes, pos: int, depth: int) -> tuple[str | None, int]:
        return text(data, pos)

    def read_class(data: bytes, pos: int, depth: int) -> tuple[JavaClass | None, int]:
        name, pos = text(data, pos)
        return None if name is None else JavaClass(name), pos

    def read_json(data: bytes, pos: int, depth: int) -> tuple[HazelcastJsonValue, int]:
        value, pos = text(data, pos)
        if value is None:
            raise damaged("JSON value without text")
        return HazelcastJsonValue(value), pos

    def read_uuid(data: bytes, pos: int, depth: int) -> tuple[UUID, int]:
        high, low = unpack_uuid(data, pos)
        return UUID(int=(high & 0xFFFFFFFFFFFFFFFF) << 64 | low & 0xFFFFFFFFFFFFFFFF), pos + 16

    registry.add_reader(type_ids.NULL, read_null)
    registry.add_reader(type_ids.BOOLEAN, read_boolean)
    registry.add_reader(type_ids.CHAR, read_char)
    registry.add_reader(type_ids.STRING, read_string)
    registry.add_reader(type_ids.JAVA_CLASS, read_class)
    registry.add_reader(type_ids.JSON, read_json)
    registry.add_reader(type_ids.UUID, read_uuid)
