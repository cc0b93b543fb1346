"""The hash by which members tell values apart: 64 bits of a MurmurHash3 for 64-bit machines."""

from struct import iter_unpack
from typing import Final

_SEED: Final = 0x01000193
_MASK: Final = 2**64 - 1
_BLOCK: Final = 16


def hash64(payload: bytes) -> int:
    """Return the hash of serialized content (without the header of the ``Data``), as a signed integer.

    All clients must compute the same, because members get the hash only. The blocks are mixed as in the first release
    of the algorithm, with multipliers that change from block to block; the bytes of the rest are signed, as Java's are.
    """
    h1, h2 = 0x9368E53C2F6AF274 ^ _SEED, 0x586DCD208F7CD3FD ^ _SEED
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
    size = len(payload)
    whole = size - size % _BLOCK
    blocks = list(iter_unpack("<QQ", payload[:whole]))
    if whole < size:
        rest = payload[whole:]
        blocks.append((_signed_sum(rest[:8]), _signed_sum(rest[8:])))
    for k1, k2 in blocks:
        h1 ^= _rotated(k1 * c1, 23) * c2 & _MASK
        h1 = h1 + h2 & _MASK
        h2 = _rotated(h2, 41)
        h2 ^= _rotated(k2 * c2, 23) * c1 & _MASK
        h2 = h2 + h1 & _MASK
        h1 = h1 * 3 + 0x52DCE729 & _MASK
        h2 = h2 * 3 + 0x38495AB5 & _MASK
        c1 = c1 * 5 + 0x7B7D159C & _MASK
        c2 = c2 * 5 + 0x6BCE6396 & _MASK
    h2 ^= size
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    found = _mixed(h1) + _mixed(h2) & _MASK
    return found - 2**64 if found >> 63 else found


def _rotated(value: int, bits: int) -> int:
    value &= _MASK
    return (value << bits | value >> 64 - bits) & _MASK


def _signed_sum(rest: bytes) -> int:
    """Return up to eight bytes as an integer, little-endian, where each byte is extended with its sign."""
    found = 0
    for index, byte in enumerate(rest):
        found ^= (byte - 256 if byte > 127 else byte) << 8 * index
    return found & _MASK


def _mixed(value: int) -> int:
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & _MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & _MASK
    return value ^ value >> 33
