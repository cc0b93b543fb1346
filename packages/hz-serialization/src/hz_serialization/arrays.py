"""Java's arrays. Numbers are copied as blocks, not one by one."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.config import ArrayPolicy
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.java_types import (
    BooleanArray,
    CharArray,
    DoubleArray,
    FloatArray,
    IntArray,
    LongArray,
    NumberArray,
    ShortArray,
    StringArray,
)
from hz_serialization.layout import Layout, check_count, take
from hz_serialization.problems import fail_at
from hz_serialization.registry import Reader, Registry, Writer
from hz_serialization.scalars import read_text

INT_CODE: Final = "i" if array("i").itemsize == 4 else "l"
NUMBER_CODES: Final = {
    type_ids.SHORT_ARRAY: "h",
    type_ids.INTEGER_ARRAY: INT_CODE,
    type_ids.LONG_ARRAY: "q",
    type_ids.FLOAT_ARRAY: "f",
    type_ids.DOUBLE_ARRAY: "d",
}
_NUMBER_ARRAYS: Final[dict[int, type[NumberArray[Any]]]] = {
    type_ids.SHORT_ARRAY: ShortArray,
    type_ids.INTEGER_ARRAY: IntArray,
    type_ids.LONG_ARRAY: LongArray,
    type_ids.FLOAT_ARRAY: FloatArray,
    type_ids.DOUBLE_ARRAY: DoubleArray,
}


def pack_numbers(layout: Layout, code: str, values: Sequence[Any]) -> bytes:
    """Return the count and the items of an array of numbers; a list is turned into a block first.

    Raises:
        OverflowError: A number does not fit.
        TypeError: An item is not a number.
    """
    block = _number_block(code, values)
    if layout.swaps:
        block.byteswap()
    return layout.i.pack(len(block)) + block.tobytes()


def _number_block(code: str, values: Sequence[Any]) -> array[Any]:
    if isinstance(values, (bytes, bytearray)):
        return array(
            code, list(values)
        )  # array() would interpret bytes as a block in the byte order of this machine
    if not isinstance(values, (list, tuple, array)):
        block: array[Any] = array(code)
        try:
            view = memoryview(values)  # type: ignore[arg-type]  # whether it is a buffer is the question
        except TypeError:
            return array(code, values)
        if view.ndim == 1 and view.format == code and view.itemsize == block.itemsize:
            block.frombytes(view.cast("B") if view.c_contiguous else view.tobytes())
            return block
    return array(code, values)


def unpack_numbers(layout: Layout, code: str, data: bytes, pos: int) -> tuple[array[Any] | None, int]:
    """Return the array whose count is at ``pos``, and the position after it; count -1 is null."""
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
    """Return the count and the items of a ``boolean[]``, one byte each."""
    return layout.i.pack(len(values)) + bytes([1 if flag else 0 for flag in values])


def pack_chars(layout: Layout, values: Sequence[str]) -> bytes:
    """Return the count and the UTF-16 units of a ``char[]``.

    Raises:
        ValueError: An item is not one UTF-16 unit.
    """
    for index, char in enumerate(values):
        if len(char) != 1 or ord(char) > 0xFFFF:
            raise ValueError(f"item {index}, {char!r}, is not one UTF-16 unit, as a Java char is")
    encoding = "utf-16-be" if layout.is_big_endian else "utf-16-le"
    return layout.i.pack(len(values)) + "".join(values).encode(encoding, "surrogatepass")


def pack_texts(layout: Layout, values: Sequence[str | None]) -> bytes:
    """Return the count and the items of a ``String[]``; an item may be null."""
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
    """Return the ``boolean[]`` whose count is at ``pos``, and the position after it."""
    count = layout.i.unpack_from(data, pos)[0]
    if count == -1:
        return None, pos + 4
    items = take(data, pos + 4, count)
    return BooleanArray(map(bool, items)), pos + 4 + count


def unpack_chars(layout: Layout, data: bytes, pos: int) -> tuple[CharArray | None, int]:
    """Return the ``char[]`` whose count is at ``pos``, and the position after it."""
    block, pos = unpack_numbers(layout, "H", data, pos)
    return None if block is None else CharArray(map(chr, block)), pos


def text_array_unpacker(layout: Layout) -> Callable[[bytes, int], tuple[StringArray | None, int]]:
    """Return the reader of ``String[]``."""
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


def register_arrays(registry: Registry, policy: ArrayPolicy) -> None:
    """Add bytes and the array types, and the readers of Java's primitive arrays, which give what the policy says."""
    layout = registry.layout
    pack = layout.i.pack
    bytes_head = layout.type_id(type_ids.BYTE_ARRAY)

    def write_bytes(out: bytearray, value: bytes | bytearray, depth: int) -> None:
        out += bytes_head + pack(len(value))
        out += value

    registry.basic[bytearray] = write_bytes
    registry.further[bytes] = write_bytes
    registry.basic[BooleanArray] = _array_writer(layout, type_ids.BOOLEAN_ARRAY, pack_booleans)
    registry.basic[CharArray] = _array_writer(layout, type_ids.CHAR_ARRAY, pack_chars)
    registry.basic[StringArray] = _array_writer(layout, type_ids.STRING_ARRAY, pack_texts)
    for type_id, cls in _NUMBER_ARRAYS.items():
        registry.basic[cls] = _array_writer(layout, type_id, partial(_pack_items, NUMBER_CODES[type_id]))
    _register_readers(registry, policy)


