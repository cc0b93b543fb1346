"""Simulated members behind real sockets on the loopback, all in one thread, so that they need no locks."""

from __future__ import annotations

import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hz_core.model import Address

sys.path.insert(0, str(Path(__file__).parent))
from core_simulation import SimulatedCluster, SimulatedMember

RECEIVE = 1 << 18
PATIENCE = 30.0
"""Seconds after which a test that hangs fails; never reached otherwise."""


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
    """Simulated members that listen on ports of the loopback. Touch the cluster through :meth:`do` only."""

    def __init__(self, members: int = 1) -> None:
        self.selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], object]] = deque()
        self._woken, self._waker = socket.socketpair()
        self.selector.register(self._woken, selectors.EVENT_READ, self._wake)
        self.cluster = SimulatedCluster(0)
        self.listening: dict[SimulatedMember, socket.socket] = {}
        self._stopped = False
        for _ in range(members):
            self.add()
        self.cluster.spread()
        self._thread = threading.Thread(target=self._run, name="simulated-members", daemon=True)
        self._thread.start()

    def add(self, port: int = 0) -> SimulatedMember:
        """Add a member that listens."""
        listener = socket.create_server(("127.0.0.1", port))
        listener.setblocking(False)
        member = self.cluster.add(Address("127.0.0.1", listener.getsockname()[1]))
        self.listening[member] = listener

        def accept(events: int) -> None:
            with suppress(OSError):  # the client may be gone already
                SocketPipe(self, member, listener.accept()[0])

        self.selector.register(listener, selectors.EVENT_READ, accept)
        return member

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
            for member, listener in self.listening.items():
                member.cut_all()
                self.selector.unregister(listener)
                listener.close()

        self.do(close)
        self._thread.join(PATIENCE)
        self.selector.close()
        self._woken.close()
        self._waker.close()
