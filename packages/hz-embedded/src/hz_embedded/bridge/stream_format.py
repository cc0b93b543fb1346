"""Java's serialization streams: what the reader and the writer have in common."""

import re
from typing import Final

MAGIC: Final = b"\xac\xed\x00\x05"
NULL: Final = 0x70
REFERENCE: Final = 0x71
CLASS: Final = 0x72
OBJECT: Final = 0x73
STRING: Final = 0x74
ARRAY: Final = 0x75
BLOCK: Final = 0x77
END: Final = 0x78
LONG_BLOCK: Final = 0x7A
LONG_STRING: Final = 0x7C
FIRST_HANDLE: Final = 0x7E0000

WRITES_ITSELF: Final = 0x01
SERIALIZABLE: Final = 0x02

PRIMITIVES: Final = {"B": ">b", "C": ">H", "D": ">d", "F": ">f", "I": ">i", "J": ">q", "S": ">h", "Z": ">?"}
"""Struct formats of the primitive types by their letters in class descriptions."""

LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half of a character beyond 16 bits; a Python string can hold it, but no bytes that py4j sends."""

_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")


class UnknownContentError(Exception):
    """A value cannot be read from or written to a stream by this package; it is then passed item by item."""


def modified_utf8(text: str) -> bytes:
    """Return text in Java's modified UTF-8: surrogate pairs beyond 16 bits, and two bytes for NUL."""
    if text.isascii():
        return text.encode("ascii").replace(b"\0", b"\xc0\x80")
    pairs = _BEYOND.sub(lambda match: _pair(ord(match[0])), text)
    return pairs.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")


def _pair(code: int) -> str:
    rest = code - 0x10000
    return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))


def from_modified_utf8(data: bytes) -> str:
    """Return the text of bytes in Java's modified UTF-8."""
    if data.isascii():
        return data.decode("ascii")
    text = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")
