"""A codec that follows the schema at run time: slow, generic, independent of the generated ones it checks.

Values: Data and byte arrays are bytes, lists are lists, entries are lists of pairs, custom types are tuples
of their fields, a `SqlPage` is the list of its raw frames, and a parameter that did not come is `ABSENT`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from codegen.schema import FIXED, CustomType, Parameter, TypeRef, version
from hz_core.wire.types import ABSENT

IS_FINAL, BEGIN, END, NULL = 0x2000, 0x1000, 0x0800, 0x0400
RESPONSE_START, REQUEST_START = 13, 16
Frame = tuple[int, bytes]
# Lists and entries of these element types are one frame.
_PACKED = ("int", "long", "UUID")


@dataclass
class Frames:
    """The frames of one message, read one after another."""

    items: list[Frame]
    index: int = 0

    def next(self) -> Frame:
        self.index += 1
        return self.items[self.index - 1]

    def at(self, flag: int) -> bool:
        return self.index < len(self.items) and bool(self.items[self.index][0] & flag)

    @property
    def more(self) -> bool:
        return self.index < len(self.items)


def split(message: bytes) -> list[Frame]:
    """Cut a message into flags and payload of each frame."""
    frames: list[Frame] = []
    pos = 0
    while pos < len(message):
        length, flags = struct.unpack_from("<iH", message, pos)
        if length < 6 or pos + length > len(message):
            raise ValueError(f"frame of {length} bytes at byte {pos} of {len(message)}")
        frames.append((flags, message[pos + 6 : pos + length]))
        pos += length
    return frames


def join(frames: Sequence[Frame]) -> bytes:
    """Make a message of frames; the last one is made final."""
    last = len(frames) - 1
    return b"".join(
        struct.pack("<iH", len(payload) + 6, flags | IS_FINAL if index == last else flags) + payload
        for index, (flags, payload) in enumerate(frames)
    )


class Interpreter:
    """Decodes and encodes any message of the schema."""

    def __init__(self, types: dict[str, CustomType]) -> None:
        self._types = types

    def decode(
        self, message: bytes, parameters: Sequence[Parameter], since: str, start: int
    ) -> tuple[list[Any], int]:
        """The values of all parameters, and how many bytes and frames were left over."""
        frames = Frames(split(message))
        _, head = frames.next()
        values, rest = self._fixed(head, start, parameters, since)
        for item in parameters:
            if not item.type.fixed:
                later = version(item.since) > version(since)
                values[item.name] = ABSENT if later and not frames.more else self._read(item.type, frames)
        return [values[item.name] for item in parameters], rest + len(frames.items) - frames.index

    def encode(
        self, head: bytes, flags: int, parameters: Sequence[Parameter], values: Sequence[Any]
    ) -> bytes:
        """A message with ``head`` (message type to partition id or backup acks) and these values."""
        frames: list[Frame] = [(flags, head + self._pack_fixed(parameters, values))]
        for item, value in zip(parameters, values, strict=True):
            if not item.type.fixed and value is not ABSENT:
                self._write(item.type, value, frames)
        return join(frames)

    def _fixed(
        self, payload: bytes, pos: int, parameters: Sequence[Parameter], since: str
    ) -> tuple[dict[str, Any], int]:
        values: dict[str, Any] = {}
        for item in parameters:
            if item.type.fixed:
                size = FIXED[item.type.name][1]
                if version(item.since) > version(since) and len(payload) < pos + size:
                    values[item.name] = ABSENT
                else:
                    values[item.name] = _unpack(item.type.name, payload[pos : pos + size])
                    pos += size
        return values, len(payload) - pos

    def _pack_fixed(self, parameters: Sequence[Parameter], values: Sequence[Any]) -> bytes:
        pairs = zip(parameters, values, strict=True)
        return b"".join(_pack(p.type.name, v) for p, v in pairs if p.type.fixed and v is not ABSENT)

    def _read(self, type_: TypeRef, frames: Frames) -> Any:
        if frames.at(NULL):
            frames.next()
            return None
        name = type_.name
        if name == "SqlPage":
            return _raw(frames)
        if name in self._types:
            return self._read_custom(self._types[name], frames)
        if not type_.arguments:
            payload = frames.next()[1]
            if name == "String":
                return payload.decode()
            return (
                _unpack_many("long" if name == "longArray" else "float", payload)
                if "Array" in name and (name != "byteArray")
                else payload
            )
        if str(type_.bare()) == "EntryList<UUID, List<int>>":
            values = self._read_items([type_.arguments[1]], frames)
            return list(zip(_unpack_many("UUID", frames.next()[1]), values, strict=True))
        if all(item.name in _PACKED for item in type_.arguments):
            return _unpack_rows([item.name for item in type_.arguments], frames.next()[1])
        items = self._read_items(type_.arguments, frames)
        return items if len(type_.arguments) == 1 else list(zip(items[::2], items[1::2], strict=True))

    def _read_items(self, types: Sequence[TypeRef], frames: Frames) -> list[Any]:
        if not frames.next()[0] & BEGIN:
            raise ValueError("begin frame expected")
        items: list[Any] = []
        while not frames.at(END):
            items.append(self._read(types[len(items) % len(types)], frames))
        frames.next()
        return items

    def _read_custom(self, custom: CustomType, frames: Frames) -> tuple[Any, ...]:
        flags, head = frames.next()
        if not flags & BEGIN:
            raise ValueError(f"begin frame of {custom.name} expected")
        if custom.fixed and not custom.fixed_in_begin_frame:
            head = frames.next()[1]
        values, rest = self._fixed(head, 0, custom.fields, custom.since)
        for item in custom.fields:
            if not item.type.fixed:
                values[item.name] = ABSENT if frames.at(END) else self._read(item.type, frames)
        if rest or not frames.next()[0] & END:
            raise ValueError(f"{custom.name} has more than the schema says")
        return tuple(values[item.name] for item in custom.fields)

    def _write(self, type_: TypeRef, value: Any, frames: list[Frame]) -> None:
        name = type_.name
        if value is None:
            frames.append((NULL, b""))
        elif name == "SqlPage":
            frames.extend(value)
        elif name in self._types:
            self._write_custom(self._types[name], value, frames)
        elif name == "String":
            frames.append((0, value.encode()))
        elif name in ("Data", "byteArray"):
            frames.append((0, value))
        elif not type_.arguments:
            element = "long" if name == "longArray" else "float"
            frames.append((0, b"".join(_pack(element, item) for item in value)))
        elif str(type_.bare()) == "EntryList<UUID, List<int>>":
            self._write_items([type_.arguments[1]], [row for _, row in value], frames)
            frames.append((0, b"".join(_pack("UUID", key) for key, _ in value)))
        else:
            names = [item.name for item in type_.arguments]
            flat = value if len(names) == 1 else [part for entry in value for part in entry]
            if all(item in _PACKED for item in names):
                payload = (_pack(names[i % len(names)], item) for i, item in enumerate(flat))
                frames.append((0, b"".join(payload)))
            else:
                self._write_items(type_.arguments, flat, frames)

    def _write_items(self, types: Sequence[TypeRef], items: Sequence[Any], frames: list[Frame]) -> None:
        frames.append((BEGIN, b""))
        for index, item in enumerate(items):
            self._write(types[index % len(types)], item, frames)
        frames.append((END, b""))

    def _write_custom(self, custom: CustomType, values: Sequence[Any], frames: list[Frame]) -> None:
        head = self._pack_fixed(custom.fields, values)
        if custom.fixed_in_begin_frame:
            frames.append((BEGIN, head))
        else:
            frames.append((BEGIN, b""))
            if custom.fixed:
                frames.append((0, head))
        for item, value in zip(custom.fields, values, strict=True):
            if not item.type.fixed and value is not ABSENT:
                self._write(item.type, value, frames)
        frames.append((END, b""))


def _raw(frames: Frames) -> list[Frame]:
    result: list[Frame] = []
    depth = 0
    while not result or depth:
        flags, payload = frames.next()
        depth += bool(flags & BEGIN) - bool(flags & END)
        result.append((flags & ~IS_FINAL, payload))
    return result


def _unpack(name: str, payload: bytes) -> Any:
    if name == "UUID":
        null, most, least = struct.unpack("<?QQ", payload)
        return None if null else UUID(int=most << 64 | least)
    return struct.unpack("<" + FIXED[name][0], payload)[0]


def _pack(name: str, value: Any) -> bytes:
    if name == "UUID":
        number = 0 if value is None else value.int
        return struct.pack("<?QQ", value is None, number >> 64, number & (1 << 64) - 1)
    return struct.pack("<" + FIXED[name][0], value)


def _unpack_many(name: str, payload: bytes) -> list[Any]:
    size = FIXED[name][1]
    if len(payload) % size:
        raise ValueError(f"{len(payload)} bytes are not a list of {name}")
    return [_unpack(name, payload[pos : pos + size]) for pos in range(0, len(payload), size)]


def _unpack_rows(names: Sequence[str], payload: bytes) -> list[Any]:
    if len(names) == 1:
        return _unpack_many(names[0], payload)
    first = FIXED[names[0]][1]
    size = first + FIXED[names[1]][1]
    if len(payload) % size:
        raise ValueError(f"{len(payload)} bytes are not entries of {names}")
    rows = (payload[pos : pos + size] for pos in range(0, len(payload), size))
    return [(_unpack(names[0], row[:first]), _unpack(names[1], row[first:])) for row in rows]
