# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""Compact records whose values are in columns, as Arrow has them, and the partitions of many keys."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t
from libc.string cimport memcpy

from hz_speedups._bytes cimport load32, load64, store16, store32
from hz_speedups._hash cimport hash_of

cdef extern from "Python.h":
    PyObject* PyList_GET_ITEM(object values, Py_ssize_t index)

cdef enum:
    HEADER = 16  # of a Data, with the id of the schema
    BYTE_OFFSETS = 255
    SHORT_OFFSETS = 65535
    GREATEST = 0x7FFFFFFF
    MOST_VARIABLE = 64
    PIECES = 0
    NUMBER = 1
    BOOLEAN = 2
    TEXT = 3
    TIMESTAMP = 4
    DATE = 5
    TIME = 6

cdef int64_t MICROS_OF_DAY = 86_400_000_000
cdef int64_t FIRST_DAY = -719_162  # 0001-01-01
cdef int64_t LAST_DAY = 2_932_896  # 9999-12-31


cdef struct Column:
    int form
    Py_ssize_t width  # of a value; -1 of a text
    Py_ssize_t start  # the first row
    PyObject* pieces  # bytes or None for each row
    const unsigned char* values
    const unsigned char* valid  # a bit for each row; NULL if all are there
    const unsigned char* places  # where texts begin and end
    Py_ssize_t size  # of the values
    Py_buffer views[3]
    int used  # of the views


cdef inline bint bit_at(const unsigned char* bits, Py_ssize_t row) noexcept nogil:
    return bits[row >> 3] >> (row & 7) & 1


cdef inline const unsigned char* view(Column* column, buffer, Py_ssize_t least) except NULL:
    """Return the bytes of a buffer, which must have ``least`` of them."""
    cdef Py_buffer* into = &column.views[column.used]
    PyObject_GetBuffer(buffer, into, PyBUF_SIMPLE)
    column.used += 1
    if into.len < least:
        raise ValueError(f"a buffer of {into.len} bytes for {least}")
    return <const unsigned char*> into.buf if into.buf != NULL else <const unsigned char*> b""


