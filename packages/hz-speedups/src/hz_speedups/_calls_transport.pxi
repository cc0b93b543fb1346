# Sending and receiving: by the system's own functions where the stream is a plain socket.

cdef extern from *:
    """
    #ifdef _WIN32
    /* Sockets of Windows are left to Python: they have no flag for a call that does not wait. */
    #include <errno.h>
    #define HZ_DONT_WAIT 0
    static Py_ssize_t hz_receive(int fd, void *to, size_t size, int flags) { errno = ENOSYS; return -1; }
    static Py_ssize_t hz_send(int fd, const void *from, size_t size) { errno = ENOSYS; return -1; }
    #else
    #include <errno.h>
    #include <sys/socket.h>
    #include <sys/types.h>
    #ifndef MSG_NOSIGNAL
    #define MSG_NOSIGNAL 0
    #endif
    #define HZ_DONT_WAIT MSG_DONTWAIT
    static Py_ssize_t hz_receive(int fd, void *to, size_t size, int flags) { return recv(fd, to, size, flags); }
    static Py_ssize_t hz_send(int fd, const void *from, size_t size) {
        return send(fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    #endif
    /* Whether nobody else has an object. Without the interpreter's lock, nobody can tell. */
    static int hz_is_only(PyObject *one) {
    #ifdef Py_GIL_DISABLED
        return 0;
    #else
        return Py_REFCNT(one) == 1;
    #endif
    }
    /* Make a bytes object shorter, or as long again as its memory is. */
    static void hz_set_size(PyObject *one, Py_ssize_t size) {
        Py_SET_SIZE((PyVarObject *) one, size);
        _Py_COMP_DIAG_PUSH
        _Py_COMP_DIAG_IGNORE_DEPR_DECLS
        ((PyBytesObject *) one)->ob_shash = -1;
        _Py_COMP_DIAG_POP
        ((PyBytesObject *) one)->ob_sval[size] = 0;
    }
    static int hz_errno(void) { return errno; }
    static int hz_is_again(int number) { return number == EAGAIN || number == EWOULDBLOCK; }
    static int hz_is_interrupt(int number) { return number == EINTR; }
    """
    const int HZ_DONT_WAIT
    bint hz_is_only(PyObject* one) noexcept
    void hz_set_size(PyObject* one, Py_ssize_t size) noexcept
    Py_ssize_t hz_receive(int fd, void* to, size_t size, int flags) nogil
    Py_ssize_t hz_send(int fd, const void* data, size_t size) nogil
    int hz_errno() noexcept nogil
    bint hz_is_again(int number) noexcept nogil
    bint hz_is_interrupt(int number) noexcept nogil

import os
from _thread import allocate_lock

cdef enum:
    RECEIVE_SIZE = 65536
    DIRECT_MOST = 64 << 20
    SMALL_SEND = 16384
    SPARE_CHECKS = 4

cdef Py_ssize_t batch_size = 65536
cdef Py_ssize_t batch_count = 128


cdef class HandoverBase:
    """The fields of ``hz_core.drivers.read_handover.ReadHandover`` that every call uses."""

    cdef bint is_free
    cdef public bint busy
    cdef public object thread, state, followers
    cdef public Py_ssize_t turns

    @property
    def free(self):
        if not self.is_free:
            raise AttributeError("free")
        return True

    @free.setter
    def free(self, value):
        self.is_free = True

    @free.deleter
    def free(self):
        if not self.is_free:
            raise AttributeError("free")
        self.is_free = False


cdef class DriverBase:
    """The compiled part of ``hz_core.drivers.threaded.ThreadedDriver``."""

    cdef public object _unflushed, io_thread, run_callback
    cdef public bint ticking, several, _reads

    def submitted(self, invocation):
        """Make sure that the reply to ``invocation`` is read, even if no thread ever waits for it."""
        driver_submitted(self, invocation)

    def complete(self, call):
        """Wait for ``call`` and return its value; read its reply here if no other thread reads."""
        cdef BlockingBase waiting
        if not isinstance(call, BlockingBase):
            return self._pure_complete(call)
        waiting = <BlockingBase> call
        while not waiting.finished:
            if not self._reads or type(call) is not plain_blocking:
                return self._pure_complete(call)
            connection = waiting.connection
            transport = (<ConnectionBase> connection).transport if isinstance(connection, ConnectionBase) else None
            if not isinstance(transport, TransportBase) or (<TransportBase> transport).broken:
                return self._pure_complete(call)
            if is_limited(waiting):
                deadline = op_rare(<OpBase> waiting.op, "deadline")
                if deadline is None or <double> deadline - <double> monotonic() < longest_receive:
                    return self._pure_complete(call)
            transport_wait(<TransportBase> transport, waiting)
            if not waiting.finished:
                checkpoint()
        if waiting.error is None:
            return waiting.value
        return self._pure_complete(call)


