# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""Reading of whole ``Data`` of texts and JSON, without a copy of their bytes."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t, uint32_t

from hz_speedups._bytes cimport load32, utf8_text

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        object (*tp_new)(PyTypeObject* cls, object arguments, void* keywords)


cdef inline object text_at(buffer, Py_ssize_t start, Py_ssize_t end, uint32_t type_id, bint little):
    """Return the text in a ``Data`` of that type; None if it is anything else or incomplete."""
    cdef const unsigned char* begin
    cdef Py_ssize_t size
    if type(buffer) is not bytes or start < 0 or end > PyBytes_GET_SIZE(buffer) or end - start < 12:
        return None
    begin = <const unsigned char*> PyBytes_AS_STRING(buffer) + start
    size = <int32_t> load32(begin + 8, little)
    if load32(begin + 4, False) != type_id or size < 0 or size > end - start - 12:
        return None
    return utf8_text(begin + 12, size)


@cython.final
cdef class TextReader:
    """Reader of the ``Data`` of a text; leaves everything unusual to ``general``."""

    def __cinit__(self, bint is_big_endian, int32_t type_id, general):
        self.little = not is_big_endian
        self.type_id = <uint32_t> type_id
        self.general = general

    def read(self, buffer, Py_ssize_t start, Py_ssize_t end):
        """Return the text of the ``Data`` at ``buffer[start:end]``."""
        return self.at(buffer, start, end)

    cdef object at(self, object buffer, Py_ssize_t start, Py_ssize_t end):
        text = text_at(buffer, start, end, self.type_id, self.little)
        return self.general(buffer, start, end) if text is None else text


@cython.final
cdef class JsonReader:
    """Reader of the ``Data`` of JSON into an object that holds only its text, in the given attribute."""

    cdef bint little
    cdef uint32_t type_id
    cdef object general
    cdef type cls
    cdef str attribute

    def __cinit__(self, bint is_big_endian, int32_t type_id, general, type cls not None, str attribute not None):
        self.little = not is_big_endian
        self.type_id = <uint32_t> type_id
        self.general = general
        self.cls = cls
        self.attribute = attribute

    def read(self, buffer, Py_ssize_t start, Py_ssize_t end):
        """Return the value of the ``Data`` at ``buffer[start:end]``."""
        text = text_at(buffer, start, end, self.type_id, self.little)
        if text is None:
            return self.general(buffer, start, end)
        # Its __init__ would only check the class of the text.
        value = (<PyTypeObject*> self.cls).tp_new(<PyTypeObject*> self.cls, (), NULL)
        setattr(value, self.attribute, text)
        return value