cdef int open_column(Column* column, source, Py_ssize_t rows) except -1:
    cdef Py_ssize_t row, start, at, following
    if type(source) is list:
        if len(<list> source) != rows:
            raise ValueError(f"a column of {len(<list> source)} values for {rows} rows")
        column.form = PIECES
        column.pieces = <PyObject*> source
        return 0
    form, width, first, values, valid, places = source
    column.form = form
    column.width = width
    column.start = start = first
    if start < 0 or column.width < 0 or column.width > 13:
        raise ValueError("a column begins at a row, and its values have a size")
    if valid is not None:
        column.valid = view(column, valid, (start + rows + 7) // 8)
    if column.form == BOOLEAN:
        column.values = view(column, values, (start + rows + 7) // 8)
    elif column.form == TEXT:
        column.places = view(column, places, 4 * (start + rows + 1))
        column.values = view(column, values, 0)
        at = <int32_t> load32(column.places + 4 * start, True)
        if at < 0:
            raise ValueError("a text before its buffer")
        for row in range(start + 1, start + rows + 1):
            following = <int32_t> load32(column.places + 4 * row, True)
            if following < at:
                raise ValueError("a text that ends before it begins")
            at = following
        if at > column.views[column.used - 1].len:
            raise ValueError("a text behind its buffer")
    elif column.form == NUMBER:
        column.values = view(column, values, column.width * (start + rows))
    elif column.form == DATE:
        column.width = 6
        column.values = view(column, values, 4 * (start + rows))
    elif column.form == TIME or column.form == TIMESTAMP:
        column.width = 7 if column.form == TIME else 13
        column.values = view(column, values, 8 * (start + rows))
    else:
        raise ValueError(f"there is no form {form}")
    return 0


cdef inline Py_ssize_t length_of(const Column* column, Py_ssize_t row) except -2:
    """Return the bytes of a value of variable size; -1 for null."""
    cdef PyObject* piece
    if column.form == PIECES:
        piece = PyList_GET_ITEM(<object> column.pieces, row)
        if <object> piece is None:
            return -1
        return len(<bytes?> <object> piece)
    row += column.start
    if column.valid != NULL and not bit_at(column.valid, row):
        return -1
    if column.form == TEXT:
        return 4 + load32(column.places + 4 * row + 4, True) - load32(column.places + 4 * row, True)
    return 1 if column.form == BOOLEAN else column.width


cdef inline void store_date(unsigned char* to, int64_t days, bint little) noexcept nogil:
    """Write a date of the years 1 to 9999."""
    cdef int64_t z = days + 719_468
    cdef int64_t era = z // 146_097
    cdef int64_t doe = z - era * 146_097
    cdef int64_t yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    cdef int64_t doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    cdef int64_t mp = (5 * doy + 2) // 153
    cdef int64_t month = mp + 3 if mp < 10 else mp - 9
    store32(to, <uint32_t> (yoe + era * 400 + (1 if month <= 2 else 0)), little)
    to[4] = <unsigned char> month
    to[5] = <unsigned char> (doy - (153 * mp + 2) // 5 + 1)


cdef inline void store_time(unsigned char* to, int64_t micros, bint little) noexcept nogil:
    cdef int64_t seconds = micros // 1_000_000
    to[0] = <unsigned char> (seconds // 3600)
    to[1] = <unsigned char> (seconds // 60 % 60)
    to[2] = <unsigned char> (seconds % 60)
    store32(to + 3, <uint32_t> (micros % 1_000_000 * 1000), little)


cdef inline bint store_value(const Column* column, Py_ssize_t row, Py_ssize_t size, unsigned char* to, bint little):
    """Write a value that is not null; return false if it has no such value."""
    cdef const unsigned char* at
    cdef int64_t micros, days
    cdef Py_ssize_t place
    if column.form == PIECES:
        memcpy(to, PyBytes_AS_STRING(<object> PyList_GET_ITEM(<object> column.pieces, row)), size)
        return True
    row += column.start
    if column.form == NUMBER:
        at = column.values + row * column.width
        if little:
            memcpy(to, at, size)
        else:
            for place in range(size):
                to[place] = at[size - 1 - place]
    elif column.form == TEXT:
        store32(to, <uint32_t> (size - 4), little)
        memcpy(to + 4, column.values + load32(column.places + 4 * row, True), size - 4)
    elif column.form == BOOLEAN:
        to[0] = bit_at(column.values, row)
    elif column.form == DATE:
        days = <int32_t> load32(column.values + 4 * row, True)
        if days < FIRST_DAY or days > LAST_DAY:
            return False
        store_date(to, days, little)
    else:
        micros = <int64_t> load64(column.values + 8 * row, True)
        if column.form == TIME:
            if micros < 0 or micros >= MICROS_OF_DAY:
                return False
            store_time(to, micros, little)
        else:
            days = (micros if micros >= 0 else micros - MICROS_OF_DAY + 1) // MICROS_OF_DAY
            if days < FIRST_DAY or days > LAST_DAY:
                return False
            store_date(to, days, little)
            store_time(to + 6, micros - days * MICROS_OF_DAY, little)
    return True


cdef inline void store_offset(unsigned char* table, int width, Py_ssize_t index, int64_t offset, bint little) noexcept nogil:
    # Null is -1: its lowest bytes stand for null in each width.
    if width == 1:
        table[index] = <unsigned char> offset
    elif width == 2:
        store16(table + 2 * index, <uint16_t> offset, little)
    else:
        store32(table + 4 * index, <uint32_t> offset, little)


cdef object record(
    bytes head, bint little, Py_ssize_t row, Py_ssize_t fixed, Py_ssize_t booleans, Py_ssize_t variable, Column* columns
):
    """Return the ``Data`` of a row; None if it has a value that it cannot have."""
    cdef Py_ssize_t lengths[MOST_VARIABLE]
    cdef Py_ssize_t index, size = 0, at, width
    cdef Column* column
    cdef unsigned char* to
    cdef unsigned char* base
    cdef bytes data
    for index in range(fixed):
        size += columns[index].width
    size += (booleans + 7) // 8
    for index in range(variable):
        lengths[index] = length_of(&columns[fixed + booleans + index], row)
        if lengths[index] > 0:
            size += lengths[index]
    if size > GREATEST:
        return None
    width = 1 if size < BYTE_OFFSETS else 2 if size < SHORT_OFFSETS else 4
    data = PyBytes_FromStringAndSize(NULL, HEADER + (4 if variable else 0) + size + width * variable)
    to = <unsigned char*> PyBytes_AS_STRING(data)
    memcpy(to, PyBytes_AS_STRING(head), HEADER)
    base = to + HEADER
    if variable:
        store32(base, <uint32_t> size, little)
        base += 4
    at = 0
    for index in range(fixed):
        column = &columns[index]
        if not store_value(column, row, column.width, base + at, little):
            return None
        at += column.width
    for index in range(booleans):
        column = &columns[fixed + index]
        if index & 7 == 0:
            base[at + index // 8] = 0
        base[at + index // 8] |= bit_at(column.values, column.start + row) << (index & 7)
    at += (booleans + 7) // 8
    for index in range(variable):
        if lengths[index] < 0:
            store_offset(base + size, width, index, -1, little)
            continue
        store_offset(base + size, width, index, at, little)
        if not store_value(&columns[fixed + booleans + index], row, lengths[index], base + at, little):
            return None
        at += lengths[index]
    return data


def encode(
    bytes head not None, bint little, Py_ssize_t rows, Py_ssize_t fixed, Py_ssize_t booleans, list sources not None
):
    """Return the ``Data`` of each row; None if a value cannot be written here, which the caller does otherwise.

    Args:
        head: The header, and the id of the schema.
        little: Whether numbers are written with the lowest byte first.
        rows: Their number.
        fixed: The number of numbers of fixed size, which come first.
        booleans: The number of booleans, which follow. Neither these nor the numbers have nulls.
        sources: The columns, in the order of slots: the fields of ``hz_serialization.compact.columns.Buffers``; or, of
            fields of variable size, a list with the bytes of each value.
    """
    cdef Py_ssize_t count = len(sources), index, row
    cdef Column* columns
    if PyBytes_GET_SIZE(head) != HEADER or rows < 0 or fixed < 0 or booleans < 0 or fixed + booleans > count:
        raise ValueError("a record has a header, and columns of three kinds")
    if count - fixed - booleans > MOST_VARIABLE:
        return None
    columns = <Column*> PyMem_Calloc(count + 1, sizeof(Column))
    if columns == NULL:
        raise MemoryError
    try:
        for index in range(count):
            open_column(&columns[index], sources[index], rows)
            if index < fixed + booleans:
                if columns[index].form != (NUMBER if index < fixed else BOOLEAN) or columns[index].valid != NULL:
                    return None
        found = PyList_New(rows)
        for row in range(rows):
            data = record(head, little, row, fixed, booleans, count - fixed - booleans, columns)
            if data is None:
                return None
            Py_INCREF(data)
            PyList_SET_ITEM(found, row, data)
        return found
    finally:
        for index in range(count):
            while columns[index].used:
                columns[index].used -= 1
                PyBuffer_Release(&columns[index].views[columns[index].used])
        PyMem_Free(columns)


def partitions(list keys not None, int32_t count):
    """Return the partition of each ``Data``."""
    cdef int64_t hash_
    cdef bytes key
    if count < 1:
        raise ValueError("there is one partition at least")
    found = []
    for key in keys:
        if key is None:
            raise TypeError("a key is bytes, not None")
        hash_ = hash_of(<const unsigned char*> PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))
        # -2**31 has no absolute value in 32 bits; members put it into partition 0.
        found.append(0 if hash_ == -0x80000000LL else (hash_ if hash_ >= 0 else -hash_) % count)
    return found
