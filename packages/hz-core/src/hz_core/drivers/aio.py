"""The driver for asyncio: everything on one event loop, asyncio's own or uvloop's."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from functools import partial
from random import SystemRandom
from typing import Any, cast

from hz_core.connection import Connection
from hz_core.core import Address
from hz_core.io import Mutex, Randomness, Timer
from hz_core.log import get_logger
from hz_core.wire.frames import HazelcastProtocolError

_logger = get_logger("io")


class AsyncioTransport(asyncio.Protocol):
    """The socket of one connection. What is written during one turn of the loop goes out in one send."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        self._loop = loop
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._outbox: list[bytes | bytearray] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected (called by asyncio)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came in (called by asyncio)."""
        try:
            messages = self._connection.reader.feed(data)
        except HazelcastProtocolError as e:
            self._connection.lost(e)
            return
        if messages:
            self._connection.deliver(self._connection, messages)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed (called by asyncio)."""
        self._connection.lost(exc or ConnectionResetError("closed by the member"))

    def write(self, data: bytes | bytearray) -> None:
        """Send `data` at the end of this turn of the loop, together with whatever else is written until then."""
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(data)

    write_soon = write

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(outbox[0] if len(outbox) == 1 else b"".join(outbox))

    def close(self) -> None:
        """Close the socket without waiting for what was not sent yet."""
        if self._transport is not None:
            self._transport.abort()


class AsyncioDriver:
    """Sockets, clock and callbacks of one asyncio client (see :class:`hz_core.io.IO`).

    Args:
        loop: The running loop; the client may be used on it alone.
        socket_options: Triples for `setsockopt`, for each new socket.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, socket_options: Sequence[tuple[int, int, Any]] = ()
    ) -> None:
        self.random: Randomness = SystemRandom()
        self.now = loop.time
        self._loop = loop
        self._socket_options = socket_options
        self._tasks: set[asyncio.Task[Any]] = set()

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` in the next turn of the loop."""
        self._loop.call_soon(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` after `delay` seconds."""
        return self._loop.call_later(delay, callback)

    def run_callback(self, callback: Callable[[], None]) -> None:
        """Run a user's callback on the loop, after those given before."""
        self._loop.call_soon(callback)

    def mutex(self) -> Mutex:
        """One thread does all: nothing to lock."""
        return nullcontext()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Connect a socket for `connection`."""
        self.spawn(self._connect(connection, address, timeout))

    async def _connect(self, connection: Connection, address: Address, timeout: float) -> None:
        try:
            transport = await asyncio.wait_for(self._open(connection, address), timeout or None)
        except TimeoutError:
            connection.lost(TimeoutError(f"no connection within {timeout:g} s (connection_timeout)"))
        except (OSError, ValueError) as e:  # ValueError: no name at all, for example a part of it is too long
            connection.lost(e)
        else:
            connection.opened(transport)

    async def _open(self, connection: Connection, address: Address) -> AsyncioTransport:
        make = partial(AsyncioTransport, self._loop, connection)
        transport, protocol = await self._loop.create_connection(make, address.host, address.port)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for level, name, value in self._socket_options:
                sock.setsockopt(level, name, value)
        return protocol

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run `coroutine` as a task that the driver keeps until it is done."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _logger.error("a task of the client failed", exc_info=task.exception())

    async def stop(self) -> None:
        """End what the driver still has under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close in the turn after they were told to.
        await asyncio.sleep(0)
