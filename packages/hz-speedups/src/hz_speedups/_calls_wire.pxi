# Bytes to whole messages, and the replies that hold `Data`.

cdef enum:
    HEADER = 6
    INITIAL = 19
    IS_FINAL = 0x2000
    UNFRAGMENTED = 0xC000
    IS_NULL = 0x0400
    IS_BEGIN = 0x1000
    IS_END = 0x0800
    LARGE_FRAME = 65536

cdef tuple small_sizes = (65536,)
cdef tuple large_sizes = (65536,)


def configure_reader(*, small, large):
    """Tell the arguments of a receive, normally and while a large frame is incomplete."""
    global small_sizes, large_sizes
    small_sizes, large_sizes = small, large


cdef class IncompleteBase:
    """The fields of ``hz_core.wire.reader._Incomplete``."""

    cdef public list pieces
    cdef public object _fragments
    cdef public Py_ssize_t max_message_size, next, _size, _open_size
    cdef public bint _is_final
    # Where the rest of a large message is received, and how much of it is there; `pieces` holds its beginning, too.
    cdef bytes target
    cdef Py_ssize_t filled


cdef int settle(IncompleteBase self) except -1:
    """Make a piece like others of what was received directly."""
    cdef list pieces = []
    if self.target is not None:
        pieces.append(PyBytes_FromStringAndSize(PyBytes_AS_STRING(self.target), self.filled))
        self.pieces = pieces
        self.target = None
    return 0


cdef class ReaderBase:
    """The fields of ``hz_core.wire.reader.MessageReader``, and its ``split``."""

    cdef public object received, ready
    cdef public tuple receive_sizes
    cdef public object _incomplete

    def split(self):
        """Split what was received."""
        reader_split(self)


cdef bytes joined(list pieces, Py_ssize_t size, const char* end, Py_ssize_t end_size):
    """Return the ``size`` bytes in ``pieces``, and those at ``end``. No object is made that is tracked."""
    cdef bytes message = PyBytes_FromStringAndSize(NULL, size + end_size)
    cdef char* at = PyBytes_AS_STRING(message)
    cdef Py_ssize_t i
    for i in range(PyList_GET_SIZE(pieces)):
        piece = <object> PyList_GET_ITEM(pieces, i)
        memcpy(at, PyBytes_AS_STRING(piece), PyBytes_GET_SIZE(piece))
        at += PyBytes_GET_SIZE(piece)
    memcpy(at, end, end_size)
    return message


cdef int reader_split(ReaderBase self) except -1:
    """As the pure ``split``, for messages without fragments and errors, which are left to that."""
    # First of all: where objects are made that the garbage collector tracks, it may run, and finalizers with it.
    cdef list messages = [], pieces = []
    ready = iter(messages)
    cdef IncompleteBase incomplete
    cdef const char* at
    cdef Py_ssize_t size, start = 0, position = 0, before = 0, length
    cdef uint32_t flags, closing = 0
    cdef bint stored
    data = self.received
    if data is None:
        return 0
    if type(data) is not bytes or not isinstance(self._incomplete, IncompleteBase):
        self._pure_split()
        return 0
    incomplete = <IncompleteBase> self._incomplete
    if incomplete.target is not None:
        settle(incomplete)
    at = PyBytes_AS_STRING(data)
    size = PyBytes_GET_SIZE(data)
    stored = PyList_GET_SIZE(incomplete.pieces) > 0
    if stored:
        position = incomplete.next
        before = incomplete._size
        if position > size:
            incomplete.pieces.append(data)
            incomplete._size = before + size
            incomplete.next = position - size
            self.received = None
            self.ready = ready
            return 0
        if position < 0:
            self._pure_split()
            return 0
        if incomplete._is_final:
            message = joined(incomplete.pieces, before, at, position)
            if (<const unsigned char*> PyBytes_AS_STRING(message))[5] & 0xC0 != 0xC0:
                self._pure_split()
                return 0
            messages.append(message)
            start = position
            before = 0
            stored = False
    while size - position >= HEADER:
        length = <int32_t> load32(<const unsigned char*> at + position, True)
        flags = load16(<const unsigned char*> at + position + 4, True)
        if position == start and not stored:
            if length < INITIAL or flags & UNFRAGMENTED != UNFRAGMENTED:
                self._pure_split()
                return 0
        if length < HEADER or length > incomplete.max_message_size - before - (position - start):
            self._pure_split()
            return 0
        position += length
        if position > size:
            closing = flags & IS_FINAL
            break
        if flags & IS_FINAL:
            if stored:
                message = joined(incomplete.pieces, before, at, position)
                if (<const unsigned char*> PyBytes_AS_STRING(message))[5] & 0xC0 != 0xC0:
                    self._pure_split()
                    return 0
                before = 0
                stored = False
            elif start == 0 and position == size:
                message = data
            else:
                message = PyBytes_FromStringAndSize(at + start, position - start)
            messages.append(message)
            start = position
    if start < size or stored:
        rest = data if start == 0 else PyBytes_FromStringAndSize(at + start, size - start)
        if stored:
            incomplete.pieces.append(rest)
        else:
            pieces.append(rest)
            incomplete.pieces = pieces
        incomplete._size = before + size - start
        incomplete.next = position - size
        incomplete._is_final = closing != 0
        self.receive_sizes = small_sizes if incomplete.next <= LARGE_FRAME else large_sizes
    elif PyList_GET_SIZE(incomplete.pieces) > 0:
        incomplete.pieces = pieces
        incomplete._size = 0
        incomplete.next = 0
        self.receive_sizes = small_sizes
    self.received = None
    self.ready = ready
    return 0


