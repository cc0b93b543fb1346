"""Reader of Java serialization streams with plain data, for receiving many items in one call."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hz_embedded.bridge import stream_format as form
from hz_embedded.bridge.stream_format import UnknownContentError

_DEEPEST: Final = 100
_UNFINISHED: Final = object()


@dataclass(slots=True)
class _Class:
    name: str
    flags: int
    fields: list[tuple[str, str]]
    parent: _Class | None = None

    def lineage(self) -> list[_Class]:
        """Return the class and its ancestors, the topmost first."""
        return [*(self.parent.lineage() if self.parent is not None else ()), self]


class _Object:
    """An object during reading: its fields, and the additional objects that its class wrote."""

    __slots__ = ("content", "fields")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.content: list[Any] = []


def read_stream(data: bytes) -> Any:
    """Return the value in a stream.

    Raises:
        UnknownContentError: Something in it is not plain data, or the stream is incomplete.
    """
    try:
        return _Reader(data).value(0)
    except (struct.error, IndexError, KeyError, UnicodeDecodeError, TypeError) as error:
        raise UnknownContentError(f"the stream cannot be read: {error}") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        if not data.startswith(form.MAGIC):
            raise UnknownContentError("no serialization stream")
        self._data = data
        self._at = len(form.MAGIC)
        self._handles: list[Any] = []

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _unpack(self, layout: str) -> Any:
        value = struct.unpack_from(layout, self._data, self._at)[0]
        self._at += struct.calcsize(layout)
        return value

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if size < 0 or self._at > len(self._data):
            raise UnknownContentError("the stream is cut short")
        return self._data[start : self._at]

    def value(self, depth: int) -> Any:
        """Read one value."""
        if depth > _DEEPEST:
            raise UnknownContentError("too deep")
        tag = self._byte()
        if tag == form.NULL:
            return None
        if tag == form.REFERENCE:
            known = self._handles[self._unpack(">i") - form.FIRST_HANDLE]
            if known is _UNFINISHED:
                raise UnknownContentError("an object that holds itself")
            return known
        if tag in (form.STRING, form.LONG_STRING):
            size = self._unpack(">H" if tag == form.STRING else ">Q")
            text = form.from_modified_utf8(self._take(size))
            self._handles.append(text)
            return text
        if tag == form.OBJECT:
            return self._object(depth)
        if tag == form.ARRAY:
            return self._array(depth)
        raise UnknownContentError(f"tag {tag:#x}")

    def _class(self) -> _Class | None:
        tag = self._byte()
        if tag == form.NULL:
            return None
        if tag == form.REFERENCE:
            known = self._handles[self._unpack(">i") - form.FIRST_HANDLE]
            if isinstance(known, _Class):
                return known
        if tag != form.CLASS:
            raise UnknownContentError(f"class tag {tag:#x}")
        name = form.from_modified_utf8(self._take(self._unpack(">H")))
        self._unpack(">q")
        described = _Class(name, 0, [])
        self._handles.append(described)
        described.flags = self._byte()
        for _ in range(self._unpack(">H")):
            letter = chr(self._byte())
            described.fields.append((letter, form.from_modified_utf8(self._take(self._unpack(">H")))))
            if letter in "L[":
                self.value(0)
        if self._byte() != form.END:
            raise UnknownContentError("an annotated class")
        described.parent = self._class()
        return described

    def _object(self, depth: int) -> Any:
        described = self._class()
        make = _MAKERS.get(described.name) if described is not None else None
        if described is None or make is None:
            raise UnknownContentError(described.name if described else "no class")
        handle = len(self._handles)
        self._handles.append(_UNFINISHED)
        made = _Object()
        for one in described.lineage():
            for letter, field in one.fields:
                layout = form.PRIMITIVES.get(letter)
                made.fields[field] = self.value(depth + 1) if layout is None else self._unpack(layout)
            if one.flags & form.WRITES_ITSELF:
                self._content(made, depth)
        value = make(made)
        self._handles[handle] = value
        return value

    def _content(self, made: _Object, depth: int) -> None:
        while (tag := self._data[self._at]) != form.END:
            if tag == form.BLOCK:
                self._at += 1
                self._take(self._byte())
            elif tag == form.LONG_BLOCK:
                self._at += 1
                self._take(self._unpack(">i"))
            else:
                made.content.append(self.value(depth + 1))
        self._at += 1

    def _array(self, depth: int) -> Any:
        described = self._class()
        letter = described.name[1:2] if described is not None else ""
        handle = len(self._handles)
        self._handles.append(_UNFINISHED)
        size = self._unpack(">i")
        layout = form.PRIMITIVES.get(letter)
        value: Any
        if letter == "B":
            value = self._take(size)
        elif letter == "F":
            raise UnknownContentError("float is read as text, as Java rounds it")
        elif letter == "C":
            value = [chr(code) for (code,) in struct.iter_unpack(">H", self._take(2 * size))]
        elif layout is not None:
            parts = struct.Struct(f">{size}{layout[1:]}")
            value = list(parts.unpack(self._take(parts.size)))
        else:
            value = [self.value(depth + 1) for _ in range(size)]
        self._handles[handle] = value
        return value


def _number(made: _Object) -> Any:
    return made.fields["value"]


def _pairs(made: _Object) -> dict[Any, Any]:
    content = [hashable(item) if index % 2 == 0 else item for index, item in enumerate(made.content)]
    pairs = dict(zip(content[::2], content[1::2], strict=True))
    if 2 * len(pairs) < len(content):
        raise UnknownContentError("keys that are equal in Python")
    return pairs


def _set(made: _Object) -> set[Any]:
    values = {hashable(item) for item in made.content}
    if len(values) < len(made.content):
        raise UnknownContentError("elements that are equal in Python")
    return values


def _big_integer(made: _Object) -> int:
    return int(made.fields["signum"]) * int.from_bytes(made.fields["magnitude"], "big")


def _uuid(made: _Object) -> uuid.UUID:
    high, low = made.fields["mostSigBits"] % 2**64, made.fields["leastSigBits"] % 2**64
    return uuid.UUID(int=high << 64 | low)


def hashable(value: Any) -> Any:
    """Return ``value`` in a form that can be in a set or a key of a dict."""
    if isinstance(value, list):
        return tuple(hashable(item) for item in value)
    if isinstance(value, set):
        return frozenset(value)  # its elements are hashable already
    if isinstance(value, dict):
        return tuple((key, hashable(item)) for key, item in value.items())
    return value


_MAKERS: Final[Mapping[str, Callable[[_Object], Any]]] = {
    **dict.fromkeys([f"java.lang.{name}" for name in ("Byte", "Short", "Integer", "Long")], _number),
    **dict.fromkeys([f"java.lang.{name}" for name in ("Double", "Boolean")], _number),
    "java.lang.Character": lambda made: chr(made.fields["value"]),
    "java.math.BigInteger": _big_integer,
    "java.util.UUID": _uuid,
    "java.util.ArrayList": lambda made: made.content,
    "java.util.LinkedList": lambda made: made.content,
    "java.util.HashMap": _pairs,
    "java.util.LinkedHashMap": _pairs,
    "java.util.TreeMap": _pairs,
    "java.util.HashSet": _set,
    "java.util.LinkedHashSet": _set,
}