def _pack_items(code: str, layout: Layout, values: NumberArray[Any]) -> bytes:
    try:
        return pack_numbers(layout, code, values)
    except (OverflowError, TypeError):
        for index, item in enumerate(values):
            try:
                array(code, [item])
            except (OverflowError, TypeError) as error:
                fail_at(error, f"[{index}]", item)
        raise


def _array_writer(layout: Layout, type_id: int, pack: Callable[[Layout, Any], bytes]) -> Writer:
    head = layout.type_id(type_id)

    def write_array(out: bytearray, value: Any, depth: int) -> None:
        out += head + pack(layout, value)

    return write_array


def _register_readers(registry: Registry, policy: ArrayPolicy) -> None:
    layout = registry.layout
    texts = text_array_unpacker(layout)
    unpack = layout.i.unpack_from

    def read_bytes(data: bytes, pos: int, depth: int) -> tuple[bytes | None, int]:
        count = unpack(data, pos)[0]
        if count == -1:
            return None, pos + 4
        return take(data, pos + 4, count), pos + 4 + count

    def number_reader(type_id: int) -> Reader:
        code, convert = NUMBER_CODES[type_id], _number_conversion(policy, _NUMBER_ARRAYS[type_id])

        def read_numbers(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
            block, pos = unpack_numbers(layout, code, data, pos)
            return None if block is None else convert(block), pos

        return read_numbers

    def read_booleans(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        items, pos = unpack_booleans(layout, data, pos)
        return None if items is None else booleans(items), pos

    def read_chars(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        items, pos = unpack_chars(layout, data, pos)
        return items if items is None or policy is not ArrayPolicy.LIST else list(items), pos

    booleans = _boolean_conversion(policy)
    registry.add_reader(type_ids.BYTE_ARRAY, read_bytes)
    registry.add_reader(type_ids.BOOLEAN_ARRAY, read_booleans)
    registry.add_reader(type_ids.CHAR_ARRAY, read_chars)
    registry.add_reader(type_ids.STRING_ARRAY, lambda data, pos, depth: texts(data, pos))
    for type_id in NUMBER_CODES:
        registry.add_reader(type_id, number_reader(type_id))


def _number_conversion(policy: ArrayPolicy, typed: type[NumberArray[Any]]) -> Callable[[array[Any]], Any]:
    """Return the function from a block of numbers to what the user gets."""
    if policy is ArrayPolicy.NUMPY:
        asarray: Callable[[array[Any]], Any] = _numpy().asarray  # a view of the block, without a copy
        return asarray
    return {
        ArrayPolicy.TYPED: lambda block: typed(block.tolist()),
        ArrayPolicy.LIST: lambda block: block.tolist(),
        ArrayPolicy.ARRAY: lambda block: block,
    }[policy]


def _boolean_conversion(policy: ArrayPolicy) -> Callable[[BooleanArray], Any]:
    if policy is ArrayPolicy.NUMPY:
        return partial(_numpy().array, dtype=bool)
    return list if policy is ArrayPolicy.LIST else lambda items: items


def _numpy() -> Any:
    try:
        return import_module("numpy")
    except ImportError as error:
        raise HazelcastSerializationError(
            "primitive_arrays is 'numpy', but NumPy cannot be imported; install it, or choose another value",
            error,
        ) from error
