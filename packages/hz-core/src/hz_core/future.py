"""The pending result of an operation, for threads, callbacks and asyncio alike.

A Future is made for every operation, so making and completing one must cost next to nothing: no lock, no
condition, no list until somebody waits. That rests on two properties of CPython (with its global lock):

* Deleting a slot that is set succeeds for exactly one thread. Who deletes `_open` may complete the future.
* `list.pop`, `list.remove` and `dict.setdefault` are atomic. Who takes a watcher out of the list serves it.

Completing stores the outcome, then the state, then looks for watchers; watching adds the watcher, then looks
at the state. So whatever the order, one of the two sides sees the other, and no wake-up is lost.
"""

from __future__ import annotations

from _thread import LockType, allocate_lock
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError
from concurrent.futures import Future as ConcurrentFuture
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar, cast, overload

from hz_core.log import get_logger

if TYPE_CHECKING:
    from threading import Condition

T = TypeVar("T")
R = TypeVar("R")

_logger = get_logger("future")

# The words of concurrent.futures, whose wait() and as_completed() read the state.
_PENDING: Final = "PENDING"
_FINISHED: Final = "FINISHED"
_CANCELLED: Final = "CANCELLED_AND_NOTIFIED"

_LONGEST_WAIT: Final = 4_000_000.0
"""A lock refuses longer timeouts (seconds); nobody notices a wait cut after 46 days and begun again."""


class Waiter(Protocol):
    """What a driver does for the futures of its operations."""

    def wait(self, future: Future[Any], timeout: float | None, /) -> bool:
        """Block until `future` is done, or `timeout` seconds are over (None: no limit).

        Returns whether it is done. The caller's thread may do useful work meanwhile, such as reading the
        socket.
        The future may also be completed by another thread: register a lock with :meth:`Future.attach`.
        """
        ...

    def run_callback(self, callback: Callable[[], None], /) -> object:
        """Run a user's callback where it can't hold up the I/O side; return False if it can't be taken."""
        ...


def _run_inline(callback: Callable[[], None]) -> None:
    callback()


class LockWaiter:
    """Waits on a lock; `run_callback` runs callbacks (None: in the thread that completes the future)."""

    __slots__ = ("run_callback",)

    def __init__(self, run_callback: Callable[[Callable[[], None]], object] | None = None) -> None:
        self.run_callback: Callable[[Callable[[], None]], object] = run_callback or _run_inline

    def wait(self, future: Future[Any], timeout: float | None, /) -> bool:
        """Block until `future` is done or `timeout` seconds are over; see :class:`Waiter`."""
        return wait_on_lock(future, timeout)


