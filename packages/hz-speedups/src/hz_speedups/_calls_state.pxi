# What a call is made of: its operation, its invocation, its future, and the connection that it uses.
#
# There are three of these objects for each operation in flight, so their memory counts. What most of them never have
# is in the dictionary of the instance, which is made when the first such attribute is set.

cdef extern from *:
    """
    /* Cython makes the dictionary with the instance. The interpreter makes one when it is needed. */
    #define hz_without_dict(one) Py_CLEAR((one)->__dict__)
    #define hz_dict_of(one) ((one)->__dict__)
    """
    void op_without_dict "hz_without_dict"(OpBase)
    void invocation_without_dict "hz_without_dict"(InvocationBase)
    void future_without_dict "hz_without_dict"(FutureBase)
    PyObject* op_dict "hz_dict_of"(OpBase)


cdef class OpBase:
    """The fields of ``hz_core.op.Op``."""

    cdef public object method, request, partition_id, decode
    cdef dict __dict__

    def __cinit__(self):
        op_without_dict(self)

    def __init__(self, method, request, partition_id=-1, *, connection=None):
        self.method = method
        self.request = request
        self.partition_id = partition_id
        self.decode = method.decode
        if connection is not None:
            setattr(self, "connection", connection)


cdef inline object op_rare(OpBase op, str name):
    """Return an attribute that few operations have, such as ``connection``; None if this one has not."""
    cdef PyObject* attributes = op_dict(op)
    cdef PyObject* found
    if attributes == NULL or not PyDict_CheckExact(<object> attributes):
        return None
    found = PyDict_GetItem(<object> attributes, name)
    return None if found == NULL else <object> found


cdef class InvocationBase:
    """The fields of ``hz_core.invocation.invocation.Invocation`` that every call uses."""

    cdef public object op, connection
    cdef public double started
    cdef public bint finished, given_up
    cdef dict __dict__

    def __cinit__(self):
        invocation_without_dict(self)

    def __init__(self, op, started):
        self.op = op
        self.started = started


cdef class BlockingBase(InvocationBase):
    """The compiled part of ``hz_core.drivers.blocking.BlockingCall``."""

    cdef public object value, error, _lock
    cdef public bint abandoned

    def complete(self, result, error):
        """Store the outcome and wake the waiting thread."""
        blocking_complete(self, result, error)

    def done(self):
        """Return whether there is an outcome."""
        return self.finished

    def unwanted(self):
        """Return whether the waiting thread has given up, or has its outcome."""
        return self.abandoned or self.finished


cdef int blocking_complete(BlockingBase self, object result, object error) except -1:
    if self.finished:
        if error is None and self.given_up:
            self.op.lost(result)
    else:
        self.value = result
        self.error = error
        self.given_up = error is not None
        self.finished = True
        if self.abandoned:
            self._lose()
    lock = self._lock
    if lock is not None:
        try:
            lock.release()
        except RuntimeError:
            pass  # released already, to let its owner read
    return 0


cdef class PromisedBase(InvocationBase):
    """The compiled part of ``hz_core.invocation.invocation.PromisedInvocation``."""

    cdef public object promise

    def __init__(self, op, started, promise):
        self.op = op
        self.started = started
        self.promise = promise

    def complete(self, result, error):
        """Complete the promise, unless it was cancelled."""
        promised_complete(self, result, error)

    def unwanted(self):
        """Return whether the promise was cancelled, or completed at the deadline."""
        return self.finished or self.promise.cancelled()


cdef int promised_complete(PromisedBase self, object result, object error) except -1:
    promise = self.promise
    if self.finished or error is not None or type(promise) is not plain_future:
        if not self.finished and error is None and not isinstance(promise, FutureBase):
            # A future of asyncio, for example.
            if promise.cancelled() or (
                promise.set_result(result) is False and (self.given_up or promise.cancelled())
            ):
                self.op.lost(result)
            self.finished = True
            return 0
        self._pure_complete(result, error)
        return 0
    if (<FutureBase> promise).state == IS_CANCELLED or (
        not future_set(<FutureBase> promise, result)
        and (self.given_up or (<FutureBase> promise).state == IS_CANCELLED)
    ):
        self.op.lost(result)
    self.finished = True
    return 0


cdef object PENDING = "PENDING"
cdef object FINISHED = "FINISHED"
cdef object CANCELLED = "CANCELLED_AND_NOTIFIED"


cdef enum:
    IS_PENDING = 0
    IS_FINISHED = 1
    IS_CANCELLED = 2
    NO_OUTCOME = 0
    RESULT = 1
    ERROR = 2


