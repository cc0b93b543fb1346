"""Where users' callbacks run in the threaded driver: in order, one at a time, never on the I/O thread."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from hz_core.compiled import ExecutorBase, prefer_compiled
from hz_core.drivers.streams import GREEN_THREADS
from hz_core.log import get_logger

_logger = get_logger("callbacks")

DEFAULT_CAPACITY: Final = 1_000_000


@prefer_compiled
class CallbackExecutor(ExecutorBase):
    """Runs callbacks in order, one at a time, in a thread that starts with the first of them.

    A callback with a true attribute ``is_counted`` is always accepted: their number is limited by that of the
    operations in progress.

    Args:
        name: Name of the thread.
        before_idle: Called when no callback waits any more. It may do something else until one does.
        wake: Makes ``before_idle`` return.
        capacity: About so many callbacks may wait. More are refused and counted in the log: the alternatives are
            memory without a limit, and a connection that nobody reads.

    Attributes:
        away: Whether ``before_idle`` does something else, so that its thread must be woken.
    """

    def __init__(
        self,
        name: str,
        before_idle: Callable[[], object],
        wake: Callable[[], object],
        capacity: int = DEFAULT_CAPACITY,
    ) -> None:
        self._name = name
        self._before_idle = before_idle
        self._wake = wake
        self.away: bool = False
        self._capacity = capacity
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._callbacks = iter(self._queue.get, None)
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._current: Callable[[], None] | None = None
        self._ident: int | None = None
        self._stopped = False
        self._ended = False
        self._discarding = False
        self._forked = False
        self._refused = 0

    def run(self, callback: Callable[[], None]) -> bool:
        """Run ``callback`` after all earlier ones; return False if that is refused (full, or stopped)."""
        if self._stopped:
            if self._forked:
                _drop(callback)  # it is the parent's
            return self._forked
        if self._queue.qsize() >= self._capacity and not getattr(callback, "is_counted", False):
            self._count_refused()
            return False
        self._queue.put(callback)
        if self._thread is None:
            self._start()
        if self.away and self._ident != threading.get_ident():
            self._wake()
        if self._ended:
            self._run_leftovers()  # stopped meanwhile
        return True

    def waiting(self) -> bool:
        """Return whether callbacks wait."""
        return not self._queue.empty()

    def in_callback(self) -> bool:
        """Return whether the caller is the thread of the callbacks."""
        return self._ident == threading.get_ident()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stopped:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                thread.start()
                self._thread = thread

    def _count_refused(self) -> None:
        self._refused += 1
        if self._refused & (self._refused - 1) == 0:
            _logger.error(
                "%d callbacks found %d waiting: listeners are slower than events, which are dropped",
                self._refused,
                self._capacity,
            )

    def _work(self) -> None:
        self._ident = threading.get_ident()
        while not self._ended:
            # Twice, since whatever interrupts this thread may also interrupt what is done about that.
            with suppress(BaseException):
                try:
                    self._run_all()
                except BaseException:
                    # A callback that calls sys.exit() must not end the thread, which runs those of others, too.
                    _logger.exception("a callback failed")

    def _run_all(self) -> None:
        """Run callbacks until the executor is stopped."""
        if self._current is not None:
            self._run_current()
        idle = self._queue.empty
        if idle():
            self._before_idle()
        # A callback is stored before anything can interrupt this thread, so it cannot be lost.
        callbacks = self._callbacks
        for self._current in callbacks:
            self._run_current()
            if idle():
                self._before_idle()
        # Whoever adds another callback now sees this, after adding it; and it is looked for after this was set.
        self._ended = True
        self._run_leftovers()

    def _run_leftovers(self) -> None:
        """Run what was added while the executor was stopped."""
        with suppress(queue.Empty):
            while True:
                callback = self._queue.get_nowait()
                if callback is not None:
                    callback()

    def _run_current(self) -> None:
        callback = self._current
        self._current = None  # while this thread waits, it keeps nothing of a user alive
        if self._forked or callback is None:
            return
        if not self._discarding or getattr(callback, "is_counted", False):
            callback()

    def stop(self, timeout: float) -> None:
        """Run what waits, then end the thread.

        Wait up to ``timeout`` seconds for its end, unless this is called by a callback. If a callback still runs then,
        the events behind it are dropped. With a timeout of 0, this returns at once, and nothing is dropped.
        """
        with self._lock:
            self._stopped = True
            thread = self._thread
            self._queue.put(None)
            if thread is None:
                self._ended = True
        if self.away:
            self._wake()
        if thread is None or thread is threading.current_thread() or not timeout:
            return
        thread.join(timeout)
        if thread.is_alive():
            self._discarding = True
            _logger.warning(
                "a callback is still running after the client was shut down; %d that wait are dropped, if they are"
                " for events",
                self._queue.qsize(),
            )

    def forked(self) -> None:
        """Drop all callbacks, in a forked child, where the thread does not run and its lock may be held for ever."""
        self._forked = True
        self._lock = threading.RLock()
        self._thread = None
        self._stopped = self._ended = True
        with suppress(queue.Empty):
            while True:
                _drop(self._queue.get_nowait())
        if (
            not GREEN_THREADS
        ):  # those live on, and `threading`, which has forgotten them, would fail at their end
            self._queue.put(None)  # a callback may have forked: then this thread exists, and ends after it


def _drop(callback: Callable[[], None] | None) -> None:
    """Tell a callback that it will not be called."""
    drop: Callable[[], None] | None = getattr(callback, "drop", None)
    if drop is not None:
        drop()
