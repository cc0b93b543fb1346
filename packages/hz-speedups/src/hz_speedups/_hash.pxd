"""The hash that decides the partition, for other compiled modules."""

from libc.stdint cimport int32_t

cdef int32_t hash_of(const unsigned char* at, Py_ssize_t size) noexcept nogil
