"""Precompiled structs of one byte order, and the bounds checks of all readers."""

from __future__ import annotations

import sys
from struct import Struct, pack, unpack
from typing import Final

from hz_serialization.problems import damaged


class Layout:
    """The layout of numbers in payloads of one byte order."""

    __slots__ = ("b", "d", "f", "h", "i", "ii", "is_big_endian", "order", "prefix", "q", "qq", "swaps", "u")

    def __init__(self, is_big_endian: bool) -> None:
        self.is_big_endian: bool = is_big_endian
        self.prefix = prefix = ">" if is_big_endian else "<"
        self.order = "BIG_ENDIAN" if is_big_endian else "LITTLE_ENDIAN"
        self.swaps: bool = is_big_endian != (sys.byteorder == "big")
        """Whether this machine's own numbers have the other byte order."""
        self.b: Struct = Struct(prefix + "b")
        self.h: Struct = Struct(prefix + "h")
        self.u: Struct = Struct(prefix + "H")
        self.i: Struct = Struct(prefix + "i")
        self.q: Struct = Struct(prefix + "q")
        self.f: Struct = Struct(prefix + "f")
        self.d: Struct = Struct(prefix + "d")
        self.ii: Struct = Struct(prefix + "ii")
        self.qq: Struct = Struct(prefix + "qq")

    def type_id(self, type_id: int) -> bytes:
        """Return the four bytes before a nested object of that type."""
        return self.i.pack(type_id)

    def header_word(self, type_id: int) -> int:
        """Return a header's type id, which is always big-endian, as read in this byte order."""
        word: int = unpack(self.prefix + "i", pack(">i", type_id))[0]
        return word


BIG_ENDIAN: Final = Layout(True)
LITTLE_ENDIAN: Final = Layout(False)


def header(type_id: int) -> bytes:
    """Return the eight bytes before a payload: no partition hash of its own, and the type id."""
    return pack(">ii", 0, type_id)


def take(data: bytes, pos: int, size: int) -> bytes:
    """Return ``size`` bytes at ``pos``.

    Raises:
        HazelcastSerializationError: They are not there.
    """
    if size < 0 or size > len(data) - pos:
        raise length_error(size, data, pos)
    return data[pos : pos + size]


def length_error(size: int, data: bytes, pos: int) -> Exception:
    """Return the error for a length that cannot be right."""
    if size < 0:
        return damaged(f"negative length {size} at byte {pos}")
    return damaged(f"length {size} at byte {pos}, but only {max(len(data) - pos, 0)} bytes follow")


def check_count(count: int, item_size: int, data: bytes, pos: int) -> None:
    """Refuse a count of items that cannot fit into what follows, at ``item_size`` bytes or more for each item.

    Raises:
        HazelcastSerializationError: It is negative or more than there is room for.
    """
    if count < 0 or count * item_size > len(data) - pos:
        raise length_error(count if count < 0 else count * item_size, data, pos)