cdef bint is_limited(BlockingBase call) except -1:
    """Return whether a call has a deadline, at which it ends although nothing is received."""
    return isinstance(call.op, OpBase) and op_rare(<OpBase> call.op, "deadline") is not None


cdef int driver_submitted(DriverBase self, object invocation) except -1:
    if not isinstance(invocation, InvocationBase) or type(invocation) is not plain_promised:
        self._pure_submitted(invocation)
        return 0
    connection = (<InvocationBase> invocation).connection
    if isinstance(connection, ConnectionBase):
        transport = (<ConnectionBase> connection).transport
        if isinstance(transport, TransportBase):
            reading = (<TransportBase> transport).reading
            if reading is None or (<HandoverBase> reading).state is WATCHED or self.ticking:
                return 0
    self._pure_submitted(invocation)
    return 0


cdef class TransportBase:
    """The compiled part of ``hz_core.drivers.transport.SocketTransport``."""

    cdef public object _owner, _stream, _receive, _send, _plain_receive, _plain_send
    cdef public object _sending, _writer, connection
    cdef public list _outbox
    cdef public HandoverBase reading
    cdef public Py_ssize_t _unsent, _most_unsent, _sent, _drains, _interruptions, _handled
    cdef public bint _busy, _blocked, _closing, broken, full
    cdef public int fd
    cdef bint is_idle
    cdef char* buffer
    # The last large message, whose memory serves for the next one if nobody else has it.
    cdef bytes spare
    cdef Py_ssize_t spare_capacity
    cdef int spare_age

    def __dealloc__(self):
        PyMem_RawFree(self.buffer)

    @property
    def idle(self):
        if not self.is_idle:
            raise AttributeError("idle")
        return True

    @idle.setter
    def idle(self, value):
        self.is_idle = True

    @idle.deleter
    def idle(self):
        if not self.is_idle:
            raise AttributeError("idle")
        self.is_idle = False

    def write(self, data):
        """Send ``data`` now if the stream takes it, otherwise as soon as it does. Never blocks."""
        transport_write(self, data)

    def write_soon(self, data):
        """Send ``data`` together with other requests of this moment, unless no other request is under way."""
        transport_write_soon(self, data)

    def read(self, flags=(0,)):
        """Receive once, waiting for input unless ``flags`` forbid it. This thread has claimed the reading."""
        transport_read(self, flags)

    def rest(self):
        """Give back memory that was not used for a while. On the I/O thread, regularly."""
        self.spare_age += 1
        if self.spare_age > SPARE_CHECKS:
            self.spare = None

    def wait(self, call, invocation, timeout):
        """Wait until ``call`` is done or its reply cannot come here. Read here, if no other thread does."""
        if timeout is None and type(call) is plain_blocking:
            transport_wait(self, <BlockingBase> call)
        else:
            self._pure_wait(call, invocation, timeout)


cdef inline bint transport_full(TransportBase self) noexcept:
    return self.full


cdef int transport_write(TransportBase self, object data) except -1:
    cdef Py_ssize_t size, sent
    cdef const char* at
    cdef int error = 0
    if (
        self._busy
        or not self.is_idle
        or self._send is not self._plain_send
        or self._sending is not None
        or PyList_GET_SIZE(self._outbox) > 0
        or type(data) is not bytearray
    ):
        self._pure_write(data)
        return 0
    size = PyByteArray_GET_SIZE(data)
    at = PyByteArray_AS_STRING(data)
    self.is_idle = False
    self._writer = PyThread_get_thread_ident()
    self._busy = True
    self._sent = 0
    self._sending = data
    if size <= SMALL_SEND:
        # It never blocks. To let others run meanwhile would cost more than it takes, as each must be woken for that.
        sent = hz_send(self.fd, at, size)
        if sent < 0:
            error = hz_errno()
    else:
        # While this thread lets others run, they see that it sends, and only add to the outbox.
        with nogil:
            sent = hz_send(self.fd, at, size)
            if sent < 0:
                error = hz_errno()
    try:
        if sent == size:
            self._sending = None
        elif sent >= 0:
            self._sent = sent
            self._settle()
        else:
            self._stream_refused(OSError(error, os.strerror(error)))
    finally:
        self.is_idle = True
        self._busy = False
    if sent >= 0 and (PyList_GET_SIZE(self._outbox) > 0 or self._sending is not None):
        self.flush()
    return 0


