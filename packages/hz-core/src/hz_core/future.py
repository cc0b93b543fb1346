"""The future of an operation, for threads, callbacks and asyncio.

A future is created for every operation, so creating and completing one must be cheap: there is no lock, no
condition and no list until a thread waits. The implementation relies on two properties of CPython with its global
interpreter lock:

* Deleting a slot that is set succeeds in exactly one thread. The thread that deletes ``_open`` completes the future.
* ``list.pop``, ``list.remove`` and ``dict.setdefault`` are atomic. The thread that removes a watcher calls it.

Completing stores the outcome, then the state, then reads the watchers; watching adds the watcher, then reads the
state. In every order of these steps one of the two sides sees the other, so no wake-up is lost.
"""

from __future__ import annotations

from _thread import LockType, get_ident
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError
from concurrent.futures import Future as ConcurrentFuture
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, TypeVarTuple, overload

from hz_core.compiled import IS_COMPILED, FutureBase, prefer_compiled
from hz_core.errors.client import ended_in_parent
from hz_core.log import get_logger
from hz_core.uncopied import Uncopied
from hz_core.waiters import DerivedWaiter, UserCallback, call_nested
from hz_core.waiters import LockWaiter as LockWaiter
from hz_core.waiters import Waiter as Waiter
from hz_core.waiters import wait_on_lock as wait_on_lock

if TYPE_CHECKING:
    from threading import Condition

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
R = TypeVar("R")

_logger = get_logger("future")

# The states of concurrent.futures, whose wait() and as_completed() read them.
_PENDING: Final = "PENDING"
_FINISHED: Final = "FINISHED"
_CANCELLED: Final = "CANCELLED_AND_NOTIFIED"

_FIELDS: Final[tuple[str, ...]] = (
    ()  # the compiled base has them
    if IS_COMPILED
    else ("_exception", "_open", "_result", "_state", "_traceback", "_waiter", "_watchers", "operation")
)


