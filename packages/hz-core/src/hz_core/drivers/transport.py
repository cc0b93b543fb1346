"""A socket shared by threads: any thread writes, and any thread that waits for a reply may read.

How a reply reaches its waiter: the caller that sent the request reads the socket itself when nobody else does
(it *leads*), so that no thread switch lies between the reply and the caller. Other callers *follow*: they wait on
a lock of their own and are woken when the leader has read their reply, or when it stops and one of them has to lead.
When nobody leads, the I/O thread reads. It notices a leader by failing to take the read lock, then stops watching
the socket, and takes it back as soon as callers no longer read it.
"""

import select
import socket
import sys
from _thread import LockType, allocate_lock
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from struct import pack
from typing import Any, Final, Protocol

from hz_core.connection import Connection
from hz_core.drivers.blocking import Pending
from hz_core.drivers.poller import READ, WRITE, Poller
from hz_core.invocation.invocation import Invocation
from hz_core.wire.frames import HazelcastProtocolError

_DONT_WAIT: Final = getattr(socket, "MSG_DONTWAIT", 0)
_JOIN_COUNT: Final = 128
"""So many small requests wait for company at most."""

_LOOK_AROUND: Final = pack("@L", 250) if sys.platform == "win32" else pack("@ll", 0, 250_000)
"""A quarter of a second: so often a caller that blocks in recv looks whether its call was cancelled meanwhile."""

_JOIN_LIMIT: Final = 65536
"""Waiting writes are joined up to this size, so that many small requests cost one system call."""


_LONGEST_WAIT: Final = 1_000_000.0
"""The system refuses longer waits (seconds); who waited so long looks again."""

_NOMINATED: Final = object()
_SENDING_INTERRUPTED: Final = "sending was interrupted, perhaps in the middle of a message"


