# cython: boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""The hash that decides the partition of a value."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint32_t


cdef inline uint32_t _rotate(uint32_t value, int bits) noexcept nogil:
    return value << bits | value >> (32 - bits)


cdef inline uint32_t _load(const unsigned char* at) noexcept nogil:
    return at[0] | <uint32_t> at[1] << 8 | <uint32_t> at[2] << 16 | <uint32_t> at[3] << 24


cdef int32_t _murmur3(const unsigned char* data, Py_ssize_t size) noexcept nogil:
    cdef uint32_t h = 0x01000193
    cdef uint32_t k
    cdef Py_ssize_t at = 0
    while at + 4 <= size:
        h ^= _rotate(_load(data + at) * <uint32_t> 0xCC9E2D51, 15) * <uint32_t> 0x1B873593
        h = _rotate(h, 13) * 5 + <uint32_t> 0xE6546B64
        at += 4
    if at < size:
        k = data[at]
        if at + 1 < size:
            k |= <uint32_t> data[at + 1] << 8
        if at + 2 < size:
            k |= <uint32_t> data[at + 2] << 16
        h ^= _rotate(k * <uint32_t> 0xCC9E2D51, 15) * <uint32_t> 0x1B873593
    h ^= <uint32_t> size
    h = (h ^ h >> 16) * <uint32_t> 0x85EBCA6B
    h = (h ^ h >> 13) * <uint32_t> 0xC2B2AE35
    return <int32_t> (h ^ h >> 16)


cdef int32_t hash_of(const unsigned char* at, Py_ssize_t size) noexcept nogil:
    if size >= 4 and (at[0] or at[1] or at[2] or at[3]):
        return <int32_t> (<uint32_t> at[0] << 24 | <uint32_t> at[1] << 16 | <uint32_t> at[2] << 8 | at[3])
    return _murmur3(at + 8, size - 8) if size > 8 else _murmur3(at, 0)


def partition_hash(bytes data not None):
    """Return the signed 32-bit hash of a ``Data``: that in its header, or else the MurmurHash3 of its payload."""
    return hash_of(<const unsigned char*> PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
