# cython: binding=False, boundscheck=False, wraparound=False, cdivision=True
"""Compact records: packing and unpacking, and the writer and reader that serializers are handed.

All that is out of the ordinary is left to the pure Python objects, so that errors are made in one place.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

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
    PyUnicode_DecodeUTF8,
    PyUnicode_GET_LENGTH,
    PyUnicode_IS_COMPACT_ASCII,
    append,
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
)

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object table, object key) except? NULL
    PyObject* PyList_GET_ITEM(object values, Py_ssize_t index)
    PyObject* PySequence_Fast_GET_ITEM(object values, Py_ssize_t index)
    Py_ssize_t PyLong_AsSsize_t(object number) except? -1

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


def bind(*, missing, field_missing, failed_writing, failed_reading, pure_writer, pure_reader, not_available):
    """Take what is needed of hz_serialization, which imports this module and not the other way round."""
    global _missing, _field_missing, _failed_writing, _failed_reading, _pure_writer, _pure_reader, _not_available
    _missing = missing
    _field_missing = field_missing
    _failed_writing = failed_writing
    _failed_reading = failed_reading
    _pure_writer = pure_writer
    _pure_reader = pure_reader
    _not_available = not_available


cdef struct Slot:
    int kind
    int code  # of a number, or of a boolean that is alone; else CODE_NONE
    int bit  # of a boolean that is not alone
    Py_ssize_t offset  # from where the values of fixed size begin


cdef struct Opened:
    const unsigned char* fixed  # where the values of fixed size begin
    const unsigned char* table  # where the offsets begin
    Py_ssize_t base  # from where offsets count
    Py_ssize_t limit  # where the values end
    Py_ssize_t room  # bytes that the variable-size values have together
    Py_ssize_t end  # of the record
    int width  # of an offset


@cython.final
cdef class RecordPlan:
    """A ``RecordLayout`` of hz_serialization as C sees it."""

    cdef object layout
    cdef list writers
    cdef list readers
    cdef dict by_name
    cdef bint little
    cdef uint64_t schema_id
    cdef Py_ssize_t total
    cdef Py_ssize_t fixed_end
    cdef Py_ssize_t first
    cdef Py_ssize_t count
    cdef Py_ssize_t fixed_size
    cdef Slot* slots
    cdef Py_ssize_t* order
    # Which field comes with which call is nearly always the same: compared by identity, a name needs no search.
    cdef list written
    cdef list read
    cdef Py_ssize_t* written_slots
    cdef Py_ssize_t* read_slots

    def __cinit__(self, layout):
        self.layout = layout
        self.little = not layout._layout.is_big_endian
        self.schema_id = <uint64_t> <int64_t> layout.schema.schema_id
        self.by_name = dict(layout.slots)
        self.total = len(self.by_name)
        self.fixed_end = layout._fixed_end
        self.first = layout.first_variable
        self.count = layout.count
        self.fixed_size = layout.fixed_size
        self.writers = list(layout._writers)
        self.readers = list(layout.readers)
        self.written = [None] * self.total
        self.read = [None] * self.total
        self.slots = <Slot*> PyMem_Calloc(self.total + 1, sizeof(Slot))
        self.order = <Py_ssize_t*> PyMem_Calloc(self.count + 1, sizeof(Py_ssize_t))
        self.written_slots = <Py_ssize_t*> PyMem_Calloc(self.total + 1, sizeof(Py_ssize_t))
        self.read_slots = <Py_ssize_t*> PyMem_Calloc(self.total + 1, sizeof(Py_ssize_t))
        if not (self.slots and self.order and self.written_slots and self.read_slots):
            raise MemoryError
        self.place(layout.schema.kinds, list(layout._order))

    cdef int place(self, kinds, list order) except -1:
        """Find out where each value lies."""
        cdef Py_ssize_t slot, at = 0, booleans = self.first - self.fixed_end
        cdef Slot* each
        for name, slot in self.by_name.items():
            self.slots[slot].kind = kinds[name]
        for slot in range(self.first):
            each = &self.slots[slot]
            each.offset = at
            if slot < self.fixed_end:
                each.code = _CODES[each.kind]
                at += size_of_number(each.code)
            elif booleans == 1:
                each.code = CODE_BOOLEAN
            else:
                each.offset += (slot - self.fixed_end) // 8
                each.bit = (slot - self.fixed_end) % 8
        at += (booleans + 7) // 8
        if at != self.fixed_size or len(order) != self.count or sorted(order) != list(range(self.count)):
            raise ValueError(f"{self.layout.schema} has no such layout")
        for slot in range(self.count):
            self.order[slot] = order[slot]
        return 0

    def __dealloc__(self):
        PyMem_Free(self.slots)
        PyMem_Free(self.order)
        PyMem_Free(self.written_slots)
        PyMem_Free(self.read_slots)

    cdef inline Py_ssize_t find(self, name, int kind, Py_ssize_t* calls, list names, Py_ssize_t* slots) except -2:
        """The slot of a field of that name and kind; -1 if there is none."""
        cdef Py_ssize_t call = calls[0], slot
        cdef PyObject* found
        if call < self.total and PyList_GET_ITEM(names, call) == <PyObject*> name:
            slot = slots[call]
            calls[0] = call + 1
        else:
            found = PyDict_GetItemWithError(self.by_name, name)
            if found == NULL:
                return -1
            slot = PyLong_AsSsize_t(<object> found)
            if call < self.total:
                names[call] = name
                slots[call] = slot
                calls[0] = call + 1
        return slot if self.slots[slot].kind == kind else -1

    cdef bint pack_fixed(self, values, unsigned char* at) except -1:
        """Write what is of fixed size; false if a value does not fit as it is."""
        cdef Py_ssize_t slot
        cdef Slot* each
        cdef PyObject* value
        for slot in range(self.fixed_end):
            each = &self.slots[slot]
            if not store_number(
                at + each.offset, <object> PySequence_Fast_GET_ITEM(values, slot), each.code, self.little
            ):
                return False
        if self.fixed_end == self.first:
            return True
        slot = self.slots[self.fixed_end].offset
        memset(at + slot, 0, self.fixed_size - slot)
        for slot in range(self.fixed_end, self.first):
            value = PySequence_Fast_GET_ITEM(values, slot)
            each = &self.slots[slot]
            if value == <PyObject*> True:
                at[each.offset] |= <unsigned char> (1 << each.bit)
            elif value != <PyObject*> False:
                return False
        return True

    cdef int pack_fixed_slowly(self, values, Block* out) except -1:
        """The same in pure Python, which takes some values more and says what does not fit."""
        cdef bytes packed
        layout = self.layout
        try:
            bits = layout._bits(values)
            if self.count:
                packed = layout._pack(layout._id, 0, *values[: self.fixed_end], *bits)
            else:
                packed = layout._pack(layout._id, *values[: self.fixed_end], *bits)
        except Exception as error:
            layout._fail(values, -1, error)
            raise
        append(out, PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed))
        return 0

    cdef int append_text(self, value, Block* out) except -1:
        cdef Py_ssize_t size
        cdef const void* text
        cdef bytes encoded
        if PyUnicode_IS_COMPACT_ASCII(value):
            size = PyUnicode_GET_LENGTH(value)
            text = PyUnicode_DATA(value)
        else:
            encoded = (<str> value).encode()
            size = PyBytes_GET_SIZE(encoded)
            text = PyBytes_AS_STRING(encoded)
        if size > GREATEST:
            self.layout._size(size)  # raises
        reserve(out, size + 4)
        store32(out.data + out.size, <uint32_t> size, self.little)
        memcpy(out.data + out.size + 4, text, size)
        out.size += size + 4
        return 0

    cdef int append_slowly(self, Py_ssize_t index, value, depth, Block* out) except -1:
        """A value whose kind has its codec in pure Python."""
        cdef bytearray block = bytearray()
        write = self.writers[index]
        if write is None:
            encoded = value.encode()
            block += self.layout._size(len(encoded))
            block += encoded
        else:
            write(block, value, depth)
        append(out, PyByteArray_AS_STRING(block), PyByteArray_GET_SIZE(block))
        return 0

    cdef int pack(self, values, depth, Block* out) except -1:
        """Append a record, from its schema id on; `values` is a list or tuple that nobody else resizes."""
        cdef Py_ssize_t start = out.size, base, step, index = -1, size
        cdef int64_t offsets[MOST_VARIABLE]
        if len(values) != self.total:
            raise ValueError(f"{len(values)} values for {self.layout.schema}")
        base = start + (12 if self.count else 8)
        reserve(out, base - start + self.fixed_size + 64)
        store64(out.data + start, self.schema_id, self.little)
        if self.pack_fixed(values, out.data + base):
            out.size = base + self.fixed_size
        else:
            self.pack_fixed_slowly(values, out)
        if self.count == 0:
            return 0
        try:
            for step in range(self.count):
                index = self.order[step]
                value = <object> PySequence_Fast_GET_ITEM(values, self.first + index)
                if value is None:
                    offsets[index] = -1
                    continue
                offsets[index] = out.size - base
                if type(value) is str and self.slots[self.first + index].kind == STRING:
                    self.append_text(value, out)
                else:
                    self.append_slowly(index, value, depth, out)
        except Exception as error:
            self.layout._fail(values, index, error)
            raise
        size = out.size - base
        if size > GREATEST:
            self.layout._size(size)  # raises
        store32(out.data + start + 8, <uint32_t> size, self.little)
        self.append_offsets(offsets, size, out)
        return 0

    cdef int append_offsets(self, int64_t* offsets, Py_ssize_t size, Block* out) except -1:
        cdef Py_ssize_t index
        cdef unsigned char* at
        reserve(out, 4 * self.count)
        at = out.data + out.size
        # Null is -1, whose lowest bytes are what stands for it in each width.
        if size < BYTE_OFFSETS:
            for index in range(self.count):
                at[index] = <unsigned char> offsets[index]
            out.size += self.count
        elif size < SHORT_OFFSETS:
            for index in range(self.count):
                store16(at + 2 * index, <uint16_t> offsets[index], self.little)
            out.size += 2 * self.count
        else:
            for index in range(self.count):
                store32(at + 4 * index, <uint32_t> offsets[index], self.little)
            out.size += 4 * self.count
        return 0

    cdef bint open(self, bytes data, Py_ssize_t pos, Opened* opened) noexcept:
        """Find the parts of a record; false if they are not all there."""
        cdef Py_ssize_t length = PyBytes_GET_SIZE(data), size
        cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(data)
        if pos < 0 or length - pos < 12 + self.fixed_size:
            if self.count or pos < 0 or length - pos < 8 + self.fixed_size:
                return False
        if self.count == 0:
            opened.fixed = begin + pos + 8
            opened.base = opened.limit = pos + 12
            opened.room = 0
            opened.end = pos + 8 + self.fixed_size
            return True
        size = <int32_t> load32(begin + pos + 8, self.little)
        opened.width = 1 if size < BYTE_OFFSETS else 2 if size < SHORT_OFFSETS else 4
        opened.base = pos + 12
        if size < self.fixed_size or length - opened.base < size + self.count * opened.width:
            return False
        opened.fixed = begin + opened.base
        opened.room = size - self.fixed_size
        opened.limit = opened.base + size
        opened.table = begin + opened.limit
        opened.end = opened.limit + self.count * opened.width
        return True

    cdef inline int64_t offset(self, const Opened* opened, Py_ssize_t index) noexcept:
        """Where a variable-size value begins, from the base; -1 for null."""
        cdef int64_t found
        if opened.width == 1:
            found = opened.table[index]
            return -1 if found == BYTE_OFFSETS else found
        if opened.width == 2:
            found = load16(opened.table + 2 * index, self.little)
            return -1 if found == SHORT_OFFSETS else found
        found = load32(opened.table + 4 * index, self.little)
        return -1 if found == 0xFFFFFFFFLL else found

    cdef inline object fixed(self, const Opened* opened, Py_ssize_t slot):
        cdef Slot* each = &self.slots[slot]
        if each.code != CODE_NONE:
            return load_number(opened.fixed + each.offset, each.code, self.little)
        return (opened.fixed[each.offset] >> each.bit & 1) != 0

    cdef object read_values(self, bytes data, Py_ssize_t pos, depth, Opened* opened):
        """The value of each slot."""
        cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(data)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(data), slot, at, end, size
        cdef int64_t offset
        cdef list values = [None] * self.total
        for slot in range(self.first):
            values[slot] = self.fixed(opened, slot)
        for slot in range(self.first, self.total):
            offset = self.offset(opened, slot - self.first)
            if offset < 0:
                continue
            at = opened.base + offset
            if self.slots[slot].kind == STRING:
                if at + 4 > length:
                    return self.layout.read(data, pos, depth)[0]  # raises
                size = <int32_t> load32(begin + at, self.little)
                at += 4
                opened.room -= size + 4
                if size < 0 or opened.room < 0 or at + size > opened.limit:
                    raise self.layout.overfull(pos)
                values[slot] = PyUnicode_DecodeUTF8(<const char*> begin + at, size, NULL)
            else:
                value, stop = self.readers[slot - self.first](data, at, depth)
                values[slot] = value
                end = stop
                opened.room -= end - at
                if opened.room < 0 or end > opened.limit:
                    raise self.layout.overfull(pos)
        return values


@cython.final
@cython.freelist(16)
cdef class FieldsWriter:
    """Takes the values of a record whose schema is known; a ``CompactWriter``."""

    cdef RecordPlan plan
    cdef list values
    cdef Py_ssize_t calls

    cdef inline int put(self, name, int kind, value, str method) except -1:
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, kind, &self.calls, plan.written, plan.written_slots)
        if slot < 0:
            getattr(_pure_writer(plan.layout), method)(name, value)
            raise KeyError(name)
        self.values[slot] = value
        return 0

    include "_compact_writer.pxi"


@cython.final
@cython.freelist(16)
cdef class FieldsReader:
    """Reads a record as its fields are asked for; a ``CompactReader``."""

    cdef RecordPlan plan
    cdef bytes data
    cdef Py_ssize_t pos
    cdef object depth
    cdef Opened opened
    cdef Py_ssize_t calls
    cdef uint64_t counted  # one bit for each text whose bytes were taken off the room already
    cdef list values  # of the variable-size fields that are no texts, once one was read
    cdef object pure

    def get_field_kind(self, field_name):
        return self.plan.layout.schema.kinds.get(field_name, _not_available)

    cdef object odd(self, name, str method):
        """What is not as usual; mostly an error."""
        if self.pure is None:
            self.pure = _pure_reader(self.plan.layout, self.data, self.pos, self.depth)
        return getattr(self.pure, method)(name)

    cdef inline object number(self, name, int kind, str method):
        cdef RecordPlan plan = self.plan
        cdef Py_ssize_t slot = plan.find(name, kind, &self.calls, plan.read, plan.read_slots)
        if slot < 0:
            return self.odd(name, method)
        return plan.fixed(&self.opened, slot)

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
            self.counted |= bit
            self.opened.room -= size + 4
        if size < 0 or self.opened.room < 0 or at + 4 + size > self.opened.limit:
            raise plan.layout.overfull(self.pos)
        return PyUnicode_DecodeUTF8(<const char*> begin + at + 4, size, NULL)

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

    include "_compact_reader.pxi"


cdef RecordPlan plan_of(layout):
    """The plan of a layout; none if it has too many fields for that."""
    return None if layout is None or layout.count > MOST_VARIABLE else RecordPlan(layout)


cdef int append_block(out, const Block* block) except -1:
    cdef bytearray target
    cdef Py_ssize_t size
    if type(out) is not bytearray:
        out += PyBytes_FromStringAndSize(<const char*> block.data, block.size)
        return 0
    target = out
    size = PyByteArray_GET_SIZE(target)
    PyByteArray_Resize(target, size + block.size)
    memcpy(PyByteArray_AS_STRING(target) + size, block.data, block.size)
    return 0


@cython.final
cdef class SerializedRecords:
    """Records by a ``CompactSerializer``: what the class of that name in hz_serialization does."""

    cdef object records
    cdef object write_fields
    cdef object read_fields
    cdef str write_method
    cdef str read_method
    cdef bytes header
    cdef RecordPlan plan

    def __cinit__(self, records, serializer, str name, bytes header):
        self.records = records
        self.write_fields = serializer.write
        self.read_fields = serializer.read
        self.write_method = f"{name}.write()"
        self.read_method = f"{name}.read()"
        self.header = header

    cdef bint append(self, value, depth, Block* block) except -1:
        """Append a record; false if the object has other fields than the one before it."""
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

    def write(self, out, value, depth):
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
        """The whole ``Data`` of an object."""
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
        """A reader of records of one schema of the type."""
        cdef RecordPlan plan = plan_of(layout)
        return self.records.reader(layout) if plan is None else SerializedReader(self, plan)


@cython.final
cdef class AutomaticRecords:
    """Records of a class with typed fields: what the class of that name in hz_serialization does."""

    cdef object records
    cdef object get_values
    cdef object schemas
    cdef object schema
    cdef object schema_id
    cdef bytes header
    cdef RecordPlan plan

    def __cinit__(self, records, bytes header):
        layout = records._layout
        self.records = records
        self.get_values = records._values
        self.schemas = records._schemas
        self.schema = layout.schema
        self.schema_id = layout.schema.schema_id
        self.header = header
        self.plan = plan_of(layout)

    cdef int append(self, value, depth, Block* block) except -1:
        if self.schema_id not in <dict> self.schemas.used:
            self.schemas.use(self.schema)
        values = self.get_values(value)
        if type(values) is not tuple and type(values) is not list:
            values = tuple(values)
        return self.plan.pack(values, depth, block)

    def write(self, out, value, depth):
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
        """The whole ``Data`` of an object."""
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
        """A reader of records of one schema of the type."""
        cdef RecordPlan plan = plan_of(layout)
        if plan is None or layout.schema != self.schema:
            return self.records.reader(layout)
        return AutomaticReader(self.records._record.make, plan)


@cython.final
cdef class SerializedReader:
    """Reads records of one schema by a ``CompactSerializer``."""

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
            _pure_reader(self.plan.layout, data, pos, depth)  # says what is wrong
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
    """Reads records of a class with typed fields, of the schema that it has."""

    cdef object make
    cdef RecordPlan plan

    def __cinit__(self, make, RecordPlan plan):
        self.make = make
        self.plan = plan

    cdef object read(self, bytes data, Py_ssize_t pos, depth, Py_ssize_t* end):
        cdef Opened opened
        if not self.plan.open(data, pos, &opened):
            self.plan.layout.read(data, pos, depth)  # says what is wrong
            raise ValueError("the record is not all there")
        end[0] = opened.end
        return self.make(self.plan.read_values(data, pos, depth, &opened))

    def __call__(self, bytes data not None, Py_ssize_t pos, depth):
        cdef Py_ssize_t end = 0
        value = self.read(data, pos, depth, &end)
        return value, end


@cython.final
cdef class TopReader:
    """Reads whole ``Data`` whose type id and schema id are in the table; leaves the others to ``general``."""

    cdef dict readers
    cdef object general

    def __cinit__(self, dict readers not None, general):
        self.readers = readers
        self.general = general

    def read(self, buffer, Py_ssize_t start, Py_ssize_t end):
        """The value of the ``Data`` at ``buffer[start:end]``."""
        cdef bytes data
        cdef Py_ssize_t size, unused = 0
        cdef PyObject* found
        if type(buffer) is not bytes:
            return self.general(buffer, start, end)
        size = PyBytes_GET_SIZE(buffer)
        if start < 0 or end > size or end - start < 16:
            return self.general(buffer, start, end)
        data = buffer if end - start == size else buffer[start:end]
        found = PyDict_GetItemWithError(self.readers, PyBytes_FromStringAndSize(PyBytes_AS_STRING(data) + 4, 12))
        if found == NULL:
            return self.general(data, 0, PyBytes_GET_SIZE(data))
        reader = <object> found
        if type(reader) is SerializedReader:
            return (<SerializedReader> reader).read(data, 8, 0, &unused)
        if type(reader) is AutomaticReader:
            return (<AutomaticReader> reader).read(data, 8, 0, &unused)
        return reader(data, 8, 0)[0]
