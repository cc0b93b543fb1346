"""Writer of Java serialization streams with Python collections, for sending many items in one call."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hz_embedded.bridge import stream_format as form
from hz_embedded.bridge.long_values import Long
from hz_embedded.bridge.stream_format import UnknownContentError

_DEEPEST: Final = 100
_INTEGER: Final = range(-(2**31), 2**31)
_LONG: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class _Class:
    """A Java class as described in a stream; ``fields`` are letter and name of its primitive fields."""

    name: str
    uid: int
    fields: tuple[tuple[str, str], ...] = ()
    parent: _Class | None = None
    writes_itself: bool = False


_NUMBER: Final = _Class("java.lang.Number", 0x86AC951D0B94E08B)
_INT: Final = _Class("java.lang.Integer", 0x12E2A0A4F7818738, (("I", "value"),), _NUMBER)
_BIG: Final = _Class("java.lang.Long", 0x3B8BE490CC8F23DF, (("J", "value"),), _NUMBER)
_FLOAT: Final = _Class("java.lang.Double", 0x80B3C24A296BFB04, (("D", "value"),), _NUMBER)
_BOOL: Final = _Class("java.lang.Boolean", 0xCD207280D59CFAEE, (("Z", "value"),))
_BYTES: Final = _Class("[B", 0xACF317F8060854E0)
_LIST: Final = _Class("java.util.ArrayList", 0x7881D21D99C7619D, (("I", "size"),), None, True)
_HASH_MAP: Final = _Class(
    "java.util.HashMap", 0x0507DAC1C31660D1, (("F", "loadFactor"), ("I", "threshold")), None, True
)
_MAP: Final = _Class("java.util.LinkedHashMap", 0x34C04E5C106CC0FB, (("Z", "accessOrder"),), _HASH_MAP)
_SET: Final = _Class("java.util.HashSet", 0xBA44859596B8B734, (), None, True)


class StreamWriter:
    """One stream: :meth:`write` appends a value, :meth:`data` returns the bytes for Java's ``ObjectInputStream``.

    Args:
        claims: Returns whether a value has a conversion of the user, which this writer does not know. None means that
            no value has.
    """

    def __init__(self, claims: Callable[[object], bool] | None = None) -> None:
        self._claims = claims
        self._out = bytearray(form.MAGIC)
        self._classes: dict[str, int] = {}
        self._handles = form.FIRST_HANDLE

    def data(self) -> bytes:
        """Return the bytes of the stream."""
        return bytes(self._out)

    def write(self, value: Any, depth: int = 0) -> None:
        """Append a value.

        Raises:
            UnknownContentError: It, or something in it, has a type that the writer does not support.
        """
        if self._claims is not None and self._claims(value):
            raise UnknownContentError("a value with a conversion of the user")
        if value is None:
            self._out.append(form.NULL)
            return
        write = _WRITERS.get(type(value))
        if write is None or depth > _DEEPEST:
            raise UnknownContentError(type(value).__name__)
        write(self, value, depth)

    def _class(self, described: _Class) -> None:
        handle = self._classes.get(described.name)
        if handle is not None:
            self._out += struct.pack(">Bi", form.REFERENCE, handle)
            return
        name = described.name.encode("ascii")
        self._classes[described.name] = self._handles
        self._handles += 1
        flags = form.SERIALIZABLE | (form.WRITES_ITSELF if described.writes_itself else 0)
        self._out += struct.pack(">BH", form.CLASS, len(name)) + name
        self._out += struct.pack(">QBH", described.uid, flags, len(described.fields))
        for letter, field in described.fields:
            self._out += letter.encode("ascii") + struct.pack(">H", len(field)) + field.encode("ascii")
        self._out.append(form.END)
        if described.parent is None:
            self._out.append(form.NULL)
        else:
            self._class(described.parent)

    def _object(self, described: _Class, content: bytes = b"") -> None:
        self._out.append(form.OBJECT)
        self._class(described)
        self._handles += 1
        self._out += content

    def _text(self, value: str, depth: int) -> None:
        if not value.isascii() and form.LONE_SURROGATE.search(value):
            raise UnknownContentError("half a character")
        data = form.modified_utf8(value)
        self._handles += 1
        if len(data) < 2**16:
            self._out += struct.pack(">BH", form.STRING, len(data)) + data
        else:
            self._out += struct.pack(">BQ", form.LONG_STRING, len(data)) + data

    def _integer(self, value: int, depth: int) -> None:
        if int(value) not in _LONG:
            raise UnknownContentError("an integer beyond 64 bits")
        if type(value) is int and value in _INTEGER:
            self._object(_INT, struct.pack(">i", value))
        else:
            self._object(_BIG, struct.pack(">q", int(value)))

    def _float(self, value: float, depth: int) -> None:
        self._object(_FLOAT, struct.pack(">d", value))

    def _bool(self, value: bool, depth: int) -> None:
        self._object(_BOOL, struct.pack(">?", value))

    def _bytes(self, value: bytes, depth: int) -> None:
        self._out.append(form.ARRAY)
        self._class(_BYTES)
        self._handles += 1
        self._out += struct.pack(">i", len(value)) + value

    def _list(self, value: Any, depth: int) -> None:
        size = len(value)
        self._object(_LIST, struct.pack(">iBBi", size, form.BLOCK, 4, size))
        for item in value:
            self.write(item, depth + 1)
        self._out.append(form.END)

    def _set(self, value: Any, depth: int) -> None:
        size = len(value)
        self._object(_SET, struct.pack(">BBifi", form.BLOCK, 12, _buckets(size), 0.75, size))
        for item in value:
            self.write(item, depth + 1)
        self._out.append(form.END)

    def _map(self, value: dict[Any, Any], depth: int) -> None:
        size = len(value)
        head = struct.pack(">fiBBii", 0.75, 0, form.BLOCK, 8, _buckets(size), size)
        self._object(_MAP, head)
        for key, item in value.items():
            self.write(key, depth + 1)
            self.write(item, depth + 1)
        # The field of LinkedHashMap follows: accessOrder is false.
        self._out += struct.pack(">B?", form.END, False)


def _buckets(size: int) -> int:
    return 1 << max(4, (size * 4 // 3).bit_length())


_WRITERS: Final[Mapping[type, Callable[[StreamWriter, Any, int], None]]] = {
    bool: StreamWriter._bool,
    int: StreamWriter._integer,
    Long: StreamWriter._integer,
    float: StreamWriter._float,
    str: StreamWriter._text,
    bytes: StreamWriter._bytes,
    bytearray: StreamWriter._bytes,
    list: StreamWriter._list,
    tuple: StreamWriter._list,
    dict: StreamWriter._map,
    set: StreamWriter._set,
    frozenset: StreamWriter._set,
}
