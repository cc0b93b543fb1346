# Values to `Data`, and whole requests that hold them.

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void* PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


@cython.final
cdef class TextWriter:
    """Writes a head, the number of bytes, and a text; leaves what is no text to the pure function.

    Args:
        pure: The function that this replaces.
        is_big_endian: The byte order of the number.
        head: What comes first.
    """

    cdef object pure
    cdef bint little
    cdef bytes head

    def __cinit__(self, pure, bint is_big_endian, bytes head not None):
        self.pure = pure
        self.little = not is_big_endian
        self.head = head

    def __call__(self, value):
        return self.at(value)

    cdef object at(self, object value):
        cdef const char* text
        cdef char* at
        cdef Py_ssize_t size, head = PyBytes_GET_SIZE(self.head)
        encoded = None
        if type(value) is not str:
            return self.pure(value)
        if PyUnicode_IS_COMPACT_ASCII(value):
            text = <const char*> PyUnicode_DATA(value)
            size = PyUnicode_GET_LENGTH(value)
        else:
            encoded = (<str> value).encode()
            text = PyBytes_AS_STRING(encoded)
            size = PyBytes_GET_SIZE(encoded)
        if size > 0x7FFFFFFF:
            return self.pure(value)
        made = PyBytes_FromStringAndSize(NULL, head + 4 + size)
        at = PyBytes_AS_STRING(made)
        memcpy(at, PyBytes_AS_STRING(self.head), head)
        store32(<unsigned char*> at + head, <uint32_t> size, self.little)
        memcpy(at + head + 4, text, size)
        return made


@cython.final
cdef class DataWriter:
    """Serializes a value.

    Args:
        pure: The function that this replaces.
        encoders: The encoder of each class that is known already.
        unserializable: Makes the error for what an encoder raised.
    """

    cdef readonly object pure
    cdef object encoders, unserializable

    def __cinit__(self, pure, encoders, unserializable):
        if not isinstance(encoders, dict):
            raise TypeError("the encoders must be a dict")
        self.pure = pure
        self.encoders = encoders
        self.unserializable = unserializable

    def __call__(self, value):
        return self.at(value)

    cdef object at(self, object value):
        cdef PyObject* found = PyDict_GetItem(self.encoders, type(value))
        if found == NULL:
            return self.pure(value)
        encoder = <object> found
        if type(encoder) is TextWriter and type(value) is str:
            try:
                return (<TextWriter> encoder).at(value)
            except UnicodeEncodeError:
                return self.pure(value)
        try:
            return encoder(value)
        except Exception as error:
            problem = self.unserializable(value, error)
            raise problem from problem.__cause__


cdef enum:
    MOST_PARAMETERS = 6


