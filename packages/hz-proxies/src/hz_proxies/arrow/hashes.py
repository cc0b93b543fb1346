"""The partitions of many keys at once, with Arrow's arithmetic where the keys are of one length."""

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from hz_serialization import Data, partition_hash, partition_id
from hz_serialization.data import HASH_SEED, HEADER_SIZE
from hz_serialization.speedups import compiled

_columns: Final[Any] = compiled("_columns")

_LONGEST: Final = 64
_FEWEST: Final = 16
"""Fewer keys than these are hashed one by one."""


def partitions_of(keys: Sequence[Data], count: int) -> list[int]:
    """Return the partition of each key.

    Args:
        keys: Serialized keys.
        count: The number of partitions.
    """
    if _columns is not None:
        found: list[int] = _columns.partitions(list(keys), count)
        return found
    return pure_partitions(keys, count)


def pure_partitions(keys: Sequence[Data], count: int) -> list[int]:
    """Return what ``partitions_of`` does, in pure Python and with Arrow."""
    if len(keys) >= _FEWEST:
        size = len(keys[0])
        if HEADER_SIZE < size <= _LONGEST and size % 4 == 0 and {*map(len, keys)} == {size}:
            joined = b"".join(keys)
            # A hash in the header is one that the key has chosen itself.
            if not any(joined[at::size].strip(b"\0") for at in range(4)):
                return _partitions(joined, size, count)
    return [partition_id(partition_hash(key), count) for key in keys]


def _partitions(joined: bytes, size: int, count: int) -> list[int]:
    hashes = _hashes(joined, size)
    signed = hashes.view(pa.int32()).cast(pa.int64())
    absolute = pc.abs(signed)
    rests = pc.subtract(absolute, pc.multiply(pc.divide(absolute, count), count))
    found: list[int] = pc.if_else(pc.equal(signed, -(1 << 31)), 0, rests).to_pylist()
    return found


def _hashes(joined: bytes, size: int) -> pa.Array:
    """Return MurmurHash3 of the payloads, as :func:`hz_serialization.data.murmur3` computes it for one."""
    rows = len(joined) // size
    state: pa.Array = None
    for at in range(HEADER_SIZE, size, 4):
        block = bytearray(4 * rows)
        for place in range(4):
            block[place::4] = joined[at + place :: size]
        k = pa.Array.from_buffers(pa.uint32(), rows, [None, pa.py_buffer(block)])
        k = pc.multiply(_turned(pc.multiply(k, _word(0xCC9E2D51)), 15), _word(0x1B873593))
        state = pc.bit_wise_xor(k, _word(HASH_SEED)) if state is None else pc.bit_wise_xor(state, k)
        state = pc.add(pc.multiply(_turned(state, 13), _word(5)), _word(0xE6546B64))
    h = pc.bit_wise_xor(state, _word(size - HEADER_SIZE))
    h = pc.multiply(_mixed(h, 16), _word(0x85EBCA6B))
    h = pc.multiply(_mixed(h, 13), _word(0xC2B2AE35))
    return _mixed(h, 16)


def _word(value: int) -> pa.Scalar:
    return pa.scalar(value, pa.uint32())


def _turned(array: pa.Array, bits: int) -> pa.Array:
    return pc.bit_wise_or(pc.shift_left(array, _word(bits)), pc.shift_right(array, _word(32 - bits)))


def _mixed(array: pa.Array, bits: int) -> pa.Array:
    return pc.bit_wise_xor(array, pc.shift_right(array, _word(bits)))
