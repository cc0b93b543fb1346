# Callbacks of users: a future passes them to its driver, whose thread for callbacks calls them.


cdef class UserCallbackBase:
    """The compiled part of ``hz_core.waiters.UserCallback``."""

    cdef public object _callback, _future
    cdef public bint _called

    def __init__(self, callback, future):
        self._callback = callback
        self._future = future

    def dispatch(self):
        """Pass the callback to the driver."""
        callback_dispatch(self)

    def __call__(self):
        """Call the callback, once."""
        callback_call(self)


cdef int callback_dispatch(UserCallbackBase self) except -1:
    future = self._future
    waiter = (<FutureBase> future)._waiter if isinstance(future, FutureBase) else None
    if isinstance(waiter, DriverBase):
        try:
            if (<DriverBase> waiter).run_callback(self) is not False:
                return 0
        except RuntimeError:
            pass  # the pure method gets it again, and says so
    self._pure_dispatch()
    return 0


cdef int callback_call(UserCallbackBase self) except -1:
    if self._called:
        return 0  # dispatched twice, because a thread was interrupted meanwhile
    self._called = True
    try:
        self._callback(self._future)
    except Exception:
        self._failed()
    return 0


cdef int future_watch(FutureBase self, object watcher) except -1:
    """Add a watcher; call it if the future is done."""
    if self._watchers is None:
        made = []
        # Making it may have run a finalizer, which watches too; from here on, nothing can come between.
        if self._watchers is None:
            self._watchers = made
    (<list?> self._watchers).append(watcher)
    if self.state != IS_PENDING:
        future_call_watchers(self)
    return 0


cdef int future_call_watchers(FutureBase self) except -1:
    cdef list watchers
    if type(self._watchers) is not list:
        return 0
    watchers = <list> self._watchers
    while PyList_GET_SIZE(watchers) > 0:
        watcher = <object> PyList_GET_ITEM(watchers, 0)
        if type(watcher) is not plain_callback:
            self._pure_call_watchers()
            return 0
        del watchers[0]
        try:
            callback_dispatch(<UserCallbackBase> watcher)
        except BaseException:
            # This thread was interrupted, which must not leave other threads waiting. Whoever completes the future again
            # calls this one, maybe for the second time.
            self._pure_call_watchers()
            watchers.insert(0, watcher)
            raise
    return 0


cdef class ExecutorBase:
    """The compiled part of ``hz_core.drivers.executor.CallbackExecutor``."""

    cdef public object _queue, _callbacks, _before_idle, _wake, _current, _thread, _ident
    cdef public bint _stopped, _ended, _discarding, _forked, away

    def run(self, callback):
        """Run ``callback`` after all earlier ones; return False if that is refused (full, or stopped)."""
        if self._stopped or type(callback) is not plain_callback:
            return self._pure_run(callback)
        self._queue.put(callback)
        if self._thread is None:
            self._start()
        if self.away and self._ident != PyThread_get_thread_ident():
            self._wake()
        if self._ended:
            self._run_leftovers()  # stopped meanwhile
        return True

    def _run_all(self):
        """Run callbacks until the executor is stopped."""
        if self._current is not None:
            executor_run_current(self)
        idle = self._queue.empty
        if idle():
            self._before_idle()
        # Nothing can interrupt this thread before a callback is stored, so it cannot be lost.
        for callback in self._callbacks:
            self._current = callback
            callback = None
            executor_run_current(self)
            if idle():
                self._before_idle()
        # Whoever adds another callback now sees this, after adding it; and it is looked for after this was set.
        self._ended = True
        self._run_leftovers()

    def _run_current(self):
        executor_run_current(self)


cdef int executor_run_current(ExecutorBase self) except -1:
    callback = self._current
    if type(callback) is not plain_callback:
        self._pure_run_current()
        return 0
    self._current = None  # while this thread waits, it keeps nothing of a user alive
    if not self._forked:
        callback_call(<UserCallbackBase> callback)
    return 0
