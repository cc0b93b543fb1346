"""The reader of texts, for other compiled modules."""

cimport cython
from libc.stdint cimport uint32_t


@cython.final
cdef class TextReader:
    cdef bint little
    cdef uint32_t type_id
    cdef object general

    cdef object at(self, object buffer, Py_ssize_t start, Py_ssize_t end)
