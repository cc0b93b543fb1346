# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""Columns of SQL pages as lists of Python objects, and as buffers of Arrow arrays.

Functions return None for everything damaged or unusual, which is then done in pure Python, where errors are raised.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport date_new, datetime_new, import_datetime, time_new
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memset

from hz_speedups._bytes cimport (
    CODE_BOOLEAN,
    CODE_DOUBLE,
    CODE_FLOAT,
    CODE_INT8,
    CODE_INT16,
    CODE_INT32,
    CODE_INT64,
    load16,
    load32,
    load_number,
    size_of_number,
    store32,
    store64,
    utf8_text,
)

from datetime import UTC, timedelta, timezone

import_datetime()

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        object (*tp_alloc)(PyTypeObject* cls, Py_ssize_t size)
    void PyTuple_SET_ITEM(object values, Py_ssize_t index, object value)
    PyObject* PyList_GET_ITEM(object values, Py_ssize_t index)
    Py_ssize_t PyList_GET_SIZE(object values)

cdef enum:
    FRAME = 6
    BEGIN = 0x1000
    END = 0x0800
    NULL_FRAME = 0x0400
    ALL_NULL = 1
    NO_NULLS = 2
    MIXED = 3
    MOST_ROWS = 1 << 22
    DATE = 6  # sizes of moments, which tell them apart
    TIME = 7
    TIMESTAMP = 13
    INSTANT = 17

cdef dict _CODES = {
    "?": CODE_BOOLEAN, "b": CODE_INT8, "h": CODE_INT16, "i": CODE_INT32, "q": CODE_INT64, "f": CODE_FLOAT,
    "d": CODE_DOUBLE,
}


cdef struct Fixed:
    int kind
    Py_ssize_t rows
    const unsigned char* at  # where the values begin, or the first mask
    Py_ssize_t end  # of the frame, in the message


cdef inline int bits_of(int mask) noexcept nogil:
    mask = mask - (mask >> 1 & 0x55)
    mask = (mask & 0x33) + (mask >> 2 & 0x33)
    return (mask + (mask >> 4)) & 0x0F


cdef bint is_mixed(const unsigned char* at, Py_ssize_t length, Py_ssize_t rows, Py_ssize_t size) noexcept nogil:
    """Return whether these are groups of up to eight values, each after a mask of those that are there."""
    cdef Py_ssize_t row = 0, pos = 0
    while row < rows:
        if pos >= length or (rows - row < 8 and at[pos] >> (rows - row)):
            return False
        pos += 1 + bits_of(at[pos]) * size
        row += 8
    return pos == length


cdef bint open_fixed(bytes message, Py_ssize_t pos, Py_ssize_t size, Fixed* found) noexcept:
    """Find the parts of a column of values of one size; return false if it is not as it should be."""
    cdef Py_ssize_t length = PyBytes_GET_SIZE(message), frame, payload
    cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(message)
    if pos < 0 or length - pos < 11:
        return False
    frame = <int32_t> load32(begin + pos, True)
    if frame < 11 or frame > length - pos:
        return False
    found.kind = begin[pos + FRAME]
    found.rows = <int32_t> load32(begin + pos + 7, True)
    found.at = begin + pos + 11
    found.end = pos + frame
    if found.rows < 0 or found.rows > MOST_ROWS:
        return False
    payload = frame - 11
    if found.kind == NO_NULLS:
        return found.rows * size == payload
    return found.kind == ALL_NULL or (found.kind == MIXED and is_mixed(found.at, payload, found.rows, size))


cdef inline object put(object column, Py_ssize_t row, object value):
    Py_INCREF(value)
    PyList_SET_ITEM(column, row, value)


def numbers(bytes message not None, Py_ssize_t pos, str kind not None):
    """Return a column of numbers as a list, and the position after it."""
    cdef int code = _CODES[kind]
    cdef Py_ssize_t size = size_of_number(code), row, mask = 0
    cdef Fixed found
    cdef const unsigned char* at
    if not open_fixed(message, pos, size, &found):
        return None
    column = PyList_New(found.rows)
    at = found.at
    for row in range(found.rows):
        if found.kind == MIXED:
            if row & 7 == 0:
                mask = at[0]
                at += 1
            if not mask >> (row & 7) & 1:
                put(column, row, None)
                continue
        elif found.kind == ALL_NULL:
            put(column, row, None)
            continue
        put(column, row, load_number(at, code, True))
        at += size
    return column, found.end


