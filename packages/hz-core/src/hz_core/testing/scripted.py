"""The driver for tests: no sockets, no threads, no clock. A script is the network, and the test moves the time.

Everything that happens is an event of one ordered queue, so a run is the same each time for the same seed, and
minutes of lost connections pass in milliseconds.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random
from typing import Any, Final, TypeAlias

from hz_core.connection import Connection, SocketFacts
from hz_core.discovery import Discovery
from hz_core.future import Future
from hz_core.io import Mutex, Randomness
from hz_core.log import get_logger
from hz_core.model import Address
from hz_core.promise import Promise
from hz_core.testing.network import Accept, Answer, Delay, Peer, Refuse
from hz_core.wire.frames import HazelcastProtocolError

_logger = get_logger("io")

_MOST_AT_ONCE: Final = 1_000_000
"""So many events without any time passing mean that they cause each other without end."""


Script: TypeAlias = Callable[[Address], Answer]
Cut: TypeAlias = Callable[[bytes], Iterable[bytes]]
"""Cuts what a peer sends into the pieces that the client receives separately."""


def whole(data: bytes) -> Iterable[bytes]:
    """Pass the bytes on as they were sent."""
    return (data,)


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    """Pass each byte on separately."""
    return (data[i : i + 1] for i in range(len(data)))


def random_cuts(random: Random, longest: int = 64) -> Cut:
    """Pass the bytes on in random pieces of at most ``longest`` bytes."""

    def cut(data: bytes) -> Iterator[bytes]:
        start = 0
        while start < len(data):
            end = start + random.randint(1, longest)
            yield data[start:end]
            start = end

    return cut


class Outcome:
    """A promise that remembers what it was completed with, and how often.

    Attributes:
        result: The value, None before there is one.
        error: The error, None while there is none.
        times: How often it was completed; more than once is a bug.
        invocation: The invocation that completes it, if there is one.
    """

    __slots__ = ("_cancelled", "error", "invocation", "result", "times")

    def __init__(self) -> None:
        self.invocation: Any = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.times: int = 0
        self._cancelled = False

    @property
    def done(self) -> bool:
        """Whether it was completed or cancelled."""
        return self.times > 0 or self._cancelled

    def cancel(self) -> None:
        """Give the outcome up."""
        self._cancelled = True

    def abandon(self) -> None:
        """Give the outcome up, and free the entry of its invocation, as a future does when it is cancelled."""
        self.cancel()
        if self.invocation is not None:
            self.invocation.forget()

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self._cancelled

    def set_result(self, result: Any, /) -> None:
        """Take the value."""
        self.times += 1
        self.result = result

    def set_exception(self, exception: BaseException, /) -> None:
        """Take the error."""
        self.times += 1
        self.error = exception

    def __repr__(self) -> str:
        return f"Outcome(times={self.times}, result={self.result!r}, error={self.error!r})"


class Event:
    """A call to be made at its time; also the :class:`hz_core.io.Timer` for it."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Drop the call."""
        self.callback = None


