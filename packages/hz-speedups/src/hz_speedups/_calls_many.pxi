# Requests of many `Data`: the frames of a list, entries sorted by partition, one request to each.


@cython.final
cdef class ListWriter:
    """Appends the frames of a list of ``Data``, or of entries, as one piece; leaves all but lists to the pure function.

    Args:
        pure: The function that this replaces.
        are_pairs: Whether the items are pairs of ``Data``.
    """

    cdef readonly object pure
    cdef bint are_pairs

    def __cinit__(self, pure, bint are_pairs):
        self.pure = pure
        self.are_pairs = are_pairs

    def __call__(self, list parts not None, items, head=HEADER):
        cdef Py_ssize_t size = size_of_list(items, self.are_pairs)
        cdef int64_t last
        if size < 0 or size > 0x7FFFFFFF or type(head) is not int:
            self.pure(parts, items, head)
            return
        last = head
        made = PyBytes_FromStringAndSize(NULL, size)
        put_list(
            <unsigned char*> PyBytes_AS_STRING(made), <list> items, self.are_pairs, <uint16_t> (last >> 32)
        )
        parts.append(made)


cdef Py_ssize_t size_of_list(object items, bint are_pairs) noexcept:
    """Return how many bytes the frames of a list of ``Data``, or of entries, take; -1 if it is something else."""
    cdef Py_ssize_t i, size = 2 * HEADER
    if type(items) is not list:
        return -1
    for i in range(PyList_GET_SIZE(items)):
        item = <object> PyList_GET_ITEM(items, i)
        if are_pairs:
            if not PyTuple_CheckExact(item) or PyTuple_GET_SIZE(item) != 2:
                return -1
            key, value = <object> PyTuple_GET_ITEM(item, 0), <object> PyTuple_GET_ITEM(item, 1)
            if type(key) is not bytes or type(value) is not bytes:
                return -1
            size += 2 * HEADER + PyBytes_GET_SIZE(key) + PyBytes_GET_SIZE(value)
        else:
            if type(item) is not bytes:
                return -1
            size += HEADER + PyBytes_GET_SIZE(item)
    return size


cdef unsigned char* put_list(unsigned char* at, list items, bint are_pairs, uint16_t flags) noexcept:
    """Write the frames of a list where there is room; return where the next frame begins."""
    cdef Py_ssize_t i
    at = put_frame(at, b"", IS_BEGIN)
    for i in range(PyList_GET_SIZE(items)):
        item = <object> PyList_GET_ITEM(items, i)
        if are_pairs:
            at = put_frame(at, <bytes> PyTuple_GET_ITEM(item, 0), 0)
            item = <object> PyTuple_GET_ITEM(item, 1)
        at = put_frame(at, <bytes> item, 0)
    return put_frame(at, b"", IS_END | flags)


cdef inline unsigned char* put_frame(unsigned char* at, bytes data, uint16_t flags) noexcept:
    """Write a frame where there is room; return where the next one begins."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    store32(at, <uint32_t> (HEADER + size), True)
    store16(at + 4, flags, True)
    memcpy(at + HEADER, PyBytes_AS_STRING(data), size)
    return at + HEADER + size


cdef dict by_partition_of(OperationsBase self, object entries):
    cdef dict found = {}
    cdef PyObject* known
    cdef int64_t count = 0
    cdef Py_ssize_t number = 0
    to_data = self._to_data
    for key, value in entries.items():
        number += 1
        if number & 0xFFF == 0 and checkpoint is not None:
            checkpoint()  # a loop in Python would handle signals, too
        data = data_of(self, key)
        if data is None:
            data, partition = self._keyed(key)
        else:
            if count == 0:
                count = partitions_of(self)
            partition = partition_of(<bytes> data, count)
        if value is None:
            entry = (data, self._value(value))
        elif type(to_data) is DataWriter:
            entry = (data, (<DataWriter> to_data).at(value))
        else:
            entry = (data, to_data(value))
        known = PyDict_GetItem(found, partition)
        if known == NULL:
            found[partition] = [entry]
        else:
            (<list> known).append(entry)
    return found


cdef list call_all(BlockingCallerBase self, list ops):
    """As the pure ``_call_all``: all calls are there before the first one is sent, and none is forgotten."""
    cdef BlockingBase call
    cdef double now = self._now()
    cdef list calls = [], results = []
    error = None
    for op in ops:
        call = <BlockingBase> new_instance(plain_blocking)
        call.op = op
        call.started = now
        calls.append(call)
    try:
        for call in calls:
            try:
                service_send(<ServiceBase> self._service, call, True)
            except Exception as e:
                call.fail(e)
        self._driver.flush()
        for call in calls:
            if call.finished and call.error is None:
                results.append(call.value)
                continue
            try:
                results.append(self._complete(call))
            except Exception as e:
                if error is None:
                    error = e
    except BaseException:
        for call in calls:
            call.abandon()
        raise
    if error is not None:
        raise error
    return results
