"""Where users' callbacks run in the threaded driver: in order, one at a time, never on the I/O thread."""

import threading
from _queue import SimpleQueue
from collections.abc import Callable
from typing import Final

from hz_core.log import get_logger

_logger = get_logger("callbacks")

DEFAULT_CAPACITY: Final = 1_000_000


class CallbackExecutor:
    """Runs callbacks in order, one at a time, in a thread that starts with the first of them.

    Args:
        name: Name of the thread.
        before_idle: Called when no callback waits any more.
        capacity: About so many callbacks may wait. More are refused and counted in the log: the alternatives are
            memory without a limit, and a connection that nobody reads.
    """

    def __init__(self, name: str, before_idle: Callable[[], None], capacity: int = DEFAULT_CAPACITY) -> None:
        self._name = name
        self._before_idle = before_idle
        self._capacity = capacity
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ident: int | None = None
        self._stopped = False
        self._refused = 0

    def run(self, callback: Callable[[], None]) -> bool:
        """Run ``callback`` after all earlier ones; return False if that is refused (full, or stopped)."""
        if self._queue.qsize() >= self._capacity:
            self._count_refused()
            return False
        with self._lock:
            if self._stopped:
                return False
            self._queue.put(callback)
        if self._thread is None:
            self._start()
        return True

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
        queue = self._queue
        self._ident = threading.get_ident()
        while True:
            if queue.empty():
                self._before_idle()
            callback = queue.get()
            if callback is None:
                return
            try:
                callback()
            except BaseException:
                # A callback that calls sys.exit() must not end the thread, which runs those of others, too.
                _logger.exception("a callback failed")
            callback = None  # while this thread waits, it keeps nothing of a user alive

    def stop(self, timeout: float) -> None:
        """Run what waits, then end the thread.

        Wait up to ``timeout`` seconds for its end, unless this is called by a callback.
        """
        with self._lock:
            self._stopped = True
            thread = self._thread
            self._queue.put(None)
        if thread is None:
            return
        if thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                _logger.warning("a callback is still running after the client was shut down")
