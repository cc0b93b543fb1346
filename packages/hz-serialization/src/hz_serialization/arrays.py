"""Java's arrays. Numbers go as blocks, not one by one."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.java_types import BooleanArray, CharArray, StringArray
from hz_serialization.layout import Layout, check_count, take
from hz_serialization.problems import Unserializable, fail_at
from hz_serialization.registry import Reader, Registry, Writer
from hz_serialization.scalars import read_text

INT_CODE: Final = "i" if array("i").itemsize == 4 else "l"
_TYPE_IDS: Final = {
    ("h", 2): type_ids.SHORT_ARRAY,
    ("i", 4): type_ids.INTEGER_ARRAY,
    ("l", 4): type_ids.INTEGER_ARRAY,
    ("l", 8): type_ids.LONG_ARRAY,
    ("q", 8): type_ids.LONG_ARRAY,
    ("f", 4): type_ids.FLOAT_ARRAY,
    ("d", 8): type_ids.DOUBLE_ARRAY,
    ("b", 1): type_ids.BYTE_ARRAY,
    ("B", 1): type_ids.BYTE_ARRAY,
    ("c", 1): type_ids.BYTE_ARRAY,
    ("?", 1): type_ids.BOOLEAN_ARRAY,
}
"""Java's array type by item code (as in array, struct and memoryview) and size on this machine."""
NUMBER_CODES: Final = {
    type_ids.SHORT_ARRAY: "h",
    type_ids.INTEGER_ARRAY: INT_CODE,
    type_ids.LONG_ARRAY: "q",
    type_ids.FLOAT_ARRAY: "f",
    type_ids.DOUBLE_ARRAY: "d",
}


def pack_numbers(layout: Layout, code: str, values: Sequence[Any]) -> bytes:
    """Count and items of an array of numbers; a list is turned into a block first.

    Raises:
        OverflowError: A number does not fit.
        TypeError: An item is no number.
    """
    block = array(code, values)
    if layout.swaps:
        block.byteswap()
    return layout.i.pack(len(block)) + block.tobytes()


def unpack_numbers(layout: Layout, code: str, data: bytes, pos: int) -> tuple[array[Any] | None, int]:
    """The array whose count stands at ``pos``, and the position after it; count -1 is null."""
    count = layout.i.unpack_from(data, pos)[0]
    pos += 4
    if count == -1:
        return None, pos
    block: array[Any] = array(code)
    check_count(count, block.itemsize, data, pos)
    end = pos + count * block.itemsize
    block.frombytes(memoryview(data)[pos:end])
    if layout.swaps:
        block.byteswap()
    return block, end


def pack_booleans(layout: Layout, values: Sequence[Any]) -> bytes:
    """Count and items of a ``boolean[]``, one byte each."""
    return layout.i.pack(len(values)) + bytes([1 if flag else 0 for flag in values])


def pack_chars(layout: Layout, values: Sequence[str]) -> bytes:
    """Count and UTF-16 units of a ``char[]``.

    Raises:
        ValueError: An item is not one UTF-16 unit.
    """
    for index, char in enumerate(values):
        if len(char) != 1 or ord(char) > 0xFFFF:
            raise ValueError(f"item {index}, {char!r}, is not one UTF-16 unit, as a Java char is")
    encoding = "utf-16-be" if layout.is_big_endian else "utf-16-le"
    return layout.i.pack(len(values)) + "".join(values).encode(encoding, "surrogatepass")


def pack_texts(layout: Layout, values: Sequence[str | None]) -> bytes:
    """Count and items of a ``String[]``; an item may be null."""
    pack = layout.i.pack
    out = bytearray(pack(len(values)))
    for index, text in enumerate(values):
        try:
            if text is None:
                out += pack(-1)
            else:
                encoded = text.encode()
                out += pack(len(encoded))
                out += encoded
        except Exception as error:
            fail_at(error, f"[{index}]", text)
    return bytes(out)


def unpack_booleans(layout: Layout, data: bytes, pos: int) -> tuple[BooleanArray | None, int]:
    """The ``boolean[]`` whose count stands at ``pos``, and the position after it."""
    count = layout.i.unpack_from(data, pos)[0]
    if count == -1:
        return None, pos + 4
    items = take(data, pos + 4, count)
    return BooleanArray(map(bool, items)), pos + 4 + count


