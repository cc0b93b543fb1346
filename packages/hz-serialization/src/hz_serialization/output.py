# ruff: noqa: D102
# The abstract class documents the methods.
"""``ObjectDataOutput`` over a growing buffer."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from hz_serialization.arrays import INT_CODE, pack_booleans, pack_chars, pack_numbers, pack_texts
from hz_serialization.layout import Layout
from hz_serialization.problems import MAX_DEPTH, too_deep, unserializable
from hz_serialization.registry import Registry
from hz_serialization.stream_api import ObjectDataOutput


class DataOutput(ObjectDataOutput):
    """Appends to the buffer of the ``Data`` that is being written.

    Args:
        buffer: Begins with the first byte of the ``Data``.
        registry: Serializers of nested objects, and the byte order.
        depth: Levels of objects around this one.
    """

    __slots__ = ("_buffer", "_depth", "_layout", "_writers")

    def __init__(self, buffer: bytearray, registry: Registry, depth: int) -> None:
        self._buffer = buffer
        self._layout: Layout = registry.layout
        self._writers = registry.writers
        self._depth = depth

    def write_from(
        self, buff: bytes | bytearray | memoryview, offset: int | None = None, length: int | None = None
    ) -> None:
        begin = 0 if offset is None else offset
        end = len(buff) if length is None else begin + length
        if not 0 <= begin <= end <= len(buff):
            raise ValueError(f"there are no {length} bytes at offset {offset} in a buffer of {len(buff)}")
        self._buffer += buff[begin:end]

    def write_boolean(self, val: bool) -> None:
        self._buffer.append(1 if val else 0)

    def write_byte(self, val: int) -> None:
        if not -128 <= val <= 255:
            raise ValueError(f"{val} does not fit one byte")
        self._buffer.append(val & 0xFF)

    def write_short(self, val: int) -> None:
        self._buffer += self._layout.h.pack(val)

    def write_char(self, val: str) -> None:
        if len(val) != 1 or ord(val) > 0xFFFF:
            raise ValueError(f"{val!r} is not one UTF-16 unit, as a Java char is")
        self._buffer += self._layout.u.pack(ord(val))

    def write_int(self, val: int) -> None:
        self._buffer += self._layout.i.pack(val)

    def write_long(self, val: int) -> None:
        self._buffer += self._layout.q.pack(val)

    def write_float(self, val: float) -> None:
        self._buffer += self._layout.f.pack(val)

    def write_double(self, val: float) -> None:
        self._buffer += self._layout.d.pack(val)

    def write_bytes(self, val: str) -> None:
        self._buffer += val.encode("utf-16-le", "surrogatepass")[::2]

    def write_chars(self, val: str) -> None:
        encoding = "utf-16-be" if self._layout.is_big_endian else "utf-16-le"
        self._buffer += val.encode(encoding, "surrogatepass")

    def write_string(self, val: str | None) -> None:
        if val is None:
            self._buffer += self._layout.i.pack(-1)
        else:
            text = val.encode()
            self._buffer += self._layout.i.pack(len(text)) + text

    def write_utf(self, val: str | None) -> None:
        self.write_string(val)

    def write_byte_array(self, val: bytes | bytearray | memoryview | None) -> None:
        if val is None:
            self._buffer += self._layout.i.pack(-1)
        else:
            block = bytes(val)
            self._buffer += self._layout.i.pack(len(block)) + block

    def write_boolean_array(self, val: Sequence[bool] | None) -> None:
        self._buffer += self._layout.i.pack(-1) if val is None else pack_booleans(self._layout, val)

    def write_char_array(self, val: Sequence[str] | None) -> None:
        self._buffer += self._layout.i.pack(-1) if val is None else pack_chars(self._layout, val)

    def write_int_array(self, val: Sequence[int] | None) -> None:
        self._write_numbers(INT_CODE, val)

    def write_long_array(self, val: Sequence[int] | None) -> None:
        self._write_numbers("q", val)

    def write_double_array(self, val: Sequence[float] | None) -> None:
        self._write_numbers("d", val)

    def write_float_array(self, val: Sequence[float] | None) -> None:
        self._write_numbers("f", val)

    def write_short_array(self, val: Sequence[int] | None) -> None:
        self._write_numbers("h", val)

    def write_string_array(self, val: Sequence[str | None] | None) -> None:
        self._buffer += self._layout.i.pack(-1) if val is None else pack_texts(self._layout, val)

    def write_utf_array(self, val: Sequence[str | None] | None) -> None:
        self.write_string_array(val)

    def write_object(self, val: Any) -> None:
        if self._depth >= MAX_DEPTH:
            raise too_deep(val)
        try:
            self._writers[type(val)](self._buffer, val, self._depth + 1)
        except Exception as error:
            problem = unserializable(val, error)
            raise problem from problem.__cause__

    def to_byte_array(self) -> bytearray:
        return bytearray(self._buffer)

    def get_byte_order(self) -> str:
        return self._layout.order

    def _write_numbers(self, code: str, val: Sequence[Any] | array[Any] | None) -> None:
        self._buffer += self._layout.i.pack(-1) if val is None else pack_numbers(self._layout, code, val)
