"""The driver for asyncio: everything on one event loop, asyncio's own or uvloop's."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from random import SystemRandom
from typing import Any

from hz_core.connection import Connection
from hz_core.drivers.aio_dial import AsyncioDial
from hz_core.drivers.sockets import SocketOption
from hz_core.io import Mutex, Randomness, Timer
from hz_core.log import get_logger
from hz_core.model import Address

_logger = get_logger("io")


class AsyncioDriver:
    """Sockets, clock and callbacks of one asyncio client (see :class:`hz_core.io.IO`).

    Args:
        loop: The running loop; the client may be used on it alone.
        socket_options: Triples for ``setsockopt``, for each new socket.
        tls: The TLS options; None for plain TCP.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket_options: Sequence[SocketOption] = (),
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.random: Randomness = SystemRandom()
        self.now = loop.time
        self._loop = loop
        self._socket_options = socket_options
        self._tls = tls
        self._tasks: set[asyncio.Task[Any]] = set()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` in the next turn of the loop."""
        self._loop.call_soon(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` after ``delay`` seconds."""
        return self._loop.call_later(delay, callback)

    def run_callback(self, callback: Callable[[], None]) -> None:
        """Run a user's callback on the loop, after earlier ones."""
        self._loop.call_soon(callback)

    def mutex(self) -> Mutex:
        """Return a lock that does nothing, since one thread does all."""
        return nullcontext()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for ``connection``."""
        self.spawn(self._connect(connection, address, timeout))

    async def _connect(self, connection: Connection, address: Address, timeout: float) -> None:
        dial = AsyncioDial(self._loop, address, timeout, self._socket_options, self._tls)
        try:
            transport = await dial.run()
        except Exception as e:
            connection.on_socket_closed(e)
        else:
            transport.start(connection)

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
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A transport closes its socket in the turn after `close`.
        await asyncio.sleep(0)
