"""The driver for threads: one I/O thread per client, and callers that read their replies themselves."""

import threading
from _thread import RLock, get_ident
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from heapq import heapify, heappop, heappush
from itertools import count
from random import SystemRandom
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from hz_core.compiled import DriverBase, prefer_compiled
from hz_core.connection import Connection
from hz_core.drivers.background import BackgroundCalls
from hz_core.drivers.blocking import BlockingCall
from hz_core.drivers.cloud_token import cloud_discovery
from hz_core.drivers.executor import CallbackExecutor
from hz_core.drivers.loop_handover import LoopHandover
from hz_core.drivers.outbound import Interceptor, Outbound
from hz_core.drivers.poller import READ, WRITE, Poller, new_poller
from hz_core.drivers.read_handover import CHECK_INTERVAL, ReadHandover, Reading
from hz_core.drivers.socket_dial import Dial
from hz_core.drivers.sockets import SocketOption
from hz_core.drivers.streams import CANCEL_CHECK_INTERVAL, GREEN_THREADS, Stream
from hz_core.drivers.transport import SERVE_INTERVAL, SocketTransport, waits_for_itself
from hz_core.flow import RunningFlow
from hz_core.future import Future, wait_on_lock
from hz_core.invocation.invocation import Invocation
from hz_core.io import Mutex, Randomness
from hz_core.log import get_logger
from hz_core.model import Address
from hz_core.promise import CallbackPromise, Promise

if TYPE_CHECKING:
    import ssl

    from hz_core.drivers.tls_contexts import TlsContexts

_logger = get_logger("io")

_BATCH_DELAY: Final = 0.001
"""Longest delay in seconds for batching a request with others."""

_IDLE_TURNS: Final = 50
"""After so many turns without a batch, the I/O thread waits until it is woken for one."""

_REPAIR_INTERVAL: Final = 0.25
"""Shortest time in seconds between looks for what an interrupted thread has left undone."""

_STOP_TIMEOUT: Final = 5.0

_FEW_TIMERS: Final = 64
"""With fewer timers, cancelled ones stay until they are due."""

_WATCHED: Final = Reading.WATCHED


class ThreadTimer:
    """A future call on the I/O thread."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Drop the call."""
        self.callback = None


