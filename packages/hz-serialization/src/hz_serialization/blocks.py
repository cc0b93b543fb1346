"""Blocks of numbers, written as Java's primitive arrays: array.array, memoryview, NumPy's arrays."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.arrays import NUMBER_CODES, pack_chars
from hz_serialization.layout import header
from hz_serialization.problems import UnserializableError
from hz_serialization.registry import Registry, Writer

_KINDS: Final = {
    **dict.fromkeys("bhilqn", "signed"),
    **dict.fromkeys("fd", "float"),
    **dict.fromkeys("Bc", "raw"),
    "?": "boolean",
}
"""What the item codes of array, struct and memoryview stand for; their sizes depend on the machine."""
_TYPE_IDS: Final = {
    ("signed", 1): type_ids.BYTE_ARRAY,
    ("raw", 1): type_ids.BYTE_ARRAY,
    ("boolean", 1): type_ids.BOOLEAN_ARRAY,
    ("signed", 2): type_ids.SHORT_ARRAY,
    ("signed", 4): type_ids.INTEGER_ARRAY,
    ("signed", 8): type_ids.LONG_ARRAY,
    ("float", 4): type_ids.FLOAT_ARRAY,
    ("float", 8): type_ids.DOUBLE_ARRAY,
}


def java_array_of(view: memoryview) -> int | None:
    """Return the type id of the Java array that holds such items; ``None`` if there is none."""
    code = view.format.lstrip("@=<>!")
    return _TYPE_IDS.get((_KINDS.get(code, ""), view.itemsize)) if view.ndim == 1 else None


class BlockWriter:
    """The writer of a class whose instances are blocks of numbers, which are copied and swapped as a whole.

    Args:
        registry: Has the byte order.
        view_of: Returns a view of the items, or ``None`` if there is none.
        otherwise: Writes what is not a Java array, or raises an error.
    """

    def __init__(
        self, registry: Registry, view_of: Callable[[Any], memoryview | None], otherwise: Writer
    ) -> None:
        self._layout = registry.layout
        self._view_of = view_of
        self._otherwise = otherwise

    def __call__(self, out: bytearray, value: Any, depth: int) -> None:
        """Append type id, count and items."""
        view = self._view_of(value)
        type_id = None if view is None else java_array_of(view)
        if view is None or type_id is None:
            self._otherwise(out, value, depth)
            return
        out += self._layout.ii.pack(type_id, len(view))
        out += self._items(view, type_id)

    def data(self, value: Any) -> bytes | None:
        """Return the whole ``Data``, joined without a growing buffer; ``None`` if it is not a Java array."""
        view = self._view_of(value)
        type_id = None if view is None else java_array_of(view)
        if view is None or type_id is None:
            return None
        return b"".join((header(type_id), self._layout.i.pack(len(view)), self._items(view, type_id)))

    def _items(self, view: memoryview, type_id: int) -> memoryview | bytes | array[Any]:
        # Only a contiguous view of items in the byte order of this machine can be cast; others are copied.
        items = view.cast("B") if view.c_contiguous and view.format[0] not in "=<>!" else view.tobytes()
        if view.itemsize == 1 or _is_big_endian(view) == self._layout.is_big_endian:
            return items
        swapped: array[Any] = array(NUMBER_CODES[type_id])
        swapped.frombytes(items)
        swapped.byteswap()
        return swapped


def _is_big_endian(view: memoryview) -> bool:
    order = view.format[0]
    return order in ">!" if order in "<>!" else sys.byteorder == "big"


def without_java_array(value: object, items: str) -> UnserializableError:
    """Return the error for a block that is not a Java array."""
    return UnserializableError(
        type(value),
        f"Java has no array of {items}; its arrays have one dimension, and the items b, h, i, q, f, d or ? "
        "(numbers are signed there): convert it, or store a list",
    )


def register_blocks(registry: Registry) -> None:
    """Add array.array, memoryview and the finder of the writers of NumPy's classes."""
    layout = registry.layout

    def refuse_view(out: bytearray, value: memoryview, depth: int) -> None:
        raise without_java_array(value, f"item type {value.format!r} in {value.ndim} dimensions")

    def view_of_array(value: array[Any]) -> memoryview | None:
        return None if value.typecode in "uw" else memoryview(value)

    def write_other_array(out: bytearray, value: array[Any], depth: int) -> None:
        if value.typecode in "uw":
            out += layout.type_id(type_ids.CHAR_ARRAY) + pack_chars(layout, value.tounicode())
        else:
            _leave(registry, without_java_array(value, f"item type {value.typecode!r}"), out, value, depth)

    registry.further[array] = BlockWriter(registry, view_of_array, write_other_array)
    registry.further[memoryview] = BlockWriter(registry, lambda value: value, refuse_view)
    registry.finders.append(lambda cls: _numpy_writer(registry, cls))


def _leave(registry: Registry, problem: UnserializableError, out: bytearray, value: Any, depth: int) -> None:
    """Pass a value without a Java type to pickle if that is allowed, and raise ``problem`` otherwise."""
    registry.complete()  # pickle may not be there yet
    if registry.fallback is None:
        raise problem
    registry.fallback(out, value, depth)


def _numpy_writer(registry: Registry, cls: type) -> Writer | None:
    """Return the writer of a NumPy class; NumPy is imported already if there is an instance to write."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "ndarray"):
        return None
    if cls in (numpy.ndarray, numpy.memmap):  # other classes, such as masked arrays, hold more than items
        return _ndarray_writer(registry)
    if issubclass(cls, numpy.generic):
        dtype = numpy.dtype(cls)
        return _numpy_scalar_writer(registry, dtype.kind, dtype.itemsize)
    return None


def _ndarray_writer(registry: Registry) -> Writer:
    def view_of(value: Any) -> memoryview | None:
        dtype = value.dtype  # other kinds may not have a buffer
        return memoryview(value) if dtype.kind in "bif" or dtype.str == "|u1" else None

    def write_other(out: bytearray, value: Any, depth: int) -> None:
        items = f"dtype {value.dtype} in shape {value.shape}"
        _leave(registry, without_java_array(value, items), out, value, depth)

    return BlockWriter(registry, view_of, write_other)


def _numpy_scalar_writer(registry: Registry, kind: str, size: int) -> Writer | None:
    """Return the writer of a NumPy number: its width decides the Java type, as for the items of an array."""
    from hz_serialization.java_types import BigInteger, Byte, Float, Integer, Long, Short

    java: dict[tuple[str, int], type] = {
        ("b", 1): bool,
        ("i", 1): Byte, ("i", 2): Short, ("i", 4): Integer, ("i", 8): Long,
        ("u", 1): Short, ("u", 2): Integer, ("u", 4): Long, ("u", 8): BigInteger,
        ("f", 2): Float, ("f", 4): Float, ("f", 8): float,
    }  # fmt: skip
    cls = java.get((kind, size))
    if cls is None:
        return None
    write = registry.basic[cls]
    return lambda out, value, depth: write(out, value.item(), depth)
