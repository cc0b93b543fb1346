"""Part of ``_portable.pyx``: what all methods of the reader share."""


@cython.freelist(16)
cdef class FieldReaderBase:
    """What all methods of the reader share."""

    cdef ReadPlan plan
    cdef bint little
    cdef bint is_raw  # whether the raw data was asked for
    cdef bytes data
    cdef Py_ssize_t pos  # of the object's head
    cdef Py_ssize_t start  # where the first field can begin
    cdef Py_ssize_t end
    cdef object depth
    cdef Py_ssize_t calls
    cdef object pure

    def __init__(self):
        raise TypeError("only the object that is read is handed one")

    @cython.final
    cdef object slowly(self, str method, arguments):
        """Call the method of the pure Python reader."""
        if self.pure is None:
            seen = self.plan.seen
            self.pure = _pure_reader(
                seen, self.data, seen.unpack_head(self.data, self.pos), self.start, self.depth
            )
        return getattr(self.pure, method)(*arguments)

    @cython.final
    cdef object look_again(self, name, int field_type, Py_ssize_t index, str method):
        """Read a field in pure Python that has not been read yet, or that differs from the objects before."""
        cdef Fields fields = self.plan.fields
        value = self.slowly(method, (name,))
        if index >= 0 and not fields.fields[index].ready and fields.fields[index].type == field_type:
            seen = self.plan.seen
            fields.fields[index].ready = name in (seen.texts if field_type == STRING else seen.tables[field_type])
        return value

    @cython.final
    cdef inline Py_ssize_t find(self, name, int field_type, Py_ssize_t size, Py_ssize_t* index) except -1:
        """Return where the value of a field begins, with at least ``size`` bytes; 0 if anything is unusual."""
        cdef Fields fields = self.plan.fields
        cdef const unsigned char* begin = <const unsigned char*> PyBytes_AS_STRING(self.data)
        cdef Field* field
        cdef Py_ssize_t at
        index[0] = fields.find(name, &self.calls)
        if index[0] < 0 or self.is_raw:
            return 0
        field = &fields.fields[index[0]]
        if field.type != field_type or not field.ready:
            return 0
        at = <int32_t> load32(begin + self.pos + 4 * (FIRST + index[0]), self.little)
        if at < self.start or at + field.head_size + size > self.end:
            return 0
        return at + field.head_size if memcmp(begin + at, field.head, field.head_size) == 0 else 0

    @cython.final
    cdef inline object number(self, name, int field_type, str method):
        cdef Py_ssize_t index = 0
        cdef int code = _CODES[field_type]
        cdef Py_ssize_t at = self.find(name, field_type, size_of_number(code), &index)
        if at == 0:
            return self.look_again(name, field_type, index, method)
        return load_number(<const unsigned char*> PyBytes_AS_STRING(self.data) + at, code, self.little)

    @cython.final
    cdef object text(self, name):
        cdef Py_ssize_t index = 0, size
        cdef Py_ssize_t at = self.find(name, STRING, 4, &index)
        if at != 0:
            size = <int32_t> load32(<const unsigned char*> PyBytes_AS_STRING(self.data) + at, self.little)
            at += 4
            if 0 <= size <= self.end - at:
                return utf8_text(<const unsigned char*> PyBytes_AS_STRING(self.data) + at, size)
            if size == -1:
                return None
        return self.look_again(name, STRING, index, "read_string")

    def get_version(self):
        return self.slowly("get_version", ())

    def has_field(self, field_name):
        return self.slowly("has_field", (field_name,))

    def get_field_names(self):
        return self.slowly("get_field_names", ())

    def get_field_type(self, field_name):
        return self.slowly("get_field_type", (field_name,))

    def get_field_class_id(self, field_name):
        return self.slowly("get_field_class_id", (field_name,))

    def read_portable(self, field_name):
        return self.slowly("read_portable", (field_name,))

    def read_portable_array(self, field_name):
        return self.slowly("read_portable_array", (field_name,))

    def get_raw_data_input(self):
        raw = self.slowly("get_raw_data_input", ())
        self.is_raw = True
        return raw
