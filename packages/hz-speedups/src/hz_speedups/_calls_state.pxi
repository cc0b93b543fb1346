# What a call is made of: its operation, its invocation, its future, and the connection that it uses.

cdef class OpBase:
    """The fields of ``hz_core.op.Op``."""

    cdef public object method, request, partition_id, decode, connection, member, deadline, group, on_lost

    def __init__(self, method, request, partition_id=-1, *, connection=None):
        self.method = method
        self.request = request
        self.partition_id = partition_id
        self.decode = method.decode
        self.connection = connection

    def lost(self, result):
        """Tell ``on_lost``, once, that nobody gets ``result``; return whether it was told now."""
        on_lost = self.on_lost
        self.on_lost = None
        if on_lost is None:
            return False
        on_lost(result)
        return True


cdef class InvocationBase:
    """The fields of ``hz_core.invocation.invocation.Invocation`` that every call uses."""

    cdef public object op, started, connection
    cdef public bint finished, given_up

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
        self._wake(lock)
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
    if (<FutureBase> promise)._state is CANCELLED or (
        not future_set(<FutureBase> promise, result)
        and (self.given_up or (<FutureBase> promise)._state is CANCELLED)
    ):
        self.op.lost(result)
    self.finished = True
    return 0


cdef object PENDING = "PENDING"
cdef object FINISHED = "FINISHED"
cdef object CANCELLED = "CANCELLED_AND_NOTIFIED"


cdef class FutureBase:
    """The compiled part of ``hz_core.future.Future``."""

    cdef bint is_open, has_result, has_traceback
    cdef object result_, traceback_
    cdef public object _state, _exception, _watchers, _waiter, operation
    cdef public bint _condition_made

    def __init__(self, waiter=None):
        future_begin(self, waiter)

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
        if not self.has_result:
            raise AttributeError("_result")
        return self.result_

    @_result.setter
    def _result(self, value):
        self.result_ = value
        self.has_result = True

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
        if self._state is not PENDING:
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
        return self._state is not PENDING

    def cancelled(self):
        """Return True after a successful ``cancel``."""
        return self._state is CANCELLED

    def result(self, timeout=None):
        """Wait for the outcome; return the value or raise the error."""
        if self._state is PENDING:
            self._wait(timeout)
        if self._exception is None and self.has_result:
            return self.result_
        return self._pure_result(timeout)


cdef inline void future_begin(FutureBase self, object waiter):
    self.is_open = True
    self._state = PENDING
    self._exception = None
    self._watchers = None
    self._waiter = waiter
    self.operation = None


cdef bint future_set(FutureBase self, object result) except -1:
    if not self.is_open:
        self._finish_again()
        return False
    self.is_open = False
    self.result_ = result
    self.has_result = True
    if self._condition_made:
        self._finish()
        return True
    self._state = FINISHED
    if self._watchers is not None:
        future_call_watchers(self)
    return True


cdef class ConnectionBase:
    """The fields of ``hz_core.connection.Connection`` that every call uses."""

    cdef public object transport, reader, pending, deliver, interrupted
    cdef public bint alive, answered, heard, spoke, listening
    cdef public Py_ssize_t crowded_at


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
    if not isinstance(op, OpBase) or (<OpBase> op).member is not None or (<OpBase> op).group is not None:
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
