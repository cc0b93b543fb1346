"""A stream shared by threads: any thread writes, and any thread that waits for a reply may read.

Who reads when is decided in :mod:`hz_core.drivers.read_handover`. Threads are interrupted at any point, by exceptions
or by code that uses the same stream; ``docs/architecture-threads.md`` has the rules that keep the stream consistent.
"""

from _thread import get_ident
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from hz_core.compiled import TransportBase, prefer_compiled
from hz_core.connection import MOST_UNSENT, Connection, SocketFacts
from hz_core.drivers.blocking import BlockingCall, Pending
from hz_core.drivers.poller import READ, WRITE, Poller, Watch
from hz_core.drivers.read_handover import ReadHandover, Reading
from hz_core.drivers.streams import DONT_WAIT, NO_SIGNAL, PlainStream, Stream, raised_by_stream
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.retry import WaitsForItselfError
from hz_core.wire.frames import HazelcastProtocolError

_BATCH_COUNT: Final = 128
"""So many small requests are sent at once, without waiting for more."""

_JOINED_COUNT: Final = 1024
"""So many waiting writes are joined at most."""

_BATCH_SIZE: Final = 65536
"""Waiting writes are joined up to this size, so that many small requests cost one system call."""

_FIRST: Final = slice(1)
"""The first part of an outbox."""

_LEFT_TO_LEADER: Final = Reading.LEFT_TO_LEADER

# The arguments of a receive or a send, for `map`.
_WAIT: Final = (0,)
_DONT_WAIT: Final = (DONT_WAIT,)
_SEND_FLAGS: Final = (DONT_WAIT | NO_SIGNAL,)

SERVE_INTERVAL: Final = 0.005
"""Seconds between looks at the streams that a thread reads, while it waits elsewhere."""


