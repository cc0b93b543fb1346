"""A thread that serves sockets, so that what they share needs no locks."""

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds after which a test that hangs fails; never reached otherwise."""


class SelectorThread:
    """Calls, in a thread of its own, what was registered with `selector`, with the events of each socket."""

    def __init__(self, name: str) -> None:
        self.selector = selectors.DefaultSelector()
        self._calls: deque[Callable[[], object]] = deque()
        self._stopped = False
        self._woken, self._waker = socket.socketpair()
        self.selector.register(self._woken, selectors.EVENT_READ, self._wake)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, action: Callable[[], T]) -> T:
        """Run `action` in the thread, and return what it returns."""
        if threading.current_thread() is self._thread:
            return action()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(action())
            except Exception as e:
                result.set_exception(e)

        self._calls.append(run)
        self._waker.send(b"\0")
        return result.result(PATIENCE)

    def _wake(self, events: int) -> None:
        for _ in self._woken.recv(4096):
            self._calls.popleft()()

    def _run(self) -> None:
        while not self._stopped:
            for key, events in self.selector.select():
                # What was done for another socket may have closed this one, and opened one of the same number.
                now = self.selector.get_map().get(key.fd)
                if now is not None and now.fileobj is key.fileobj:
                    key.data(events)

    def watch(self, sock: socket.socket, events: int, ready: Callable[[int], object]) -> None:
        """Call `ready` at `events`; no events mean never."""
        if sock not in self.selector.get_map():
            if events:
                self.selector.register(sock, events, ready)
        elif events:
            self.selector.modify(sock, events, ready)
        else:
            self.selector.unregister(sock)

    def close(self, sock: socket.socket) -> None:
        """Close a socket, which may be watched."""
        if sock.fileno() >= 0:
            with suppress(KeyError):
                self.selector.unregister(sock)
            sock.close()

    def listen(self, listener: socket.socket, accepted: Callable[[socket.socket], object]) -> None:
        """Call `accepted` with each connection."""
        listener.setblocking(False)

        def accept(events: int) -> None:
            with ExitStack() as stack, suppress(OSError):  # the client may be gone already
                sock = stack.enter_context(listener.accept()[0])
                sock.getpeername()  # raises if it was reset already, when TLS could not close it
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stack.pop_all()
                accepted(sock)

        self.selector.register(listener, selectors.EVENT_READ, accept)

    def stop(self, last: Callable[[], object]) -> None:
        """End the thread after `last`, which closes what it serves."""

        def end() -> None:
            self._stopped = True
            last()

        self.do(end)
        self._thread.join(PATIENCE)
        self.selector.close()
        self._woken.close()
        self._waker.close()
