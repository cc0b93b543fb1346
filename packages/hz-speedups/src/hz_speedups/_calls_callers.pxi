# What the surfaces call: it sends an operation and waits for it, each in its own way.


cdef class BlockingCallerBase:
    """The compiled part of ``hz_core.client.BlockingOperations``."""

    cdef public object _new_call, _service, _send, _complete, _now, _driver

    def call(self, op):
        """Send ``op`` and wait for its result."""
        cdef BlockingBase call
        if type(op) is not plain_op or self._new_call is not plain_blocking or not isinstance(self._service, ServiceBase):
            return self._pure_call(op)
        call = <BlockingBase> new_instance(plain_blocking)
        call.op = op
        call.started = self._now()
        try:
            service_send(<ServiceBase> self._service, call, False)
            return self._complete(call)
        except BaseException:
            call.abandon()
            raise


    def _call_all(self, ops):
        """Send all ``ops``, wait for all of them, and return their results; raise the first error in their order."""
        if type(ops) is not list or self._new_call is not plain_blocking or not isinstance(self._service, ServiceBase):
            return self._pure_call_all(ops)
        for op in <list> ops:
            if type(op) is not plain_op:
                return self._pure_call_all(ops)
        return call_all(self, <list> ops)


cdef class FuturesCallerBase:
    """The compiled part of ``hz_core.client.FuturesOperations``."""

    cdef public object _driver, _new_future, _submitted, _service

    def call(self, op):
        """Send ``op`` and return its future at once."""
        cdef FutureBase future
        if (
            type(op) is not plain_op
            or self._new_future is not plain_future
            or not isinstance(self._driver, DriverBase)
            or not isinstance(self._service, ServiceBase)
        ):
            return self._pure_call(op)
        future = <FutureBase> new_instance(plain_future)
        future_begin(future, self._driver)
        try:
            invocation = service_submit(<ServiceBase> self._service, op, future, True)
            if future.state == IS_PENDING:
                future.operation = invocation
                if future.state != IS_PENDING:
                    future.operation = None
            driver_submitted(<DriverBase> self._driver, invocation)
        except BaseException:
            future.cancel()  # interrupted: the caller does not get it, nor what it may acquire
            raise
        if op_rare(<OpBase> op, "on_lost") is not None:
            future.on_lost = op.lost
        return future


cdef class AsyncioCallerBase:
    """The compiled part of ``hz_core.aio_client.AsyncioOperations``."""

    cdef public object _loop, _new_future, _service, _running_loop

    def call(self, op):
        """Send ``op``; await the result."""
        if (
            type(op) is not plain_op
            or op_rare(<OpBase> op, "on_lost") is not None
            or not isinstance(self._service, ServiceBase)
            or self._running_loop() is not self._loop
        ):
            return self._pure_call(op)
        future = self._new_future()
        service_submit(<ServiceBase> self._service, op, future, False)
        return future


cdef class OperationsBase:
    """The compiled part of ``hz_core.operations``: fields of all operations, and how keyed ones begin."""

    cdef public object _context, _to_data, _owner, name, _view

    def _keyed(self, key):
        """Return the ``Data`` of a key and its partition; reject None."""
        data = data_of(self, key)
        if data is None:
            return self._pure_keyed(key)
        return data, partition_of(<bytes> data, partitions_of(self))

    def _by_partition(self, entries):
        """Return the ``Data`` of all entries, by partition; reject None."""
        return by_partition_of(self, entries)

    def _read(self, make, key):
        """Return the operation that reads the entry of ``key``, built by the codec's function ``make``."""
        data = data_of(self, key)
        if data is None:
            return self._pure_read(make, key)
        return read_of(self, make, data, partition_of(<bytes> data, partitions_of(self)))

    _get = _read
    _contains = _read


cdef object read_of(OperationsBase self, object make, object data, object partition):
    """Return the operation that reads the entry of a key, built by ``make``."""
    cdef PyObject* given[4]
    owner = self._owner()
    if type(make) is Request and (<Request> make).reads_key:
        name = self.name
        given[0], given[1], given[2], given[3] = (
            <PyObject*> partition, <PyObject*> name, <PyObject*> data, <PyObject*> owner
        )
        op = (<Request> make).build(given)
        if op is not None:
            return op
    return make(partition, self.name, data, owner)


cdef object data_of(OperationsBase self, object key):
    """Return the ``Data`` of a key; None if that is not all there is to it."""
    if key is None:
        return None
    to_data = self._to_data
    data = (<DataWriter> to_data).at(key) if type(to_data) is DataWriter else to_data(key)
    return data if type(data) is bytes else None


cdef int64_t partitions_of(OperationsBase self) except -1:
    """Return the number of partitions."""
    partitions = self._view.partitions.count or self._context.partition_count()
    return partitions


cdef object partition_of(bytes data, int64_t count):
    cdef int64_t hash_ = hash_of(<const unsigned char*> PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    if hash_ == -0x80000000LL:
        return 0
    return (-hash_ if hash_ < 0 else hash_) % count