class Link:
    """One connection, seen from the peer; the client's side has it as its transport.

    Attributes:
        address: Where the client connected to.
        cut_up: How bytes for the client are cut; :func:`whole` unless set.
        latency: Seconds that bytes take, either way.
        pace: Seconds between two pieces that the client receives.
        deaf: While True, all bytes vanish, either way, and nobody notices.
        open: False once either side has closed it.
        sent: Bytes that the client has written so far.
        full: Set it to let the client believe that too much waits to be sent.
        received: Bytes that the client has received so far.
        under_way: How many pieces have been sent, either way, and have not arrived so far.
    """

    def __init__(
        self, driver: "ScriptedDriver", address: Address, connection: Connection, peer: Peer
    ) -> None:
        self.address = address
        self.cut_up: Cut = whole
        self.latency: float = 0.0
        self.pace: float = 0.0
        self.deaf = False
        self.open: bool = True
        self.sent: int = 0
        self.full = False
        self.received: int = 0
        self.under_way: int = 0
        self._driver = driver
        self._connection = connection
        self._peer = peer
        self._arrivals = [driver.now(), driver.now()]

    # --- the peer's end ---------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send ``data`` to the client."""
        for piece in self.cut_up(data):
            self._travel(0, partial(self._deliver, piece), self.pace)

    def cut(self, error: OSError | None = None) -> None:
        """Break the connection with ``error`` for the client. What is under way is lost."""
        if self.open:
            self.open = False
            reason = error or ConnectionResetError("cut by the script")
            self._driver.call_soon(lambda: self._connection.on_socket_closed(reason))
            self._driver.call_soon(lambda: self._peer.closed(self))

    def _deliver(self, data: bytes) -> None:
        reader = self._connection.reader
        while data and self.open and not self.deaf:
            try:
                wanted = reader.receive_sizes[0]
                piece, data = data[:wanted], data[wanted:]
                self._connection.heard = True
                self.received += len(piece)
                messages = reader.feed(piece)
            except HazelcastProtocolError as e:
                self._connection.on_socket_closed(e)
                return
            if messages:
                self._connection.deliver(self._connection, messages)

    # --- the client's end (Transport) -------------------------------------------------------------------------

    def write(self, data: bytes | bytearray) -> None:
        """Take ``data`` of the client to the peer."""
        if self.open:
            self.sent += len(data)
            copy = bytes(data)
            self._travel(1, partial(self._arrive, copy))

    write_soon = write

    def close(self) -> None:
        """Close the connection for the client."""
        if self.open:
            self.open = False
            self._driver.call_soon(lambda: self._peer.closed(self))

    def facts(self) -> SocketFacts:
        """Return the bytes so far, from an address that depends on nothing but the number of the connection."""
        return SocketFacts(Address("10.1.0.1", 40_000 + self._connection.id), self.sent, self.received)

    def _arrive(self, data: bytes) -> None:
        if self.open and not self.deaf:
            self._peer.received(self, data)

    def _travel(self, way: int, arrive: Callable[[], None], pace: float = 0.0) -> None:
        # What was sent first arrives first, also when the latency was changed in between.
        at = max(self._arrivals[way] + pace, self._driver.now() + self.latency)
        self._arrivals[way] = at
        self.under_way += 1
        self._driver.call_later(at - self._driver.now(), partial(self._arrived, arrive))

    def _arrived(self, arrive: Callable[[], None]) -> None:
        self.under_way -= 1
        arrive()