class TransportOwner(Protocol):
    """What a transport needs of its driver."""

    poller: Poller
    ticking: bool
    io_thread: int
    several: bool

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the I/O thread."""
        ...

    def transports(self) -> "Iterable[SocketTransport]":
        """Return the open transports."""
        ...

    def closing(self, transport: "SocketTransport") -> None:
        """Forget a transport that was closed, and call its ``free`` until that succeeds."""
        ...

    def flush_later(self, transport: "SocketTransport") -> None:
        """Flush ``transport`` within a millisecond."""
        ...

    def check_later(self, reading: ReadHandover) -> None:
        """Call ``reading.check`` soon, and again after the time that it returns. On the I/O thread."""
        ...


@prefer_compiled
class SocketTransport(TransportBase):
    """The stream of one connection, as the connection and waiting callers use it.

    Attributes:
        connection: The connection that gets the messages.
        reading: Who reads the stream.
        broken: Whether the stream is of no more use.
        full: Whether more than MOST_UNSENT bytes wait to be sent.
        idle: Exists while no thread sends. A thread claims the sending as it claims the reading: by deleting this.
    """

    __slots__ = (
        "_blocked",
        "_busy",
        "_closing",
        "_drains",
        "_handled",
        "_interruptions",
        "_most_unsent",
        "_outbox",
        "_owner",
        "_plain_receive",
        "_plain_send",
        "_receive",
        "_send",
        "_sending",
        "_sent",
        "_stream",
        "_unsent",
        "_watch",
        "_writer",
        "broken",
        "connection",
        "fd",
        "full",
        "idle",
        "reading",
    )

    def __init__(self, owner: TransportOwner, connection: Connection, stream: Stream) -> None:
        self.connection: Connection = connection
        self.broken: bool = False
        self.fd: int = stream.fd
        self._owner = owner
        self._stream = stream
        self._receive = stream.receive
        self._send = stream.send
        # The system's own functions, which compiled code calls directly while these are the ones above.
        plain = type(stream) is PlainStream
        self._plain_receive = stream.receive if plain else None
        self._plain_send = stream.send if plain else None
        self._outbox: list[Any] = []
        self._unsent = 0  # about how many bytes are in it: several threads change this, and it is no lock
        self._most_unsent = MOST_UNSENT
        self.full: bool = False
        self._sending: Any = None  # what was given to the stream, and is not accounted for yet
        self._sent = 0  # how much of it the stream has taken
        self.idle: bool = True
        self._busy = False  # whether a thread sends, for those who only look
        self._writer = 0  # the thread that has claimed the sending last
        self._blocked = False  # whether the stream takes no more until it is `writable`
        self._drains = 0  # how often the outbox was sent
        # How often a thread was interrupted while it was reading, and how many of these were made good.
        self._interruptions = 0
        self._handled = 0
        self._closing = False
        self._watch = Watch(owner.poller, stream.fd, READ)
        self.reading: ReadHandover = ReadHandover(self, connection, self._watch)

    # --- writing ----------------------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray) -> None:
        """Send ``data`` now if the stream takes it, otherwise as soon as it does. Never blocks."""
        taken = False  # read by `withdraw_unsent`: nothing can come between this and what it says
        outbox = self._outbox
        one = (data,)
        if self._busy:
            outbox += one
            taken = True
            self._kept(data)
            self.flush()
            return
        size = len(data)
        me = get_ident()
        try:
            del self.idle
        except AttributeError:
            outbox += one
            taken = True
            self._kept(data)
            self.flush()
            return
        try:
            self._writer = me
            self._busy = True
            sending = map(self._send, one, _SEND_FLAGS)
            # Nothing can interrupt the thread until `_sent` is set: the next steps contain no call.
            if outbox or self._sending is not None:
                # `data` must follow the unsent rest of another request, not split it.
                outbox += one
                taken = True
                self._kept(data)
            else:
                self._sent = 0
                self._sending = data
                taken = True  # noqa: F841  # as said above
                for self._sent in sending:
                    pass
                if self._sent == size and self._sending is data:
                    self._sending = None
                else:
                    self._settle()
        except OSError as e:
            self._send_failed(e)
            return
        except BaseException:
            self._owner.flush_later(self)
            raise
        finally:
            self.idle = True
            self._busy = False
        if outbox or self._sending is not None:
            self.flush()

    def write_soon(self, data: bytes | bytearray) -> None:
        """Send ``data`` together with other requests of this moment, unless no other request is under way.

        One system call for many requests makes many requests in flight fast. They are sent by a thread that
        begins to wait, by the callback thread when it has nothing more to do, by the thread that adds the last request
        of a full batch, and at the latest by the I/O thread within a millisecond.
        """
        taken = False
        outbox = self._outbox
        if len(self.connection.pending) <= 1 or len(data) >= _BATCH_SIZE:
            self.write(data)
            return
        one = (data,)
        outbox += one
        taken = True  # noqa: F841  # as in `write`
        self._kept(data)
        if len(outbox) >= _BATCH_COUNT:
            self.flush()
        else:
            self._owner.flush_later(self)

    def _kept(self, data: Any) -> None:
        """Count ``data``, which was added to the outbox."""
        self._unsent += len(data)
        if self._unsent > self._most_unsent:
            self._check_unsent()

    def _check_unsent(self) -> None:
        self._unsent = sum(map(len, list(self._outbox)))
        self.full = self._unsent > self._most_unsent

    def flush(self) -> None:
        """Send what waits. If another thread is sending, leave it to that one; if the stream is full, to `writable`."""
        outbox = self._outbox
        me = get_ident()
        while (outbox or self._sending is not None) and not (self.broken or self._blocked):
            if self._busy:
                if self._writer == me:
                    # The thread was interrupted while it was sending, and goes on with what is left afterwards.
                    self._drain()
                return
            try:
                del self.idle
            except AttributeError:
                continue  # another thread was faster: see again
            try:
                self._writer = me
                self._busy = True
                self._drain()
            finally:
                self.idle = True
                self._busy = False

    def repair(self) -> None:
        """Do what an interrupted thread may have left undone. On the I/O thread, regularly."""
        self._blocked = False  # the thread that set this may have been interrupted before it began to watch
        self.rest()
        self.reading.repair()
        self.flush_or_fail()
        if self._interruptions != self._handled and not self.reading.claimed():
            self.readable()

    def rest(self) -> None:
        """Give back memory that was not used for a while; only compiled code keeps any. On the I/O thread."""

    def flush_or_fail(self) -> None:
        """Send what waits, and give the stream up if that is not possible. On the I/O thread."""
        try:
            self.flush()
        except BaseException as e:
            self.fail(ConnectionAbortedError(f"sending failed with {type(e).__name__}: {e}"))
            raise

    def _drain(self) -> None:
        """Send until the outbox is empty or the stream takes no more. This thread has claimed the sending."""
        try:
            self._send_outbox()
        except OSError as e:
            self._send_failed(e)
        except BaseException:
            self._owner.flush_later(self)
            raise

    def _send_outbox(self) -> None:
        self._drains += 1
        outbox = self._outbox
        while True:
            self._settle()
            if not outbox:
                self._unsent = 0
                self.full = False
                return
            # Each step is checked again right before it is made, with nothing in between: code that interrupts this
            # thread may have sent meanwhile.
            drains = self._drains
            data, taken = _first_data(outbox)
            if self._drains != drains or self._sending is not None:
                continue
            self._sent = 0
            self._sending = data
            del outbox[taken]
            sending = map(self._send, (data,), _SEND_FLAGS)
            if self._sending is data:
                for self._sent in sending:
                    pass
            self._unsent -= len(data)
            self.full = self.full and self._unsent > self._most_unsent

    def _settle(self) -> None:
        """Account for what was given to the stream: what it has not taken is sent next."""
        data, sent = self._sending, self._sent
        if data is None:
            return
        if sent >= len(data):
            if self._sending is data:
                self._sending = None
            return
        rest = memoryview(data)[sent:]
        put_back = self._outbox.insert
        if self._sending is data:
            self._sending = None
            put_back(0, rest)

    def _send_failed(self, error: OSError) -> None:
        """Handle what the stream raised, and raise what it did not."""
        if not raised_by_stream(error):
            self._owner.flush_later(self)
            raise error
        self._stream_refused(error)

    def _stream_refused(self, error: OSError) -> None:
        """Handle that the stream does not take what is in ``_sending``."""
        if isinstance(error, BlockingIOError | InterruptedError):
            # In this order: `writable` may run at once, and finds this thread still sending.
            self._blocked = True
            self._watch.add(WRITE)
        else:
            self._outbox.clear()
            self._sending = None
            self.fail(error)

    def writable(self) -> None:
        """Send what waits, since the stream takes data again. On the I/O thread."""
        self._watch.remove(WRITE)
        self._blocked = False
        self.flush()

    # --- reading ----------------------------------------------------------------------------------------------

    def readable(self) -> None:
        """Read what is there, unless a caller does. On the I/O thread."""
        reading = self.reading
        me = get_ident()
        try:
            del reading.free
        except AttributeError:
            reading.found_leader()
            return
        try:
            reading.thread = me
            reading.busy = True
            self.read(_DONT_WAIT)
            if self._stream.buffered:
                self._read_buffered()
        finally:
            reading.free = True
            reading.busy = False
        reading.nominate()

    def wait(self, call: Pending, invocation: Invocation, timeout: float | None) -> None:
        """Wait until ``call`` is done or its reply cannot come here. Read here, if no other thread does.

        This may return earlier, and does so with a timeout (in seconds) after the first input. One with a deadline
        returns after each receive, so that its caller can look whether the deadline is near. Not on the I/O thread.
        """
        reading, connection = self.reading, self.connection
        me = get_ident()
        if me == self._owner.io_thread:
            raise waits_for_itself(invocation.op.method.name)
        if self._busy and self._writer == me:
            # This thread was interrupted while it was sending, by the code that waits now. Nobody else sends.
            self._drain()
            timeout = SERVE_INTERVAL if timeout is None else min(timeout, SERVE_INTERVAL)
        if reading.busy:
            self._wait_for_others(call, invocation, timeout, me)
            return
        try:
            del reading.free
        except AttributeError:
            return  # another thread was faster: see again
        try:
            reading.thread = me
            reading.busy = True
            if connection.listening:
                reading.begun_leading()
            if timeout is None and isinstance(call, BlockingCall):
                # A blocking call, without the steps that others need.
                read = self.read
                while not (invocation.finished or self.broken) and invocation.connection is connection:
                    read()
                    if invocation.op.deadline is not None:
                        break
                if self._stream.buffered:
                    self._read_buffered()
            else:
                self._lead(call, invocation, timeout)
        finally:
            # First of all, so that nothing can interrupt the thread before.
            reading.free = True
            reading.busy = False
            reading.turns += 1
            if (
                reading.followers
                or connection.pending
                or connection.listening
                or reading.state is _LEFT_TO_LEADER
            ):
                reading.stopped_leading()

    def _wait_for_others(self, call: Pending, invocation: Invocation, timeout: float | None, me: int) -> None:
        reading = self.reading
        if reading.thread == me and reading.claimed_by(me):
            # This thread was interrupted while it was reading, by the code that waits now.
            self._process()
            self._lead(call, invocation, timeout)
            return
        if self._owner.several and self.serve(me):
            timeout = SERVE_INTERVAL if timeout is None else min(timeout, SERVE_INTERVAL)
        reading.follow(call, timeout)

    def serve(self, thread: int) -> bool:
        """Process the input of all streams that ``thread``, the calling one, reads; return whether there are any.

        Before it waits for another thread: that one may wait for one of these streams.
        """
        reads = [transport for transport in self._owner.transports() if transport.reading.claimed_by(thread)]
        for transport in reads:
            transport._process()
            transport.read(_DONT_WAIT)
        return bool(reads)

    def _lead(self, call: Pending, invocation: Invocation, timeout: float | None) -> None:
        """Read until ``call`` is done or its reply cannot come here. This thread has claimed the reading."""
        connection, done = self.connection, call.done
        while not (invocation.finished or done() or self.broken) and invocation.connection is connection:
            if timeout is None:
                self.read()
                if invocation.op.deadline is None:
                    continue
            elif self._interruptions != self._handled or self._stream.wait_readable(timeout):
                self.read(_DONT_WAIT)
            break
        if self._stream.buffered:
            self._read_buffered()

    def _read_buffered(self) -> None:
        """Read what the readiness of the descriptor will not show to the next reader."""
        while self._stream.buffered and not self.broken:
            self.read(_DONT_WAIT)

    def read(self, flags: tuple[int] = _WAIT) -> None:
        """Receive once, waiting for input unless ``flags`` forbid it. This thread has claimed the reading."""
        connection = self.connection
        reader = connection.reader
        try:
            if self._interruptions != self._handled:
                self._process()
                return
            # What is received is stored before anything else can happen, so it cannot be lost.
            receiving = map(self._receive, reader.receive_sizes, flags)
            for reader.received in receiving:
                pass
            if not reader.received:
                self._ended()
                return
            connection.heard = True
            reader.split()
            connection.deliver(connection, reader.ready)
        except BaseException as e:
            self._interruptions += 1
            self._read_failed(e)

    def _ended(self) -> None:
        if self.connection.reader.received is not None:
            self.fail(ConnectionResetError("the member closed the connection"))
        # Otherwise it was processed by code that interrupted this thread.

    def _read_failed(self, error: BaseException) -> None:
        """Handle what the stream raised, and raise what it did not."""
        if isinstance(error, OSError) and raised_by_stream(error):
            self._interruptions -= 1
            self._stream_ended(error)
        elif isinstance(error, HazelcastProtocolError):
            self.fail(error)
        else:
            # Not about the stream: a signal handler has raised it, for example. Another thread goes on.
            self._owner.call_soon(self.readable)
            raise error

    def _stream_ended(self, error: OSError) -> None:
        """Handle an error of the stream: it may only have nothing now."""
        if not isinstance(error, BlockingIOError | InterruptedError):
            self.fail(error)

    def _process(self) -> None:
        """Split and deliver what an interrupted thread has left."""
        interruptions = self._interruptions
        connection = self.connection
        reader = connection.reader
        try:
            if reader.received:
                reader.split()
            connection.deliver(connection, reader.ready)
        except BaseException:
            self._interruptions += 1
            raise
        self._handled = interruptions

    def check_later(self) -> None:
        """See :class:`hz_core.drivers.read_handover.HandoverOwner`."""
        self._owner.check_later(self.reading)

    def check_is_near(self) -> bool:
        """See :class:`hz_core.drivers.read_handover.HandoverOwner`."""
        return self._owner.ticking

    def facts(self) -> SocketFacts:
        """See :class:`hz_core.connection.Transport`."""
        return self._stream.facts()

    # --- the end ----------------------------------------------------------------------------------------------

    def fail(self, error: Exception) -> None:
        """Tell the connection that the stream is of no more use."""
        if not self.broken:
            connection = self.connection
            self._owner.call_soon(lambda: connection.on_socket_closed(error))
            self.broken = True

    def close(self) -> None:
        """Close the stream; a thread that blocks in it returns. On the I/O thread."""
        if self._closing:
            return
        self._closing = True
        self._watch.end()
        self.reading.close()
        self.broken = True
        self._stream.shutdown()
        self._owner.closing(self)
        self.reading.wake_all()

    def forked(self) -> None:
        """Close the descriptor, in a forked child, where it is a copy: the parent goes on with the stream."""
        self.broken = self._closing = True
        self._watch.forked()
        self._stream.close()

    def free(self) -> bool:
        """Free the descriptor of a closed stream, unless a thread uses it; return whether it was freed.

        A thread that comes later finds a closed stream, so the claims are not given back.
        """
        reading = self.reading
        try:
            del self.idle
        except AttributeError:
            return False
        try:
            del reading.free
        except AttributeError:
            self.idle = True
            return False
        self._stream.close()
        return True


def waits_for_itself(what: str) -> WaitsForItselfError:
    """Return the error of a call that waits on the I/O thread."""
    return WaitsForItselfError(
        f"{what} would wait for itself: it was called on the I/O thread of the client, by a deserializer, a finalizer,"
        " a load balancer or a logging handler, for example. Do not wait for the client there: use futures with"
        " callbacks, or another thread"
    )


def _first_data(outbox: list[Any]) -> tuple[Any, slice]:
    """Return what is to be sent next, several small requests joined, and the part of ``outbox`` that it is."""
    # Only the thread that sends, or code that interrupts it, removes anything, so there are as many as it sees.
    if len(outbox) == 1:
        return outbox[0], _FIRST
    first = outbox[:_JOINED_COUNT]
    if sum(map(len, first)) > _BATCH_SIZE:
        size = count = 0
        for data in first:
            size += len(data)
            if count and size > _BATCH_SIZE:
                break
            count += 1
        if count == 1:
            return first[0], _FIRST
        del first[count:]
    return b"".join(first), slice(len(first))
