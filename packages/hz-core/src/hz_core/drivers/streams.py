"""Byte streams under the transports of the threaded driver: plain sockets here, TLS in :mod:`hz_core.drivers.tls`."""

import _thread
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from struct import pack
from types import BuiltinFunctionType
from typing import Final, Protocol, TypeAlias

from hz_core.connection import SocketFacts
from hz_core.drivers.socket_facts import socket_facts

DONT_WAIT: Final[int] = getattr(socket, "MSG_DONTWAIT", 0x40)
"""The flag with which ``receive`` and ``send`` return at once, on all systems."""

NO_SIGNAL: Final[int] = getattr(socket, "MSG_NOSIGNAL", 0)
"""The flag with which ``send`` to a closed connection raises an error, whatever the program does on SIGPIPE."""

CANCEL_CHECK_INTERVAL: Final = 0.25
"""Longest time in seconds that a receive blocks, so that its caller can check whether it was cancelled."""

LONGEST_WAIT: Final = 1_000_000.0
"""The system refuses longer waits (seconds)."""


class NothingNow(BlockingIOError):
    """A stream has nothing to receive, or takes nothing, at the moment."""


class StreamClosedError(ConnectionResetError):
    """The peer has closed a stream."""


def raised_by_stream(error: OSError) -> bool:
    """Return whether ``error`` is an error of a stream.

    Otherwise a signal handler has raised it, or another thread has raised it in this one: it is not about the stream.
    The errors of the system have a number, and no frames of other code.
    """
    if isinstance(error, NothingNow | StreamClosedError):
        return True
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if error.errno is None or traceback is None:
        return False
    name: str = traceback.tb_frame.f_globals.get("__name__", "")
    return name.startswith(_CALLS_SYSTEM)


GREEN_THREADS: Final = not isinstance(_thread.start_new_thread, BuiltinFunctionType)
"""Whether gevent or eventlet has replaced threads by its own, before this module was imported.

Then a socket is read by one green thread only, and never with a call that blocks.
"""

_DRIVERS: Final = __name__.rpartition(".")[0]
_CALLS_SYSTEM: Final = (_DRIVERS, "eventlet.", "gevent.") if GREEN_THREADS else (_DRIVERS,)
"""The modules whose code calls the system for a stream: green sockets are written in Python."""

Bytes: TypeAlias = bytes | bytearray | memoryview


class Stream(Protocol):
    """A connected, bidirectional stream of bytes, used by several threads at a time.

    One thread may receive while another sends. Neither call is made by two threads at a time.
    """

    @property
    def fd(self) -> int:
        """Return the file descriptor to watch."""
        ...

    @property
    def buffered(self) -> bool:
        """Return whether ``receive`` has something to report that the readiness of the descriptor does not show.

        Check it before waiting for the descriptor.
        """
        ...

    def receive(self, size: int, flags: int = 0, /) -> bytes:
        """Return about ``size`` bytes at most, or nothing when the peer has closed the stream.

        Raises:
            BlockingIOError: there is nothing now (``DONT_WAIT``), or was nothing for ``CANCEL_CHECK_INTERVAL``.
            OSError: the stream is broken.
        """
        ...

    def send(self, data: Bytes, flags: int = 0, /) -> int:
        """Return how many bytes the stream has taken; with ``DONT_WAIT`` maybe not all.

        The caller must repeat the call with the bytes that were not taken, before any others.

        Raises:
            BlockingIOError: the stream takes nothing now.
            OSError: the stream is broken.
        """
        ...

    def wait_readable(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for input; return whether there is any."""
        ...

    def facts(self) -> SocketFacts:
        """Return what the system knows of the socket."""
        ...

    def shutdown(self) -> None:
        """End the stream in both directions, so that a thread that blocks in ``receive`` returns."""
        ...

    def close(self) -> None:
        """Free the descriptor. No other call may be under way."""
        ...


class PlainStream:
    """A TCP connection. ``receive`` and ``send`` are the socket's own methods, since every operation calls them."""

    buffered: Final = False

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.fd: int = sock.fileno()
        self.receive: Callable[..., bytes] = sock.recv
        self.send: Callable[..., int] = sock.send
        sock.settimeout(None)
        microseconds = int(CANCEL_CHECK_INTERVAL * 1_000_000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, pack("@ll", 0, microseconds))

    def wait_readable(self, timeout: float) -> bool:
        """See :class:`Stream`."""
        return _wait_readable(self._sock, timeout)

    def facts(self) -> SocketFacts:
        """See :class:`Stream`."""
        return socket_facts(self._sock)

    def shutdown(self) -> None:
        """See :class:`Stream`."""
        with suppress(OSError):  # the peer may have closed first
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """See :class:`Stream`."""
        self._sock.close()


class WaitingStream:
    """A TCP connection where ``MSG_DONTWAIT`` is missing (Windows) or has no effect (green threads).

    Waiting takes a system call of its own.
    """

    buffered: Final = False

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.fd: int = sock.fileno()
        sock.setblocking(False)

    def receive(self, size: int, flags: int = 0, /) -> bytes:
        """See :class:`Stream`."""
        if not flags and not self.wait_readable(CANCEL_CHECK_INTERVAL):
            raise NothingNow
        return self._sock.recv(size)

    def send(self, data: Bytes, flags: int = 0, /) -> int:
        """See :class:`Stream`."""
        return self._sock.send(data)

    def wait_readable(self, timeout: float) -> bool:
        """See :class:`Stream`."""
        return _wait_readable(self._sock, timeout)

    def facts(self) -> SocketFacts:
        """See :class:`Stream`."""
        return socket_facts(self._sock)

    def shutdown(self) -> None:
        """See :class:`Stream`."""
        with suppress(OSError):  # the peer may have closed first
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """See :class:`Stream`."""
        self._sock.close()


def _wait_readable(sock: socket.socket, timeout: float) -> bool:
    timeout = min(timeout, LONGEST_WAIT)
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(timeout * 1000))
    return bool(select.select((sock,), (), (), timeout)[0])


def plain_stream(sock: socket.socket) -> Stream:
    """Return the stream of a connected socket, as this system can offer it."""
    if hasattr(socket, "MSG_DONTWAIT") and not GREEN_THREADS:
        return PlainStream(sock)
    return WaitingStream(sock)