cdef object moment(const unsigned char* at, Py_ssize_t size, dict zones):
    """Return a date, a time, or both; raise ValueError if there is none."""
    cdef const signed char* clock = <const signed char*> at + (0 if size == TIME else 6)
    cdef int year = 0, nanos = 0
    cdef object zone = None
    if size != TIME:
        year = <int32_t> load32(at, True)
        if size == DATE:
            return date_new(year, <signed char> at[4], <signed char> at[5])
    nanos = <int32_t> load32(<const unsigned char*> clock + 3, True)
    if nanos < 0:
        raise ValueError
    if size == TIME:
        return time_new(clock[0], clock[1], clock[2], nanos // 1000, None)
    if size == INSTANT:
        offset = <int32_t> load32(at + 13, True)
        zone = zones.get(offset)
        if zone is None:
            zone = zones[offset] = timezone(timedelta(seconds=offset))
    return datetime_new(
        year, <signed char> at[4], <signed char> at[5], clock[0], clock[1], clock[2], nanos // 1000, zone
    )


def moments(bytes message not None, Py_ssize_t pos, Py_ssize_t size):
    """Return a column of dates, times or both, which their size tells, as a list, and the position after it."""
    cdef Fixed found
    cdef Py_ssize_t row, mask = 0
    cdef const unsigned char* at
    cdef dict zones = {0: UTC}
    if not open_fixed(message, pos, size, &found):
        return None
    column = PyList_New(found.rows)
    at = found.at
    for row in range(found.rows):
        if found.kind == MIXED:
            if row & 7 == 0:
                mask = at[0]
                at += 1
            if not mask >> (row & 7) & 1:
                put(column, row, None)
                continue
        elif found.kind == ALL_NULL:
            put(column, row, None)
            continue
        try:
            put(column, row, moment(at, size, zones))
        except (ValueError, OverflowError):
            return None
        at += size
    return column, found.end


cdef inline Py_ssize_t after_begin(bytes message, Py_ssize_t pos) noexcept:
    """Return the position after a begin frame; -1 if there is none."""
    cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(message)
    if pos < 0 or PyBytes_GET_SIZE(message) - pos < FRAME:
        return -1
    if load32(begin + pos, True) != FRAME or not load16(begin + pos + 4, True) & BEGIN:
        return -1
    return pos + FRAME


cdef inline Py_ssize_t frame_at(bytes message, Py_ssize_t pos, int* flags) noexcept:
    """Return the length of the frame at a position, not its flags; -1 if it is not whole."""
    cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(message)
    cdef Py_ssize_t left = PyBytes_GET_SIZE(message) - pos, length
    if left < FRAME:
        return -1
    length = <int32_t> load32(begin + pos, True)
    flags[0] = load16(begin + pos + 4, True)
    return length if FRAME <= length <= left else -1


def texts(bytes message not None, Py_ssize_t pos):
    """Return a column of texts as a list, and the position after it."""
    cdef const char* begin = PyBytes_AS_STRING(message)
    cdef Py_ssize_t length
    cdef int flags = 0
    cdef list column = []
    pos = after_begin(message, pos)
    while pos >= 0:
        length = frame_at(message, pos, &flags)
        if length < 0:
            return None
        if flags & (END | NULL_FRAME):
            if flags & END:
                return column, pos + length
            column.append(None)
        else:
            try:
                column.append(utf8_text(<const unsigned char*> begin + pos + FRAME, length - FRAME))
            except UnicodeDecodeError:
                return None
        pos += length
    return None


def text_buffers(bytes message not None, Py_ssize_t pos):
    """Return a column of texts as buffers, which are not checked to be UTF-8.

    Returns:
        The number of rows, and that of nulls; a bit for each row that says whether it is not null, the lowest one of a
        byte first, or None without nulls; where each text begins and the last one ends; the texts; the position after
        the column.
    """
    cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(message)
    cdef Py_ssize_t length, rows = 0, nulls = 0, size = 0, at, row
    cdef int flags = 0
    cdef bytes present = None, places, content
    cdef unsigned char* bits = NULL
    cdef unsigned char* place
    cdef unsigned char* to
    cdef Py_ssize_t start = after_begin(message, pos)
    if start < 0:
        return None
    at = start
    while True:
        length = frame_at(message, at, &flags)
        if length < 0:
            return None
        at += length
        if flags & END:
            break
        if flags & NULL_FRAME:
            nulls += 1
        else:
            size += length - FRAME
        rows += 1
    places = PyBytes_FromStringAndSize(NULL, 4 * (rows + 1))
    content = PyBytes_FromStringAndSize(NULL, size)
    if nulls:
        present = PyBytes_FromStringAndSize(NULL, (rows + 7) // 8)
        bits = <unsigned char*> PyBytes_AS_STRING(present)
        memset(bits, 0, (rows + 7) // 8)
    place = <unsigned char*> PyBytes_AS_STRING(places)
    to = <unsigned char*> PyBytes_AS_STRING(content)
    size = 0
    at = start
    for row in range(rows):
        length = frame_at(message, at, &flags)
        store32(place + 4 * row, <int32_t> size, True)
        if not flags & NULL_FRAME:
            memcpy(to + size, begin + at + FRAME, length - FRAME)
            size += length - FRAME
            if nulls:
                bits[row >> 3] |= 1 << (row & 7)
        at += length
    store32(place + 4 * rows, <int32_t> size, True)
    return rows, nulls, present, places, content, at + frame_at(message, at, &flags)


def dense(bytes message not None, Py_ssize_t pos, Py_ssize_t size):
    """Return the values of a column that are not null, one after the other; the bits that say which; its end.

    None for a column that has nulls only, or none.
    """
    cdef Fixed found
    cdef Py_ssize_t row = 0, width
    cdef const unsigned char* at
    cdef unsigned char* to
    cdef unsigned char* bits
    cdef bytes values, present
    if size < 1 or not open_fixed(message, pos, size, &found) or found.kind != MIXED:
        return None
    values = PyBytes_FromStringAndSize(NULL, found.end - pos - 11 - (found.rows + 7) // 8)
    present = PyBytes_FromStringAndSize(NULL, (found.rows + 7) // 8)
    to = <unsigned char*> PyBytes_AS_STRING(values)
    bits = <unsigned char*> PyBytes_AS_STRING(present)
    at = found.at
    while row < found.rows:
        bits[row >> 3] = at[0]
        width = bits_of(at[0]) * size
        memcpy(to, at + 1, width)
        to += width
        at += 1 + width
        row += 8
    return found.rows, values, present, found.end


def spread(values not None, bytes present not None, Py_ssize_t rows, Py_ssize_t size):
    """Return values with zeros where there are none. None if they are not as many as ``present`` says.

    Args:
        values: Those that are there, in a buffer.
        present: A bit for each row.
        rows: The number of rows.
        size: The bytes of a value.
    """
    cdef Py_ssize_t row, used = 0
    cdef const unsigned char* bits = <const unsigned char*> PyBytes_AS_STRING(present)
    cdef const unsigned char* at
    cdef unsigned char* to
    cdef Py_buffer view
    cdef bytes found
    if rows < 0 or size < 1 or rows > MOST_ROWS or PyBytes_GET_SIZE(present) * 8 < rows:
        return None
    for row in range(rows):
        used += bits[row >> 3] >> (row & 7) & 1
    found = PyBytes_FromStringAndSize(NULL, rows * size)
    to = <unsigned char*> PyBytes_AS_STRING(found)
    PyObject_GetBuffer(values, &view, PyBUF_SIMPLE)
    try:
        if used * size != view.len:
            return None
        at = <const unsigned char*> view.buf
        for row in range(rows):
            if bits[row >> 3] >> (row & 7) & 1:
                memcpy(to, at, size)
                at += size
            else:
                memset(to, 0, size)
            to += size
    finally:
        PyBuffer_Release(&view)
    return found


cdef const unsigned char* _LENGTHS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


cdef inline bint days_at(const unsigned char* at, int64_t* days) noexcept nogil:
    """Compute the days since 1970 of the date at ``at``; return false if there is no such date."""
    cdef int64_t year = <int32_t> load32(at, True), era
    cdef int month = at[4], day = at[5]
    if month < 1 or month > 12 or day < 1 or day > _LENGTHS[month]:
        return False
    if month <= 2:
        year -= 1
    era = (year if year >= 0 else year - 399) // 400
    year -= era * 400
    days[0] = (
        era * 146_097
        + year * 365 + year // 4 - year // 100
        + (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
        - 719_468
    )
    return True


cdef inline bint add_time(const unsigned char* at, int64_t seconds, int64_t per_second, int64_t* moment) noexcept nogil:
    """Add the time of day at ``at`` to a number of seconds; return false if there is none, or if it is too far away."""
    cdef int64_t nanos = <int32_t> load32(at + 3, True), limit = 0x7FFFFFFFFFFFFFFFLL // per_second - 1
    if at[0] > 23 or at[1] > 59 or at[2] > 59 or nanos < 0 or nanos > 999_999_999:
        return False
    seconds += at[0] * 3600 + at[1] * 60 + at[2]
    if seconds > limit or seconds < -limit:
        return False
    moment[0] = seconds * per_second + nanos // (1_000_000_000 // per_second)
    return True


def dates(bytes values not None):
    """Return dates as days since 1970, of four bytes."""
    cdef Py_ssize_t count = PyBytes_GET_SIZE(values) // DATE, row
    cdef const unsigned char* at = <const unsigned char*> PyBytes_AS_STRING(values)
    cdef bytes found = PyBytes_FromStringAndSize(NULL, 4 * count)
    cdef unsigned char* to = <unsigned char*> PyBytes_AS_STRING(found)
    cdef int64_t days = 0
    for row in range(count):
        if not days_at(at + DATE * row, &days) or days > 0x7FFFFFFF or days < -0x7FFFFFFF:
            return None
        store32(to + 4 * row, <int32_t> days, True)
    return found


def ticks(bytes values not None, Py_ssize_t size, int64_t per_second):
    """Return times and timestamps, which their size tells, as units since midnight or 1970, of eight bytes.

    Args:
        values: The fields of each.
        size: The bytes of each.
        per_second: Units in a second, a power of ten up to 10**9.
    """
    cdef Py_ssize_t count, row
    cdef const unsigned char* at = <const unsigned char*> PyBytes_AS_STRING(values)
    cdef bytes found
    cdef unsigned char* to
    cdef int64_t seconds, value = 0
    if size not in (TIME, TIMESTAMP, INSTANT) or not 1 <= per_second <= 1_000_000_000:
        return None
    count = PyBytes_GET_SIZE(values) // size
    found = PyBytes_FromStringAndSize(NULL, 8 * count)
    to = <unsigned char*> PyBytes_AS_STRING(found)
    for row in range(count):
        seconds = 0
        if size != TIME:
            if not days_at(at, &seconds):
                return None
            seconds *= 86_400
        if size == INSTANT:
            seconds -= <int32_t> load32(at + 13, True)
        if not add_time(at if size == TIME else at + 6, seconds, per_second, &value):
            return None
        store64(to + 8 * row, value, True)
        at += size
    return found


@cython.final
cdef class Rows:
    """Iterator over the rows of columns, which are lists of one length.

    Args:
        cls: A subclass of ``tuple`` whose ``__new__`` is that of ``tuple``.
        columns: One or more.
    """

    cdef type cls
    cdef list columns
    cdef Py_ssize_t width
    cdef Py_ssize_t row
    cdef Py_ssize_t count

    def __cinit__(self, type cls not None, list columns not None):
        if not issubclass(cls, tuple) or not columns:
            raise TypeError("rows are made of a subclass of tuple, and of one column at least")
        self.cls = cls
        self.columns = list(columns)
        self.width = len(columns)
        self.row = 0
        self.count = len(<list?> columns[0])
        for column in columns:
            if len(<list?> column) != self.count:
                raise ValueError("columns of different lengths have no rows")

    def __iter__(self):
        return self

    def __length_hint__(self):
        return self.count - self.row

    def __next__(self):
        cdef Py_ssize_t row = self.row, place
        cdef PyObject* column
        if row >= self.count:
            raise StopIteration
        values = (<PyTypeObject*> self.cls).tp_alloc(<PyTypeObject*> self.cls, self.width)
        for place in range(self.width):
            column = PyList_GET_ITEM(self.columns, place)
            if PyList_GET_SIZE(<object> column) <= row:
                raise ValueError("a column was made shorter while its rows are read")
            value = <object> PyList_GET_ITEM(<object> column, row)
            Py_INCREF(value)
            PyTuple_SET_ITEM(values, place, value)
        self.row = row + 1
        return values
