"""Precompiled structs of one byte order, and the bounds checks that every reader shares."""

from __future__ import annotations

import sys
from struct import Struct, pack, unpack
from typing import Final

from hz_serialization.problems import damaged


class Layout:
    """How numbers lie in payloads of one byte order."""

    __slots__ = ("b", "d", "f", "h", "i", "ii", "is_big_endian", "order", "prefix", "q", "qq", "swaps", "u")

    def __init__(self, is_big_endian: bool) -> None:
        self.is_big_endian = is_big_endian
        self.prefix = prefix = ">" if is_big_endian else "<"
        self.order = "BIG_ENDIAN" if is_big_endian else "LITTLE_ENDIAN"
        self.swaps = is_big_endian != (sys.byteorder == "big")
        """Whether this machine's own numbers have the other byte order."""
        self.b = Struct(prefix + "b")
        self.h = Struct(prefix + "h")
        self.u = Struct(prefix + "H")
        self.i = Struct(prefix + "i")
        self.q = Struct(prefix + "q")
        self.f = Struct(prefix + "f")
        self.d = Struct(prefix + "d")
        self.ii = Struct(prefix + "ii")
        self.qq = Struct(prefix + "qq")

    def type_id(self, type_id: int) -> bytes:
        """The four bytes before a nested object of that type."""
        return self.i.pack(type_id)

    def header_word(self, type_id: int) -> int:
        """What a header's type id, big-endian always, looks like when read in this order."""
        word: int = unpack(self.prefix + "i", pack(">i", type_id))[0]
        return word


BIG_ENDIAN: Final = Layout(True)
LITTLE_ENDIAN: Final = Layout(False)


def header(type_id: int) -> bytes:
    """The eight bytes before a payload: no partition hash of its own, and the type id."""
    return pack(">ii", 0, type_id)


def take(data: bytes, pos: int, size: int) -> bytes:
    """``size`` bytes at ``pos``.

    Raises:
        HazelcastSerializationError: They are not there.
    """
    if size < 0 or size > len(data) - pos:
        raise short_of(size, data, pos)
    return data[pos : pos + size]


def short_of(size: int, data: bytes, pos: int) -> Exception:
    """The error for a length that cannot be right."""
    if size < 0:
        return damaged(f"negative length {size} at byte {pos}")
    return damaged(f"length {size} at byte {pos}, but only {max(len(data) - pos, 0)} bytes follow")


def check_count(count: int, item_size: int, data: bytes, pos: int) -> None:
    """Refuses a count of items, each at least ``item_size`` bytes long, that cannot lie in what follows.

    Raises:
        HazelcastSerializationError: It is negative or more than there is room for.
    """
    if count < 0 or count * item_size > len(data) - pos:
        raise short_of(count if count < 0 else count * item_size, data, pos)
