"""Reading of lists, sets, maps, entries and other values that hold objects."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from struct import Struct
from typing import Any

from hz_serialization import type_ids
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.java_types import MapEntry, ObjectArray
from hz_serialization.layout import check_count
from hz_serialization.problems import MAX_DEPTH, damaged
from hz_serialization.registry import Reader, Registry
from hz_serialization.texts import texts_reader


def freeze(value: Any) -> Any:
    """Return a hashable stand-in for a value that Java uses as a key or set item and Python cannot.

    Lists and arrays become tuples, sets become frozensets, and maps become tuples of entries. Lists and sets are
    written to the same bytes again.

    Raises:
        HazelcastSerializationError: The value is of a class whose instances cannot be hashed.
    """
    if isinstance(value, (list, tuple, array)):
        return tuple(freeze(item) for item in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(value)
    if isinstance(value, dict):
        return tuple(MapEntry(key, freeze(item)) for key, item in value.items())
    try:
        hash(value)
    except TypeError:
        if hasattr(value, "tolist"):  # an array of NumPy
            return tuple(value.tolist())
        raise HazelcastSerializationError(
            f"Cannot read the value: it has a {type(value).__name__} as a key or set item, which "
            "Python cannot hash; give the class __eq__ and __hash__"
        ) from None
    return value


def object_reader(registry: Registry) -> Callable[[bytes, int, int], tuple[Any, int]]:
    """Return the reader of ``type id, payload`` for nested values."""
    unpack, readers = registry.layout.i.unpack_from, registry.readers

    def read_object(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        if depth >= MAX_DEPTH:
            raise damaged(f"nested deeper than {MAX_DEPTH} levels at byte {pos}")
        return readers[unpack(data, pos)[0]](data, pos + 4, depth)

    return read_object


def register_container_readers(registry: Registry) -> None:
    """Add the readers of Object[], collections, maps, entries and Optional."""
    read_object = object_reader(registry)
    read_items = _items_reader(registry)

    def read_list(data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
        return read_items(data, pos, depth, 1)

    def read_array(data: bytes, pos: int, depth: int) -> tuple[ObjectArray, int]:
        items, pos = read_items(data, pos, depth, 1)
        return ObjectArray(items), pos

    def read_set(data: bytes, pos: int, depth: int) -> tuple[set[Any], int]:
        items, pos = read_items(data, pos, depth, 1)
        try:
            return set(items), pos
        except TypeError:
            return set(map(freeze, items)), pos

    def read_map(data: bytes, pos: int, depth: int) -> tuple[dict[Any, Any], int]:
        items, pos = read_items(data, pos, depth, 2)
        keys, values = items[::2], items[1::2]
        try:
            return dict(zip(keys, values, strict=True)), pos
        except TypeError:
            return dict(zip(map(freeze, keys), values, strict=True)), pos

    def read_entry(data: bytes, pos: int, depth: int) -> tuple[MapEntry[Any, Any], int]:
        key, pos = read_object(data, pos, depth + 1)
        value, pos = read_object(data, pos, depth + 1)
        return MapEntry(key, value), pos

    def read_optional(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        return read_object(data, pos + 1, depth + 1) if data[pos] else (None, pos + 1)

    def after_comparator(reader: Reader) -> Reader:
        """Return a reader that skips the comparator: the items are in its order already."""

        def read_sorted(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
            _, pos = read_object(data, pos, depth + 1)
            return reader(data, pos, depth)

        return read_sorted

    registry.add_reader(type_ids.OBJECT_ARRAY, read_array)
    registry.add_reader(type_ids.SIMPLE_ENTRY, read_entry)
    registry.add_reader(type_ids.SIMPLE_IMMUTABLE_ENTRY, read_entry)
    registry.add_reader(type_ids.OPTIONAL, read_optional)
    for ids, reader in (
        (type_ids.LISTS, read_list),
        (type_ids.HEAPS, after_comparator(read_list)),
        (type_ids.SETS, read_set),
        (type_ids.SORTED_SETS, after_comparator(read_set)),
        (type_ids.MAPS, read_map),
        (type_ids.SORTED_MAPS, after_comparator(read_map)),
    ):
        for type_id in ids:
            registry.add_reader(type_id, reader)


def _items_reader(registry: Registry) -> Callable[[bytes, int, int, int], tuple[list[Any], int]]:
    layout, readers = registry.layout, registry.readers
    unpack = layout.i.unpack_from
    read_texts = texts_reader(layout)
    blocks = {
        type_ids.INTEGER: Struct(layout.prefix + "ii"),
        type_ids.LONG: Struct(layout.prefix + "iq"),
        type_ids.DOUBLE: Struct(layout.prefix + "id"),
    }

    def read_items(data: bytes, pos: int, depth: int, per_count: int) -> tuple[list[Any], int]:
        """Read ``count`` and then ``per_count`` times as many objects: one for a list, two for a map."""
        count = unpack(data, pos)[0] * per_count
        pos += 4
        check_count(count, 4, data, pos)
        if depth >= MAX_DEPTH:
            raise damaged(f"nested deeper than {MAX_DEPTH} levels at byte {pos}")
        depth += 1
        if count >= 4:
            block = blocks.get(unpack(data, pos)[0])
            if block is not None:
                numbers = _read_block(block, data, pos, count)
                if numbers is not None:
                    return numbers, pos + count * block.size
        items, pos = read_texts(data, pos, count)
        append = items.append
        limit = len(data)
        for _ in range(count - len(items)):
            type_id = unpack(data, pos)[0]
            pos += 4
            if type_id == -11:  # a string, the most frequent item: read here instead of by a call
                size = unpack(data, pos)[0]
                end = pos + 4 + size
                if size >= 0 and end <= limit:
                    append(data[pos + 4 : end].decode())
                    pos = end
                    continue
            item, pos = readers[type_id](data, pos, depth)
            append(item)
        return items, pos

    return read_items


def _read_block(struct: Struct, data: bytes, pos: int, count: int) -> list[Any] | None:
    """Return all items if all are numbers of the type of the first; else ``None``."""
    end = pos + count * struct.size
    if end > len(data):
        return None
    pairs = struct.iter_unpack(memoryview(data)[pos:end])
    first, number = next(pairs)
    numbers = [number, *(number for kind, number in pairs if kind == first)]
    return numbers if len(numbers) == count else None
