# ruff: noqa: D102
# The abstract class documents the methods.
"""``ObjectDataInput`` over one ``Data``."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from hz_serialization.arrays import (
    INT_CODE,
    text_array_unpacker,
    unpack_booleans,
    unpack_chars,
    unpack_numbers,
)
from hz_serialization.containers import object_reader
from hz_serialization.java_types import StringArray
from hz_serialization.layout import Layout, take
from hz_serialization.problems import damaged
from hz_serialization.registry import Registry
from hz_serialization.scalars import read_text
from hz_serialization.stream_api import ObjectDataInput

_CODES: Final = {"h": "h", "i": INT_CODE, "q": "q", "f": "f", "d": "d"}


class DataInput(ObjectDataInput):
    """Reads one object's payload.

    Args:
        data: The whole ``Data``, header included and nothing after it.
        pos: Where the payload begins.
        tools: Readers of the service.
        depth: Levels of objects around this one.
    """

    __slots__ = ("_data", "_depth", "_layout", "_pos", "_tools")

    def __init__(self, data: bytes, pos: int, tools: InputTools, depth: int) -> None:
        self._data = data
        self._pos = pos
        self._tools = tools
        self._layout: Layout = tools.layout
        self._depth = depth

    def read_into(self, buff: bytearray, offset: int | None = None, length: int | None = None) -> bytearray:
        begin = 0 if offset is None else offset
        count = len(buff) - begin if length is None else length
        if begin < 0 or count < 0 or begin + count > len(buff):
            raise ValueError(
                f"there is no room for {count} bytes at offset {begin} in a buffer of {len(buff)}"
            )
        block = take(self._data, self._pos, count)
        buff[begin : begin + count] = block
        self._pos += count
        return bytearray(block)

    def skip_bytes(self, count: int) -> int:
        skipped = max(0, min(count, len(self._data) - self._pos))
        self._pos += skipped
        return skipped

    def read_boolean(self) -> bool:
        return self.read_unsigned_byte() != 0

    def read_byte(self) -> int:
        value: int = self._number(self._layout.b)
        return value

    def read_unsigned_byte(self) -> int:
        return take(self._data, self._advance(1), 1)[0]

    def read_short(self) -> int:
        value: int = self._number(self._layout.h)
        return value

    def read_unsigned_short(self) -> int:
        value: int = self._number(self._layout.u)
        return value

    def read_char(self) -> str:
        return chr(self.read_unsigned_short())

    def read_int(self) -> int:
        value: int = self._number(self._layout.i)
        return value

    def read_long(self) -> int:
        value: int = self._number(self._layout.q)
        return value

    def read_float(self) -> float:
        value: float = self._number(self._layout.f)
        return value

    def read_double(self) -> float:
        value: float = self._number(self._layout.d)
        return value

    def read_string(self) -> str | None:
        text, self._pos = self._tools.text(self._data, self._pos)
        return text

    def read_utf(self) -> str | None:
        return self.read_string()

    def read_byte_array(self) -> bytearray | None:
        count = self.read_int()
        return None if count == -1 else bytearray(take(self._data, self._advance(count), count))

    def read_boolean_array(self) -> list[bool] | None:
        items, self._pos = unpack_booleans(self._layout, self._data, self._pos)
        return None if items is None else list(items)

    def read_char_array(self) -> list[str] | None:
        items, self._pos = unpack_chars(self._layout, self._data, self._pos)
        return None if items is None else list(items)

    def read_int_array(self) -> list[int] | None:
        return self._numbers(INT_CODE)

    def read_long_array(self) -> list[int] | None:
        return self._numbers("q")

    def read_double_array(self) -> list[float] | None:
        return self._numbers("d")

    def read_float_array(self) -> list[float] | None:
        return self._numbers("f")

    def read_short_array(self) -> list[int] | None:
        return self._numbers("h")

    def read_array(self, typecode: str) -> array[Any] | None:
        code = _CODES.get(typecode)
        if code is None:
            raise ValueError(f"no array of {typecode!r}; the typecodes are {', '.join(_CODES)}")
        block, self._pos = unpack_numbers(self._layout, code, self._data, self._pos)
        return block

    def read_string_array(self) -> list[str | None] | None:
        items, self._pos = self._tools.texts(self._data, self._pos)
        return None if items is None else list(items)

    def read_utf_array(self) -> list[str | None] | None:
        return self.read_string_array()

    def read_object(self) -> Any:
        value, self._pos = self._tools.read_object(self._data, self._pos, self._depth + 1)
        return value

    def get_byte_order(self) -> str:
        return self._layout.order

    def position(self) -> int:
        return self._pos

    def size(self) -> int:
        return len(self._data)

    def _advance(self, count: int) -> int:
        pos = self._pos
        self._pos = pos + count
        return pos

    def _number(self, struct: Struct) -> Any:
        pos = self._pos
        end = pos + struct.size
        if end > len(self._data):
            raise damaged(
                f"{struct.size} bytes are wanted at byte {pos}, but the value ends at {len(self._data)}"
            )
        self._pos = end
        return struct.unpack_from(self._data, pos)[0]

    def _numbers(self, code: str) -> list[Any] | None:
        block, self._pos = unpack_numbers(self._layout, code, self._data, self._pos)
        return None if block is None else block.tolist()


class InputTools:
    """What every input of one service shares."""

    __slots__ = ("layout", "read_object", "text", "texts")

    def __init__(self, registry: Registry) -> None:
        self.layout: Layout = registry.layout
        self.read_object: Callable[[bytes, int, int], tuple[Any, int]] = object_reader(registry)
        self.text: Callable[[bytes, int], tuple[str | None, int]] = read_text(registry.layout)
        self.texts: Callable[[bytes, int], tuple[StringArray | None, int]] = text_array_unpacker(
            registry.layout
        )
