"""The listening socket of a fault proxy: it accepts at once, slowly, not at all, or refuses."""

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable
from typing import Final

from hz_embedded._py4j import LOOPBACK

BACKLOG: Final = 128
"""Connections that the operating system completes before the proxy accepts them."""


class Acceptor:
    """Accepts connections in an event loop, as fast as :meth:`pace` says.

    Args:
        listener: The listening socket.
        on_connection: Called with each accepted connection.
    """

    def __init__(self, listener: socket.socket, on_connection: Callable[[socket.socket], None]) -> None:
        self.port = int(listener.getsockname()[1])
        self._listener: socket.socket | None = listener
        self._on_connection = on_connection
        self._loop = asyncio.get_running_loop()
        self._seconds = 0.0
        self._backlog: int | None = None
        # A connection of the proxy to itself: it takes the one place that Linux leaves with a backlog of 0.
        self._filler: socket.socket | None = None
        self._filled_from: tuple[str, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listening = False

    def listen(self) -> None:
        """Accept connections, also after :meth:`refuse`. Idempotent."""
        if not self._listening:
            listener = self._listener or socket.create_server((LOOPBACK, self.port))
            listener.setblocking(False)
            self._listener = listener
            self._listening = True
            self._set_backlog()
            self._watch()

    def refuse(self) -> None:
        """Stop listening, so that the operating system refuses new connections. Idempotent."""
        if self._listener is not None:
            self._rest()
            self._drop_filler()
            self._listener.close()
            self._listener = None
        self._listening = False

    def pace(self, seconds: float, backlog: int | None) -> None:
        """Let each connection wait before it is accepted.

        Args:
            seconds: Time between a connection and its acceptance, and between two acceptances; infinite for never.
            backlog: Connections that may wait at once; None for as many as the operating system allows. With 0,
                nothing must be accepted.
        """
        self._seconds = seconds
        refill = backlog != self._backlog
        self._backlog = backlog
        if self._listener is not None:
            self._rest()
            if refill:
                self._set_backlog()
            self._watch()

    def _set_backlog(self) -> None:
        listener = self._listener
        assert listener is not None
        self._drop_filler()
        if self._backlog is None:
            listener.listen(BACKLOG)
            return
        # Linux lets one connection more wait than the number that it is given.
        listener.listen(max(self._backlog - 1, 0))
        if self._backlog == 0:
            self._filler = socket.socket()
            self._filler.setblocking(False)
            self._filler.connect_ex((LOOPBACK, self.port))
            self._filled_from = self._filler.getsockname()

    def _drop_filler(self) -> None:
        if self._filler is not None:
            self._filler.close()
            self._filler = None

    def _watch(self) -> None:
        """Wait for the next connection, unless none is to be accepted."""
        if self._listener is not None and self._seconds < math.inf:
            self._loop.add_reader(self._listener, self._ready)

    def _rest(self) -> None:
        """Accept nothing for now."""
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ready(self) -> None:
        if self._seconds:
            self._rest()
            self._timer = self._loop.call_later(self._seconds, self._accept_late)
        else:
            self._accept()

    def _accept_late(self) -> None:
        self._timer = None
        self._accept()
        self._watch()

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):  # the peer has disconnected already
            connection, peer = self._listener.accept()
            if peer == self._filled_from:
                self._filled_from = None
                connection.close()
            else:
                self._on_connection(connection)
