"""The server of a fault proxy: an event loop in a thread that accepts connections and forwards bytes by the rules."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final, TypeVar

from hz_embedded._fault_accept import BACKLOG, Acceptor
from hz_embedded._fault_stream import Connection, OneWay, Rule, linger, matches
from hz_embedded._ports import reserve
from hz_embedded._py4j import LOOPBACK
from hz_embedded.errors import EmbeddedError, PortInUseError

T = TypeVar("T")
_CONNECT_SECONDS: Final = 10.0


class FaultServer:
    """Listens on a loopback port (0 means a free one) and forwards connections to ``target``.

    Raises:
        PortInUseError: The port is taken.
    """

    def __init__(self, target: tuple[str, int], port: int) -> None:
        self._target = target
        self._reservation = reserve(port)
        if self._reservation is not None:
            port = int(self._reservation.getsockname()[1])
        try:
            listener = socket.create_server((LOOPBACK, port), backlog=BACKLOG)
        except OSError as error:
            self._release_port()
            raise PortInUseError(f"a fault proxy cannot listen on {LOOPBACK}:{port}: {error}") from error
        self.port = int(listener.getsockname()[1])
        self.members: Callable[[], Iterable[str]] = list
        self.active: tuple[Rule, ...] = ()
        self.connections: tuple[Connection, ...] = ()
        self._counted = threading.Condition()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._change: asyncio.Event
        self._tasks: set[asyncio.Task[None]] = set()
        self._fresh: set[socket.socket] = set()
        self.acceptor: Acceptor
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listener, ready)),
            name=f"hz-embedded-proxy-{self.port}",
            daemon=True,
        )
        self._thread.start()
        ready.result()

    # The following methods are called from any thread.

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` has been called."""
        return self._closed

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on the proxy's thread and return its result.

        Raises:
            EmbeddedError: The proxy has been closed.
        """
        if self._closed:
            raise EmbeddedError(f"the fault proxy on {LOOPBACK}:{self.port} has been closed; make a new one")
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(action())
            except BaseException as error:
                # Every exception is passed on to the caller.
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return answer.result()

    def count(self, source: str | None) -> int:
        """Return the number of connections from ``source``."""
        return sum(matches(source, connection.source) for connection in self.connections)

    def wait_for(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait for ``condition``, which is checked again whenever a connection starts, ends or is identified."""
        with self._counted:
            return self._counted.wait_for(condition, timeout)

    def close(self) -> None:
        """Reset all connections, stop, and wait for the thread. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._release_port()

    def _release_port(self) -> None:
        if self._reservation is not None:
            self._reservation.close()

    # The following methods are called in the thread of the proxy, by `call`.

    def add(self, rule: Rule) -> None:
        """Activate a rule."""
        self.active = (*self.active, rule)
        if rule.kind == "garbage":
            for connection in self.connections:
                connection.inject(rule)
        self._apply()

    def remove(self, rules: Iterable[Rule]) -> None:
        """Deactivate rules, and reset the connections that lost bytes because of them."""
        gone = [rule for rule in rules if rule in self.active]
        self.active = tuple(rule for rule in self.active if rule not in gone)
        lost = [rule for rule in gone if rule.kind == "drop"]
        for connection in self.connections:
            if connection.lossy and any(matches(rule.source, connection.source) for rule in lost):
                connection.reset()
        self._apply()

    def each(self, source: str | None, action: Callable[[Connection], None]) -> int:
        """Call ``action`` with each connection from ``source``, and return their number."""
        chosen = [connection for connection in self.connections if matches(source, connection.source)]
        for connection in chosen:
            action(connection)
        return len(chosen)

    def _apply(self) -> None:
        slow = [rule for rule in self.active if rule.kind == "accept"]
        limits = [rule.count for rule in slow if rule.count is not None]
        self.acceptor.pace(max((rule.value for rule in slow), default=0.0), min(limits, default=None))
        self._change.set()
        self._change = asyncio.Event()

    async def _serve(self, listener: socket.socket, ready: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._change = asyncio.Event()
        self.acceptor = Acceptor(listener, self._accepted)
        self.acceptor.listen()
        ready.set_result(None)
        await self._stop.wait()
        self.acceptor.refuse()
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for near in self._fresh:
            near.close()

    def _accepted(self, near: socket.socket) -> None:
        near.setblocking(False)
        linger(near, on=True)
        self._fresh.add(near)
        task = self._loop.create_task(self._forward(near))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, near: socket.socket) -> None:
        far = socket.socket()
        far.setblocking(False)
        near_ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._loop.sock_connect(far, self._target)
            # It is too late to refuse the connection: until it is complete, it can only end with a reset.
            linger(far, on=True)
            for end in (near, far):
                # asyncio does so only for sockets whose protocol was named.
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            near_ends = await asyncio.open_connection(sock=near)
            connection = Connection(self, near_ends, await asyncio.open_connection(sock=far))
        except BaseException as error:
            if near_ends is not None:
                near_ends[1].transport.abort()
            else:
                near.close()
            far.close()
            if isinstance(error, OSError):
                return
            raise
        finally:
            self._fresh.discard(near)
        linger(near, on=False)
        linger(far, on=False)
        self._set_connections((*self.connections, connection))
        try:
            await connection.run()
        finally:
            self._set_connections(tuple(other for other in self.connections if other is not connection))

    def _set_connections(self, connections: tuple[Connection, ...]) -> None:
        self.connections = connections
        self.identified()

    # The following methods are called by connections.

    def rules(self, direction: OneWay, source: str) -> list[Rule]:
        """Return the active rules for one direction of a connection from ``source``."""
        return [rule for rule in self.active if rule.hits(direction, source)]

    async def changed(self, seconds: float | None) -> None:
        """Wait until the rules change, at most ``seconds`` (None: without limit)."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._change.wait()

    def known_members(self) -> list[str]:
        """Return ``host:port`` of the members that may connect, without this proxy's own member."""
        own = f"{LOOPBACK}:{self.port}"
        return [address for address in self.members() if address != own]

    def identified(self) -> None:
        """Wake :meth:`wait_for`: a connection has started, ended or been identified."""
        with self._counted:
            self._counted.notify_all()
