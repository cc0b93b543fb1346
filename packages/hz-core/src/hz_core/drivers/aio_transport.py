"""The socket of one connection on an event loop."""

import asyncio
import socket
from typing import Final, cast

from hz_core.compiled import AsyncioTransportBase, prefer_compiled
from hz_core.connection import MOST_UNSENT, NO_FACTS, Connection, SocketFacts
from hz_core.drivers.socket_facts import socket_facts
from hz_core.drivers.tls_advice import advised
from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import LARGE_RECEIVE_SIZE

LARGE_WRITE: Final = 65536
"""Sockets mostly take this many bytes at once."""


@prefer_compiled
class AsyncioTransport(AsyncioTransportBase, asyncio.BufferedProtocol):
    """The socket of one connection. All that is written during one turn of the loop is sent at once.

    It belongs to an attempt to connect first. The one that is used is told its connection by ``start``.

    Attributes:
        sock: The socket that was connected.
        full: Whether more than MOST_UNSENT bytes wait to be sent.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connection: Connection | None = None
        self._early: list[bytes] = []
        self._lost: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self.sock: socket.socket | None = None
        self._outbox: list[bytes | bytearray] = []
        self._unsent = 0  # the bytes in it
        self._most_unsent = MOST_UNSENT
        self._paused = False
        self.full: bool = False
        # All is received into one buffer: a new one for every receive would cost more than copying out of it.
        self._buffer = memoryview(bytearray(LARGE_RECEIVE_SIZE))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connected socket from asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=MOST_UNSENT)

    def pause_writing(self) -> None:
        """Note that the member does not read what waits to be sent."""
        self._paused = self.full = True

    def resume_writing(self) -> None:
        """Note that the member reads again."""
        self._paused = self.full = False

    def start(self, connection: Connection) -> None:
        """Belong to ``connection``, and tell it that the socket is connected."""
        self._connection = connection
        connection.on_socket_opened(self)
        for data in self._early:
            if connection.alive:
                self._received(connection, data)
        self._early.clear()
        if self._lost is not None:
            connection.on_socket_closed(self._lost)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the memory that asyncio is to receive into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes that asyncio has received."""
        data = bytes(self._buffer[:nbytes])
        if self._connection is None:
            self._early.append(data)
        else:
            self._received(self._connection, data)

    def _received(self, connection: Connection, data: bytes) -> None:
        connection.heard = True
        connection.reader.received = data
        self._process(connection)

    def _process(self, connection: Connection) -> None:
        reader = connection.reader
        try:
            reader.split()
            connection.deliver(connection, reader.ready)
        except HazelcastProtocolError as e:
            connection.on_socket_closed(e)
        except BaseException:
            # A signal handler has raised it, for example: the rest is processed in the next turn.
            self._loop.call_soon(self._process, connection)
            raise

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the connection that asyncio has closed the socket."""
        self._lost = advised(exc) if exc else ConnectionResetError("the member closed the connection")
        if self._connection is not None:
            self._connection.on_socket_closed(self._lost)

    def write(self, data: bytes | bytearray) -> None:
        """Send ``data`` at the end of this turn of the loop, together with all that is written until then."""
        if not self._outbox:
            self._loop.call_soon(self._flush)
        self._outbox.append(data)
        self._unsent += len(data)
        if self._unsent > self._most_unsent:
            self.full = True

    write_soon = write

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, []
        self._unsent = 0
        self.full = self._paused
        if self._transport is not None and not self._transport.is_closing():
            data = outbox[0] if len(outbox) == 1 else b"".join(outbox)
            # A view of what is large: asyncio cuts off what the socket has taken, which copies all other bytes.
            self._transport.write(memoryview(data) if len(data) > LARGE_WRITE else data)

    def close(self) -> None:
        """Close the socket at once; what has not been sent yet is lost."""
        if self._transport is not None:
            try:
                self._transport.abort()
            except RuntimeError:
                # The loop is closed. asyncio would have closed the socket in a later turn, by this method.
                close_now = getattr(self._transport, "_call_connection_lost", None)
                if close_now is not None:
                    close_now(None)

    def facts(self) -> SocketFacts:
        """See :class:`hz_core.connection.Transport`."""
        return NO_FACTS if self.sock is None else socket_facts(self.sock)

    def leave_to_parent(self) -> None:
        """Send nothing more, and read nothing: the socket belongs to the parent process."""
        transport, self._transport = self._transport, None
        self._connection = None
        self._outbox.clear()
        if self.sock is not None and type(transport).__module__.startswith("asyncio"):
            # The parent's end must be the only one, so that the member notices when it is closed. The loop is not told:
            # it would stop watching the socket for the parent, too.
            self.sock.close()