class Future(ConcurrentFuture[T]):
    """The result of an operation that may still be under way.

    It can be waited for (`result`), awaited (`await future`), given callbacks, combined, and handed to the
    helpers of `concurrent.futures` and to `asyncio.wrap_future`. The first outcome wins: setting another one,
    or setting one after `cancel`, has no effect.

    Args:
        waiter: The driver's way of waiting and of running callbacks; None waits on a lock and runs
            callbacks in the thread that completes the future.
    """

    __slots__ = (
        "_exception",
        "_open",
        "_result",
        "_state",
        "_traceback",
        "_waiter",
        "_watchers",
        "operation",
    )

    _result: T
    _exception: BaseException | None
    _state: str
    _watchers: list[_Watcher] | None

    def __init__(self, waiter: Waiter | None = None) -> None:
        # The base class is not initialized on purpose: it makes a condition and two lists per future.
        self._open = True
        self._state = _PENDING
        self._exception = None
        self._watchers = None
        self._waiter = waiter
        self.operation: Any = None
        """What the waiter knows the operation by; None where there is nothing but a lock to wait for."""

    # ---- completing

    def set_result(self, result: T) -> None:
        """Complete with a value; no effect on a future that is done."""
        try:
            del self._open
        except AttributeError:
            return
        self._result = result
        # `_finish`, written out: this is done once per operation.
        if self._watchers is None:
            self._state = _FINISHED
        else:
            self._settle(_FINISHED)
        if self._watchers:
            self._serve_watchers()

    def set_exception(self, exception: BaseException | None, traceback: TracebackType | None = None) -> None:
        """Complete with an error; no effect on a future that is done.

        Args:
            exception: What `result` shall raise.
            traceback: Where it happened; by default what the exception has itself.

        Raises:
            TypeError: `exception` is not an exception.
        """
        if not isinstance(exception, BaseException):
            raise TypeError(f"exception must be an instance of an exception class, not {exception!r}")
        try:
            del self._open
        except AttributeError:
            return
        self._traceback = traceback or exception.__traceback__
        self._exception = exception
        self._finish(_FINISHED)

    def cancel(self) -> bool:
        """Give up waiting: the future is cancelled, and a result that comes later is dropped.

        The member is not told: an operation that was sent may still run there.

        Returns:
            True if the future is cancelled, False if it has another outcome.
        """
        try:
            del self._open
        except AttributeError:
            return self._state is _CANCELLED
        self._traceback = None
        self._exception = CancelledError("The future was cancelled")
        self._finish(_CANCELLED)
        return True

    def set_running_or_notify_cancel(self) -> bool:
        """Tell whether the operation shall go on (executors of `concurrent.futures` ask this)."""
        return self._state is not _CANCELLED

    def _finish(self, state: str) -> None:
        if self._watchers is None:
            self._state = state
        else:
            self._settle(state)
        if self._watchers:
            self._serve_watchers()

    def _settle(self, state: str) -> None:
        """Set the state, under the condition where `concurrent.futures` uses one (see `_lazy_condition`)."""
        condition: Condition | None = self.__dict__.get("_new_condition")
        if condition is None:
            self._state = state
            return
        with condition:
            self._state = state
            for waiter in self._waiters:
                if state is _CANCELLED:
                    waiter.add_cancelled(self)
                elif self._exception is None:
                    waiter.add_result(self)
                else:
                    waiter.add_exception(self)
            condition.notify_all()

    def _serve_watchers(self) -> None:
        watchers = self._watchers
        while watchers:
            try:
                watcher = watchers.pop(0)
            except IndexError:  # another thread took the last one
                return
            if isinstance(watcher, _UserCallback):
                watcher.dispatch()
                continue
            if isinstance(watcher, LockType):
                with suppress(
                    RuntimeError
                ):  # a driver may have released it to wake its owner for another reason
                    watcher.release()
                continue
            try:
                watcher(self)
            except Exception:
                _logger.exception("A callback inside the client failed for %r", self)
            except BaseException:
                self._serve_watchers()  # an interrupt here must not leave other threads waiting
                raise

    # ---- asking

    def done(self) -> bool:
        """Return True once there is a result or an error, or the future is cancelled."""
        return self._state is not _PENDING

    def running(self) -> bool:
        """Return True while there is no outcome."""
        return self._state is _PENDING

    def cancelled(self) -> bool:
        """Return True after a successful `cancel`."""
        return self._state is _CANCELLED

    def is_success(self) -> bool:
        """Return True once there is a result that is not an error; never blocks."""
        return self._state is _FINISHED and self._exception is None

    def result(self, timeout: float | None = None) -> T:
        """Wait for the outcome; return the value or raise the error.

        Args:
            timeout: Seconds to wait; None waits without limit.

        Raises:
            TimeoutError: No outcome in that time; the operation goes on.
            concurrent.futures.CancelledError: The future was cancelled.
        """
        if self._state is _PENDING:
            self._wait(timeout)
        error = self._exception
        if error is None:
            return self._result
        try:
            # A fresh start for each raise, otherwise every call would lengthen the shared traceback.
            raise error.with_traceback(self._traceback)
        finally:
            # The error's traceback holds this frame; without these two it would hold itself and the future.
            del error
            del self

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the outcome; return the error, or None for a result.

        Args:
            timeout: Seconds to wait; None waits without limit.

        Raises:
            TimeoutError: No outcome in that time; the operation goes on.
            concurrent.futures.CancelledError: The future was cancelled.
        """
        if self._state is _PENDING:
            self._wait(timeout)
        if self._state is _CANCELLED:
            raise CancelledError("The future was cancelled")
        return self._exception

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Wait for the outcome; return the traceback of the error, or None. Raises as `exception` does."""
        return None if self.exception(timeout) is None else self._traceback

    def _wait(self, timeout: float | None) -> None:
        waiter = self._waiter
        if not (wait_on_lock(self, timeout) if waiter is None else waiter.wait(self, timeout)):
            raise TimeoutError(
                f"The result didn't come within {timeout} seconds. The operation is still under way:"
                " ask for its result again, or cancel it"
            )

    # ---- being told

    def add_done_callback(self, callback: Callable[[Future[T]], object]) -> None:
        """Call `callback(future)` once the future is done: at once, in this thread, when it is done already.

        Otherwise it runs where the driver runs users' callbacks, so that it may block and use the client.
        What it raises is logged.
        """
        call = _UserCallback(callback, self)
        if self._state is not _PENDING:
            call()
        else:
            self._watch(call)

    def add_done_callback_inline(self, callback: Callable[[Future[T]], object]) -> None:
        """Call `callback(future)` in the thread that completes the future; for callbacks that never block."""
        self._watch(callback)

    def remove_done_callback_inline(self, callback: Callable[[Future[T]], object]) -> bool:
        """Forget a callback of `add_done_callback_inline`; return False when it ran, runs or wasn't there."""
        return self._unwatch(callback)

    def attach(self, lock: LockType) -> bool:
        """Register a lock that the caller holds; completing the future releases it, exactly once.

        Returns:
            False if the future is done: then the lock is not registered, and still held. True otherwise; by
            then the lock may have been released already.
        """
        if self._state is not _PENDING:
            return False
        self._watch(lock)
        return True

    def detach(self, lock: LockType) -> bool:
        """Take back a lock that was attached, for example after a timeout.

        Returns:
            True if it won't be released any more. False if it was, or just is being, released.
        """
        return self._unwatch(lock)

    def _watch(self, watcher: _Watcher) -> None:
        watchers = self._watchers
        if watchers is None:
            # All threads that come here at once get, and set, the same list.
            watchers = self._watchers = cast(
                "list[_Watcher]", self.__dict__.setdefault("_first_watchers", [])
            )
        watchers.append(watcher)
        if self._state is not _PENDING:
            self._serve_watchers()

    def _unwatch(self, watcher: _Watcher) -> bool:
        try:
            (self._watchers or []).remove(watcher)
        except ValueError:
            return False
        return True

    # ---- following up

    @overload
    def continue_with(self, continuation_func: Callable[..., Future[R]], *args: Any) -> Future[R]: ...

    @overload
    def continue_with(self, continuation_func: Callable[..., R], *args: Any) -> Future[R]: ...

    def continue_with(self, continuation_func: Callable[..., Any], *args: Any) -> Future[Any]:
        """Call `continuation_func(future, *args)` once this future is done, whatever its outcome.

        Returns:
            A future of what the function returns or raises; if it returns a Future, of the outcome of that.
            If the new future is cancelled before, the function isn't called.
        """
        waiter = self._waiter
        follower: Future[Any] = Future(LockWaiter(None if waiter is None else waiter.run_callback))

        def proceed(future: Future[T]) -> None:
            if follower.done():
                return
            try:
                outcome = continuation_func(future, *args)
            except BaseException as e:
                _fail(follower, e, e.__traceback__)
                if not isinstance(e, Exception | CancelledError):
                    raise  # an interrupt is also for the thread that it hit
            else:
                if isinstance(outcome, Future):
                    outcome.add_done_callback_inline(partial(_copy_outcome, follower))
                else:
                    follower.set_result(outcome)

        self.add_done_callback(proceed)
        return follower

    def __await__(self) -> Generator[Any, None, T]:
        """Wait in asyncio; cancelling the waiting task cancels the future."""
        import asyncio  # not needed, and so not loaded, in programs of threads alone

        if self._state is _PENDING:
            loop = asyncio.get_running_loop()
            gate: asyncio.Future[None] = loop.create_future()

            def wake(_: object) -> None:
                if asyncio._get_running_loop() is loop:
                    _open(gate)
                elif not loop.is_closed():
                    loop.call_soon_threadsafe(_open, gate)

            self._watch(wake)
            try:
                yield from gate
            except BaseException as e:
                self._unwatch(wake)
                if isinstance(e, asyncio.CancelledError):
                    self.cancel()
                raise
        if self._state is _CANCELLED:
            raise asyncio.CancelledError("The future was cancelled")
        return self.result()

    # ---- what concurrent.futures reaches into

    def _lazy_condition(self) -> Condition:
        """Return the condition under which `concurrent.futures.wait` and `as_completed` look at the state.

        From its making on, the state changes under it only. A thread that began to complete the future before
        may not know of it; so it is handed out only when that thread is through, a matter of three stores.
        After that it is handed out without any wait, for its holder asks again in order to release it.
        """
        attributes = self.__dict__
        condition: Condition | None = attributes.get("_known_condition")
        if condition is not None:
            return condition
        from threading import Condition as NewCondition

        attributes.setdefault("_waiters", [])
        if self._watchers is None:
            self._watchers = attributes.setdefault("_first_watchers", [])
        made: Condition = attributes.setdefault("_new_condition", NewCondition())
        if self._state is _PENDING and not hasattr(self, "_open"):
            wait_on_lock(self, None)
        attributes["_known_condition"] = made
        return made

    if not TYPE_CHECKING:  # type checkers shall see the attribute that the base class has
        _condition = property(_lazy_condition)

    def __repr__(self) -> str:
        if self._state is _PENDING:
            outcome = "pending"
        elif self._state is _CANCELLED:
            outcome = "cancelled"
        elif self._exception is not None:
            outcome = f"failed: {type(self._exception).__name__}"
        else:
            outcome = f"done: {type(self._result).__name__}"
        return f"<{type(self).__name__} {outcome}>"


