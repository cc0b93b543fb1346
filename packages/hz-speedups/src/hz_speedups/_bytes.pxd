"""Numbers in bytes of either order, and a block of bytes that grows."""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from *:
    """
    #include <stdint.h>
    /* Byte by byte, so that neither the byte order of the machine nor alignment matters; compilers make one move of it. */
    static inline uint16_t hz_load16(const unsigned char *at, int little) {
        return (uint16_t) (little ? at[0] | at[1] << 8 : at[0] << 8 | at[1]);
    }
    static inline uint32_t hz_load32(const unsigned char *at, int little) {
        return little
            ? at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24
            : (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
    }
    static inline uint64_t hz_load64(const unsigned char *at, int little) {
        uint64_t first = hz_load32(at, little), second = hz_load32(at + 4, little);
        return little ? first | second << 32 : first << 32 | second;
    }
    static inline void hz_store16(unsigned char *at, uint16_t value, int little) {
        at[little ? 0 : 1] = (unsigned char) value;
        at[little ? 1 : 0] = (unsigned char) (value >> 8);
    }
    static inline void hz_store32(unsigned char *at, uint32_t value, int little) {
        hz_store16(at + (little ? 0 : 2), (uint16_t) value, little);
        hz_store16(at + (little ? 2 : 0), (uint16_t) (value >> 16), little);
    }
    static inline void hz_store64(unsigned char *at, uint64_t value, int little) {
        hz_store32(at + (little ? 0 : 4), (uint32_t) value, little);
        hz_store32(at + (little ? 4 : 0), (uint32_t) (value >> 32), little);
    }
    """
    uint16_t load16 "hz_load16"(const unsigned char* at, bint little) noexcept nogil
    uint32_t load32 "hz_load32"(const unsigned char* at, bint little) noexcept nogil
    uint64_t load64 "hz_load64"(const unsigned char* at, bint little) noexcept nogil
    void store16 "hz_store16"(unsigned char* at, uint16_t value, bint little) noexcept nogil
    void store32 "hz_store32"(unsigned char* at, uint32_t value, bint little) noexcept nogil
    void store64 "hz_store64"(unsigned char* at, uint64_t value, bint little) noexcept nogil

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    object PyUnicode_DecodeUTF8(const char* at, Py_ssize_t size, const char* errors)
    object PyUnicode_New(Py_ssize_t size, uint32_t largest)
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1
    double PyFloat_Unpack4(const char* at, int little) except? -1.0
    double PyFloat_Unpack8(const char* at, int little) except? -1.0
    int PyFloat_Pack4(double value, char* at, int little) except -1
    int PyFloat_Pack8(double value, char* at, int little) except -1


cdef enum:
    SHORT_TEXT = 256


cdef inline object short_ascii(const unsigned char* at, Py_ssize_t size):
    """Return the text of some bytes; None if it is not short, or not of ASCII only."""
    cdef Py_ssize_t i = 0
    cdef uint64_t word, seen = 0
    cdef unsigned char* to
    if size < 2 or size > SHORT_TEXT:
        return None  # the interpreter has texts of one character
    text = PyUnicode_New(size, 127)
    to = <unsigned char*> PyUnicode_DATA(text)
    # Not by one `memcpy`: for sizes that it knows to be small, gcc makes an instruction of it that is slow.
    if size >= 8:
        while i < size - 8:
            memcpy(&word, at + i, 8)
            memcpy(to + i, &word, 8)
            seen |= word
            i += 8
        i = size
        memcpy(&word, at + size - 8, 8)
        memcpy(to + size - 8, &word, 8)
        seen |= word
    while i < size:
        seen |= at[i]
        to[i] = at[i]
        i += 1
    return None if seen & <uint64_t> 0x8080808080808080ULL else text


cdef inline object utf8_text(const unsigned char* at, Py_ssize_t size):
    """Return the text of some bytes of UTF-8."""
    text = short_ascii(at, size)
    return PyUnicode_DecodeUTF8(<const char*> at, size, NULL) if text is None else text


