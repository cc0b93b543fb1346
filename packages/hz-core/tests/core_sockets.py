"""Simulated members behind real sockets on the loopback, all in one thread, so that they need no locks."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from core_selector_thread import PATIENCE, SelectorThread
from core_tls_relay import TlsRelay
from hz_core.model import Address
from hz_core.testing import SimulatedCluster, SimulatedMember

T = TypeVar("T")

RECEIVE = 1 << 18


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
        server.thread.watch(sock, selectors.EVENT_READ, self.ready)
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
        self.server.thread.watch(self.sock, events, self.ready)

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
            self.server.thread.close(self.sock)
            self._outbox.clear()
            self.member.closed(self)


class SocketCluster:
    """Simulated members that listen on ports of the loopback. Touch the cluster through :meth:`do` only.

    With a relay the members' addresses are those of its ports, and clients reach the members through it.
    """

    def __init__(self, members: int = 1, relay: TlsRelay | None = None) -> None:
        self.relay = relay
        self.thread = SelectorThread("simulated-members")
        self.cluster = SimulatedCluster(0)
        self.listening: dict[SimulatedMember, socket.socket] = {}
        self._unread: list[SocketPipe] = []
        for _ in range(members):
            self.add()
        self.do(self.cluster.spread)

    def add(self) -> SimulatedMember:
        """Add a member that listens."""
        listener = socket.create_server(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        address = Address("127.0.0.1", self.relay.open(port) if self.relay else port)

        def add() -> SimulatedMember:
            member = self.cluster.add(address)
            self._listen(member, listener)
            return member

        return self.do(add)

    def _listen(self, member: SimulatedMember, listener: socket.socket) -> None:
        self.listening[member] = listener
        self.thread.listen(listener, lambda sock: SocketPipe(self, member, sock))

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
        for key in list(self.thread.selector.get_map().values()):
            if isinstance(getattr(key.data, "__self__", None), SocketPipe):
                self.thread.selector.unregister(key.fileobj)
                self._unread.append(key.data.__self__)

    def read_again(self) -> None:
        """Read what was sent meanwhile. In the members' thread."""
        for pipe in self._unread:
            self.thread.watch(pipe.sock, selectors.EVENT_READ, pipe.ready)
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
        self.thread.close(self.listening.pop(member))

    @property
    def addresses(self) -> list[str]:
        """The members' addresses."""
        return [str(member.address) for member in self.cluster.members]

    def do(self, action: Callable[[], T]) -> T:
        """Run `action` in the members' thread and return what it returns."""
        return self.thread.do(action)

    def stop(self) -> None:
        """Close everything."""

        def close() -> None:
            for member in list(self.listening):
                member.cut_all()
                self._stop_listening(member)

        self.thread.stop(close)
        if self.relay:
            self.relay.stop()
