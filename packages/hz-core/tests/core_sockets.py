"""Simulated members behind real sockets on the loopback, all in one thread, so that they need no locks."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core_tls import TlsRelay
from hz_core.model import Address
from hz_core.testing import SimulatedCluster, SimulatedMember

RECEIVE = 1 << 18
PATIENCE = 30.0
"""Seconds after which a test that hangs fails; never reached otherwise."""


def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds which no event tells, because another thread or the other end changes it."""
    tick = threading.Event()
    for _ in range(int(PATIENCE * 200)):
        if condition():
            return
        tick.wait(0.005)
    raise TimeoutError


class SocketPipe:
    """A member's end of one socket."""

    def __init__(self, server: SocketCluster, member: SimulatedMember, sock: socket.socket) -> None:
        self.server = server
        self.member = member
        self.sock = sock
        self.piece = 1 << 20
        self._outbox: deque[memoryview] = deque()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.selector.register(sock, selectors.EVENT_READ, self.ready)
        member.connected(self)

    def send(self, data: bytes) -> None:
        """Send bytes to the client, in pieces of at most `piece`."""
        self._outbox.extend(memoryview(data)[i : i + self.piece] for i in range(0, len(data), self.piece))
        self._flush()

    def _flush(self) -> None:
        if self.sock.fileno() < 0:
            return
        try:
            while self._outbox:
                sent = self.sock.send(self._outbox[0])
                if sent < len(self._outbox[0]):
                    self._outbox[0] = self._outbox[0][sent:]
                else:
                    self._outbox.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self.cut()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
        self.server.selector.modify(self.sock, events, self.ready)

    def ready(self, events: int) -> None:
        """The socket can be read or written."""
        if events & selectors.EVENT_WRITE:
            self._flush()
        if events & selectors.EVENT_READ and self.sock.fileno() >= 0:
            try:
                data = self.sock.recv(RECEIVE)
            except OSError:
                data = b""
            if data:
                self.member.received(self, data)
            else:
                self.cut()

    def cut(self) -> None:
        """Close the socket."""
        if self.sock.fileno() >= 0:
            self.server.selector.unregister(self.sock)
            self.sock.close()
            self._outbox.clear()
            self.member.closed(self)


class SocketCluster:
    """Simulated members that listen on ports of the loopback. Touch the cluster through :meth:`do` only.

    With a relay the members' addresses are those of its ports, and clients reach the members through it.
    """

    def __init__(self, members: int = 1, relay: TlsRelay | None = None) -> None:
        self.relay = relay
        self.selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], object]] = deque()
        self._woken, self._waker = socket.socketpair()
        self.selector.register(self._woken, selectors.EVENT_READ, self._wake)
        self.cluster = SimulatedCluster(0)
        self.listening: dict[SimulatedMember, socket.socket] = {}
        self._stopped = False
        self._unread: list[SocketPipe] = []
        for _ in range(members):
            self.add()
        self.cluster.spread()
        self._thread = threading.Thread(target=self._run, name="simulated-members", daemon=True)
        self._thread.start()

    def add(self) -> SimulatedMember:
        """Add a member that listens."""
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        member = self.cluster.add(Address("127.0.0.1", self.relay.open(port) if self.relay else port))
        self._listen(member, listener)
        return member

    def _listen(self, member: SimulatedMember, listener: socket.socket) -> None:
        listener.setblocking(False)
        self.listening[member] = listener

        def accept(events: int) -> None:
            with suppress(OSError):  # the client may be gone already
                SocketPipe(self, member, listener.accept()[0])

        self.selector.register(listener, selectors.EVENT_READ, accept)

    def refuse(self) -> None:
        """Break all connections, and refuse new ones. In the members' thread."""
        for member in self.cluster.members:
            if self.relay:
                self.relay.close(member.address.port)
            else:
                self._stop_listening(member)
        self.cluster.cut_all()

    def stop_reading(self) -> None:
        """Read nothing more from any connection. In the members' thread."""
        for key in list(self.selector.get_map().values()):
            if isinstance(getattr(key.data, "__self__", None), SocketPipe):
                self.selector.unregister(key.fileobj)
                self._unread.append(key.data.__self__)

    def read_again(self) -> None:
        """Read what was sent meanwhile. In the members' thread."""
        for pipe in self._unread:
            self.selector.register(pipe.sock, selectors.EVENT_READ, pipe.ready)
        self._unread.clear()

    def accept(self) -> None:
        """Accept connections again. In the members' thread."""
        for member in self.cluster.members:
            port = member.address.port
            if self.relay:
                self.relay.open(self.listening[member].getsockname()[1], port)
            else:
                self._listen(member, socket.create_server(("127.0.0.1", port)))

    def _stop_listening(self, member: SimulatedMember) -> None:
        listener = self.listening.pop(member)
        self.selector.unregister(listener)
        listener.close()

    @property
    def addresses(self) -> list[str]:
        """The members' addresses."""
        return [str(member.address) for member in self.cluster.members]

    def do(self, action: Callable[[], Any]) -> Any:
        """Run `action` in the members' thread and return what it returns."""
        done = threading.Event()
        results: list[Any] = []

        def run() -> None:
            try:
                results.append(action())
            finally:
                done.set()

        self._calls.append(run)
        self._waker.send(b"\0")
        assert done.wait(PATIENCE)
        return results[0]

    def _wake(self, events: int) -> None:
        for _ in self._woken.recv(4096):
            if self._calls:
                self._calls.popleft()()

    def _run(self) -> None:
        while not self._stopped:
            for key, events in self.selector.select():
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.fileobj is key.fileobj:
                    key.data(events)

    def stop(self) -> None:
        """Close everything."""

        def close() -> None:
            self._stopped = True
            for member in list(self.listening):
                member.cut_all()
                self._stop_listening(member)

        self.do(close)
        self._thread.join(PATIENCE)
        self.selector.close()
        self._woken.close()
        self._waker.close()
        if self.relay:
            self.relay.stop()
