"""Writing of lists, sets, maps and entries."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Mapping, Sized
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.java_types import MapEntry, ObjectArray
from hz_serialization.problems import MAX_DEPTH, UnserializableError, fail_at, too_deep
from hz_serialization.registry import Registry, Writer
from hz_serialization.texts import texts_writer

BASIC_ITEMS = frozenset((bool, int, float, str))
_MOVABLE_CONTAINERS: Final = (tuple, frozenset)
_MOVABLE: Final = {
    ("builtins", "bytes"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
}
"""Modules and names of classes; their modules are not imported for this."""


def object_writer(registry: Registry) -> Writer:
    """Return the writer of ``type id, payload`` for a nested value of any type."""
    writers = registry.writers

    def write_object(out: bytearray, value: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise too_deep(value)
        writers[type(value)](out, value, depth + 1)

    return write_object


def register_container_writers(registry: Registry) -> None:
    """Add list, tuple, deque, dict, set, frozenset, ObjectArray and MapEntry."""
    write_list = _items_writer(registry, type_ids.ARRAY_LIST)
    write_set = _set_writer(registry)
    write_object = object_writer(registry)
    entry_head = registry.layout.type_id(type_ids.SIMPLE_ENTRY)

    def write_entry(out: bytearray, value: MapEntry[Any, Any], depth: int) -> None:
        out += entry_head
        for name, item in zip(("key", "value"), value, strict=True):
            try:
                write_object(out, item, depth)
            except Exception as error:
                fail_at(error, f".{name}", item)

    registry.basic[ObjectArray] = _items_writer(registry, type_ids.OBJECT_ARRAY)
    registry.basic[MapEntry] = write_entry
    registry.basic[list] = write_list
    registry.further[list] = registry.further[tuple] = write_list
    # Not ArrayDeque, which cannot hold null.
    registry.further[deque] = _items_writer(registry, type_ids.LINKED_LIST)
    registry.further[set] = registry.further[frozenset] = write_set
    registry.further[dict] = _mapping_writer(registry)


def prefer_others_for_mixed_lists(registry: Registry, other: Writer) -> None:
    """Pass lists that are not of one basic type to the user's serializer.

    Called when there is a custom serializer for ``list``, or a global one: lists of only bool, int, float or
    str are basic and stay ArrayLists, others go to the user's serializer.
    """
    write_list = registry.further[list]

    def write_by_content(out: bytearray, value: list[Any], depth: int) -> None:
        kinds = set(map(type, value))
        if len(kinds) <= 1 and kinds <= BASIC_ITEMS:
            write_list(out, value, depth)
        else:
            other(out, value, depth)

    registry.basic[list] = write_by_content


def _items_writer(registry: Registry, type_id: int) -> Writer:
    layout, scalars, writers = registry.layout, registry.scalars, registry.writers
    pack, pack_head = layout.i.pack, layout.ii.pack
    write_texts = texts_writer(layout, scalars)

    def write_items(out: bytearray, value: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise too_deep(value)
        depth += 1
        start = len(out)
        out += pack_head(type_id, len(value))
        index, item, rest = -1, None, value
        texts = write_texts(out, value)
        if texts:
            index, rest = texts - 1, value[texts:]
        try:
            for item in rest:
                index += 1
                scalar = scalars.get(type(item))
                if scalar is not None:
                    out += scalar(item)
                else:
                    writers[type(item)](out, item, depth)
        except Exception as error:
            fail_at(error, f"[{index}]", item)
        if index + 1 != len(value) or out[start + 4 : start + 8] != pack(index + 1):
            raise _changed(value)

    return write_items


def _set_writer(registry: Registry) -> Writer:
    """Return the writer of sets, which are ordered by the bytes of their items.

    Members compare keys and values by their bytes, and equal sets of Python differ in their own order.
    """
    layout, scalars, writers = registry.layout, registry.scalars, registry.writers
    pack_head = layout.ii.pack

    def write_set(out: bytearray, value: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise too_deep(value)
        depth += 1
        written: list[bytes | bytearray] = []
        others: list[tuple[bytearray, Any]] = []
        item = None
        try:
            for item in value:
                scalar = scalars.get(type(item))
                if scalar is not None:
                    written.append(scalar(item))
                else:
                    piece = bytearray()
                    writers[type(item)](piece, item, depth)
                    written.append(piece)
                    others.append((piece, item))
        except Exception as error:
            fail_at(error, f"{{{len(written)}}}", item)
        if len(written) != len(value):
            raise _changed(value)
        written.sort()
        out += pack_head(type_ids.HASH_SET, len(written))
        if others and registry.writes_portables and not all(_is_movable(item, scalars) for _, item in others):
            write_in_place(out, written, others, depth)
        else:
            out += b"".join(written)

    def write_in_place(
        out: bytearray, written: list[bytes | bytearray], others: list[tuple[bytearray, Any]], depth: int
    ) -> None:
        """Write items again where they belong: a Portable has positions that count from the start of the ``Data``."""
        items = {id(piece): item for piece, item in others}
        for piece in written:
            if id(piece) in items:
                item = items[id(piece)]
                writers[type(item)](out, item, depth)
            else:
                out += piece

    return write_set


def _is_movable(value: Any, scalars: Container[type]) -> bool:
    """Return whether there is no Portable in a value, so that its bytes are the same wherever it stands."""
    if type(value) in _MOVABLE_CONTAINERS:
        return all(_is_movable(item, scalars) for item in value)
    cls = type(value)
    return cls in scalars or (cls.__module__, cls.__qualname__) in _MOVABLE


def _mapping_writer(registry: Registry) -> Writer:
    layout, scalars, writers = registry.layout, registry.scalars, registry.writers
    pack_head = layout.ii.pack

    def write_mapping(out: bytearray, value: Mapping[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise too_deep(value)
        depth += 1
        out += pack_head(type_ids.HASH_MAP, len(value))
        key = item = None
        step = ""
        try:
            for key, item in value.items():
                step = ".key"
                scalar = scalars.get(type(key))
                if scalar is not None:
                    out += scalar(key)
                else:
                    writers[type(key)](out, key, depth)
                step = ""
                scalar = scalars.get(type(item))
                if scalar is not None:
                    out += scalar(item)
                else:
                    writers[type(item)](out, item, depth)
        except Exception as error:
            fail_at(error, f"[{key!r:.60}]{step}", key if step else item)

    return write_mapping


def _changed(value: Sized) -> UnserializableError:
    return UnserializableError(
        type(value), "its size changed while it was written; copy it first or hold a lock"
    )