class TransportOwner(Protocol):
    """What a transport needs of its driver."""

    poller: Poller
    ticking: bool

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` on the I/O thread."""
        ...

    def forget(self, transport: "SocketTransport") -> None:
        """Forget a transport that was closed."""
        ...

    def flush_later(self, transport: "SocketTransport") -> None:
        """Flush `transport` within a millisecond."""
        ...

    def unwatched(self, transport: "SocketTransport") -> None:
        """Look after a transport that callers read, until they no longer do."""
        ...


class SocketTransport:
    """The socket of one connection.

    Attributes:
        armed: Whether the I/O thread watches the socket for input.
        led: Counts how often callers have read; tells the I/O thread whether they still do.
        followers: Locks of callers that wait for a reply which somebody else reads.
    """

    __slots__ = (
        "_closing",
        "_outbox",
        "_owner",
        "_recv",
        "_send",
        "_sock",
        "_wants_write",
        "_watch_lock",
        "_write_lock",
        "armed",
        "broken",
        "connection",
        "fd",
        "followers",
        "led",
        "left_to_leader",
        "read_lock",
    )

    def __init__(self, owner: TransportOwner, connection: Connection, sock: socket.socket) -> None:
        self._owner = owner
        self.connection = connection
        self._sock = sock
        self.fd = sock.fileno()
        self._recv = sock.recv
        self._send = sock.send
        self._outbox: deque[Any] = deque()
        self._write_lock = allocate_lock()
        self._wants_write = False
        self._watch_lock = allocate_lock()
        self._closing = False
        self.read_lock = allocate_lock()
        self.followers: dict[LockType, None] = {}
        self.armed = True
        self.led = 0
        self.left_to_leader = False
        self.broken = False
        # Callers block in recv; every other use asks not to wait.
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _LOOK_AROUND)
        owner.poller.add(self.fd, READ)

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray) -> None:
        """Send `data` now if the socket takes it, otherwise as soon as it does. Never blocks."""
        if not self._write_lock.acquire(False):
            self._outbox.append(data)
            self.flush()
            return
        # Nothing waits and nobody sends: the usual case, with as few steps as possible.
        try:
            if self._outbox:
                # Only under the lock is this sure: behind the unsent rest of another request, never into it.
                self._outbox.append(data)
            elif (sent := self._send(data, _DONT_WAIT)) < len(data):
                self._outbox.appendleft(memoryview(data)[sent:])
        except (BlockingIOError, InterruptedError):
            self._outbox.appendleft(data)
        except OSError as e:
            self.fail(e)
        except BaseException:
            self.fail(ConnectionAbortedError(_SENDING_INTERRUPTED))
            raise
        finally:
            self._write_lock.release()
            if self._closing:
                self._dispose()
        if self._outbox:
            self.flush()

    def write_soon(self, data: bytes | bytearray) -> None:
        """Send `data` together with what else is written soon, unless nothing else is under way.

        One system call for many requests is what makes many requests in flight fast. They are sent by a thread that
        begins to wait, by the callback thread when it has nothing more to do, by whoever finds that enough have come
        together, and at the latest by the I/O thread within a millisecond.
        """
        outbox = self._outbox
        if len(self.connection.pending) <= 1 or len(data) >= _JOIN_LIMIT:
            self.write(data)
            return
        outbox.append(data)
        if len(outbox) >= _JOIN_COUNT:
            self.flush()
        else:
            self._owner.flush_later(self)

    def flush(self) -> None:
        """Send what waits. Whoever comes while another thread is sending leaves it to that one."""
        outbox = self._outbox
        lock = self._write_lock
        while outbox and lock.acquire(False):
            try:
                blocked = self._drain()
            except BaseException:
                # Ctrl-C in a thread that sends for others too: nobody knows what of it has left.
                self.fail(ConnectionAbortedError(_SENDING_INTERRUPTED))
                raise
            finally:
                lock.release()
                if self._closing:
                    self._dispose()
            if blocked:
                self._watch(write=True)
                return

    def _drain(self) -> bool:
        """Send until the outbox is empty (False) or the socket takes no more (True)."""
        outbox = self._outbox
        while outbox:
            data = outbox.popleft()
            if outbox and len(data) < _JOIN_LIMIT:
                data = self._join(data)
            try:
                sent = self._send(data, _DONT_WAIT)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as e:
                outbox.clear()
                self.fail(e)
                return False
            if sent < len(data):
                outbox.appendleft(memoryview(data)[sent:])
                return True
        return False

    def _join(self, first: Any) -> bytes:
        parts = [first]
        size = len(first)
        outbox = self._outbox
        while outbox and size < _JOIN_LIMIT:
            part = outbox.popleft()
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def writable(self) -> None:
        """Called by the I/O thread: the socket takes data again."""
        self._watch(write=False)
        self.flush()

    # --- reading ----------------------------------------------------------------------------------------------

    def readable(self) -> None:
        """Called by the I/O thread: read what is there, unless a caller does."""
        if not self.read_lock.acquire(False):
            self.disarm()
            return
        try:
            self.read(_DONT_WAIT)
        finally:
            self.read_lock.release()
        self.nominate()

    def lead(self, call: Pending, invocation: Invocation, timeout: float | None) -> None:
        """Read until `call` is done or its reply can't come here; the caller holds the read lock.

        With a timeout (in seconds) this returns after the first input or when the time is over.
        """
        connection = self.connection
        done = call.done
        while not done() and invocation.connection is connection and not self.broken:
            if timeout is None:
                self.read()
                continue
            if _readable_within(self._sock, timeout):
                self.read(_DONT_WAIT)
            return

    def stop_leading(self) -> None:
        """Give the reading up: to a follower, or to the I/O thread where replies are still to come."""
        self.led += 1
        self.read_lock.release()
        if self._closing:
            self._dispose()
        if self.followers:
            self.nominate()
        elif not self.armed:
            if self.left_to_leader:
                self.arm()
            elif self.connection.pending:
                self.rearm()

    def follow(self, call: Pending, timeout: float | None) -> None:
        """Wait until `call` is done, or this caller is to lead, or `timeout` seconds are over."""
        lock = allocate_lock()
        lock.acquire()
        followers = self.followers
        followers[lock] = None
        woken = True
        try:
            # Whoever read may have stopped before it could see this follower: then there is nobody to wait for.
            if call.attach(lock) and self.read_lock.locked():
                woken = False
                woken = lock.acquire(timeout=-1 if timeout is None else min(timeout, _LONGEST_WAIT))
        finally:
            call.detach(lock)
            if followers.pop(lock, _NOMINATED) is _NOMINATED and (call.done() or not woken):
                # Nominated, but not going to lead: pass it on.
                self.nominate()

    def nominate(self) -> None:
        """Wake one follower, so that it reads."""
        try:
            lock, _ = self.followers.popitem()
        except KeyError:
            if self.left_to_leader and not self.read_lock.locked():
                self.arm()
            return
        _release(lock)

    def read(self, flags: int = 0) -> None:
        """Receive once, waiting for it unless `flags` say otherwise; the caller holds the read lock."""
        connection = self.connection
        reader = connection.reader
        try:
            data = self._recv(reader.receive_size(), flags)
            if not data:
                self.fail(ConnectionResetError("closed by the member"))
                return
            messages = reader.feed(data)
            if messages:
                connection.deliver(connection, messages)
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, HazelcastProtocolError) as e:
            self.fail(e)
        except BaseException:
            # Ctrl-C in a thread that leads may have lost what it had just read: the stream can't be trusted any more.
            self.fail(ConnectionAbortedError("reading was interrupted in the middle of a message"))
            raise

    # --- watching ---------------------------------------------------------------------------------------------

    def arm(self) -> None:
        """Let the I/O thread read. Callable from any thread."""
        self._watch(armed=True)

    def leave_to_leader(self) -> None:
        """The I/O thread no longer looks whether callers still read: the one that does tells it. On the I/O thread."""
        self.left_to_leader = True
        # It may have stopped just before it could see that.
        if not self.read_lock.locked():
            self.arm()

    def rearm(self) -> None:
        """Let the I/O thread read again: now, or with its next look when it looks every millisecond."""
        if not self._owner.ticking:
            self.arm()

    def disarm(self) -> None:
        """Callers read: stop watching for input, and look again later. On the I/O thread."""
        self._watch(armed=False)
        self._owner.unwatched(self)

    def _watch(self, *, armed: bool | None = None, write: bool | None = None) -> None:
        # Under a lock, so that no thread changes the watch on a descriptor that another has just given up.
        with self._watch_lock:
            if armed is not None:
                self.armed = armed
                self.left_to_leader = False
            if write is not None:
                self._wants_write = write
            if not self._closing:
                self._owner.poller.set(
                    self.fd, (READ if self.armed else 0) | (WRITE if self._wants_write else 0)
                )

    def fail(self, error: Exception) -> None:
        """Tell the connection, once, that the socket is of no more use."""
        if not self.broken:
            self.broken = True
            connection = self.connection
            self._owner.call_soon(lambda: connection.on_socket_closed(error))

    def close(self) -> None:
        """Close the socket; whoever blocks in it returns. On the I/O thread."""
        with self._watch_lock:
            if self._closing:
                return
            # In this order: once it is closing, a thread on its way out may free the descriptor at any moment.
            self._owner.poller.forget(self.fd)
            self._closing = True
        self.broken = True
        with suppress(OSError):  # the peer may be faster
            self._sock.shutdown(socket.SHUT_RDWR)
        self._owner.forget(self)
        self._dispose()
        while self.followers:
            self.nominate()

    def _dispose(self) -> None:
        """Free the descriptor, unless a thread is inside of recv or send: then that one does it on its way out."""
        read_lock, write_lock = self.read_lock, self._write_lock
        while True:
            if read_lock.acquire(False):
                try:
                    if write_lock.acquire(False):
                        try:
                            self._sock.close()
                        finally:
                            write_lock.release()
                        return
                finally:
                    read_lock.release()
            # Whoever holds one of them now comes here when it has let go; if nobody does any more, it is on us.
            if read_lock.locked() or write_lock.locked():
                return


def _readable_within(sock: socket.socket, timeout: float) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(min(timeout, _LONGEST_WAIT) * 1000))
    return bool(select.select((sock,), (), (), timeout)[0])


def _release(lock: LockType) -> None:
    with suppress(RuntimeError):  # its future may be completed at the same moment
        lock.release()