_Watcher: TypeAlias = "LockType | _UserCallback | Callable[[Future[Any]], object]"


def wait_on_lock(future: Future[Any], timeout: float | None) -> bool:
    """Block on a lock until `future` is done or `timeout` seconds are over; return whether it is done."""
    lock = allocate_lock()
    lock.acquire()
    while future.attach(lock):
        acquired = False
        try:
            acquired = lock.acquire(
                timeout=_LONGEST_WAIT if timeout is None else min(max(timeout, 0), _LONGEST_WAIT)
            )
        finally:
            if not acquired:
                future.detach(lock)
        if timeout is not None:
            break
    return future.done()


def combine_futures(futures: Iterable[Future[T]]) -> Future[list[T]]:
    """Return a future of all results, in the order of `futures`.

    It is done when all of them are. If some failed, it fails with the error of the first of those, in the
    order given. Without any future its result is an empty list.
    """
    parts = list(futures)
    combined: Future[list[T]] = Future(_common_waiter(parts))
    if not parts:
        combined.set_result([])
        return combined
    missing = [None] * len(parts)

    def part_done(_: Future[T]) -> None:
        missing.pop()
        # Two threads may both find nothing missing; then the second outcome, the same, is dropped.
        if not missing:
            _gather(parts, combined)

    for part in list(parts):
        part.add_done_callback_inline(part_done)
    return combined


