# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True, auto_pickle=False
"""Compact records: packing and unpacking, and the writer and reader that serializers get.

The pure Python objects do everything unusual, so that errors are raised in one place.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from hz_speedups._bytes cimport (
    CODE_BOOLEAN,
    CODE_DOUBLE,
    CODE_FLOAT,
    CODE_INT8,
    CODE_INT16,
    CODE_INT32,
    CODE_INT64,
    CODE_NONE,
    Block,
    PyUnicode_DATA,
    PyUnicode_GET_LENGTH,
    PyUnicode_IS_COMPACT_ASCII,
    append,
    append_block,
    begin_block,
    block_bytes,
    free_block,
    load16,
    load32,
    load_number,
    reserve,
    size_of_number,
    store16,
    store32,
    store64,
    store_number,
    utf8_text,
)

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object table, object key) except? NULL
    PyObject* PyList_GET_ITEM(object values, Py_ssize_t index)
    PyObject* PySequence_Fast_GET_ITEM(object values, Py_ssize_t index)
    Py_ssize_t PyLong_AsSsize_t(object number) except? -1

cdef extern from *:
    """
    /* Replace an item of a list whose index is known to be one. */
    static inline void hz_set_item(PyObject *list, Py_ssize_t index, PyObject *item) {
        PyObject *before = PyList_GET_ITEM(list, index);
        Py_INCREF(item);
        PyList_SET_ITEM(list, index, item);
        Py_DECREF(before);
    }
    """
    void hz_set_item(list values, Py_ssize_t index, object item)

cdef enum:
    MOST_VARIABLE = 64  # variable-size fields of a record; those with more are left to pure Python
    BYTE_OFFSETS = 255
    SHORT_OFFSETS = 65535
    STRING = 17
    GREATEST = 0x7FFFFFFF

cdef dict _CODES = {
    3: CODE_INT8, 7: CODE_INT16, 9: CODE_INT32, 11: CODE_INT64, 13: CODE_FLOAT, 15: CODE_DOUBLE,
}

cdef object _missing = None
cdef object _field_missing = None
cdef object _failed_writing = None
cdef object _failed_reading = None
cdef object _pure_writer = None
cdef object _pure_reader = None
cdef object _not_available = None
cdef object _type_name = None


def bind(*, missing, field_missing, failed_writing, failed_reading, pure_writer, pure_reader, not_available, type_name):
    """Set what is needed of hz_serialization, which imports this module and not the other way round."""
    global _missing, _field_missing, _failed_writing, _failed_reading, _pure_writer, _pure_reader, _not_available
    global _type_name
    _missing = missing
    _field_missing = field_missing
    _failed_writing = failed_writing
    _failed_reading = failed_reading
    _pure_writer = pure_writer
    _pure_reader = pure_reader
    _not_available = not_available
    _type_name = type_name


include "_compact_plan.pxi"


@cython.freelist(16)
cdef class FieldsWriterBase:
    """What all methods of the writer share."""

    cdef RecordPlan plan
    cdef list values
    cdef Py_ssize_t calls

    def __init__(self):
        raise TypeError("only a serializer is handed one")

    @cython.final
    cdef inline int put(self, name, int kind, value, str method) except -1:
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, kind, &self.calls, plan.written, plan.written_slots)
        if slot < 0:
            getattr(_pure_writer(plan.layout), method)(name, value)
            raise KeyError(name)
        hz_set_item(self.values, slot, value)
        return 0


@cython.freelist(16)
cdef class FieldsReaderBase:
    """What all methods of the reader share."""

    cdef RecordPlan plan
    cdef bytes data
    cdef Py_ssize_t pos
    cdef object depth
    cdef Opened opened
    cdef Py_ssize_t calls
    cdef uint64_t counted  # one bit for each text whose bytes have been subtracted from the room
    cdef list values  # of the variable-size fields that are not texts, once one was read
    cdef object pure

    def __init__(self):
        raise TypeError("only a serializer is handed one")

    def get_field_kind(self, field_name):
        return self.plan.layout.schema.kinds.get(field_name, _not_available)

    @cython.final
    cdef inline bint has(self, field_name, int kind) except -1:
        found = self.plan.layout.schema.kinds.get(field_name)
        return found is not None and found == kind

    @cython.final
    cdef object odd(self, name, str method):
        """Call the method of the pure Python reader, which mostly raises an error."""
        if self.pure is None:
            self.pure = _pure_reader(self.plan.layout, self.data, self.pos, self.depth)
        return getattr(self.pure, method)(name)

    @cython.final
    cdef inline object number(self, name, int kind, str method):
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, kind, &self.calls, plan.read, plan.read_slots)
        if slot < 0:
            return self.odd(name, method)
        return plan.fixed(&self.opened, slot)

    @cython.final
    cdef inline object text(self, name, str method):
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, STRING, &self.calls, plan.read, plan.read_slots), at, size
        cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(self.data)
        cdef int64_t offset
        cdef uint64_t bit
        if slot < 0:
            return self.odd(name, method)
        offset = plan.offset(&self.opened, slot - plan.first)
        if offset < 0:
            return None
        at = self.opened.base + offset
        if at + 4 > PyBytes_GET_SIZE(self.data):
            return self.odd(name, method)
        size = <int32_t> load32(begin + at, plan.little)
        bit = <uint64_t> 1 << (slot - plan.first)
        if not self.counted & bit:
            self.opened.room -= size + 4
            if size < 0 or self.opened.room < 0 or at + 4 + size > self.opened.limit:
                raise plan.layout.overfull(self.pos)
        text = utf8_text(begin + at + 4, size)
        self.counted |= bit
        return text

    @cython.final
    cdef object other(self, name, int kind, str method):
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, kind, &self.calls, plan.read, plan.read_slots), index, at, end
        cdef int64_t offset
        if slot < 0:
            return self.odd(name, method)
        index = slot - plan.first
        if self.values is None:
            self.values = [_missing] * plan.count
        value = self.values[index]
        if value is not _missing:
            return value
        offset = plan.offset(&self.opened, index)
        if offset < 0:
            return None
        at = self.opened.base + offset
        value, stop = plan.readers[index](self.data, at, self.depth)
        end = stop
        self.opened.room -= end - at
        if self.opened.room < 0 or end > self.opened.limit:
            raise plan.layout.overfull(self.pos)
        self.values[index] = value
        return value

include "_compact_fields.pxi"


cdef RecordPlan plan_of(layout):
    """Return the plan of a layout; None if it has too many fields for that."""
    return None if layout is None or layout.count > MOST_VARIABLE else RecordPlan(layout)


@cython.final
cdef class SerializedRecords:
    """Records by a ``CompactSerializer``; does what the class of that name in hz_serialization does."""

    cdef object records
    cdef object write_fields
    cdef object read_fields
    cdef str write_method
    cdef str read_method
    cdef bytes header
    cdef RecordPlan plan

    def __cinit__(self, records, bytes header):
        name = _type_name(type(records._serializer))
        self.records = records
        self.write_fields = records._serializer.write
        self.read_fields = records._serializer.read
        self.write_method = f"{name}.write()"
        self.read_method = f"{name}.read()"
        self.header = header

    cdef bint append(self, value, depth, Block* block) except -1:
        """Append a record; return false if the object has other fields than the one before it."""
        cdef Py_ssize_t size = block.size
        cdef RecordPlan plan = self.plan
        cdef FieldsWriter writer
        if plan is None:
            return False
        writer = FieldsWriter.__new__(FieldsWriter)
        writer.plan = plan
        writer.values = [_missing] * plan.total
        try:
            self.write_fields(writer, value)
            plan.pack(writer.values, depth, block)
        except _field_missing:
            block.size = size
            return False
        except Exception as error:
            _failed_writing(value, error, self.write_method)
            raise
        return True

    def write(self, bytearray out not None, value, depth):
        """Append a record, from its schema id on."""
        cdef Block block
        begin_block(&block)
        try:
            if self.append(value, depth, &block):
                append_block(out, &block)
                return
        finally:
            free_block(&block)
        self.write_first(out, value, depth)

    def encode(self, value):
        """Return the whole ``Data`` of an object."""
        cdef Block block
        begin_block(&block)
        try:
            append(&block, PyBytes_AS_STRING(self.header), PyBytes_GET_SIZE(self.header))
            if self.append(value, 0, &block):
                return block_bytes(&block)
        finally:
            free_block(&block)
        out = bytearray(self.header)
        self.write_first(out, value, 0)
        return bytes(out)

    cdef int write_first(self, out, value, depth) except -1:
        if self.plan is None:
            self.records.write(out, value, depth)
        else:
            self.records._write_first(out, value, depth)
        self.plan = plan_of(self.records._current)
        return 0

    def reader(self, layout):
        """Return the reader of records of one schema of the type."""
        cdef RecordPlan plan = plan_of(layout)
        return self.records.reader(layout) if plan is None else SerializedReader(self, plan)


@cython.final
cdef class AutomaticRecords:
    """Records of a class with typed fields; does what the class of that name in hz_serialization does."""

    cdef object records
    cdef object get_values
    cdef object getter
    cdef set shapes
    cdef tuple shape  # the last one
    cdef object schemas
    cdef object schema
    cdef object schema_id
    cdef bytes header
    cdef RecordPlan plan

    def __cinit__(self, records, bytes header):
        layout = records._layout
        self.records = records
        self.get_values = records._values
        self.getter = records._record.getter
        self.shapes = records._record.shapes
        self.schemas = records._schemas
        self.schema = layout.schema
        self.schema_id = layout.schema.schema_id
        self.header = header
        self.plan = plan_of(layout)

    cdef int append(self, value, depth, Block* block) except -1:
        if self.schema_id not in <dict> self.schemas.used:
            self.schemas.use(self.schema)
        return self.plan.pack(self.values_of(value), depth, block)

    cdef object values_of(self, value):
        cdef tuple values
        if self.getter is not None:
            try:
                values = self.getter(value)
            except Exception:
                pass  # get_values raises the error
            else:
                if self.fit(values):
                    return values
        found = self.get_values(value)
        return found if type(found) is tuple or type(found) is list else tuple(found)

    cdef bint fit(self, tuple values) except -1:
        """Return whether the classes of the values are known to fit."""
        cdef Py_ssize_t index, count = len(values)
        if self.shape is not None and len(self.shape) == count:
            for index in range(count):
                if type(values[index]) is not self.shape[index]:
                    break
            else:
                return True
        shape = tuple([type(each) for each in values])
        if shape not in self.shapes:
            return False
        self.shape = shape
        return True

    def write(self, bytearray out not None, value, depth):
        """Append a record, from its schema id on."""
        cdef Block block
        if self.plan is None:
            self.records.write(out, value, depth)
            return
        begin_block(&block)
        try:
            self.append(value, depth, &block)
            append_block(out, &block)
        finally:
            free_block(&block)

    def encode(self, value):
        """Return the whole ``Data`` of an object."""
        cdef Block block
        if self.plan is None:
            out = bytearray(self.header)
            self.records.write(out, value, 0)
            return bytes(out)
        begin_block(&block)
        try:
            append(&block, PyBytes_AS_STRING(self.header), PyBytes_GET_SIZE(self.header))
            self.append(value, 0, &block)
            return block_bytes(&block)
        finally:
            free_block(&block)

    def reader(self, layout):
        """Return the reader of records of one schema of the type."""
        cdef RecordPlan plan = plan_of(layout)
        if plan is None or layout.schema != self.schema:
            return self.records.reader(layout)
        return AutomaticReader(self.records._record.make, plan)


@cython.final
cdef class SerializedReader:
    """Reader of records of one schema by a ``CompactSerializer``."""

    cdef object read_fields
    cdef str method
    cdef RecordPlan plan

    def __cinit__(self, SerializedRecords records, RecordPlan plan):
        self.read_fields = records.read_fields
        self.method = records.read_method
        self.plan = plan

    cdef object read(self, bytes data, Py_ssize_t pos, depth, Py_ssize_t* end):
        cdef FieldsReader reader = FieldsReader.__new__(FieldsReader)
        reader.plan = self.plan
        reader.data = data
        reader.pos = pos
        reader.depth = depth
        if not self.plan.open(data, pos, &reader.opened):
            _pure_reader(self.plan.layout, data, pos, depth)  # raises the error
            raise ValueError("the record is not all there")
        try:
            value = self.read_fields(reader)
        except Exception as error:
            _failed_reading(error, self.method)
            raise
        end[0] = reader.opened.end
        return value

    def __call__(self, bytes data not None, Py_ssize_t pos, depth):
        cdef Py_ssize_t end = 0
        value = self.read(data, pos, depth, &end)
        return value, end


@cython.final
cdef class AutomaticReader:
    """Reader of records of a class with typed fields, of the schema of the class."""

    cdef object make
    cdef RecordPlan plan

    def __cinit__(self, make, RecordPlan plan):
        self.make = make
        self.plan = plan

    cdef object read(self, bytes data, Py_ssize_t pos, depth, Py_ssize_t* end):
        cdef Opened opened
        if not self.plan.open(data, pos, &opened):
            self.plan.layout.read(data, pos, depth)  # raises the error
            raise ValueError("the record is not all there")
        end[0] = opened.end
        return self.make(self.plan.read_values(data, pos, depth, &opened))

    def __call__(self, bytes data not None, Py_ssize_t pos, depth):
        cdef Py_ssize_t end = 0
        value = self.read(data, pos, depth, &end)
        return value, end


@cython.final
cdef class TopReader:
    """Reader of whole ``Data`` whose type id and schema id are in the table; leaves others to ``general``."""

    cdef dict readers
    cdef object general
    # The same schema mostly comes again: that saves making a key and searching for it, 0.1 of 0.85 us for six fields.
    cdef unsigned char last_key[12]
    cdef object last

    def __cinit__(self, dict readers not None, general):
        self.readers = readers
        self.general = general

    def forget(self):
        """Forget the last reader, since the table was cleared."""
        self.last = None

    def read(self, buffer, Py_ssize_t start, Py_ssize_t end):
        """Return the value of the ``Data`` at ``buffer[start:end]``."""
        cdef bytes data
        cdef Py_ssize_t size, unused = 0
        cdef PyObject* found
        if type(buffer) is not bytes:
            return self.general(buffer, start, end)
        size = PyBytes_GET_SIZE(buffer)
        if start < 0 or end > size or end - start < 16:
            return self.general(buffer, start, end)
        if end - start == size:
            data = buffer
        else:
            data = PyBytes_FromStringAndSize(PyBytes_AS_STRING(buffer) + start, end - start)
        reader = self.last
        if reader is None or memcmp(PyBytes_AS_STRING(data) + 4, self.last_key, 12):
            found = PyDict_GetItemWithError(
                self.readers, PyBytes_FromStringAndSize(PyBytes_AS_STRING(data) + 4, 12)
            )
            if found == NULL:
                return self.general(data, 0, PyBytes_GET_SIZE(data))
            reader = <object> found
            self.last = None  # first: that may free a reader, and so let another thread run
            memcpy(self.last_key, PyBytes_AS_STRING(data) + 4, 12)
            self.last = reader
        if type(reader) is SerializedReader:
            return (<SerializedReader> reader).read(data, 8, 0, &unused)
        if type(reader) is AutomaticReader:
            return (<AutomaticReader> reader).read(data, 8, 0, &unused)
        return reader(data, 8, 0)[0]