@cython.final
cdef class DataReader:
    """Returns the value of a ``Data`` in a message; leaves a ``Data`` without a type to the pure function.

    Args:
        pure: The function that this replaces.
        readers: The reader for each last byte of a type id.
        unreadable: Makes the error for what a reader raised.
        error: The class of errors that pass as they are.
    """

    cdef readonly object pure
    cdef object unreadable, error
    cdef list readers, texts

    def __cinit__(self, pure, list readers not None, unreadable, type error not None):
        self.pure = pure
        self.readers = readers
        self.unreadable = unreadable
        self.error = error
        self.texts = []
        for reader in readers:
            owner = getattr(reader, "__self__", None)
            self.texts.append(owner if type(owner) is TextReader else None)

    def __call__(self, buffer, Py_ssize_t start, Py_ssize_t end):
        return self.at(buffer, start, end)

    cdef inline object at(self, object buffer, Py_ssize_t start, Py_ssize_t end):
        cdef const unsigned char* begin
        cdef PyObject* text
        if type(buffer) is bytes and start >= 0 and end <= PyBytes_GET_SIZE(buffer) and end - start >= 12:
            begin = <const unsigned char*> PyBytes_AS_STRING(buffer) + start
            text = PyList_GET_ITEM(self.texts, begin[7])
            if text != <PyObject*> None:
                found = text_of(<TextReader> text, begin, end - start)
                if found is not None:
                    return found
        return self.slowly(buffer, start, end)

    cdef object slowly(self, object buffer, Py_ssize_t start, Py_ssize_t end):
        """Read what is no short text of ASCII."""
        cdef Py_ssize_t index
        if type(buffer) is not bytes or start < 0 or start + 7 >= PyBytes_GET_SIZE(buffer):
            return self.pure(buffer, start, end)
        index = (<const unsigned char*> PyBytes_AS_STRING(buffer))[start + 7]
        text = <object> PyList_GET_ITEM(self.texts, index)
        try:
            if text is not None:
                return (<TextReader> text).at(buffer, start, end)
            return (<object> PyList_GET_ITEM(self.readers, index))(buffer, start, end)
        except self.error:
            raise
        except Exception as error:
            problem = self.unreadable(buffer, start, end, error)
            raise problem from problem.__cause__


cdef enum:
    EMPTY = 0
    BOOLEAN = 1
    DATA = 2
    DATA_LIST = 3
    DATA_ENTRIES = 4

KINDS = {
    "empty_response": EMPTY,
    "boolean_response": BOOLEAN,
    "data_response": DATA,
    "data_list_response": DATA_LIST,
    "data_entries_response": DATA_ENTRIES,
}


@cython.final
cdef class Decoder:
    """Decoder of a whole response; leaves what is not as it should be to the pure function.

    Args:
        pure: The function that this replaces; its name tells what is decoded.
    """

    cdef int kind
    cdef readonly object pure

    def __cinit__(self, pure):
        self.kind = KINDS[pure.__name__]
        self.pure = pure

    def __call__(self, message, read):
        return self.decode(message, read)

    cdef object decode(self, object message, object read):
        cdef const unsigned char* at
        cdef Py_ssize_t size, position
        cdef uint32_t flags
        if self.kind == EMPTY:
            return None
        if type(message) is not bytes:
            return self.pure(message, read)
        at = <const unsigned char*> PyBytes_AS_STRING(message)
        size = PyBytes_GET_SIZE(message)
        if size < INITIAL + 1:
            return self.pure(message, read)
        position = <int32_t> load32(at, True)
        if self.kind == BOOLEAN:
            return self.pure(message, read) if position < INITIAL + 1 else at[INITIAL] != 0
        if type(read) is not DataReader or position < INITIAL or position > size - HEADER:
            return self.pure(message, read)
        if self.kind == DATA:
            flags = load16(at + position + 4, True)
            if flags & IS_NULL:
                return None
            return (<DataReader> read).at(
                message, position + HEADER, position + <int32_t> load32(at + position, True)
            )
        return self.several(message, <DataReader> read, at, size, position)

    cdef object several(
        self, object message, DataReader read, const unsigned char* at, Py_ssize_t size, Py_ssize_t position
    ):
        cdef list found = []
        cdef Py_ssize_t length
        cdef uint32_t flags
        cdef bint begun = False, has_key = False
        key = None
        while position <= size - HEADER:
            length = <int32_t> load32(at + position, True)
            flags = load16(at + position + 4, True)
            if length < HEADER or length > size - position:
                break
            if not begun:
                if not flags & IS_BEGIN:
                    break
                begun = True
            elif flags & IS_END and not has_key:
                return found
            elif self.kind == DATA_LIST:
                found.append(None if flags & IS_NULL else read.at(message, position + HEADER, position + length))
            elif not has_key:
                key = read.at(message, position + HEADER, position + length)
                has_key = True
            else:
                value = None if flags & IS_NULL else read.at(message, position + HEADER, position + length)
                found.append((key, value))
                has_key = False
            position += length
        return self.pure(message, read)
