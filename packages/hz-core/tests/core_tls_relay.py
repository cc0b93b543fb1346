"""TLS in front of members that have none: a relay that ends TLS."""

import socket
import ssl
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE

from core_selector_thread import PATIENCE, SelectorThread
from core_tls import server_context

RECEIVE = 1 << 17
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
MOST_WAITING = 1 << 16
"""Bytes that may wait for one end before no more are read from the other."""


class TlsRelay:
    """Listens with TLS, and passes the bytes on to plain ports of the loopback, from a thread of its own."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context or server_context()
        self.thread = SelectorThread("tls-relay")
        self.relayed: set[Relayed] = set()
        self._listeners: dict[int, socket.socket] = {}

    def open(self, plain_port: int, port: int = 0) -> int:
        """Listen, for the member at `plain_port`; return the port."""
        listener = socket.create_server(("127.0.0.1", port))
        where: int = listener.getsockname()[1]

        def listen() -> None:
            self._listeners[where] = listener
            self.thread.listen(listener, lambda sock: self.relayed.add(Relayed(self, sock, plain_port)))

        self.thread.do(listen)
        return where

    def connections(self) -> int:
        """Return how many connections there are, with those that are being closed."""
        return self.thread.do(lambda: len(self.relayed))

    def close(self, port: int) -> None:
        """Stop listening at a port; connections stay."""
        self.thread.do(lambda: self.thread.close(self._listeners.pop(port)))

    def cut_raggedly(self) -> None:
        """Break all connections without the closing message of TLS."""
        self.thread.do(self._cut_all)

    def _cut_all(self) -> None:
        for relayed in list(self.relayed):
            relayed.cut()

    def stop(self) -> None:
        """Close everything."""

        def close() -> None:
            for listener in self._listeners.values():
                self.thread.close(listener)
            self._cut_all()

        self.thread.stop(close)


class Relayed:
    """One connection: what the client sends, the member gets, and the other way round."""

    def __init__(self, relay: TlsRelay, accepted: socket.socket, plain_port: int) -> None:
        self._relay = relay
        self._plain_port = plain_port
        sock = relay.context.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        self._ends = [End(sock)]
        self._refused = False
        self._watch(self._ends[0], EVENT_READ)

    def cut(self) -> None:
        """Close both sockets; what has not been passed on is lost."""
        for end in self._ends:
            self._relay.thread.close(end.sock)
        self._relay.relayed.discard(self)

    def _watch(self, end: "End", events: int) -> None:
        self._relay.thread.watch(end.sock, events, self._ready)

    def _ready(self, events: int) -> None:
        try:
            if self._refused:
                if not self._ends[0].sock.recv(RECEIVE):
                    self.cut()
            elif len(self._ends) == 2 or self._shake_hands():
                self._pass_on()
        except OSError:
            self.cut()

    def _shake_hands(self) -> bool:
        """Go on with the handshake, and then connect to the member; return whether this is done."""
        (front,) = self._ends
        assert isinstance(front.sock, ssl.SSLSocket)
        try:
            front.sock.do_handshake()
        except ssl.SSLWantReadError:
            self._watch(front, EVENT_READ)
            return False
        except ssl.SSLWantWriteError:
            self._watch(front, EVENT_WRITE)
            return False
        except ssl.SSLError:
            # It has said why. The system would reset the connection if what the client has sent were not read.
            self._refused = True
            front.sock.shutdown(socket.SHUT_WR)
            self._watch(front, EVENT_READ)
            return False
        back = socket.create_connection(("127.0.0.1", self._plain_port), PATIENCE)
        back.setblocking(False)
        back.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ends.append(End(back))
        return True

    def _pass_on(self) -> None:
        front, back = self._ends
        while any([back.take_from(front), front.take_from(back)]):
            pass
        for end, other in ((front, back), (back, front)):
            reads = EVENT_READ if other.has_room and not end.over else 0
            self._watch(end, reads | (EVENT_WRITE if end.waiting else 0))
        if front.over and back.over:
            self.cut()


class End:
    """One of the two sockets of a connection.

    Attributes:
        over: Whether the other side has closed it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.over = False
        self._outbox = bytearray()
        self._closing = False

    @property
    def waiting(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._outbox)

    @property
    def has_room(self) -> bool:
        """Whether more may be given to it."""
        return len(self._outbox) < MOST_WAITING

    def take_from(self, other: "End") -> bool:
        """Send what the other end has received, or close as that one was closed; return whether bytes were moved."""
        moved = False
        if self.has_room and not other.over:
            with suppress(*NOT_NOW):
                data = other.sock.recv(RECEIVE)
                moved = True
                other.over = not data
                self._outbox += data
        if self.over:
            self._outbox.clear()  # nobody reads it any more
        if self._outbox:
            with suppress(*NOT_NOW):
                del self._outbox[: self.sock.send(self._outbox)]
                moved = True
        if other.over and not self._outbox and not self._closing:
            self._close()
        return moved

    def _close(self) -> None:
        """Tell the other side that nothing more comes. It closes then, which is waited for: it may still read."""
        self._closing = True
        if isinstance(self.sock, ssl.SSLSocket):
            with suppress(ssl.SSLError):  # the closing message of the other side is still to come
                self.sock.unwrap()
        self.sock.shutdown(socket.SHUT_WR)