cdef int transport_write_soon(TransportBase self, object data) except -1:
    connection = self.connection
    if type(data) is not bytearray or not isinstance(connection, ConnectionBase):
        self._pure_write_soon(data)
        return 0
    if PyDict_Size((<ConnectionBase> connection).pending) <= 1 or PyByteArray_GET_SIZE(data) >= batch_size:
        transport_write(self, data)
        return 0
    self._outbox.append(data)
    self._unsent += PyByteArray_GET_SIZE(data)
    if self._unsent > self._most_unsent:
        self._check_unsent()
    if PyList_GET_SIZE(self._outbox) >= batch_count:
        self.flush()
        return 0
    owner = self._owner
    if isinstance(owner, DriverBase) and (<DriverBase> owner).ticking:
        PyDict_SetItem((<DriverBase> owner)._unflushed, self, None)
        if (<DriverBase> owner).ticking:
            return 0
    owner.flush_later(self)
    return 0


cdef int transport_read(TransportBase self, object flags) except -1:
    cdef Py_ssize_t count
    cdef int error = 0, how = 0
    connection = self.connection
    if self._receive is not self._plain_receive or not isinstance(connection, ConnectionBase):
        self._pure_read(flags)
        return 0
    reader = (<ConnectionBase> connection).reader
    if self._interruptions != self._handled or not isinstance(reader, ReaderBase):
        self._pure_read(flags)
        return 0
    if self.buffer == NULL:
        self.buffer = <char*> PyMem_RawMalloc(RECEIVE_SIZE)
        if self.buffer == NULL:
            raise MemoryError
    how = flags[0]
    try:
        if transport_read_large(self, <ConnectionBase> connection, <ReaderBase> reader, how):
            return 0
        with nogil:
            count = hz_receive(self.fd, self.buffer, RECEIVE_SIZE, how)
            if count < 0:
                error = hz_errno()
        if count > 0:
            # Stored before anything else can happen, so it cannot be lost.
            (<ReaderBase> reader).received = PyBytes_FromStringAndSize(self.buffer, count)
            (<ConnectionBase> connection).heard = True
            reader_split(<ReaderBase> reader)
            (<ConnectionBase> connection).deliver(connection, (<ReaderBase> reader).ready)
            return 0
        if count == 0:
            (<ReaderBase> reader).received = b""
            self._ended()
            return 0
        if hz_is_interrupt(error):
            PyErr_CheckSignals()
            return 0
        if hz_is_again(error):
            return 0
    except BaseException as e:
        self._interruptions += 1
        self._read_failed(e)
        return 0
    self._stream_ended(OSError(error, os.strerror(error)))
    return 0


cdef bint begin_target(TransportBase self, IncompleteBase incomplete) except -1:
    """Make room for a whole large message whose end is known; return whether there is."""
    cdef Py_ssize_t total = incomplete._size + incomplete.next
    cdef PyObject* spare = <PyObject*> self.spare
    cdef char* at
    first = <object> PyList_GET_ITEM(incomplete.pieces, 0)
    if total > DIRECT_MOST or total > incomplete.max_message_size or PyBytes_GET_SIZE(first) < HEADER:
        return False
    if (<const unsigned char*> PyBytes_AS_STRING(first))[5] & 0xC0 != 0xC0:
        return False  # a fragment
    if self.spare is not None and total <= self.spare_capacity <= 4 * total and hz_is_only(spare):
        incomplete.target = self.spare
        hz_set_size(spare, total)
        self.spare = None
    else:
        self.spare = None
        incomplete.target = PyBytes_FromStringAndSize(NULL, total)
        self.spare_capacity = total
    at = PyBytes_AS_STRING(incomplete.target)
    for piece in incomplete.pieces:
        memcpy(at, PyBytes_AS_STRING(piece), PyBytes_GET_SIZE(piece))
        at += PyBytes_GET_SIZE(piece)
    incomplete.filled = incomplete._size
    return True


