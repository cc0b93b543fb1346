"""The driver for asyncio: everything on one event loop, asyncio's own or uvloop's."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from hz_core.connection import Connection
from hz_core.drivers.aio_dial import AsyncioDial
from hz_core.drivers.aio_transport import AsyncioTransport
from hz_core.drivers.background import BackgroundCalls
from hz_core.drivers.cloud_token import cloud_discovery
from hz_core.drivers.outbound import Interceptor, Outbound
from hz_core.drivers.sockets import SocketOption
from hz_core.io import Mutex, Randomness, Timer
from hz_core.log import get_logger
from hz_core.model import Address

if TYPE_CHECKING:
    from ssl import SSLContext

    from hz_core.drivers.tls_contexts import TlsContexts
    from hz_core.promise import Promise

_logger = get_logger("io")


class AsyncioTimer:
    """A future call on the loop.

    The driver knows all timers, so that none of them keeps the client alive after its end.
    """

    __slots__ = ("_callback", "_timers", "handle")

    def __init__(self, callback: Callable[[], None], timers: "set[AsyncioTimer]") -> None:
        self._callback = callback
        self._timers = timers
        self.handle: asyncio.TimerHandle | None = None

    def __call__(self) -> None:
        """Make the call."""
        self._timers.discard(self)
        self.handle = None  # which refers to this timer
        self._callback()

    def cancel(self) -> None:
        """Drop the call."""
        self._timers.discard(self)
        handle, self.handle = self.handle, None
        if handle is not None:
            handle.cancel()


class AsyncioDriver:
    """Sockets, clock and callbacks of one asyncio client (see :class:`hz_core.io.IO`).

    Args:
        loop: The running loop; the client may be used on it alone.
        socket_options: Triples for ``setsockopt``, for each new socket.
        tls: Makes the TLS contexts for each of the client's clusters, None for plain TCP; empty for plain TCP only.
        outbound_ports: Definitions of the local ports of sockets; none for any port.
        socket_interceptor: Called with each connected socket and its address.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket_options: Sequence[SocketOption] = (),
        *,
        tls: "Sequence[TlsContexts | None]" = (),
        outbound_ports: Sequence[str | int] = (),
        socket_interceptor: Interceptor | None = None,
    ) -> None:
        self.random: Randomness = SystemRandom()
        self.now: Callable[[], float] = loop.time
        self._loop = loop
        self._tls = tls
        background = BackgroundCalls("hazelcast-background", loop.call_soon_threadsafe)
        self.run_blocking: Callable[[Callable[[], Any], Promise], None] = background.run
        self.cloud_discovery = cloud_discovery
        self._outbound = Outbound(socket_options, outbound_ports, socket_interceptor, self.run_blocking)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._timers: set[AsyncioTimer] = set()
        self._late: deque[Callable[[], None]] = deque()
        self._transports: WeakSet[AsyncioTransport] = WeakSet()

    reads_for_others = False

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the next turn of the loop; now, if the loop is closed, so that a client can end."""
        try:
            self._loop.call_soon(callback)
        except RuntimeError:
            if not self._loop.is_closed():
                raise
            self._run_late(callback)

    def _run_late(self, callback: Callable[[], None]) -> None:
        self._late.append(callback)
        if len(self._late) == 1:
            while self._late:
                try:
                    self._late[0]()
                except Exception:
                    _logger.exception("unexpected error after the event loop was closed")
                self._late.popleft()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` after ``delay`` seconds; never, if the loop is closed."""
        timer = AsyncioTimer(callback, self._timers)
        if not self._loop.is_closed():
            self._timers.add(timer)
            timer.handle = self._loop.call_later(delay, timer)
        return timer

    def run_callback(self, callback: Callable[[], None]) -> None:
        """Run a user's callback on the loop, after earlier ones."""
        self.call_soon(callback)

    def mutex(self) -> Mutex:
        """Return a lock that does nothing, since one thread does all."""
        return nullcontext()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for ``connection``."""
        self.spawn(self._connect(connection, address, timeout))

    async def _connect(self, connection: Connection, address: Address, timeout: float) -> None:
        try:
            tls = self._tls[connection.cluster] if self._tls else None
            context = None if tls is None else tls.given or await self._loaded(tls)
            dial = AsyncioDial(self._loop, address, timeout, self._outbound, context)
            transport = await dial.run()
        except Exception as e:
            connection.on_socket_closed(e)
        else:
            self._transports.add(transport)
            transport.start(connection)

    async def _loaded(self, tls: "TlsContexts") -> "SSLContext":
        context: asyncio.Future[SSLContext] = self._loop.create_future()
        self.run_blocking(tls.load, context)
        return await context

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run ``coroutine`` as a task that the driver keeps until it is done."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _logger.error("a task of the client failed", exc_info=task.exception())

    async def stop(self) -> None:
        """Cancel all that the driver still does, and wait for its end."""
        self.drop_timers()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A transport closes its socket in the turn after `close`.
        await asyncio.sleep(0)

    def drop_timers(self) -> None:
        """Cancel all timers."""
        for timer in list(self._timers):
            timer.cancel()

    def leave_to_parent(self) -> None:
        """Forget the sockets, in a child process: they belong to the parent, which goes on to use them."""
        for transport in list(self._transports):
            transport.leave_to_parent()
