"""Part of ``_portable.pyx``: what all methods of the writer share."""


@cython.freelist(16)
cdef class FieldWriterBase:
    """What all methods of the writer share.

    The latest bytes are in a block. Those before them are in ``out`` if there is one.
    """

    cdef WritePlan plan
    cdef Codec codec
    cdef object depth
    cdef bytearray out
    cdef Block* block  # NULL after the object was written
    cdef Py_ssize_t base  # length of ``out``, which is the position of the block
    cdef Py_ssize_t calls
    cdef Py_ssize_t raw_position
    cdef Py_ssize_t[MOST_FIELDS] positions
    cdef object pure

    def __init__(self):
        raise TypeError("only the object that is written is handed one")

    @cython.final
    cdef int flush(self) except -1:
        """Move the content of the block to ``out``."""
        if self.out is None:
            self.out = bytearray()
        if self.block != NULL:
            if self.block.size:
                append_block(self.out, self.block)
                self.block.size = 0
            self.base = PyByteArray_GET_SIZE(self.out)
        return 0

    @cython.final
    cdef object slowly(self, str method, arguments):
        """Call the method of the pure Python writer."""
        cdef Py_ssize_t index
        self.flush()
        if self.pure is None:
            self.pure = _pure_writer(self.out, self.plan.pure, self.codec.format, self.depth)
        pure = self.pure
        positions = pure.positions
        for index in range(self.plan.fields.count):
            positions[index] = self.positions[index]
        try:
            return getattr(pure, method)(*arguments)
        finally:
            for index in range(self.plan.fields.count):
                self.positions[index] = positions[index]
            self.raw_position = pure.raw_position
            if self.block != NULL:
                self.base = PyByteArray_GET_SIZE(self.out)

    @cython.final
    cdef inline Field* begin(self, name, int field_type, Py_ssize_t* index, Py_ssize_t more) except? NULL:
        """Write the head of a field, make room for ``more`` bytes, return the field; NULL if anything is unusual."""
        cdef Field* field
        cdef Block* block = self.block
        index[0] = self.plan.fields.find(name, &self.calls)
        if index[0] < 0 or block == NULL:
            return NULL
        field = &self.plan.fields.fields[index[0]]
        if field.type != field_type or self.positions[index[0]]:
            return NULL
        reserve(block, field.head_size + more)
        memcpy(block.data + block.size, field.head, field.head_size)
        return field

    @cython.final
    cdef inline int number(self, name, int field_type, value, str method) except -1:
        cdef Py_ssize_t index = 0
        cdef Field* field = self.begin(name, field_type, &index, 8)
        cdef Block* block = self.block
        if field == NULL or not store_number(
            block.data + block.size + field.head_size, value, field.code, self.codec.little
        ):
            self.slowly(method, (name, value))
            return 0
        self.positions[index] = self.base + block.size
        block.size += field.head_size + size_of_number(field.code)
        return 0

    @cython.final
    cdef inline int flag(self, name, value) except -1:
        cdef Py_ssize_t index = 0
        cdef Field* field
        cdef Block* block = self.block
        if value is not True and value is not False:
            self.slowly("write_boolean", (name, value))
            return 0
        field = self.begin(name, BOOLEAN, &index, 1)
        if field == NULL:
            self.slowly("write_boolean", (name, value))
            return 0
        block.data[block.size + field.head_size] = 1 if value is True else 0
        self.positions[index] = self.base + block.size
        block.size += field.head_size + 1
        return 0

    @cython.final
    cdef int text(self, name, value) except -1:
        cdef Py_ssize_t index = 0, size = -1
        cdef Field* field
        cdef Block* block = self.block
        cdef bytes encoded
        cdef const void* data = NULL
        if type(value) is str:
            if PyUnicode_IS_COMPACT_ASCII(value):
                size = PyUnicode_GET_LENGTH(value)
                data = PyUnicode_DATA(value)
            else:
                try:
                    encoded = (<str> value).encode()
                except UnicodeEncodeError:
                    self.slowly("write_string", (name, value))
                    return 0
                size = PyBytes_GET_SIZE(encoded)
                data = PyBytes_AS_STRING(encoded)
        if (size < 0 and value is not None) or size > GREATEST:
            self.slowly("write_string", (name, value))
            return 0
        field = self.begin(name, STRING, &index, 4 + (size if size > 0 else 0))
        if field == NULL:
            self.slowly("write_string", (name, value))
            return 0
        self.positions[index] = self.base + block.size
        block.size += field.head_size
        store32(block.data + block.size, <uint32_t> size, self.codec.little)
        block.size += 4
        if size > 0:
            memcpy(block.data + block.size, data, size)
            block.size += size
        return 0

    def write_portable(self, field_name, portable):
        self.slowly("write_portable", (field_name, portable))

    def write_null_portable(self, field_name, factory_id, class_id):
        self.slowly("write_null_portable", (field_name, factory_id, class_id))

    def write_portable_array(self, field_name, values):
        self.slowly("write_portable_array", (field_name, values))

    def get_raw_data_output(self):
        return self.slowly("get_raw_data_output", ())