@prefer_compiled
class Future(Uncopied, FutureBase, ConcurrentFuture[T]):
    """The result of an operation that may still be in progress.

    Wait for it with ``result``, await it (``await future``), add callbacks, combine futures, or pass it to the
    functions of ``concurrent.futures`` and to ``asyncio.wrap_future``. Only the first outcome counts: setting
    another one, or setting one after ``cancel``, has no effect.

    Args:
        waiter: Waits and runs callbacks; None waits on a lock and runs callbacks in the thread that completes
            the future.
    """

    __slots__ = _FIELDS

    _result: T
    _exception: BaseException | None
    _state: str
    _watchers: list[_Watcher] | None
    _final_state = _FINISHED
    _condition_made = False

    on_lost: Callable[[T], object] | None = None
    """Called with the result if the task that awaits it is cancelled at the same moment and does not get it; returns
    whether anything was given back. Then the future counts as cancelled."""

    def __init__(self, waiter: Waiter | None = None) -> None:
        # The base class is not initialized on purpose: it creates a condition and two lists per future.
        self._open = True
        self._state = _PENDING
        self._exception = None
        self._watchers = None
        self._waiter = waiter
        self.operation: Any = None
        """Identifies the operation for the waiter; None if the waiter can only wait on a lock, and when it is done."""

    # ---- completing

    def completed_by(self, operation: Any) -> None:
        """Tell which operation completes this future. They refer to each other, but only until it is done."""
        self.operation = operation
        if self._state is not _PENDING:
            self.operation = None

    def set_result(self, result: T) -> bool:  # type: ignore[override]  # the base class returns None
        """Complete with a value; no effect on a future that is done. Return whether this is the outcome."""
        try:
            del self._open
        except AttributeError:
            self._finish_again()
            return False
        # Nothing can interrupt the thread until the result and the state are stored.
        self._result = result
        if self._condition_made:
            self._finish()
            return True
        self._state = _FINISHED
        self.operation = None
        if self._watchers:
            self._call_watchers()
        return True

    def set_exception(self, exception: BaseException | None, traceback: TracebackType | None = None) -> None:
        """Complete with an error; no effect on a future that is done.

        Args:
            exception: The error that ``result`` raises.
            traceback: Its traceback; by default the exception's own.

        Raises:
            TypeError: ``exception`` is not an exception.
        """
        if not isinstance(exception, BaseException):
            raise TypeError(f"exception must be an instance of an exception class, not {exception!r}")
        try:
            del self._open
        except AttributeError:
            self._finish_again()
            return
        self._traceback = traceback or exception.__traceback__
        self._exception = exception
        self._finish()

    def cancel(self) -> bool:
        """Cancel the future; a result that is received later is ignored.

        The member is not notified: an operation that was sent may still be executed. What it acquires, a lock for
        example, is given back.

        Returns:
            True if the future is cancelled, False if it has another outcome.
        """
        error = CancelledError("The future was cancelled")
        operation = self.operation
        try:
            del self._open
        except AttributeError:
            return self._state is _CANCELLED
        self._traceback = None
        self._final_state = _CANCELLED
        self._exception = error
        try:
            self._finish()
        finally:
            if operation is not None:
                operation.forget()
        return True

    def set_running_or_notify_cancel(self) -> bool:
        """Return False if the future is cancelled. Called by the executors of ``concurrent.futures``."""
        return self._state is not _CANCELLED

    def _finish(self) -> None:
        """Set the state and call the watchers, after the outcome was stored."""
        if self._condition_made:
            self._set_state(self._final_state)
        else:
            self._state = self._final_state
        self.operation = None
        if self._watchers:
            self._call_watchers()

    def _finish_again(self) -> None:
        """Do what the thread that stored the outcome has not done so far: it may have been interrupted."""
        if self._state is _PENDING or self._watchers:
            self._finish()

    def _set_state(self, state: str) -> None:
        """Set the state under the condition that ``concurrent.futures`` uses (see ``_lazy_condition``)."""
        condition: Condition = self.__dict__["_new_condition"]
        with condition:
            if self._state is not _PENDING:
                return
            self._state = state
            for waiter in self._waiters:
                if state is _CANCELLED:
                    waiter.add_cancelled(self)
                elif self._exception is None:
                    waiter.add_result(self)
                else:
                    waiter.add_exception(self)
            condition.notify_all()

    def _call_watchers(self) -> None:
        watchers = self._watchers
        while watchers:
            try:
                # Neither an interrupt nor another thread can come between these lines.
                watcher = watchers[0]
                del watchers[0]
            except IndexError:  # but before them: it took the last one
                return
            try:
                if isinstance(watcher, LockType):
                    # The driver may have released the lock already, to wake its owner for another reason.
                    with suppress(RuntimeError):
                        watcher.release()
                elif isinstance(watcher, UserCallback):
                    watcher.dispatch()
                else:
                    call_nested(watcher, self)
            except BaseException:
                # This thread was interrupted, which must not leave other threads waiting. Whoever completes the future
                # again calls this one, maybe for the second time.
                self._call_watchers()
                watchers.insert(0, watcher)
                raise

    # ---- state and result

    def done(self) -> bool:
        """Return True once there is a result or an error, or the future is cancelled."""
        return self._state is not _PENDING

    def running(self) -> bool:
        """Return True while there is no outcome."""
        return self._state is _PENDING

    def cancelled(self) -> bool:
        """Return True after a successful ``cancel``."""
        return self._state is _CANCELLED

    def is_success(self) -> bool:
        """Return True once there is a result that is not an error; never blocks."""
        return self._state is _FINISHED and self._exception is None

    def result(self, timeout: float | None = None) -> T:
        """Wait for the outcome; return the value or raise the error.

        Args:
            timeout: Seconds to wait; None waits without limit.

        Raises:
            TimeoutError: No outcome in that time; the operation continues.
            concurrent.futures.CancelledError: The future was cancelled.
        """
        if self._state is _PENDING:
            self._wait(timeout)
        error = self._exception
        if error is None:
            return self._result
        try:
            # Reset the traceback for each raise, otherwise every call would lengthen it.
            raise error.with_traceback(self._traceback)
        finally:
            # The traceback refers to this frame: without the deletions there would be a reference cycle.
            del error
            del self

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the outcome; return the error, or None for a result.

        Args:
            timeout: Seconds to wait; None waits without limit.

        Raises:
            TimeoutError: No outcome in that time; the operation continues.
            concurrent.futures.CancelledError: The future was cancelled.
        """
        if self._state is _PENDING:
            self._wait(timeout)
        if self._state is _CANCELLED:
            raise CancelledError("The future was cancelled")
        return self._exception

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        """Wait for the outcome; return the traceback of the error, or None.

        Raises the same errors as ``exception``.
        """
        return None if self.exception(timeout) is None else self._traceback

    def _wait(self, timeout: float | None) -> None:
        waiter = self._waiter
        if not (wait_on_lock(self, timeout) if waiter is None else waiter.wait(self, timeout)):
            raise TimeoutError(
                f"no result within {timeout} seconds. The operation is still in progress:"
                " wait for its result again, or cancel it"
            )

    # ---- callbacks, continuations and await

    def add_done_callback(self, callback: Callable[[Future[T]], object]) -> None:
        """Call ``callback(future)`` when the future is done; immediately, in this thread, if it is done already.

        Otherwise the driver runs it with the other user callbacks, so it may block and use the client.
        Its errors are logged.
        """
        call = UserCallback(callback, self)
        if self._state is not _PENDING:
            call_nested(UserCallback.__call__, call)
        else:
            self._add_watcher(call)

    def add_done_callback_inline(self, callback: Callable[[Future[T]], object]) -> None:
        """Call ``callback(future)`` in the thread that completes the future; for callbacks that never block."""
        self._add_watcher(callback)

    def remove_done_callback_inline(self, callback: Callable[[Future[T]], object]) -> bool:
        """Remove a callback of ``add_done_callback_inline``; return False if it has run, runs, or is unknown."""
        return self._remove_watcher(callback)

    def attach(self, lock: LockType) -> bool:
        """Register a lock that the caller holds; completing the future releases it, exactly once.

        Return False if the future is done: then the lock is not registered, and still held.
        """
        if self._state is not _PENDING:
            return False
        self._add_watcher(lock)
        return True

    def detach(self, lock: LockType) -> bool:
        """Remove an attached lock, for example after a timeout; return False if it was, or is being, released."""
        return self._remove_watcher(lock)

    def _add_watcher(self, watcher: _Watcher) -> None:
        watchers = self._watchers
        if watchers is None:
            # Threads that arrive here at the same time get, and set, the same list.
            watchers = self._watchers = self.__dict__.setdefault("_first_watchers", [])
        watchers.append(watcher)
        if self._state is not _PENDING:
            self._call_watchers()

    def _remove_watcher(self, watcher: _Watcher) -> bool:
        try:
            (self._watchers or []).remove(watcher)
        except ValueError:
            return False
        return True

    @overload
    def continue_with(
        self, continuation_func: Callable[[Future[T], *Ts], Future[R]], *args: *Ts
    ) -> Future[R]: ...

    @overload
    def continue_with(self, continuation_func: Callable[[Future[T], *Ts], R], *args: *Ts) -> Future[R]: ...

    def continue_with(self, continuation_func: Callable[[Future[T], *Ts], Any], *args: *Ts) -> Future[Any]:
        """Call ``continuation_func(future, *args)`` when this future is done, with a result or an error.

        Returns:
            A future of the function's result or error. If the function returns a Future, it takes that future's
            outcome, and if that is a Future again, its outcome, and so on. If the new future is cancelled first, the
            function is not called.
        """
        continuation = _Continuation(self, continuation_func, args)
        driver = driver_of(self)
        waiter = None if driver is None else DerivedWaiter(driver, [self], continuation)
        # In no variable: the traceback of its error may refer to this frame.
        made: list[Future[Any]] = [type(self)(waiter)]
        continuation.follower = made[0]
        self.add_done_callback(continuation)
        return made.pop()

    def __await__(self) -> Generator[Any, None, T]:
        """Wait in asyncio; cancelling the waiting task cancels the future."""
        import asyncio  # not loaded in threaded programs

        if self._state is _PENDING:
            loop = asyncio.get_running_loop()
            gate: asyncio.Future[None] = loop.create_future()

            def wake(_: object) -> None:
                if asyncio._get_running_loop() is loop:
                    _open(gate)
                elif not loop.is_closed():
                    loop.call_soon_threadsafe(_open, gate)

            self._add_watcher(wake)
            try:
                yield from gate
            except BaseException as e:
                self._remove_watcher(wake)
                if isinstance(e, asyncio.CancelledError) and not self.cancel() and self.is_success():
                    # The result came after the task was woken for another reason: the task does not get it.
                    self._lose()
                raise
        if self._state is _CANCELLED:
            raise asyncio.CancelledError("The future was cancelled")
        return self.result()

    def _lose(self) -> None:
        if self.on_lost is not None and self.on_lost(self._result):
            # Nobody who asks later may believe to own what was given back.
            self._traceback = None
            self._exception = CancelledError(
                "The result came too late for the task that awaited it: it was given back"
            )
            self._state = _CANCELLED

    # ---- internals that concurrent.futures uses

    def _lazy_condition(self) -> Condition:
        """Return the condition under which ``concurrent.futures.wait`` and ``as_completed`` read the state.

        Once it exists, the state changes only under it. A thread that began to complete the future before does not
        see it; so it is returned only when that thread has finished. Later calls return it immediately, because its
        holder needs it to release it.
        """
        attributes = self.__dict__
        condition: Condition | None = attributes.get("_known_condition")
        if condition is not None:
            return condition
        from threading import Condition as NewCondition

        attributes.setdefault("_waiters", [])
        made: Condition = attributes.setdefault("_new_condition", NewCondition())
        self._condition_made = True
        if self._state is _PENDING and not hasattr(self, "_open"):
            wait_on_lock(self, None)
        attributes["_known_condition"] = made
        return made

    if not TYPE_CHECKING:  # type checkers see the attribute of the base class
        _condition = property(_lazy_condition)

    def _instead_of_a_copy(self) -> str:
        return "it waits in this process; pass on its result()"

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


_Watcher: TypeAlias = "LockType | UserCallback | Callable[[Future[Any]], object]"


def driver_of(future: Future[Any]) -> Waiter | None:
    """Return what waits for the operations that a future depends on."""
    waiter = future._waiter
    return waiter.driver if isinstance(waiter, DerivedWaiter) else waiter


def fail(future: Future[Any], error: BaseException, traceback: TracebackType | None) -> None:
    """Complete a future with the error of another one."""
    if isinstance(error, CancelledError):
        future.cancel()
    else:
        future.set_exception(error, traceback)


def now_awaits(derived: Future[Any], *futures: Future[Any]) -> None:
    """Tell the waiter of a derived future what it is waiting for from now on; it keeps nothing else alive."""
    waiter = derived._waiter
    if isinstance(waiter, DerivedWaiter):
        waiter.awaited = list(futures)


def _resolve(target: Future[Any], outcome: Any) -> None:
    """Complete ``target`` with a value, or with the outcome of a Future, however many futures are between."""
    now_awaits(target)
    while isinstance(outcome, Future):
        if outcome is target:
            target.set_exception(
                RuntimeError("the function of continue_with returned the future of its own result")
            )
            return
        if not outcome.done():
            now_awaits(target, outcome)
            outcome.add_done_callback_inline(partial(_resolve, target))
            return
        if outcome._exception is not None:
            fail(target, outcome._exception, outcome._traceback)
            return
        outcome = outcome._result
    target.set_result(outcome)


class _Continuation:
    """A function that runs once, when a future is done, and completes another one.

    The thread that deletes ``_open`` runs it.
    """

    __slots__ = ("_arguments", "_function", "_open", "_source", "_thread", "follower")

    def __init__(self, source: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._source: Future[Any] | None = source
        self._function: Callable[..., Any] | None = function
        self._arguments = arguments
        self._thread: int | None = None
        self._open = True
        self.follower: Future[Any] | None = None

    def __call__(self, source: Future[Any]) -> None:
        """Run the function; the callback of ``source``."""
        self.run()

    def run(self) -> bool:
        """See :class:`hz_core.waiters.Runnable`."""
        try:
            del self._open
        except AttributeError:
            if self._thread == get_ident():
                raise RuntimeError(
                    "a function that was passed to continue_with waits for the future of its own result"
                ) from None
            return False
        source, function, follower = self._source, self._function, self.follower
        assert source is not None
        assert function is not None
        assert follower is not None
        if not follower.done():
            self._thread = get_ident()
            try:
                outcome = function(source, *self._arguments)
            except BaseException as e:
                fail(follower, e, e.__traceback__)
                if not isinstance(e, Exception | CancelledError):
                    raise  # an interrupt also concerns the thread that received it
            else:
                _resolve(follower, outcome)
            finally:
                self._thread = None
        # The follower knows its continuation, and its error this frame: nothing of a user may live until such a cycle
        # is found.
        self._source = self._function = self.follower = None
        del source, function, follower
        self._arguments = ()
        return True

    def drop(self) -> None:
        """Do not run the function, since it belongs to the process that this one was forked from."""
        try:
            del self._open
        except AttributeError:
            return
        if self.follower is not None:
            fail(self.follower, ended_in_parent("the function of continue_with"), None)

    def __repr__(self) -> str:
        return f"continuation {self._function!r}"


def _open(gate: Any) -> None:
    if not gate.done():
        gate.set_result(None)
