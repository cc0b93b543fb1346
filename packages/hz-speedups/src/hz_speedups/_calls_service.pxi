# Requests are numbered and sent; replies find their invocations and complete them.

cdef enum:
    HIGH_FLAGS = 5
    TYPE = 6
    CORRELATION = 10
    BACKUP_ACKS = 18
    BACKUP_AWARE = 0x01
    IS_EVENT_HIGH = 0x02


cdef class ServiceBase:
    """The compiled part of ``hz_core.invocation.service.InvocationService``."""

    cdef public object _unconfirmed, _next_id, _read, _router, _now, _promised, waitlist, backups
    cdef public bint _backup_acks

    def send(self, invocation, soon=False):
        """Send an invocation, for the first time or again."""
        service_send(self, invocation, soon)

    def submit(self, op, promise, soon=False):
        """Send ``op`` and complete ``promise`` with its outcome."""
        return service_submit(self, op, promise, soon)

    def received(self, connection, messages):
        """Complete the invocations that ``messages`` reply to, and pass events to their handlers."""
        if isinstance(connection, ConnectionBase) and PyDict_CheckExact((<ConnectionBase> connection).pending):
            service_received(self, <ConnectionBase> connection, messages)
        else:
            self._pure_received(connection, messages)

    def _complete(self, invocation, message):
        complete_with(self, invocation, message)


cdef object service_submit(ServiceBase self, object op, object promise, object soon):
    cdef PromisedBase made
    if self._promised is plain_promised:
        made = <PromisedBase> new_instance(plain_promised)
        made.op = op
        made.started = self._now()
        made.promise = promise
        invocation = made
    else:
        invocation = self._promised(op, self._now(), promise)
    try:
        service_send(self, invocation, soon)
    except Exception as e:
        invocation.fail(e)
    return invocation


cdef int service_send(ServiceBase self, object invocation, object soon) except -1:
    cdef ConnectionBase connection
    cdef OpBase op
    cdef bint plain = type(invocation) is plain_blocking or type(invocation) is plain_promised
    cdef char* request
    if not plain or not isinstance(self._router, RoutingBase):
        self._pure_send(invocation, soon)
        return 0
    if not isinstance((<InvocationBase> invocation).op, OpBase):
        self._pure_send(invocation, soon)
        return 0
    op = <OpBase> (<InvocationBase> invocation).op
    if op_rare(op, "deadline") is not None or self._unconfirmed:
        self._pure_send(invocation, soon)
        return 0
    found = op_rare(op, "connection")
    if found is None:
        found = owner_of(<RoutingBase> self._router, op)
    if found is None:
        found = self._router.route(op)
    if not isinstance(found, ConnectionBase) or type(op.request) is not bytearray:
        self._pure_send(invocation, soon)
        return 0
    connection = <ConnectionBase> found
    transport = connection.transport
    pending = connection.pending
    if (
        transport is None
        or not PyDict_CheckExact(pending)
        or PyDict_Size(pending) >= connection.crowded_at
        or PyByteArray_GET_SIZE(op.request) < BACKUP_ACKS
        or (transport_full(<TransportBase> transport) if isinstance(transport, TransportBase) else transport.full)
    ):
        self._pure_send(invocation, soon)
        return 0
    correlation_id = self._next_id()
    request = PyByteArray_AS_STRING(op.request)
    store64(<unsigned char*> request + CORRELATION, <uint64_t> <int64_t> correlation_id, True)
    if self._backup_acks:
        request[HIGH_FLAGS] |= BACKUP_AWARE
    (<InvocationBase> invocation).connection = connection
    connection.spoke = True
    PyDict_SetItem(pending, correlation_id, invocation)
    try:
        if isinstance(transport, TransportBase):
            if soon:
                transport_write_soon(<TransportBase> transport, op.request)
            else:
                transport_write(<TransportBase> transport, op.request)
        elif isinstance(transport, AsyncioTransportBase):
            aio_write(<AsyncioTransportBase> transport, op.request)
        elif soon:
            transport.write_soon(op.request)
        else:
            transport.write(op.request)
    except BaseException as e:
        self._withdraw_unsent(e, pending, correlation_id, op.request)
        raise
    if not connection.alive:
        self._closed_meanwhile(invocation, connection, correlation_id)
    return 0


cdef int service_received(ServiceBase self, ConnectionBase connection, object messages) except -1:
    cdef const unsigned char* at
    cdef PyObject* entry
    cdef Py_ssize_t size
    cdef int32_t message_type
    if connection.interrupted:
        self._repeat(connection)
    pending = connection.pending
    message = None
    try:
        for message in messages:
            if type(message) is not bytes or PyBytes_GET_SIZE(message) < INITIAL:
                raise struct_error("a message is too short for its own head")
            at = <const unsigned char*> PyBytes_AS_STRING(message)
            correlation_id = <int64_t> load64(at + CORRELATION, True)
            if at[HIGH_FLAGS] & IS_EVENT_HIGH:
                self._event(connection, message, correlation_id)
                continue
            entry = PyDict_GetItem(pending, correlation_id)
            if entry == NULL:
                continue  # the listener was removed
            invocation = <object> entry
            connection.answered = True
            message_type = <int32_t> load32(at + TYPE, True)
            if message_type != invocation.op.method.response_type:
                self._error(connection, correlation_id, invocation, message, message_type)
            elif at[BACKUP_ACKS]:
                self.backups.wait(connection, correlation_id, invocation, message)
            else:
                complete_with(self, invocation, message)
                if PyDict_GetItem(pending, correlation_id) != NULL:
                    # Otherwise it has failed meanwhile, because the connection was closed.
                    PyDict_DelItem(pending, correlation_id)
        if self.waitlist is not None:
            self.waitlist.wake()
    except BaseException:
        # Of a signal handler, for example: this thread may have been reading for others.
        if message is not None:
            connection.interrupted.append(message)
        raise
    return 0


cdef int complete_with(ServiceBase self, object invocation, object message) except -1:
    """Decode a reply and complete its invocation."""
    op = invocation.op
    decode = (<OpBase> op).decode if isinstance(op, OpBase) else op.decode
    failure = None
    try:
        if type(decode) is Decoder:
            result = (<Decoder> decode).decode(message, self._read)
        elif type(decode) is Keeping:
            result = (<Keeping> decode).decode(message, self._read)
        else:
            result = decode(message, self._read)
    except BaseException as e:
        failure = e
    # Not in the clause above, so that what is raised here does not refer to this error.
    if failure is not None:
        try:
            self._not_read(invocation, message, failure)
        finally:
            failure = None
        return 0
    if type(invocation) is plain_blocking:
        blocking_complete(<BlockingBase> invocation, result, None)
    elif type(invocation) is plain_promised:
        promised_complete(<PromisedBase> invocation, result, None)
    else:
        invocation.complete(result, None)
    return 0