class ScriptedDriver:
    """A network that follows a script, and a clock that stands still (see :class:`hz_core.io.IO`).

    The method that moves the time raises an exception that escapes from an event: it is a bug.

    Args:
        script: Answers each connection attempt.
        seed: Seed of all randomness, the client's included.
        start: Time to begin with, in seconds.

    Attributes:
        random: The seeded randomness of the client.
        links: Every connection that was accepted, in that order.
        attempts: Every address that was tried, in that order.
    """

    def __init__(self, script: Script, seed: int = 0, start: float = 1000.0) -> None:
        self.random: Randomness = Random(seed)
        self.links: list[Link] = []
        self.attempts: list[Address] = []
        self._script = script
        self._now = start
        self._queue: list[tuple[float, int, Event]] = []
        self._ids = count()

    reads_for_others = False

    # --- IO ---------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` after all that is due already."""
        self.call_later(0.0, callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Event:
        """Run ``callback`` when ``delay`` seconds have been moved on."""
        event = Event(callback)
        heappush(self._queue, (self._now + max(delay, 0.0), next(self._ids), event))
        return event

    @property
    def idle(self) -> bool:
        """Whether nothing more happens before time passes."""
        return not self._queue or self._queue[0][0] > self._now

    @property
    def waiting_calls(self) -> int:
        """How many calls are due now or later."""
        return sum(event.callback is not None for _, _, event in self._queue)

    def run_callback(self, callback: Callable[[], None]) -> None:
        """Run a user's callback as an event of its own; what it raises is logged."""

        def run() -> None:
            try:
                callback()
            except Exception:
                _logger.exception("a callback failed")

        self.call_soon(run)

    def run_blocking(self, function: Callable[[], Any], promise: Promise) -> None:
        """Call ``function`` as an event of its own, in which no time passes."""

        def run() -> None:
            try:
                result = function()
            except Exception as e:
                promise.set_exception(e)
            else:
                promise.set_result(result)

        self.call_soon(run)

    def cloud_discovery(self, token: str, timeout: float) -> Discovery:
        """Refuse: there is no Hazelcast Cloud on the virtual clock; simulate it with the option ``discovery``.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("simulate Hazelcast Cloud with the option discovery")

    def mutex(self) -> Mutex:
        """Return a lock that does nothing: there is one thread."""
        return nullcontext()

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Ask the script about ``address`` and follow its answer."""
        self.attempts.append(address)
        self._follow(self._script(address), connection, address, self._now + (timeout or inf), timeout)

    def _follow(
        self, answer: Answer, connection: Connection, address: Address, deadline: float, timeout: float
    ) -> None:
        if isinstance(answer, Accept):
            self.call_soon(lambda: self._accept(answer.peer, connection, address))
        elif isinstance(answer, Refuse):
            self.call_soon(lambda: connection.on_socket_closed(answer.error))
        elif isinstance(answer, Delay) and self._now + answer.seconds < deadline:
            follow = (answer.then, connection, address, deadline, timeout)
            self.call_later(answer.seconds, lambda: self._follow(*follow))
        elif deadline < inf:
            error = TimeoutError(f"no connection within {timeout:g} s (connection_timeout)")
            self.call_later(deadline - self._now, lambda: connection.on_socket_closed(error))

    def _accept(self, peer: Peer, connection: Connection, address: Address) -> None:
        if not connection.alive:
            return
        link = Link(self, address, connection, peer)
        self.links.append(link)
        peer.connected(link)
        connection.on_socket_opened(link)

    # --- waiting (Waiter) -------------------------------------------------------------------------------------

    def wait(self, future: Future[Any], timeout: float | None, /) -> bool:
        """Advance the time until ``future`` is done, by at most ``timeout`` seconds, so that ``Future.result`` works.

        Raises:
            RuntimeError: nothing is left to happen, so the future would never be done.
        """
        end = inf if timeout is None else self._now + timeout
        self._run(end, future.done)
        if not future.done():
            if timeout is None:
                raise RuntimeError("nothing is left to happen, and the future is not done")
            self._now = max(self._now, end)
        return future.done()

    def in_callback(self) -> bool:
        """Return False: to wait in a callback means to let the time go on, as anywhere."""
        return False

    # --- time -------------------------------------------------------------------------------------------------

    def advance(self, seconds: float = 0.0) -> None:
        """Let ``seconds`` pass, and everything happen that is due by then; 0 lets happen what is due now."""
        until = self._now + seconds
        self._run(until, None)
        self._now = until

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass in which nothing happens, as if the process did not run."""
        self._now += seconds

    def run_until(self, condition: Callable[[], object], limit: float = 60.0) -> None:
        """Let time pass, event by event, until ``condition`` holds.

        Raises:
            TimeoutError: it did not hold within ``limit`` seconds.
        """
        if not self._run(self._now + limit, condition):
            raise TimeoutError(f"the condition did not hold within {limit:g} s of virtual time")

    def _run(self, until: float, condition: Callable[[], object] | None) -> bool:
        queue = self._queue
        at_once = 0
        while condition is None or not condition():
            if not queue or queue[0][0] > until:
                return False
            at, _, event = heappop(queue)
            at_once = at_once + 1 if at <= self._now else 0
            if at_once > _MOST_AT_ONCE:
                raise RuntimeError(f"{at_once} events in a row without any time passing")
            self._now = max(self._now, at)
            if event.callback is not None:
                event.callback()
        return True
