"""A codec that follows the descriptions of messages at run time: slow, generic, independent of the generated codecs.

Python values of the protocol's types: ``Data`` and byte arrays are bytes, lists are lists, entry lists and maps are
lists of pairs, custom types are tuples of their fields, a ``SqlPage`` is the list of its raw frames, and a parameter
that an older peer did not send is ``ABSENT``.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from hz_core.wire.types import ABSENT

IS_FINAL: Final = 0x2000
BEGIN: Final = 0x1000
END: Final = 0x0800
NULL: Final = 0x0400

RESPONSE_START: Final = 13
"""Where the fixed-size parameters of a response or an error begin in the payload of the initial frame."""

REQUEST_START: Final = 16
"""Where the fixed-size parameters of a request or an event begin in the payload of the initial frame."""

FIXED: Final[Mapping[str, tuple[str, int]]] = {
    "boolean": ("?", 1),
    "byte": ("b", 1),
    "int": ("i", 4),
    "long": ("q", 8),
    "float": ("f", 4),
    "UUID": ("?QQ", 17),
}
"""Struct code and size of the types that lie in the initial frame of a message."""

_PACKED: Final = ("int", "long", "UUID")
"""A list or entry list of these element types is a single frame."""

Frame: TypeAlias = tuple[int, bytes]
"""Flags and payload."""

Version: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class TypeRef:
    """The type of a parameter, for example ``List<Data?>``."""

    name: str
    arguments: tuple["TypeRef", ...] = ()
    nullable: bool = False

    @property
    def fixed(self) -> bool:
        """Whether a value of this type has a fixed size and lies in the initial frame."""
        return self.name in FIXED

    @property
    def keys_last(self) -> bool:
        """Whether this is an entry list whose values precede its keys."""
        if self.name != "EntryList":
            return False
        key, value = self.arguments
        return (key.name, value.name) == ("long", "byteArray") or (
            key.name == "UUID" and [item.name for item in value.arguments] == ["int"]
        )


@dataclass(frozen=True)
class Parameter:
    """A parameter of a message, or a field of a custom type."""

    name: str
    type: TypeRef
    since: Version


@dataclass(frozen=True)
class CustomType:
    """A structure inside messages."""

    name: str
    since: Version
    fields: tuple[Parameter, ...]

    @property
    def has_fixed(self) -> bool:
        """Whether any field has a fixed size."""
        return any(item.type.fixed for item in self.fields)

    @property
    def fixed_in_begin_frame(self) -> bool:
        """Whether all fixed-size fields were added later, and so are in the begin frame, which older readers skip."""
        return self.has_fixed and all(item.since > self.since for item in self.fields if item.type.fixed)


def split(message: bytes) -> list[Frame]:
    """Return flags and payload of each frame of a message.

    Raises:
        ValueError: The frames do not fill the message exactly.
    """
    found: list[Frame] = []
    pos = 0
    while pos < len(message):
        length, flags = struct.unpack_from("<iH", message, pos)
        if length < 6 or pos + length > len(message):
            raise ValueError(f"frame of {length} bytes at byte {pos} of {len(message)}")
        found.append((flags, message[pos + 6 : pos + length]))
        pos += length
    return found


def join(frames: Sequence[Frame]) -> bytes:
    """Return the message of these frames; the last one is made final."""
    last = len(frames) - 1
    return b"".join(
        struct.pack("<iH", len(payload) + 6, flags | IS_FINAL if index == last else flags) + payload
        for index, (flags, payload) in enumerate(frames)
    )


class _Frames:
    """The frames of one message, read one after another."""

    def __init__(self, items: list[Frame]) -> None:
        self._items = items
        self._index = 0

    def next(self) -> Frame:
        if not self.left:
            raise ValueError("the message ends too early")
        self._index += 1
        return self._items[self._index - 1]

    def at(self, flag: int) -> bool:
        return bool(self.left) and bool(self._items[self._index][0] & flag)

    @property
    def left(self) -> int:
        return len(self._items) - self._index


class Interpreter:
    """Decodes and encodes any message whose parameters are described.

    Args:
        types: The custom types by name.
    """

    def __init__(self, types: Mapping[str, CustomType]) -> None:
        self._types = types

    def decode(
        self, message: bytes, parameters: Sequence[Parameter], since: Version, start: int
    ) -> tuple[list[Any], int]:
        """Return the values of all parameters, and how many bytes and frames are left over.

        Args:
            message: The whole message.
            parameters: Its parameters.
            since: The protocol version that has had the message first; later parameters may be absent.
            start: ``REQUEST_START`` or ``RESPONSE_START``.

        Raises:
            ValueError: The bytes are not such a message.
        """
        frames = _Frames(split(message))
        values, rest = _unpack_fixed(frames.next()[1], start, parameters, since)
        for item in parameters:
            if not item.type.fixed:
                missing = item.since > since and not frames.left
                values[item.name] = ABSENT if missing else self._read(item.type, frames)
        return [values[item.name] for item in parameters], rest + frames.left

    def encode(
        self, head: bytes, flags: int, parameters: Sequence[Parameter], values: Sequence[Any]
    ) -> bytes:
        """Return the bytes of a message.

        Args:
            head: Message type to partition id or number of backup acks.
            flags: Flags of the initial frame.
            parameters: The parameters of the message.
            values: Their values, as many.
        """
        frames: list[Frame] = [(flags, head + _pack_fixed(parameters, values))]
        for item, value in zip(parameters, values, strict=True):
            if not item.type.fixed and value is not ABSENT:
                self._write(item.type, value, frames)
        return join(frames)

    def _read(self, type_: TypeRef, frames: _Frames) -> Any:
        if frames.at(NULL):
            frames.next()
            return None
        name = type_.name
        if name == "SqlPage":
            return list(_nested(frames))
        if name in self._types:
            return self._read_custom(self._types[name], frames)
        if not type_.arguments:
            return _unpack_single(name, frames.next()[1])
        if type_.keys_last:
            values = self._read_items([type_.arguments[1]], frames)
            return list(zip(_unpack_rows([type_.arguments[0].name], frames.next()[1]), values, strict=True))
        if all(item.name in _PACKED for item in type_.arguments):
            return _unpack_rows([item.name for item in type_.arguments], frames.next()[1])
        items = self._read_items(type_.arguments, frames)
        return items if len(type_.arguments) == 1 else list(zip(items[::2], items[1::2], strict=True))

    def _read_items(self, types: Sequence[TypeRef], frames: _Frames) -> list[Any]:
        if not frames.next()[0] & BEGIN:
            raise ValueError("a begin frame is expected")
        items: list[Any] = []
        while not frames.at(END):
            items.append(self._read(types[len(items) % len(types)], frames))
        frames.next()
        return items

    def _read_custom(self, custom: CustomType, frames: _Frames) -> tuple[Any, ...]:
        flags, head = frames.next()
        if not flags & BEGIN:
            raise ValueError(f"the begin frame of {custom.name} is expected")
        if custom.has_fixed and not custom.fixed_in_begin_frame:
            head = frames.next()[1]
        values, rest = _unpack_fixed(head, 0, custom.fields, custom.since)
        for item in custom.fields:
            if not item.type.fixed:
                values[item.name] = ABSENT if frames.at(END) else self._read(item.type, frames)
        if rest or not frames.next()[0] & END:
            raise ValueError(f"{custom.name} has more than its description says")
        return tuple(values[item.name] for item in custom.fields)

    def _write(self, type_: TypeRef, value: Any, frames: list[Frame]) -> None:
        name = type_.name
        if value is None:
            frames.append((NULL, b""))
        elif name == "SqlPage":
            frames.extend(value)
        elif name in self._types:
            self._write_custom(self._types[name], value, frames)
        elif not type_.arguments:
            frames.append((0, _pack_single(name, value)))
        elif type_.keys_last:
            self._write_items([type_.arguments[1]], [row for _, row in value], frames)
            frames.append((0, b"".join(_pack(type_.arguments[0].name, key) for key, _ in value)))
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
        head = _pack_fixed(custom.fields, values)
        if custom.fixed_in_begin_frame:
            frames.append((BEGIN, head))
        else:
            frames.append((BEGIN, b""))
            if custom.has_fixed:
                frames.append((0, head))
        for item, value in zip(custom.fields, values, strict=True):
            if not item.type.fixed and value is not ABSENT:
                self._write(item.type, value, frames)
        frames.append((END, b""))


def _nested(frames: _Frames) -> Iterator[Frame]:
    """Yield one frame, and if it begins a structure, all frames up to its end."""
    depth = 0
    while True:
        flags, payload = frames.next()
        depth += bool(flags & BEGIN) - bool(flags & END)
        yield flags & ~IS_FINAL, payload
        if not depth:
            return


def _unpack_fixed(
    payload: bytes, pos: int, parameters: Sequence[Parameter], since: Version
) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    for item in parameters:
        if item.type.fixed:
            size = FIXED[item.type.name][1]
            if item.since > since and len(payload) < pos + size:
                values[item.name] = ABSENT
            else:
                values[item.name] = _unpack(item.type.name, payload, pos)
                pos += size
    return values, len(payload) - pos


def _pack_fixed(parameters: Sequence[Parameter], values: Sequence[Any]) -> bytes:
    pairs = zip(parameters, values, strict=True)
    return b"".join(_pack(p.type.name, v) for p, v in pairs if p.type.fixed and v is not ABSENT)


def _unpack(name: str, payload: bytes, pos: int) -> Any:
    code, size = FIXED[name]
    if pos + size > len(payload):
        raise ValueError(f"{len(payload) - pos} bytes are no {name}")
    if name == "UUID":
        null, most, least = struct.unpack_from("<?QQ", payload, pos)
        return None if null else UUID(int=most << 64 | least)
    return struct.unpack_from(f"<{code}", payload, pos)[0]


def _pack(name: str, value: Any) -> bytes:
    if name == "UUID":
        number = 0 if value is None else value.int
        return struct.pack("<?QQ", value is None, number >> 64, number & (1 << 64) - 1)
    return struct.pack(f"<{FIXED[name][0]}", value)


def _unpack_single(name: str, payload: bytes) -> Any:
    if name == "String":
        return payload.decode()
    if name in ("longArray", "floatArray"):
        return _unpack_rows([name.removesuffix("Array")], payload)
    return payload


def _pack_single(name: str, value: Any) -> bytes:
    if name == "String":
        return bytes(value, "utf-8")
    if name in ("longArray", "floatArray"):
        return b"".join(_pack(name.removesuffix("Array"), item) for item in value)
    return bytes(value)


def _unpack_rows(names: Sequence[str], payload: bytes) -> list[Any]:
    """Return the elements of a single-frame list, or the pairs of a single-frame entry list."""
    size = sum(FIXED[name][1] for name in names)
    if len(payload) % size:
        raise ValueError(f"{len(payload)} bytes are no list of {' and '.join(names)}")
    first = FIXED[names[0]][1]
    starts = range(0, len(payload), size)
    if len(names) == 1:
        return [_unpack(names[0], payload, pos) for pos in starts]
    return [(_unpack(names[0], payload, pos), _unpack(names[1], payload, pos + first)) for pos in starts]
