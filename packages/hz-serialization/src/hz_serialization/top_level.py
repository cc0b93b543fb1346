"""The fast paths for reading whole ``Data`` of basic values in one step.

They do the same as the registry's readers of nested values, to which they leave everything unusual.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.json_value import HazelcastJsonValue
from hz_serialization.layout import Layout
from hz_serialization.speedups import compiled

_compiled = compiled("_top")

LARGE_TEXT: Final = 65536
"""Longer texts (bytes) are decoded where they are: a copy would need new memory, which the system has to map."""

TopReader = Callable[[bytes, int, int], Any]
"""``(buffer, start, end)``: returns the value of the ``Data`` at ``buffer[start:end]``."""


def top_readers(layout: Layout, general: TopReader) -> list[TopReader]:
    """Return the readers by the last byte of the type id.

    The ids of all built-in types are -1 to -255, so that one byte, read without unpacking, finds the reader;
    it checks the whole id and that the value is within its bounds, and calls ``general`` otherwise.
    """
    table: list[TopReader] = [general] * 256
    for type_id, code in (
        (type_ids.BYTE, "b"),
        (type_ids.SHORT, "h"),
        (type_ids.INTEGER, "i"),
        (type_ids.LONG, "q"),
        (type_ids.FLOAT, "f"),
        (type_ids.DOUBLE, "d"),
        (type_ids.BOOLEAN, "?"),
    ):
        table[type_id & 0xFF] = _number(layout, type_id, code, general)
    read_text, read_json = _text(layout, general), _json(layout, general)
    if _compiled is not None:
        read_text = _compiled.TextReader(layout.is_big_endian, type_ids.STRING, read_text).read
        read_json = _compiled.JsonReader(
            layout.is_big_endian, type_ids.JSON, read_json, HazelcastJsonValue, "_json_string"
        ).read
    table[type_ids.STRING & 0xFF] = read_text
    table[type_ids.BYTE_ARRAY & 0xFF] = _bytes(layout, general)
    table[type_ids.JSON & 0xFF] = read_json
    return table


def _number(layout: Layout, type_id: int, code: str, general: TopReader) -> TopReader:
    struct = Struct(f"{layout.prefix}i{code}")
    unpack, size, word = struct.unpack_from, struct.size + 4, layout.header_word(type_id)

    def read_number(buffer: bytes, start: int, end: int) -> Any:
        found, value = unpack(buffer, start + 4)
        if found == word and end - start >= size:
            return value
        return general(buffer, start, end)

    return read_number


def _text(layout: Layout, general: TopReader) -> TopReader:
    unpack, word = layout.ii.unpack_from, layout.header_word(type_ids.STRING)

    def read_text(buffer: bytes, start: int, end: int) -> Any:
        found, size = unpack(buffer, start + 4)
        start += 12
        if found == word and 0 <= size <= end - start:
            if size > LARGE_TEXT:
                return str(memoryview(buffer)[start : start + size], "utf-8")
            return buffer[start : start + size].decode()
        return general(buffer, start - 12, end)

    return read_text


def _bytes(layout: Layout, general: TopReader) -> TopReader:
    unpack, word = layout.ii.unpack_from, layout.header_word(type_ids.BYTE_ARRAY)

    def read_bytes(buffer: bytes, start: int, end: int) -> Any:
        found, size = unpack(buffer, start + 4)
        start += 12
        if found == word and 0 <= size <= end - start:
            return buffer[start : start + size]
        return general(buffer, start - 12, end)

    return read_bytes


def _json(layout: Layout, general: TopReader) -> TopReader:
    unpack, word = layout.ii.unpack_from, layout.header_word(type_ids.JSON)

    def read_json(buffer: bytes, start: int, end: int) -> Any:
        found, size = unpack(buffer, start + 4)
        start += 12
        if found == word and 0 <= size <= end - start:
            return HazelcastJsonValue(buffer[start : start + size].decode())
        return general(buffer, start - 12, end)

    return read_json