cdef enum:
    # What a value of fixed size is.
    CODE_NONE = 0
    CODE_INT8 = 1
    CODE_INT16 = 2
    CODE_INT32 = 3
    CODE_INT64 = 4
    CODE_FLOAT = 5
    CODE_DOUBLE = 6
    CODE_BOOLEAN = 7


cdef inline object load_number(const unsigned char* at, int code, bint little):
    """Return the number at ``at``; the caller has checked that it is there."""
    if code == CODE_INT32:
        return <int32_t> load32(at, little)
    if code == CODE_INT64:
        return <long long> load64(at, little)
    if code == CODE_DOUBLE:
        return PyFloat_Unpack8(<const char*> at, little)
    if code == CODE_BOOLEAN:
        return at[0] != 0
    if code == CODE_INT8:
        return <signed char> at[0]
    if code == CODE_INT16:
        return <short> load16(at, little)
    return PyFloat_Unpack4(<const char*> at, little)


cdef inline bint store_number(unsigned char* at, object value, int code, bint little) except -1:
    """Write a number where the caller has made room; return false if it does not fit as it is."""
    cdef long long number
    cdef int overflow = 0
    if code == CODE_DOUBLE or code == CODE_FLOAT:
        if type(value) is not float:
            return False
        if code == CODE_DOUBLE:
            PyFloat_Pack8(value, <char*> at, little)
            return True
        try:
            PyFloat_Pack4(value, <char*> at, little)
        except OverflowError:
            return False
        return True
    if not isinstance(value, int):
        return False
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return False
    if code == CODE_INT32:
        if number < -0x80000000LL or number > 0x7FFFFFFFLL:
            return False
        store32(at, <uint32_t> number, little)
    elif code == CODE_INT64:
        store64(at, <uint64_t> number, little)
    elif code == CODE_INT16:
        if number < -0x8000 or number > 0x7FFF:
            return False
        store16(at, <uint16_t> number, little)
    else:
        if number < -0x80 or number > 0x7F:
            return False
        at[0] = <unsigned char> number
    return True


cdef inline Py_ssize_t size_of_number(int code) noexcept:
    if code == CODE_INT64 or code == CODE_DOUBLE:
        return 8
    if code == CODE_INT32 or code == CODE_FLOAT:
        return 4
    return 2 if code == CODE_INT16 else 1


cdef enum:
    ON_STACK = 512


cdef struct Block:
    unsigned char* data
    Py_ssize_t size
    Py_ssize_t capacity
    unsigned char begin[ON_STACK]


cdef inline void begin_block(Block* block) noexcept:
    """Begin with the space in the block itself, which must not be moved from here on."""
    block.data = block.begin
    block.size = 0
    block.capacity = ON_STACK


cdef inline void free_block(Block* block) noexcept:
    if block.data != block.begin:
        free(block.data)
    block.data = block.begin


cdef inline int reserve(Block* block, Py_ssize_t more) except -1:
    """Make room for ``more`` bytes."""
    cdef Py_ssize_t capacity
    cdef unsigned char* data
    if more > block.capacity - block.size:
        if more > 0x7FFFFFFFFFFFFFF - 2 * block.capacity:
            raise MemoryError
        capacity = 2 * block.capacity + more
        data = <unsigned char*> malloc(capacity)
        if data == NULL:
            raise MemoryError
        memcpy(data, block.data, block.size)
        free_block(block)
        block.data = data
        block.capacity = capacity
    return 0


cdef inline int append(Block* block, const void* data, Py_ssize_t size) except -1:
    reserve(block, size)
    memcpy(block.data + block.size, data, size)
    block.size += size
    return 0


cdef inline bytes block_bytes(Block* block):
    return PyBytes_FromStringAndSize(<const char*> block.data, block.size)


cdef inline int append_block(bytearray target, const Block* block) except -1:
    cdef Py_ssize_t size = PyByteArray_GET_SIZE(target)
    PyByteArray_Resize(target, size + block.size)
    memcpy(PyByteArray_AS_STRING(target) + size, block.data, block.size)
    return 0