@prefer_compiled
class ThreadedDriver(DriverBase):
    """Sockets, clock and threads of one client (see :class:`hz_core.io.IO` and :class:`hz_core.future.Waiter`).

    Args:
        name: Name of the client, for the threads' names.
        socket_options: Triples for ``setsockopt``, for each new socket.
        tls: Makes the TLS contexts for each of the client's clusters, None for plain TCP; empty for plain TCP only.
        outbound_ports: Definitions of the local ports of sockets; none for any port.
        socket_interceptor: Called with each connected socket and its address.

    Attributes:
        ticking: Whether the I/O thread makes a turn every millisecond, without being woken.
        several: Whether there may be several transports.
        io_thread: The identifier of the thread that runs the loop, 0 while none does.
        on_first_use: Called in a forked child, when something is to be done there; it may call ``renew``.
    """

    def __init__(
        self,
        name: str,
        socket_options: Sequence[SocketOption] = (),
        *,
        tls: "Sequence[TlsContexts | None]" = (),
        outbound_ports: Sequence[str | int] = (),
        socket_interceptor: Interceptor | None = None,
    ) -> None:
        self.random: Randomness = SystemRandom()
        self.poller: Poller
        self.on_first_use: Callable[[], object] = _nothing
        self._name = name
        self._tls = tls
        self._sockets = socket_options, outbound_ports, socket_interceptor
        self.cloud_discovery = cloud_discovery
        self._mutexes: WeakSet[Any] = WeakSet()
        self._waking = RLock()
        self._begin()

    def _begin(self) -> None:
        """Set all that belongs to this process."""
        self._callbacks = CallbackExecutor(f"{self._name}-callbacks", self._before_idle, self._wake)
        self._loop = LoopHandover(self, self._callbacks)
        self.run_callback: Callable[[Callable[[], None]], bool] = self._callbacks.run
        background = BackgroundCalls(f"{self._name}-background", self.call_soon)
        self.run_blocking: Callable[[Callable[[], Any], Promise], None] = background.run
        self._outbound = Outbound(*self._sockets, self.run_blocking)
        self._soon: deque[Callable[[], None]] = deque()
        self._woken = False
        self._timers: list[tuple[float, int, ThreadTimer]] = []
        self._timer_ids = count()
        self._most_timers = _FEW_TIMERS
        self._transports: dict[int, SocketTransport] = {}
        self._dials: set[Dial] = set()
        self._ready_callbacks: dict[int, Callable[[], None]] = {}
        self._checks: dict[ReadHandover, float] = {}  # when to check who reads
        self._closing: list[SocketTransport] = []
        self._next_repair = 0.0
        self.io_thread: int = 0
        self._unflushed: dict[SocketTransport, None] = {}
        self.ticking: bool = False
        self.several = False
        self._idle_turns = 0
        self._stopping = False
        self._ended = False
        self._reads = not GREEN_THREADS  # whether callers read
        self._thread = threading.Thread(target=self._run, name=f"{self._name}-io", daemon=True)

    # --- IO ---------------------------------------------------------------------------------------------------

    now: "staticmethod[[], float]" = staticmethod(monotonic)
    reads_for_others = True

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the I/O thread; callable from any thread."""
        if self._ended:
            self.on_first_use()
        self._soon.append(callback)
        # The I/O thread clears the flag before it takes from the queue: it sees what is added while the flag is set.
        if not self._woken and get_ident() != self.io_thread:
            self._woken = True
            self._wake()
        if self._ended:
            self._run_soon()

    def call_later(self, delay: float, callback: Callable[[], None]) -> ThreadTimer:
        """Run ``callback`` on the I/O thread after ``delay`` seconds; to be called there, or before it starts."""
        timer = ThreadTimer(callback)
        timers = self._timers
        if len(timers) >= self._most_timers:
            # Most time limits are cancelled long before they are due: without this, they would add up until then.
            timers[:] = [entry for entry in timers if entry[2].callback is not None]
            heapify(timers)
            self._most_timers = max(2 * len(timers), _FEW_TIMERS)
        heappush(timers, (monotonic() + delay, next(self._timer_ids), timer))
        return timer

    def mutex(self) -> Mutex:
        """Return a lock. The thread that holds it may take it again, since a signal handler may use the client."""
        made = RLock()
        self._mutexes.add(made)
        return made

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for ``connection``."""
        tls = self._tls[connection.cluster] if self._tls else None
        if tls is None or tls.given is not None:
            self._dial(connection, address, timeout, None if tls is None else tls.given)
            return

        def loaded(context: Any, error: BaseException | None) -> None:
            if isinstance(error, Exception):
                connection.on_socket_closed(error)
            elif connection.alive and not self._stopping:
                self._dial(connection, address, timeout, context)

        self.run_blocking(tls.load, CallbackPromise(loaded))

    def _dial(
        self, connection: Connection, address: Address, timeout: float, context: "ssl.SSLContext | None"
    ) -> None:
        def done(stream: Stream | None, error: Exception | None) -> None:
            if stream is None:
                connection.on_socket_closed(error or ConnectionError("the connection was not made"))
            elif self._stopping or not connection.alive:
                stream.shutdown()
                stream.close()
            else:
                transport = SocketTransport(self, connection, stream)
                self._transports[transport.fd] = transport
                self.several = len(self._transports) > 1
                connection.on_socket_opened(transport)
                if stream.buffered and not transport.broken:
                    transport.readable()

        Dial(self, address, timeout, self._outbound, context, done)

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
            near = None if call.op.deadline is None else _near_deadline(call)
            if transport is None or transport.broken or GREEN_THREADS or near == 0.0:
                self._prepare_to_block(call.op.method.name)
                call.block(SERVE_INTERVAL if self._serve() else -1)
            else:
                transport.wait(call, call, near)
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
        operation = future.operation
        deadline = None if timeout is None else monotonic() + timeout
        while not future.done():
            left = None
            if deadline is not None:
                left = deadline - monotonic()
                if left <= 0:
                    return future.done()
            is_flow = isinstance(operation, RunningFlow)
            invocation: Any = operation.request if is_flow else operation
            connection = None if invocation is None else invocation.connection
            transport: Any = None if connection is None else connection.transport
            near = None
            if invocation is not None and invocation.op.deadline is not None:
                near = _near_deadline(invocation)
            ended = transport is None or transport.broken or (is_flow and invocation.finished)
            if ended or GREEN_THREADS or near == 0.0:
                self.flush()
                self._prepare_to_block("an operation" if invocation is None else invocation.op.method.name)
                if self._serve():
                    left = SERVE_INTERVAL if left is None else min(left, SERVE_INTERVAL)
                wait_on_lock(future, left)
                continue
            transport.flush()
            if is_flow and left is None and transport.reading.busy:
                # Its next step may be on another connection.
                left = CANCEL_CHECK_INTERVAL
            if left is not None:
                # Another thread may complete or cancel the future, but cannot wake a thread that reads.
                left = min(left, CANCEL_CHECK_INTERVAL)
            transport.wait(future, invocation, near if left is None else min(left, near or left))
        return True

    def _prepare_to_block(self, what: str) -> None:
        if get_ident() == self.io_thread:
            raise waits_for_itself(what)
        self._watch_all()

    def _serve(self) -> bool:
        """Process what this thread has to read, as it was interrupted while it did; return whether there is any."""
        transport = next(iter(self.transports()), None)
        return transport is not None and transport.serve(get_ident())

    def in_callback(self) -> bool:
        """Return whether the caller is the thread of users' callbacks; see :class:`hz_core.waiters.Waiter`."""
        return self._callbacks.in_callback()

    def flush(self) -> None:
        """Send all requests that wait to be batched with others."""
        if not self._unflushed:
            return  # and what an interrupted thread did not note here, is sent by the I/O thread
        for transport in list(self._transports.values()):
            transport.flush()

    def _before_idle(self) -> None:
        """Do what is left to do, when no callback waits."""
        self.flush()
        self._loop.run_while_idle()

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
        """Return whether the caller is the thread that runs the loop."""
        return get_ident() == self.io_thread

    def stop(self) -> None:
        """End the threads and wait for them, except for the calling one."""
        if self.running():
            self.call_soon(self._request_stop)
        if self._thread.is_alive() and not self.in_io_thread():
            self._thread.join(_STOP_TIMEOUT)
        self._callbacks.stop(_STOP_TIMEOUT)

    def end_by_itself(self) -> None:
        """End the threads without waiting for them, since the client has closed itself. On the I/O thread."""
        self._stopping = True
        self._callbacks.stop(0)

    def forked(self) -> None:
        """Free what belongs to the parent process, in a forked child, without a change of what is shared with it."""
        self._waking = RLock()
        for mutex in list(self._mutexes):
            mutex._at_fork_reinit()  # the thread that held it does not exist here
        for tls in self._tls:
            if tls is not None:
                tls.forked()
        if self._ended:
            return  # its descriptors are closed, and may belong to others by now
        self._stopping = self._ended = True
        self._callbacks.forked()
        for transport in [*self._transports.values(), *self._closing]:
            transport.forked()
        self._transports.clear()
        self._closing.clear()
        for dial in self._dials:
            dial.forked()
        self._dials.clear()
        if hasattr(self, "poller"):
            self.poller.close()

    def renew(self) -> None:
        """Begin anew in a forked child, with threads and descriptors of its own. ``forked`` was called before."""
        self._begin()
        self.start()

    def _request_stop(self) -> None:
        self._stopping = True

    def check_later(self, reading: ReadHandover) -> None:
        """Check regularly whether callers still read; see :class:`hz_core.drivers.transport.TransportOwner`."""
        self._checks[reading] = monotonic() + CHECK_INTERVAL

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
        self.io_thread = get_ident()
        mine = self._thread
        while self._goes_on(mine):
            # Only `stop` may end this thread: everyone who waits for a reply depends on it. Twice, since whatever
            # interrupts a turn may also interrupt what is done about that.
            with suppress(BaseException):
                try:
                    while self._goes_on(mine):
                        self._loop.turn_of_io_thread()
                except BaseException:
                    if self._is_current(mine):
                        _logger.exception("unexpected error in the I/O thread")
        if self._is_current(mine):
            self._loop.end(_STOP_TIMEOUT)
            self.io_thread = get_ident()
            self._close()
            self.io_thread = 0  # a later thread may get the same identifier
        elif GREEN_THREADS:
            # In a forked child, where green threads of the parent live on. `threading` has forgotten this one
            # there, and would fail at its end. Again and again, since eventlet raises an error here when a descriptor
            # that the thread has waited for is closed.
            while True:
                with suppress(Exception):
                    threading.Event().wait()

    def _is_current(self, thread: threading.Thread) -> bool:
        """Return whether ``thread`` is the I/O thread, and not one of the parent's in a forked child."""
        return self._thread is thread and not self._ended

    def _goes_on(self, thread: threading.Thread) -> bool:
        return not self._stopping and self._is_current(thread)

    def turn(self) -> None:
        """Wait for input and for what is due, and handle it, once. By the thread that runs the loop."""
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
        if self._soon:
            self._run_soon()
        now = monotonic()
        timers = self._timers
        while timers and timers[0][0] <= now:
            callback = heappop(timers)[2].callback
            if callback is not None:
                self._guard(callback)
        if self.ticking or self._unflushed:
            self._flush_unflushed()
        if self._checks:
            for reading in [
                reading for reading, due in self._checks.copy().items() if due <= now + CHECK_INTERVAL / 2
            ]:
                interval = reading.check()
                if interval is None:
                    del self._checks[reading]
                else:
                    self._checks[reading] = now + interval
        if self._closing:
            self._closing = [transport for transport in self._closing if not transport.free()]
        if now >= self._next_repair:
            self._next_repair = now + _REPAIR_INTERVAL
            for transport in self.transports():
                self._guard(transport.repair)

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
            self._guard(transport.flush_or_fail)

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
        longest = None
        if self.ticking:
            longest = _BATCH_DELAY
        elif self._closing:
            longest = CHECK_INTERVAL
        elif self._checks:
            longest = max(min(self._checks.values()) - monotonic(), 0.0)
        if longest is None or timeout is None:
            return longest if timeout is None else timeout
        return min(timeout, longest)

    def transports(self) -> Iterable[SocketTransport]:
        """Return the open transports."""
        return list(self._transports.values())

    def closing(self, transport: SocketTransport) -> None:
        """Forget ``transport``, which was closed, and free its descriptor as soon as no thread uses it."""
        if self._transports.get(transport.fd) is transport:
            del self._transports[transport.fd]
        self._checks.pop(transport.reading, None)
        if not transport.free():
            self._closing.append(transport)

    def _close(self) -> None:
        self._run_soon()
        for dial in list(self._dials):
            dial.cancel(ConnectionAbortedError("the client was shut down"))
        for transport in list(self._transports.values()):
            transport.close()
        # A thread that still uses one of them has been told by the end of the stream.
        end = monotonic() + _STOP_TIMEOUT
        while self._closing and monotonic() < end:
            self._closing = [transport for transport in self._closing if not transport.free()]
            sleep(0.001)
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


def _near_deadline(invocation: Invocation) -> float | None:
    """Return the seconds until a deadline that a receive might miss, since it blocks longer; 0 when it is over.

    The I/O thread ends an operation at its deadline. That wakes a thread that waits for a lock, and none that receives.
    """
    deadline = invocation.op.deadline
    if deadline is None:
        return None
    left = deadline - monotonic()
    return max(left, 0.0) if left < CANCEL_CHECK_INTERVAL else None


def _nothing() -> None:
    """Do nothing."""