@cython.final
cdef class Request:
    """Builds an operation whose request holds a name and what its shape tells.

    It learns the message from the first operation that the pure function builds.

    Args:
        pure: The function that this replaces, with the parameters partition, name, and those of the shape.
        shape: A letter for each parameter: ``d`` (``Data``), ``D`` (list of ``Data``), ``E`` (list of entries of
            ``Data``), ``q``, ``i`` (numbers of 64 and 32 bits), ``z`` (bool).
    """

    cdef object pure, method, response
    cdef readonly str shape
    cdef char letters[MOST_PARAMETERS]
    cdef Py_ssize_t count, head, last
    cdef bint reads_key
    cdef uint32_t message_type
    cdef dict __dict__

    def __cinit__(self, pure, str shape not None):
        if len(shape) > MOST_PARAMETERS or not set(shape) <= set("dDEqiz"):
            raise ValueError(f"no shape of a request: {shape}")
        self.pure = pure
        self.shape = shape
        self.method = None
        self.count = len(shape)
        self.reads_key = shape == "dq"
        self.last = -1
        self.head = 22
        for i, letter in enumerate(shape.encode()):
            self.letters[i] = letter
            if letter in b"dDE":
                self.last = i
            else:
                self.head += {"q": 8, "i": 4, "z": 1}[shape[i]]

    def __call__(self, *arguments, **named):
        cdef PyObject* given[2 + MOST_PARAMETERS]
        cdef Py_ssize_t i, count = PyTuple_GET_SIZE(arguments)
        if named or count != 2 + self.count:
            return self.pure(*arguments, **named)
        for i in range(count):
            given[i] = <PyObject*> PyTuple_GET_ITEM(arguments, i)
        made = self.build(given)
        return self.pure(*arguments) if made is None else made

    cdef object build(self, PyObject** given):
        """Return the operation; None if the pure function must build it."""
        cdef Py_ssize_t i, size, more, name_size
        cdef unsigned char* at
        cdef unsigned char* number_at
        cdef int64_t partition
        cdef int64_t numbers[MOST_PARAMETERS]
        cdef char letter
        cdef uint16_t flags
        cdef OpBase op
        name, partition_id = <object> given[1], <object> given[0]
        if type(name) is not str or not PyUnicode_IS_COMPACT_ASCII(name) or type(partition_id) is not int:
            return None
        if self.method is None or plain_op is None:
            return self.learn(given)
        name_size = PyUnicode_GET_LENGTH(name)
        size = self.head + HEADER + name_size
        try:
            partition = partition_id
            for i in range(self.count):
                item, letter = <object> given[2 + i], self.letters[i]
                if letter == b"d":
                    if type(item) is not bytes:
                        return None
                    size += HEADER + PyBytes_GET_SIZE(item)
                elif letter == b"q" or letter == b"i":
                    if type(item) is not int:
                        return None
                    numbers[i] = item
                    if letter == b"i" and numbers[i] != <int32_t> numbers[i]:
                        return None
                elif letter == b"z":
                    if type(item) is not bool:
                        return None
                    numbers[i] = item is True
                else:
                    more = size_of_list(item, letter == b"E")
                    if more < 0:
                        return None
                    size += more
        except OverflowError:
            return None
        if size > 0x7FFFFFFF or partition < -1 or partition > 0x7FFFFFFF:
            return None
        request = PyByteArray_FromStringAndSize(NULL, size)
        at = <unsigned char*> PyByteArray_AS_STRING(request)
        store32(at, <uint32_t> self.head, True)
        store16(at + 4, UNFRAGMENTED, True)
        store32(at + TYPE, self.message_type, True)
        store64(at + CORRELATION, 0, True)
        store32(at + 18, <uint32_t> <int32_t> partition, True)
        number_at = at + 22
        at += self.head
        store32(at, <uint32_t> (HEADER + name_size), True)
        store16(at + 4, IS_FINAL if self.last < 0 else 0, True)
        memcpy(at + HEADER, PyUnicode_DATA(name), name_size)
        at += HEADER + name_size
        for i in range(self.count):
            letter = self.letters[i]
            flags = IS_FINAL if i == self.last else 0
            if letter == b"d":
                at = put_frame(at, <bytes> given[2 + i], flags)
            elif letter == b"q":
                store64(number_at, <uint64_t> numbers[i], True)
                number_at += 8
            elif letter == b"i":
                store32(number_at, <uint32_t> <int32_t> numbers[i], True)
                number_at += 4
            elif letter == b"z":
                number_at[0] = numbers[i] != 0
                number_at += 1
            else:
                at = put_list(at, <list> given[2 + i], letter == b"E", flags)
        op = <OpBase> new_instance(plain_op)
        op.method = self.method
        op.request = request
        op.partition_id = partition_id
        op.decode = self.response
        return op

    cdef object learn(self, PyObject** given):
        arguments = [<object> given[i] for i in range(2 + self.count)]
        op = self.pure(*arguments)
        if type(op) is plain_op and type(op.request) is bytearray and plain_op is not None:
            self.message_type = load32(<const unsigned char*> PyByteArray_AS_STRING(op.request) + TYPE, True)
            self.response = op.method.decode
            self.method = op.method
        return op


def write_texts(bytearray out not None, items, scalars not None):
    """Append the leading items that are texts, as ``scalars`` writes them; return how many there were."""
    cdef Block block
    cdef Py_ssize_t i, count, size
    cdef unsigned char* at
    writer = scalars.get(str)
    if type(writer) is not TextWriter or not (PyList_CheckExact(items) or PyTuple_CheckExact(items)):
        return 0
    cdef bytes head = (<TextWriter> writer).head
    cdef Py_ssize_t head_size = PyBytes_GET_SIZE(head)
    count = len(items)
    begin_block(&block)
    try:
        i = 0
        while i < count:
            item = <object> (PyList_GET_ITEM(items, i) if PyList_CheckExact(items) else PyTuple_GET_ITEM(items, i))
            if type(item) is not str:
                break
            encoded = None
            if PyUnicode_IS_COMPACT_ASCII(item):
                size = PyUnicode_GET_LENGTH(item)
            else:
                try:
                    encoded = (<str> item).encode()
                except UnicodeEncodeError:
                    break
                size = PyBytes_GET_SIZE(encoded)
            if size > 0x7FFFFFFF:
                break
            reserve(&block, head_size + 4 + size)
            at = block.data + block.size
            memcpy(at, PyBytes_AS_STRING(head), head_size)
            store32(at + head_size, <uint32_t> size, (<TextWriter> writer).little)
            if encoded is None:
                memcpy(at + head_size + 4, PyUnicode_DATA(item), size)
            else:
                memcpy(at + head_size + 4, PyBytes_AS_STRING(encoded), size)
            block.size += head_size + 4 + size
            i += 1
        append_block(out, &block)
        return i
    finally:
        free_block(&block)


def read_texts(data, Py_ssize_t position, Py_ssize_t count, bint is_big_endian, int32_t type_id):
    """Return the leading items that are texts, of ``count`` items at ``position``, and where the next one begins."""
    cdef list found = []
    cdef const unsigned char* at
    cdef Py_ssize_t size, limit
    cdef bint little = not is_big_endian
    if type(data) is not bytes or position < 0:
        return found, position
    at = <const unsigned char*> PyBytes_AS_STRING(data)
    limit = PyBytes_GET_SIZE(data)
    while count > 0 and position <= limit - 8 and <int32_t> load32(at + position, little) == type_id:
        size = <int32_t> load32(at + position + 4, little)
        if size < 0 or size > limit - position - 8:
            break
        try:
            text = utf8_text(at + position + 8, size)
        except UnicodeDecodeError:
            break
        found.append(text)
        position += 8 + size
        count -= 1
    return found, position
