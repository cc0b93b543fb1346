"""The driver for asyncio: everything on one event loop, asyncio's own or uvloop's."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from functools import partial
from random import SystemRandom
from typing import Any, Final, cast

from hz_core.connection import Connection
from hz_core.model import Address
from hz_core.io import Mutex, Randomness, Timer
from hz_core.log import get_logger
from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import LARGE_RECEIVE_SIZE

_logger = get_logger("io")

_HEAD_START: Final = 0.25
"""Seconds that one address of a name is given before the next is tried beside it (RFC 8305)."""

AddressInfo = tuple[Any, Any, int, str, Any]


class AsyncioTransport(asyncio.BufferedProtocol):
    """The socket of one connection. What is written during one turn of the loop goes out in one send."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        self._loop = loop
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._outbox: list[bytes | bytearray] = []
        # Received into one buffer that stays: a fresh one for every receive would cost more than copying out of it.
        self._buffer = memoryview(bytearray(LARGE_RECEIVE_SIZE))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected (called by asyncio)."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to receive (called by asyncio)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came in (called by asyncio)."""
        try:
            messages = self._connection.reader.feed(bytes(self._buffer[:nbytes]))
        except HazelcastProtocolError as e:
            self._connection.on_socket_closed(e)
            return
        if messages:
            self._connection.deliver(self._connection, messages)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed (called by asyncio)."""
        self._connection.on_socket_closed(exc or ConnectionResetError("closed by the member"))

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
        failures: list[str] = []
        try:
            transport = await asyncio.wait_for(self._open(connection, address, failures), timeout or None)
        except TimeoutError:
            reasons = "; ".join(failures) or "no answer"
            limit = f"{round(timeout, 3):g} s (the time limit)"
            connection.on_socket_closed(TimeoutError(f"no connection within {limit}: {reasons}"))
        except Exception as e:  # also ValueError for what is no name, OverflowError for an impossible option
            connection.on_socket_closed(e)
        else:
            connection.on_socket_opened(transport)

    async def _open(self, connection: Connection, address: Address, failures: list[str]) -> AsyncioTransport:
        found = await self._loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        sock = await self._first_of(deque(found), failures)
        try:
            make = partial(AsyncioTransport, self._loop, connection)
            _, protocol = await self._loop.create_connection(make, sock=sock)
        except BaseException:
            sock.close()
            raise
        return protocol

    async def _first_of(self, waiting: deque[AddressInfo], failures: list[str]) -> socket.socket:
        """Connect to one of the addresses of a name: each is given a head start, and the first that answers wins.

        The loop's own `create_connection` can do that with asyncio, but not with uvloop.
        """
        under_way: set[asyncio.Task[socket.socket]] = set()
        winner: socket.socket | None = None
        try:
            while winner is None and (waiting or under_way):
                if waiting:
                    under_way.add(self._loop.create_task(self._dial(waiting.popleft(), failures)))
                done, under_way = await asyncio.wait(
                    under_way,
                    timeout=_HEAD_START if waiting else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for task in done:
                    if task.exception() is None and winner is None:
                        winner = task.result()
                    else:
                        _drop(task)
        finally:
            for task in under_way:
                task.add_done_callback(_drop)
                task.cancel()
            if under_way and winner is None:
                await asyncio.wait(under_way)  # each says that it got no answer
        if winner is None:
            raise ConnectionRefusedError("; ".join(failures) or "the name has no address")
        return winner

    async def _dial(self, info: AddressInfo, failures: list[str]) -> socket.socket:
        family, kind, protocol, _, where = info
        try:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for level, name, value in self._socket_options:
                    sock.setsockopt(level, name, value)
                await self._loop.sock_connect(sock, where)
            except BaseException:
                sock.close()
                raise
        except asyncio.CancelledError:
            failures.append(f"{Address(*where[:2])}: no answer")
            raise
        except Exception as e:
            failures.append(f"{Address(*where[:2])}: {e}")
            raise
        return sock

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


def _drop(task: asyncio.Task[socket.socket]) -> None:
    """Close the socket of an attempt that nobody needs any more."""
    if not task.cancelled() and task.exception() is None:
        task.result().close()
