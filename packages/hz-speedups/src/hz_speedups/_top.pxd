"""The reader of texts, for other compiled modules."""

cimport cython
from libc.stdint cimport int32_t, uint32_t

from hz_speedups._bytes cimport load32, short_ascii


@cython.final
cdef class TextReader:
    cdef bint little
    cdef uint32_t type_id
    cdef object general

    cdef object at(self, object buffer, Py_ssize_t start, Py_ssize_t end)


cdef inline object text_of(TextReader reader, const unsigned char* begin, Py_ssize_t length):
    """Return the text in a ``Data`` of at least 12 bytes; None if it is no short one, or anything is unusual."""
    cdef Py_ssize_t size = <int32_t> load32(begin + 8, reader.little)
    if load32(begin + 4, False) != reader.type_id or size > length - 12:
        return None
    return short_ascii(begin + 12, size)
