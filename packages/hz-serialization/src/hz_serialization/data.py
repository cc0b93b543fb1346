"""``Data``: one serialized value, and the partition it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Final

from hz_serialization.speedups import compiled

Data = bytes
"""``int32 partition hash (0: none), int32 type id, payload``; the header is big-endian always."""

HEADER_SIZE: Final = 8
MINIMUM_HASH: Final = -(2**31)

HASH_SEED: Final = 0x01000193
_MASK: Final = 0xFFFFFFFF
_read_blocks: Final[list[Callable[[bytes, int], tuple[int, ...]]]] = [
    Struct(f"<{count}I").unpack_from for count in range(33)
]


def murmur3(data: bytes, start: int = HEADER_SIZE) -> int:
    """Return MurmurHash3 (x86, 32 bits, Hazelcast's seed) of ``data[start:]`` as a signed 32-bit number.

    Masks are only where a product would otherwise be too large for the next step.
    """
    size = max(len(data) - start, 0)
    count = size >> 2
    unpack = _read_blocks[count] if count <= 32 else Struct(f"<{count}I").unpack_from
    h = HASH_SEED
    for k in unpack(data, start):
        k = k * 0xCC9E2D51 & _MASK
        h ^= (k << 15 | k >> 17) * 0x1B873593 & _MASK
        h = (h << 13 | h >> 19) * 5 + 0xE6546B64 & _MASK
    if size & 3:
        k = int.from_bytes(data[start + (count << 2) :], "little") * 0xCC9E2D51 & _MASK
        h ^= (k << 15 | k >> 17) * 0x1B873593 & _MASK
    h ^= size
    h = (h ^ h >> 16) * 0x85EBCA6B & _MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & _MASK
    h ^= h >> 16
    return h - 0x100000000 if h & 0x80000000 else h


def _hash_of(data: bytes) -> int:
    explicit = int.from_bytes(data[:4], "big", signed=True)
    return explicit or murmur3(data)


_hash_of_short = lru_cache(maxsize=4096)(_hash_of)
"""Keys are short and repeat. Measured with CPython 3.11 on a busy 2-core machine: a hit takes 0.14 us; hashing takes
1.0 us for an Integer key, 2.0 us for a String of 7 characters and 5 us for one of 36; a miss adds 0.1 to 0.4 us."""


def partition_hash(data: Data) -> int:
    """Return the signed 32-bit hash that decides the partition of ``data``.

    It is the one in the header if that is not 0, else the MurmurHash3 of the payload.

    Args:
        data: A whole ``Data``, header included.
    """
    return _hash_of_short(data) if len(data) <= 64 else _hash_of(data)


_hash = compiled("_hash")
if _hash is not None:
    globals()["partition_hash"] = _hash.partition_hash


def partition_id(hash_: int, partition_count: int) -> int:
    """Return the partition of a hash: its absolute value modulo the count.

    -2**31 has no absolute value in 32 bits; members put it into partition 0.

    Args:
        hash_: What ``partition_hash`` gave.
        partition_count: Number of partitions, as the authentication response says (271 by default).
    """
    return 0 if hash_ == MINIMUM_HASH else abs(hash_) % partition_count
