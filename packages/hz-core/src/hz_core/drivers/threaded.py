"""The driver for threads: one I/O thread per client, and callers that read their replies themselves."""

import threading
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from random import SystemRandom
from time import monotonic
from typing import Any, Final

from hz_core.connection import Connection
from hz_core.model import Address
from hz_core.drivers.blocking import BlockingCall
from hz_core.drivers.dialing import Dial
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.poller import READ, WRITE, Poller, new_poller
from hz_core.drivers.transport import SocketTransport
from hz_core.future import Future, wait_on_lock
from hz_core.io import Mutex, Randomness
from hz_core.log import get_logger

_logger = get_logger("io")

_TAKE_BACK: Final = 0.005
"""Seconds after which the I/O thread takes back a socket that callers have stopped to read."""

_PATIENCE: Final = 20
"""Looks at a socket that one caller reads all the time, before it is left to that caller."""

_FLUSH_AFTER: Final = 0.001
"""Seconds that a request waits for company at most."""

_FLUSH_TURNS: Final = 50
"""After so many looks without anything to flush, the I/O thread waits to be woken for it."""

_STOP_TIMEOUT: Final = 5.0


class ThreadTimer:
    """A call that the I/O thread will make."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Drop the call."""
        self.callback = None


class ThreadedDriver:
    """Sockets, clock and threads of one client (see :class:`hz_core.io.IO` and :class:`hz_core.future.Waiter`).

    Args:
        name: Name of the client, for the threads' names.
        socket_options: Triples for `setsockopt`, for each new socket.
    """

    def __init__(self, name: str, socket_options: Sequence[tuple[int, int, Any]] = ()) -> None:
        self.random: Randomness = SystemRandom()
        self.poller: Poller
        self._socket_options = socket_options
        self._callbacks = CallbackExecutor(f"{name}-callbacks", self.flush)
        self.run_callback = self._callbacks.run
        self._soon: deque[Callable[[], None]] = deque()
        self._woken = False
        self._timers: list[tuple[float, int, ThreadTimer]] = []
        self._timer_ids = count()
        self._transports: dict[int, SocketTransport] = {}
        self._dials: dict[int, Dial] = {}
        self._unwatched: dict[SocketTransport, tuple[int, int]] = {}
        self._unflushed: dict[SocketTransport, None] = {}
        self.ticking = False
        """Whether this thread looks after its transports every millisecond anyway."""
        self._turns_without_flush = 0
        self._stopping = False
        self._ended = False
        self._waking = allocate_lock()
        self._thread = threading.Thread(target=self._run, name=f"{name}-io", daemon=True)

    # --- IO ---------------------------------------------------------------------------------------------------

    now = staticmethod(monotonic)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` on the I/O thread; callable from any thread."""
        self._soon.append(callback)
        # The I/O thread clears the flag before it looks at the queue: whoever finds it set is seen.
        if not self._woken and threading.current_thread() is not self._thread:
            self._woken = True
            self._wake()
        if self._ended:
            self._run_soon()

    def call_later(self, delay: float, callback: Callable[[], None]) -> ThreadTimer:
        """Run `callback` on the I/O thread after `delay` seconds; to be called there, or before it starts."""
        timer = ThreadTimer(callback)
        heappush(self._timers, (monotonic() + delay, next(self._timer_ids), timer))
        return timer

    def mutex(self) -> Mutex:
        """Return a lock."""
        return allocate_lock()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for `connection`."""

        def done(sock: Any, error: Exception | None) -> None:
            if sock is None:
                connection.on_socket_closed(error or ConnectionError("not connected"))
            elif self._stopping or not connection.alive:
                sock.close()
            else:
                transport = SocketTransport(self, connection, sock)
                self._transports[transport.fd] = transport
                connection.on_socket_opened(transport)

        Dial(self, address, timeout, self._socket_options, done)

    # --- waiting ----------------------------------------------------------------------------------------------

    def complete(self, call: BlockingCall) -> Any:
        """Wait for a blocking call, reading its reply where nobody else reads; return its value or raise its error."""
        while not call.finished:
            connection = call.connection
            transport: Any = None if connection is None else connection.transport
            if transport is None or transport.broken:
                self._arm_all()
                call.block()
            elif transport.read_lock.acquire(False):
                try:
                    transport.lead(call, call, None)
                finally:
                    transport.stop_leading()
            else:
                transport.follow(call, None)
        error = call.error
        if error is None:
            return call.value
        try:
            raise error
        finally:
            # The error's traceback holds this frame; without these it would hold itself.
            del error, call

    def wait(self, future: Future[Any], timeout: float | None) -> bool:
        """Block until `future` is done, reading likewise; see :class:`hz_core.future.Waiter`."""
        invocation = future.operation
        if invocation is None:
            return wait_on_lock(future, timeout)
        deadline = None if timeout is None else monotonic() + timeout
        while not future.done():
            left = None
            if deadline is not None:
                left = deadline - monotonic()
                if left <= 0:
                    return future.done()
            connection = invocation.connection
            transport: Any = None if connection is None else connection.transport
            if transport is None or transport.broken:
                self._arm_all()
                return wait_on_lock(future, left)
            transport.flush()
            if transport.read_lock.acquire(False):
                try:
                    transport.lead(future, invocation, left)
                finally:
                    transport.stop_leading()
            else:
                transport.follow(future, left)
        return True

    def flush(self) -> None:
        """Send everything that waits for company."""
        for transport in list(self._transports.values()):
            transport.flush()

    def _arm_all(self) -> None:
        """Let the I/O thread read everything: a retry or backup acks come over who knows which connection."""
        for transport in list(self._transports.values()):
            if not transport.armed:
                transport.arm()

    # --- the I/O thread ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the I/O thread."""
        self.poller = new_poller()
        self._thread.start()

    def running(self) -> bool:
        """Return whether the I/O thread runs."""
        return self._thread.is_alive() and not self._stopping

    def in_io_thread(self) -> bool:
        """Return whether the caller is the I/O thread."""
        return threading.current_thread() is self._thread

    def stop(self) -> None:
        """End the threads; wait for them, except for the one that this runs in."""
        if self.running():
            self.call_soon(self._stop_turning)
        if self._thread.is_alive() and not self.in_io_thread():
            self._thread.join(_STOP_TIMEOUT)
        self._callbacks.stop(_STOP_TIMEOUT)

    def _stop_turning(self) -> None:
        self._stopping = True

    def unwatched(self, transport: SocketTransport) -> None:
        """Remember to take `transport` back when callers have stopped to read it."""
        self._unwatched[transport] = (transport.led, 0)

    def flush_later(self, transport: SocketTransport) -> None:
        """Flush `transport` within a millisecond; callable from any thread."""
        self._unflushed[transport] = None
        # The I/O thread clears the flag before it looks for work a last time: whoever finds it set is seen.
        if not self.ticking:
            self.ticking = True
            self._wake()

    def watch_dial(self, fd: int, dial: Dial | None) -> None:
        """Tell `dial` when `fd` is ready; None ends it."""
        if dial is None:
            self._dials.pop(fd, None)
        else:
            self._dials[fd] = dial

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except BaseException:
                # Nothing may end this thread but `stop`: whoever waits for a reply depends on it.
                _logger.exception("unexpected error in the I/O thread")
        self._close()

    def _turn(self) -> None:
        timeout = self._next_timeout()
        for fd, ready in self.poller.poll(timeout):
            transport = self._transports.get(fd)
            if transport is not None:
                if ready & WRITE:
                    self._guard(transport.writable)
                if ready & READ:
                    self._guard(transport.readable)
            elif fd in self._dials:
                self._guard(self._dials[fd].ready)
        self._woken = False
        self._run_soon()
        now = monotonic()
        timers = self._timers
        while timers and timers[0][0] <= now:
            callback = heappop(timers)[2].callback
            if callback is not None:
                self._guard(callback)
        self._flush_unflushed()
        if self._unwatched:
            self._take_back()

    def _flush_unflushed(self) -> None:
        """Flush what was left to this thread, and decide whether it comes again without being woken."""
        if not self._unflushed:
            self._turns_without_flush += 1
            if self._turns_without_flush < _FLUSH_TURNS or not self.ticking:
                return
            # Cleared before the last look below: whoever still found it set is seen there.
            self.ticking = False
        self._turns_without_flush = 0
        while self._unflushed:
            self.ticking = True
            transport, _ = self._unflushed.popitem()
            self._guard(transport.flush)

    def _guard(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except (
            BaseException
        ):  # users' serializers and load balancers run here too, and may even call sys.exit()
            _logger.exception("unexpected error in the I/O thread, in %r", callback)

    def _next_timeout(self) -> float | None:
        if self._soon:
            return 0.0
        timeout = None
        if self._timers:
            timeout = max(self._timers[0][0] - monotonic(), 0.0)
        if self.ticking and (timeout is None or timeout > _FLUSH_AFTER):
            timeout = _FLUSH_AFTER
        elif self._unwatched and (timeout is None or timeout > _TAKE_BACK):
            timeout = _TAKE_BACK
        return timeout

    def _take_back(self) -> None:
        """Watch sockets again that no caller has read since the last look."""
        for transport, (led, looks) in list(self._unwatched.items()):
            if transport.armed or transport.broken:
                del self._unwatched[transport]
            elif transport.led != led:
                self._unwatched[transport] = (transport.led, 0)
            elif not transport.read_lock.locked():
                del self._unwatched[transport]
                transport.arm()
            elif looks < _PATIENCE:
                self._unwatched[transport] = (led, looks + 1)
            else:
                # One call takes long (it waits for a lock, say): its thread shall arm the socket when it stops.
                del self._unwatched[transport]
                transport.leave_to_leader()

    def forget(self, transport: SocketTransport) -> None:
        """Forget a transport that was closed."""
        if self._transports.get(transport.fd) is transport:
            del self._transports[transport.fd]
        self._unwatched.pop(transport, None)

    def _close(self) -> None:
        self._run_soon()
        for dial in list(self._dials.values()):
            dial.cancel(ConnectionAbortedError("the client was shut down"))
        for transport in list(self._transports.values()):
            transport.close()
        with self._waking:
            self._ended = True
            self.poller.close()
        # What comes from now on is run by whoever brings it, so that nobody waits for a thread that is gone.
        self._run_soon()

    def _run_soon(self) -> None:
        for _ in range(len(self._soon)):
            try:
                callback = self._soon.popleft()
            except IndexError:  # another thread was faster
                return
            self._guard(callback)

    def _wake(self) -> None:
        with self._waking:
            if not self._ended:
                self.poller.wake()