def unpack_chars(layout: Layout, data: bytes, pos: int) -> tuple[CharArray | None, int]:
    """The ``char[]`` whose count stands at ``pos``, and the position after it."""
    block, pos = unpack_numbers(layout, "H", data, pos)
    return None if block is None else CharArray(map(chr, block)), pos


def text_array_unpacker(layout: Layout) -> Callable[[bytes, int], tuple[StringArray | None, int]]:
    """A reader of ``String[]``."""
    unpack, text = layout.i.unpack_from, read_text(layout)

    def unpack_texts(data: bytes, pos: int) -> tuple[StringArray | None, int]:
        count = unpack(data, pos)[0]
        pos += 4
        if count == -1:
            return None, pos
        check_count(count, 4, data, pos)
        items = StringArray()
        for _ in range(count):
            item, pos = text(data, pos)
            items.append(item)
        return items, pos

    return unpack_texts


def register_arrays(registry: Registry) -> None:
    """Adds bytes, array.array, memoryview and the array types, and the readers of Java's primitive arrays."""
    layout = registry.layout
    pack = layout.i.pack
    bytes_head = layout.type_id(type_ids.BYTE_ARRAY)
    heads = {type_id: layout.type_id(type_id) for type_id in _TYPE_IDS.values()}

    def write_bytes(out: bytearray, value: bytes | bytearray, depth: int) -> None:
        out += bytes_head + pack(len(value))
        out += value

    def write_block(out: bytearray, value: array[Any] | memoryview, depth: int) -> None:
        if isinstance(value, array) and value.typecode in "uw":
            units = value.tounicode()
            out += layout.type_id(type_ids.CHAR_ARRAY) + pack_chars(layout, units)
            return
        type_id = _java_array_of(value)
        size = value.itemsize
        block = value.tobytes()
        if size > 1 and layout.swaps:
            swapped = array(NUMBER_CODES[type_id], block)
            swapped.byteswap()
            block = swapped.tobytes()
        out += heads[type_id] + pack(len(block) // size)
        out += block

    registry.basic[bytearray] = write_bytes
    registry.further[bytes] = write_bytes
    registry.further[array] = registry.further[memoryview] = write_block
    registry.basic[BooleanArray] = _array_writer(layout, type_ids.BOOLEAN_ARRAY, pack_booleans)
    registry.basic[CharArray] = _array_writer(layout, type_ids.CHAR_ARRAY, pack_chars)
    registry.basic[StringArray] = _array_writer(layout, type_ids.STRING_ARRAY, pack_texts)
    _register_readers(registry)


def _java_array_of(value: array[Any] | memoryview) -> int:
    code = value.typecode if isinstance(value, array) else value.format.removeprefix("@")
    type_id = _TYPE_IDS.get((code, value.itemsize))
    if type_id is None or (isinstance(value, memoryview) and value.ndim != 1):
        raise Unserializable(
            type(value),
            f"Java has no array of item type {code!r} in one dimension; use one of b, h, i, q, f, d "
            "(Java's numbers are signed), or a list",
        )
    return type_id


def _array_writer(layout: Layout, type_id: int, pack: Callable[[Layout, Any], bytes]) -> Writer:
    head = layout.type_id(type_id)

    def write_array(out: bytearray, value: Any, depth: int) -> None:
        out += head + pack(layout, value)

    return write_array


def _register_readers(registry: Registry) -> None:
    layout = registry.layout
    texts = text_array_unpacker(layout)
    unpack = layout.i.unpack_from

    def read_bytes(data: bytes, pos: int, depth: int) -> tuple[bytes | None, int]:
        count = unpack(data, pos)[0]
        if count == -1:
            return None, pos + 4
        return take(data, pos + 4, count), pos + 4 + count

    def number_reader(code: str) -> Reader:
        return lambda data, pos, depth: unpack_numbers(layout, code, data, pos)

    registry.add_reader(type_ids.BYTE_ARRAY, read_bytes)
    registry.add_reader(type_ids.BOOLEAN_ARRAY, lambda data, pos, depth: unpack_booleans(layout, data, pos))
    registry.add_reader(type_ids.CHAR_ARRAY, lambda data, pos, depth: unpack_chars(layout, data, pos))
    registry.add_reader(type_ids.STRING_ARRAY, lambda data, pos, depth: texts(data, pos))
    for type_id, code in NUMBER_CODES.items():
        registry.add_reader(type_id, number_reader(code))
