"""A stream shared by threads: any thread writes, and any thread that waits for a reply may read.

Who reads when is decided in :mod:`hz_core.drivers.read_handover`.
"""

from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from hz_core.connection import Connection
from hz_core.drivers.blocking import Pending
from hz_core.drivers.poller import READ, WRITE, Poller, Watch
from hz_core.drivers.read_handover import ReadHandover
from hz_core.drivers.streams import CANCEL_CHECK_INTERVAL, DONT_WAIT, Stream
from hz_core.invocation.invocation import Invocation
from hz_core.wire.frames import HazelcastProtocolError

_BATCH_COUNT: Final = 128
"""So many small requests are sent at once, without waiting for more."""

_BATCH_SIZE: Final = 65536
"""Waiting writes are joined up to this size, so that many small requests cost one system call."""

_DONT_WAIT: Final = DONT_WAIT  # a name of this module is found faster
_SENDING_INTERRUPTED: Final = "sending was interrupted, perhaps in the middle of a message"


class TransportOwner(Protocol):
    """What a transport needs of its driver."""

    poller: Poller
    ticking: bool

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the I/O thread."""
        ...

    def forget(self, transport: "SocketTransport") -> None:
        """Forget a transport that was closed."""
        ...

    def flush_later(self, transport: "SocketTransport") -> None:
        """Flush ``transport`` within a millisecond."""
        ...

    def check_later(self, reading: ReadHandover) -> None:
        """Call ``reading.check`` regularly until it returns False. On the I/O thread."""
        ...


class SocketTransport:
    """The stream of one connection, as the connection and waiting callers use it.

    Attributes:
        connection: The connection that gets the messages.
        reading: Who reads the stream.
        broken: Whether the stream is of no more use.
    """

    __slots__ = (
        "_closing",
        "_outbox",
        "_owner",
        "_receive",
        "_send",
        "_stream",
        "_watch",
        "_write_lock",
        "broken",
        "connection",
        "fd",
        "reading",
    )

    def __init__(self, owner: TransportOwner, connection: Connection, stream: Stream) -> None:
        self.connection = connection
        self.broken = False
        self.fd = stream.fd
        self._owner = owner
        self._stream = stream
        self._receive = stream.receive
        self._send = stream.send
        self._outbox: deque[Any] = deque()
        self._write_lock = allocate_lock()
        self._closing = False
        self._watch = Watch(owner.poller, stream.fd, READ)
        self.reading = ReadHandover(self, connection, self._watch)

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray) -> None:
        """Send ``data`` now if the stream takes it, otherwise as soon as it does. Never blocks."""
        if not self._write_lock.acquire(False):
            self._outbox.append(data)
            self.flush()
            return
        # Nothing waits and nobody sends: the usual case, with as few steps as possible.
        try:
            if self._outbox:
                # Checked under the lock: `data` must follow the unsent rest of another request, not split it.
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
                self.free_descriptor()
        if self._outbox:
            self.flush()

    def write_soon(self, data: bytes | bytearray) -> None:
        """Send ``data`` together with other requests of this moment, unless no other request is under way.

        One system call for many requests makes many requests in flight fast. They are sent by a thread that
        begins to wait, by the callback thread when it has nothing more to do, by the thread that adds the last request
        of a full batch, and at the latest by the I/O thread within a millisecond.
        """
        outbox = self._outbox
        if len(self.connection.pending) <= 1 or len(data) >= _BATCH_SIZE:
            self.write(data)
            return
        outbox.append(data)
        if len(outbox) >= _BATCH_COUNT:
            self.flush()
        else:
            self._owner.flush_later(self)

    def flush(self) -> None:
        """Send what waits. If another thread is sending, leave it to that one."""
        outbox = self._outbox
        lock = self._write_lock
        while outbox and lock.acquire(False):
            try:
                blocked = self._drain()
            except BaseException:
                # Ctrl-C in a thread that sends for others as well: what has been sent is unknown.
                self.fail(ConnectionAbortedError(_SENDING_INTERRUPTED))
                raise
            finally:
                lock.release()
                if self._closing:
                    self.free_descriptor()
            if blocked:
                self._watch.add(WRITE)
                return

    def _drain(self) -> bool:
        """Send until the outbox is empty (return False) or the stream takes no more (return True)."""
        outbox = self._outbox
        while outbox:
            data = outbox.popleft()
            if outbox and len(data) < _BATCH_SIZE:
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
        while outbox and size < _BATCH_SIZE:
            part = outbox.popleft()
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def writable(self) -> None:
        """Send what waits, since the stream takes data again. On the I/O thread."""
        self._watch.remove(WRITE)
        self.flush()

    # --- reading ----------------------------------------------------------------------------------------------

    def readable(self) -> None:
        """Read what is there, unless a caller does. On the I/O thread."""
        reading = self.reading
        if not reading.lock.acquire(False):
            reading.found_leader()
            return
        try:
            self.read(_DONT_WAIT)
            if self._stream.buffered:
                self._read_buffered()
        finally:
            reading.stop_reading()

    def lead(self, call: Pending, invocation: Invocation, timeout: float | None) -> None:
        """Read until ``call`` is done or its reply cannot come here. The caller holds the read lock.

        With a timeout (in seconds) this returns after the first input, when the time is over, and from time to time,
        for ``call`` may have been cancelled.
        """
        connection = self.connection
        done = call.done
        while not done() and invocation.connection is connection and not self.broken:
            if timeout is None:
                self.read()
                continue
            if self._stream.wait_readable(min(timeout, CANCEL_CHECK_INTERVAL)):
                self.read(_DONT_WAIT)
            break
        if self._stream.buffered:
            self._read_buffered()

    def _read_buffered(self) -> None:
        """Read what the readiness of the descriptor will not show to the next reader."""
        while self._stream.buffered and not self.broken:
            self.read(_DONT_WAIT)

    def read(self, flags: int = 0) -> None:
        """Receive once, waiting for input unless ``flags`` forbid it. The caller holds the read lock."""
        connection = self.connection
        reader = connection.reader
        try:
            data = self._receive(reader.receive_size(), flags)
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
            # Ctrl-C in a thread that leads may have lost the bytes that it had just read.
            self.fail(ConnectionAbortedError("reading was interrupted in the middle of a message"))
            raise

    def check_later(self) -> None:
        """See :class:`hz_core.drivers.read_handover.HandoverOwner`."""
        self._owner.check_later(self.reading)

    def check_is_near(self) -> bool:
        """See :class:`hz_core.drivers.read_handover.HandoverOwner`."""
        return self._owner.ticking

    # --- the end ----------------------------------------------------------------------------------------------

    def fail(self, error: Exception) -> None:
        """Tell the connection, once, that the stream is of no more use."""
        if not self.broken:
            self.broken = True
            connection = self.connection
            self._owner.call_soon(lambda: connection.on_socket_closed(error))

    def close(self) -> None:
        """Close the stream; a thread that blocks in it returns. On the I/O thread."""
        if self._closing:
            return
        # In this order: once it is closing, a thread that stops using the stream may free the descriptor.
        self._watch.end()
        self._closing = True
        self.reading.close()
        self.broken = True
        self._stream.shutdown()
        self._owner.forget(self)
        self.free_descriptor()
        self.reading.wake_all()

    def free_descriptor(self) -> None:
        """Free the descriptor, unless a thread is receiving or sending: then that thread does it afterwards."""
        read_lock, write_lock = self.reading.lock, self._write_lock
        while True:
            if read_lock.acquire(False):
                try:
                    if write_lock.acquire(False):
                        try:
                            self._stream.close()
                        finally:
                            write_lock.release()
                        return
                finally:
                    read_lock.release()
            # A thread that holds one of the locks does this after releasing it; otherwise this thread closes it.
            if read_lock.locked() or write_lock.locked():
                return