def _gather(parts: list[Future[T]], combined: Future[list[T]]) -> None:
    for part in parts:
        if part._exception is not None:
            _fail(combined, part._exception, part._traceback)
            return
    combined.set_result([part._result for part in parts])


def _common_waiter(futures: list[Future[T]]) -> Waiter | None:
    """Return the waiter if it is one for all, so that waiting for all of them works as for one."""
    if not futures:
        return None
    waiter = futures[0]._waiter
    if waiter is None or all(future._waiter is waiter for future in futures):
        return waiter
    return LockWaiter(waiter.run_callback)


def _fail(future: Future[Any], error: BaseException, traceback: TracebackType | None) -> None:
    if isinstance(error, CancelledError):
        future.cancel()
    else:
        future.set_exception(error, traceback)


def _copy_outcome(target: Future[Any], source: Future[Any]) -> None:
    if source._exception is None:
        target.set_result(source._result)
    else:
        _fail(target, source._exception, source._traceback)


class _UserCallback:
    """A user's callback and its future: what stands among the watchers, and what the driver runs."""

    __slots__ = ("_callback", "_future")

    def __init__(self, callback: Callable[[Future[Any]], object], future: Future[Any]) -> None:
        self._callback = callback
        self._future = future

    def dispatch(self) -> None:
        """Have it run where the driver runs users' callbacks."""
        waiter = self._future._waiter
        if waiter is None:
            self()
            return
        try:
            if waiter.run_callback(self) is False:
                self()  # a callback is never lost
        except RuntimeError:  # what executors raise after their shutdown
            _logger.debug("Nothing runs callbacks any more; running it in this thread", exc_info=True)
            self()

    def __call__(self) -> None:
        try:
            self._callback(self._future)
        except Exception:
            _logger.exception("The callback %r of %r failed", self._callback, self._future)


def _open(gate: Any) -> None:
    if not gate.done():
        gate.set_result(None)