cdef class FutureBase:
    """The compiled part of ``hz_core.future.Future``."""

    cdef unsigned char is_open, state, kind, has_traceback
    cdef public bint _condition_made
    # The result or the error: `kind` tells which.
    cdef object outcome, traceback_
    cdef public object _watchers, _waiter, operation
    cdef dict __dict__

    def __cinit__(self):
        future_without_dict(self)

    def __init__(self, waiter=None):
        future_begin(self, waiter)

    @property
    def _state(self):
        return PENDING if self.state == IS_PENDING else FINISHED if self.state == IS_FINISHED else CANCELLED

    @_state.setter
    def _state(self, value):
        self.state = (PENDING, FINISHED, CANCELLED).index(value)

    @property
    def _exception(self):
        return self.outcome if self.kind == ERROR else None

    @_exception.setter
    def _exception(self, value):
        self.outcome = value
        self.kind = ERROR

    @property
    def _open(self):
        if not self.is_open:
            raise AttributeError("_open")
        return True

    @_open.setter
    def _open(self, value):
        self.is_open = True

    @_open.deleter
    def _open(self):
        if not self.is_open:
            raise AttributeError("_open")
        self.is_open = False

    @property
    def _result(self):
        if self.kind != RESULT:
            raise AttributeError("_result")
        return self.outcome

    @_result.setter
    def _result(self, value):
        self.outcome = value
        self.kind = RESULT

    @property
    def _traceback(self):
        if not self.has_traceback:
            raise AttributeError("_traceback")
        return self.traceback_

    @_traceback.setter
    def _traceback(self, value):
        self.traceback_ = value
        self.has_traceback = True

    def set_result(self, result):
        """Complete with a value; no effect on a future that is done. Return whether this is the outcome."""
        return future_set(self, result)

    def add_done_callback(self, callback):
        """Call ``callback(future)`` when the future is done; immediately, in this thread, if it is done already."""
        cdef UserCallbackBase call
        if self.state != IS_PENDING:
            self._pure_add_done_callback(callback)
            return
        call = <UserCallbackBase> new_instance(plain_callback)
        call._callback = callback
        call._future = self
        future_watch(self, call)

    def _add_watcher(self, watcher):
        future_watch(self, watcher)

    def _call_watchers(self):
        future_call_watchers(self)

    def done(self):
        """Return True once there is a result or an error, or the future is cancelled."""
        return self.state != IS_PENDING

    def cancelled(self):
        """Return True after a successful ``cancel``."""
        return self.state == IS_CANCELLED

    def result(self, timeout=None):
        """Wait for the outcome; return the value or raise the error."""
        if self.state == IS_PENDING:
            self._wait(timeout)
        if self.kind == RESULT:
            return self.outcome
        return self._pure_result(timeout)


cdef inline void future_begin(FutureBase self, object waiter):
    self.is_open = True
    self.state = IS_PENDING
    self.kind = NO_OUTCOME
    self._watchers = None
    self._waiter = waiter
    self.operation = None


cdef bint future_set(FutureBase self, object result) except -1:
    if not self.is_open:
        self._finish_again()
        return False
    self.is_open = False
    self.outcome = result
    self.kind = RESULT
    if self._condition_made:
        self._finish()
        return True
    self.state = IS_FINISHED
    self.operation = None  # it refers to this future
    if self._watchers is not None:
        future_call_watchers(self)
    return True


cdef class ConnectionBase:
    """The fields of ``hz_core.connection.Connection`` that every call uses."""

    cdef public object transport, reader, pending, deliver, interrupted
    cdef public bint alive, answered, heard, spoke, listening
    cdef public Py_ssize_t crowded_at, sweep_at


cdef class RoutingBase:
    """The compiled part of ``hz_core.cluster.routing.Routing``."""

    cdef public object _source

    def route(self, op):
        """Return the connection to the op's member, to the owner of its partition, or to any member."""
        connection = owner_of(self, op)
        return self._pure_route(op) if connection is None else connection


cdef object owner_of(RoutingBase self, object op):
    """Return the open connection to the owner of the partition of ``op``; None if that is not all there is to it."""
    cdef Py_ssize_t partition
    if not isinstance(op, OpBase) or op_rare(<OpBase> op, "member") is not None:
        return None
    if op_rare(<OpBase> op, "group") is not None:
        return None
    owners = self._source.routes.by_partition
    partition_id = (<OpBase> op).partition_id
    if type(partition_id) is not int or not PyTuple_CheckExact(owners):
        return None
    partition = partition_id
    if 0 <= partition < PyTuple_GET_SIZE(owners):
        connection = <object> PyTuple_GET_ITEM(owners, partition)
        if isinstance(connection, ConnectionBase) and (<ConnectionBase> connection).alive:
            return connection
    return None
