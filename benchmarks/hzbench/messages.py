"""Handwritten protocol messages for the floor.

The module does not use the client under test, so that changes of the client do not affect the floor. Offsets and
ids are those of the Open Binary Client Protocol 2.x; all numbers are little-endian, except in a ``Data``, which is
big-endian.
"""

import struct
import uuid
from typing import Final

OPENING: Final = b"CP2"
"""The first bytes of a client on a new connection."""

AUTHENTICATE: Final = 0x000100
MAP_GET: Final = 0x010200
MAP_SET: Final = 0x010F00
MAP_VALUES: Final = 0x012400
ADD_TOPIC_LISTENER: Final = 0x040200
CREATE_TRANSACTION: Final = 0x150200
ERROR: Final = 0

CREATED_ID: Final = slice(19, 36)
"""Where the reply to CREATE_TRANSACTION has the id of the transaction."""

TRANSACTION_ID: Final = slice(22, 39)
"""Where all requests within a transaction have it."""

_UNFRAGMENTED: Final = 0xC000
_FINAL: Final = 0x2000
_BEGIN: Final = (0x1000, b"")
_END: Final = (0x0800, b"")
_NULL: Final = (0x0400, b"")
_HEADER: Final = struct.Struct("<iH")
_STRING_TYPE: Final = -11
_MASK: Final = 0xFFFFFFFF

Frame = tuple[int, bytes]
"""Return a frame with flags and payload."""


def string_data(text: str) -> bytes:
    """Return the ``Data`` of a Java String: no partition hash, type id, length in bytes, UTF-8."""
    encoded = text.encode()
    return struct.pack(">iii", 0, _STRING_TYPE, len(encoded)) + encoded


def _scrambled(block: int) -> int:
    block = block * 0xCC9E2D51 & _MASK
    block = (block << 15 | block >> 17) & _MASK
    return block * 0x1B873593 & _MASK


def partition_of(data: bytes, partition_count: int) -> int:
    """Return the partition of a key: murmur3 (x86, 32 bit) of the payload, modulo the partition count."""
    payload = data[8:]
    state = 0x01000193
    whole = len(payload) & ~3
    for (block,) in struct.iter_unpack("<I", payload[:whole]):
        state ^= _scrambled(block)
        state = ((state << 13 | state >> 19) * 5 + 0xE6546B64) & _MASK
    if payload[whole:]:
        state ^= _scrambled(int.from_bytes(payload[whole:], "little"))
    state ^= len(payload)
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    if state == 0x80000000:
        return 0
    return min(state, 0x100000000 - state) % partition_count


def message(message_type: int, partition_id: int, fixed: bytes, frames: list[Frame]) -> bytes:
    """Return an unfragmented request; every correlation id is 1, because the bare socket only counts bytes."""
    first = struct.pack("<iqi", message_type, 1, partition_id) + fixed
    every = [(_UNFRAGMENTED, first), *frames]
    flags, payload = every[-1]
    every[-1] = (flags | _FINAL, payload)
    return b"".join(_HEADER.pack(6 + len(payload), flags) + payload for flags, payload in every)


def authentication(cluster_name: str) -> bytes:
    """Return ``Client.authentication`` for a unisocket client without credentials."""
    client_id = uuid.uuid4()
    fixed = b"\x00" + struct.pack("<QQ", client_id.int >> 64, client_id.int & (1 << 64) - 1)
    fixed += struct.pack("<bbb", 1, 0, 0)  # serialization version 1, single member routing, no CP routing
    name = (0, cluster_name.encode())
    texts = [(0, b"PYH"), (0, b"5.7.0"), (0, b"bare-socket")]
    return message(AUTHENTICATE, -1, fixed, [name, _NULL, _NULL, *texts, _BEGIN, _END])


def map_get(name: str, key: bytes, partition_id: int) -> bytes:
    """Return ``Map.get`` for a key; the thread id is only relevant for locks."""
    return message(MAP_GET, partition_id, struct.pack("<q", 1), [(0, name.encode()), (0, key)])


def map_set(name: str, key: bytes, value: bytes, partition_id: int) -> bytes:
    """Return ``Map.set`` without a time to live."""
    return message(
        MAP_SET, partition_id, struct.pack("<qq", 1, -1), [(0, name.encode()), (0, key), (0, value)]
    )


def map_values(name: str) -> bytes:
    """Return ``Map.values`` of the whole map."""
    return message(MAP_VALUES, -1, b"", [(0, name.encode())])


def end_of_message(buffer: bytes | bytearray) -> int | None:
    """Return the end of the message at the start of ``buffer``, or None if it is incomplete."""
    position = 0
    while position + _HEADER.size <= len(buffer):
        length, flags = _HEADER.unpack_from(buffer, position)
        if length < _HEADER.size:
            raise ValueError(f"The member sent a frame of {length} bytes; the minimum is {_HEADER.size}.")
        position += length
        if flags & _FINAL:
            return position if position <= len(buffer) else None
    return None


def message_type(buffer: bytes | bytearray) -> int:
    """Return the type in the initial frame of a message."""
    return int.from_bytes(buffer[6:10], "little", signed=True)
