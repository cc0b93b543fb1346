"""The driver for threads: one I/O thread per client, and callers that read their replies themselves."""

import threading
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from random import SystemRandom
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from hz_core.connection import Connection
from hz_core.drivers.blocking import BlockingCall
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.poller import READ, WRITE, Poller, new_poller
from hz_core.drivers.read_handover import ReadHandover, Reading
from hz_core.drivers.socket_dial import Dial
from hz_core.drivers.sockets import SocketOption
from hz_core.drivers.streams import Stream
from hz_core.drivers.transport import SocketTransport
from hz_core.future import Future, wait_on_lock
from hz_core.invocation.invocation import Invocation
from hz_core.io import Mutex, Randomness
from hz_core.log import get_logger
from hz_core.model import Address

if TYPE_CHECKING:
    import ssl

_logger = get_logger("io")

_CHECK_INTERVAL: Final = 0.005
"""Seconds after which the I/O thread checks whether callers still read the sockets that it does not watch."""

_BATCH_DELAY: Final = 0.001
"""Longest delay in seconds for batching a request with others."""

_IDLE_TURNS: Final = 50
"""After so many turns without a batch, the I/O thread waits until it is woken for one."""

_STOP_TIMEOUT: Final = 5.0

_WATCHED: Final = Reading.WATCHED