cdef bint transport_read_large(
    TransportBase self, ConnectionBase connection, ReaderBase reader, int how
) except -1:
    """Receive the rest of a large message where it belongs; return false if there is no such message under way."""
    cdef IncompleteBase incomplete
    cdef list messages, pieces
    cdef Py_ssize_t count, size
    cdef char* to
    if not isinstance(reader._incomplete, IncompleteBase):
        return False
    incomplete = <IncompleteBase> reader._incomplete
    if not incomplete._is_final or incomplete.next <= LARGE_FRAME or PyList_GET_SIZE(incomplete.pieces) == 0:
        if incomplete.target is None:
            return False
    if incomplete.target is None and not begin_target(self, incomplete):
        return False
    messages, pieces = [], []
    ready = iter(messages)
    target = incomplete.target
    if target is None:
        return False  # a finalizer has read meanwhile
    to = PyBytes_AS_STRING(target) + incomplete.filled
    size = incomplete.next
    with nogil:
        count = hz_receive(self.fd, to, size, how)
    if count <= 0:
        # An end or an error comes again with the next receive, which handles it; only input may come instead.
        settle(incomplete)
        return False
    incomplete.filled += count
    incomplete._size += count
    incomplete.next = size - count
    connection.heard = True
    if incomplete.next > 0:
        return True
    messages.append(target)
    incomplete.target = None
    incomplete.pieces = pieces
    incomplete._size = 0
    incomplete._is_final = False
    reader.receive_sizes = small_sizes
    reader.received = None
    reader.ready = ready
    self.spare = target
    self.spare_age = 0
    connection.deliver(connection, ready)
    return True


cdef int transport_wait(TransportBase self, BlockingBase call) except -1:
    """Wait until ``call`` is done or its reply cannot come here. May return earlier, so that interrupts are handled."""
    cdef HandoverBase reading = self.reading
    cdef bint limited = is_limited(call)
    connection = self.connection
    owner = self._owner
    me = PyThread_get_thread_ident()
    if (
        not isinstance(owner, DriverBase)
        or not isinstance(connection, ConnectionBase)
        or me == (<DriverBase> owner).io_thread
        or (self._busy and self._writer == me)
    ):
        self._pure_wait(call, call, None)
        return 0
    if reading.busy or not reading.is_free:
        if reading.thread == me or ((<DriverBase> owner).several and reads_any(owner, me)):
            self._pure_wait(call, call, None)  # it was interrupted while it read, and must go on with that
        else:
            reading_follow(reading, call)
        return 0
    reading.is_free = False
    reading.thread = me
    reading.busy = True
    try:
        if (<ConnectionBase> connection).listening:
            reading.begun_leading()
        while not (call.finished or self.broken) and call.connection is connection:
            transport_read(self, WAIT)
            if not call.finished:
                checkpoint()
                if limited:
                    break
        if self._send is not self._plain_send and self._stream.buffered:
            self._read_buffered()
    finally:
        reading.is_free = True
        reading.busy = False
        reading.turns += 1
        if (
            reading.followers
            or (<ConnectionBase> connection).pending
            or (<ConnectionBase> connection).listening
            or reading.state is LEFT_TO_LEADER
        ):
            reading.stopped_leading()
    return 0

cdef tuple WAIT = (0,)


cdef bint reads_any(object owner, object thread) except -1:
    """Return whether a thread has claimed the reading of any stream."""
    for transport in owner.transports():
        reading = transport.reading
        if reading is not None and (<HandoverBase?> reading).busy and (<HandoverBase> reading).thread == thread:
            return True
    return False


cdef int reading_follow(HandoverBase self, BlockingBase call) except -1:
    """As the pure ``follow``, without a time limit."""
    cdef dict followers = self.followers
    cdef bint woken = True
    lock = allocate_lock()
    lock.acquire()
    followers[lock] = None
    try:
        # The leader may have stopped before it could see this follower: then there is nobody to wait for.
        call._lock = lock
        if not call.finished and self.busy:
            woken = False
            woken = lock.acquire()
    finally:
        call._lock = None
        if followers.pop(lock, self) is self and (call.finished or not woken):
            # This caller was nominated, but it does not lead: nominate another.
            self.nominate()
    return 0


cdef class AsyncioTransportBase:
    """The compiled part of ``hz_core.drivers.aio_transport.AsyncioTransport``."""

    cdef public object _loop
    cdef public list _outbox
    cdef public Py_ssize_t _unsent, _most_unsent
    cdef public bint full

    def write(self, data):
        """Send ``data`` at the end of this turn of the loop, together with all that is written until then."""
        aio_write(self, data)

    def write_soon(self, data):
        """Send ``data`` likewise."""
        aio_write(self, data)


cdef int aio_write(AsyncioTransportBase self, object data) except -1:
    if not self._outbox:
        self._loop.call_soon(self._flush)
    self._outbox.append(data)
    self._unsent += len(data)
    if self._unsent > self._most_unsent:
        self.full = True
    return 0