class ThreadTimer:
    """A future call on the I/O thread."""

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
        socket_options: Triples for ``setsockopt``, for each new socket.
        tls: The TLS options; None for plain TCP.

    Attributes:
        ticking: Whether the I/O thread makes a turn every millisecond, without being woken.
    """

    def __init__(
        self, name: str, socket_options: Sequence[SocketOption] = (), *, tls: "ssl.SSLContext | None" = None
    ) -> None:
        self.random: Randomness = SystemRandom()
        self.poller: Poller
        self._socket_options = socket_options
        self._tls = tls
        self._callbacks = CallbackExecutor(f"{name}-callbacks", self.flush)
        self.run_callback = self._callbacks.run
        self._soon: deque[Callable[[], None]] = deque()
        self._woken = False
        self._timers: list[tuple[float, int, ThreadTimer]] = []
        self._timer_ids = count()
        self._transports: dict[int, SocketTransport] = {}
        self._dials: set[Dial] = set()
        self._ready_callbacks: dict[int, Callable[[], None]] = {}
        self._read_by_callers: set[ReadHandover] = set()
        self._unflushed: dict[SocketTransport, None] = {}
        self.ticking = False
        self._idle_turns = 0
        self._stopping = False
        self._ended = False
        self._waking = allocate_lock()
        self._thread = threading.Thread(target=self._run, name=f"{name}-io", daemon=True)

    # --- IO ---------------------------------------------------------------------------------------------------

    now = staticmethod(monotonic)
    reads_for_others = True

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the I/O thread; callable from any thread."""
        self._soon.append(callback)
        # The I/O thread clears the flag before it takes from the queue: it sees what is added while the flag is set.
        if not self._woken and threading.current_thread() is not self._thread:
            self._woken = True
            self._wake()
        if self._ended:
            self._run_soon()

    def call_later(self, delay: float, callback: Callable[[], None]) -> ThreadTimer:
        """Run ``callback`` on the I/O thread after ``delay`` seconds; to be called there, or before it starts."""
        timer = ThreadTimer(callback)
        heappush(self._timers, (monotonic() + delay, next(self._timer_ids), timer))
        return timer

    def mutex(self) -> Mutex:
        """Return a lock."""
        return allocate_lock()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for ``connection``."""

        def done(stream: Stream | None, error: Exception | None) -> None:
            if stream is None:
                connection.on_socket_closed(error or ConnectionError("not connected"))
            elif self._stopping or not connection.alive:
                stream.shutdown()
                stream.close()
            else:
                transport = SocketTransport(self, connection, stream)
                self._transports[transport.fd] = transport
                connection.on_socket_opened(transport)
                if stream.buffered and not transport.broken:
                    transport.readable()

        Dial(self, address, timeout, self._socket_options, self._tls, done)

    # --- waiting ----------------------------------------------------------------------------------------------

    def submitted(self, invocation: Invocation) -> None:
        """Make sure that the reply to ``invocation`` is read, even if no thread ever waits for it."""
        connection = invocation.connection
        transport: Any = None if connection is None else connection.transport
        if transport is not None and transport.reading.state is not _WATCHED:
            transport.reading.expect_input()

    def complete(self, call: BlockingCall) -> Any:
        """Wait for ``call`` and return its value; read its reply here if no other thread reads.

        Raises:
            BaseException: the error of the call.
        """
        while not call.finished:
            connection = call.connection
            transport: Any = None if connection is None else connection.transport
            if transport is None or transport.broken:
                self._watch_all()
                call.block()
                continue
            reading = transport.reading
            if reading.lock.acquire(False):
                try:
                    transport.lead(call, call, None)
                finally:
                    reading.stop_leading()
            else:
                reading.follow(call, None)
        error = call.error
        if error is None:
            return call.value
        try:
            raise error
        finally:
            # The error's traceback holds this frame; without these it would hold itself.
            del error, call

    def wait(self, future: Future[Any], timeout: float | None) -> bool:
        """Wait for ``future``, likewise; see :class:`hz_core.future.Waiter`."""
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
                self._watch_all()
                return wait_on_lock(future, left)
            transport.flush()
            reading = transport.reading
            if reading.lock.acquire(False):
                limit = invocation.op.deadline
                if left is not None and limit is not None:
                    # The I/O thread completes the future then, but cannot wake a thread that reads.
                    left = min(left, max(limit - monotonic(), 0.001))
                try:
                    transport.lead(future, invocation, left)
                finally:
                    reading.stop_leading()
            else:
                reading.follow(future, left)
        return True

    def in_callback(self) -> bool:
        """Return whether the caller is the thread of users' callbacks; see :class:`hz_core.waiters.Waiter`."""
        return self._callbacks.in_callback()

    def flush(self) -> None:
        """Send all requests that wait to be batched with others."""
        for transport in list(self._transports.values()):
            transport.flush()

    def _watch_all(self) -> None:
        """Let the I/O thread read all sockets: the reply to a retry, or a backup ack, may come over any of them."""
        for transport in list(self._transports.values()):
            transport.reading.read_by_io_thread()

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
        """End the threads and wait for them, except for the calling one."""
        if self.running():
            self.call_soon(self._request_stop)
        if self._thread.is_alive() and not self.in_io_thread():
            self._thread.join(_STOP_TIMEOUT)
        self._callbacks.stop(_STOP_TIMEOUT)

    def _request_stop(self) -> None:
        self._stopping = True

    def check_later(self, reading: ReadHandover) -> None:
        """Check regularly whether callers still read; see :class:`hz_core.drivers.transport.TransportOwner`."""
        self._read_by_callers.add(reading)

    def flush_later(self, transport: SocketTransport) -> None:
        """Flush ``transport`` within a millisecond; callable from any thread."""
        self._unflushed[transport] = None
        # The I/O thread clears the flag before its last search: it will see what is added while the flag is set.
        if not self.ticking:
            self.ticking = True
            self._wake()

    def on_ready(self, fd: int, callback: Callable[[], None] | None) -> None:
        """See :class:`hz_core.drivers.socket_dial.DialOwner`."""
        if callback is None:
            self._ready_callbacks.pop(fd, None)
        else:
            self._ready_callbacks[fd] = callback

    def dial_begun(self, dial: Dial) -> None:
        """See :class:`hz_core.drivers.socket_dial.DialOwner`."""
        self._dials.add(dial)

    def dial_ended(self, dial: Dial) -> None:
        """See :class:`hz_core.drivers.socket_dial.DialOwner`."""
        self._dials.discard(dial)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._turn()
            except BaseException:
                # Only `stop` may end this thread: everyone who waits for a reply depends on it.
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
            elif fd in self._ready_callbacks:
                self._guard(self._ready_callbacks[fd])
        self._woken = False
        self._run_soon()
        now = monotonic()
        timers = self._timers
        while timers and timers[0][0] <= now:
            callback = heappop(timers)[2].callback
            if callback is not None:
                self._guard(callback)
        self._flush_unflushed()
        if self._read_by_callers:
            for reading in [reading for reading in self._read_by_callers if not reading.check()]:
                self._read_by_callers.discard(reading)

    def _flush_unflushed(self) -> None:
        """Flush the transports left to this thread, and decide whether to make the next turn without being woken."""
        if not self._unflushed:
            self._idle_turns += 1
            if self._idle_turns < _IDLE_TURNS or not self.ticking:
                return
            # Cleared before the last search below, which sees what was added while the flag was set.
            self.ticking = False
        self._idle_turns = 0
        while self._unflushed:
            self.ticking = True
            transport, _ = self._unflushed.popitem()
            self._guard(transport.flush)

    def _guard(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except BaseException:  # also of users' serializers and load balancers, which may even call sys.exit()
            _logger.exception("unexpected error in the I/O thread, in %r", callback)

    def _next_timeout(self) -> float | None:
        if self._soon:
            return 0.0
        timeout = None
        if self._timers:
            timeout = max(self._timers[0][0] - monotonic(), 0.0)
        if self.ticking and (timeout is None or timeout > _BATCH_DELAY):
            timeout = _BATCH_DELAY
        elif self._read_by_callers and (timeout is None or timeout > _CHECK_INTERVAL):
            timeout = _CHECK_INTERVAL
        return timeout

    def forget(self, transport: SocketTransport) -> None:
        """Forget ``transport``, which was closed."""
        if self._transports.get(transport.fd) is transport:
            del self._transports[transport.fd]
        self._read_by_callers.discard(transport.reading)

    def _close(self) -> None:
        self._run_soon()
        for dial in list(self._dials):
            dial.cancel(ConnectionAbortedError("the client was shut down"))
        for transport in list(self._transports.values()):
            transport.close()
        with self._waking:
            self._ended = True
            self.poller.close()
        # From now on `call_soon` runs the callback in its caller's thread, since this one ends.
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
