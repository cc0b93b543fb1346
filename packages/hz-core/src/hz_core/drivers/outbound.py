"""What happens to a new socket before TLS and the authentication: its local port, and the user's interceptor."""

import errno
import os
import random
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from hz_core.addresses import parse_ports
from hz_core.drivers.sockets import AddressInfo, SocketOption, new_socket
from hz_core.model import Address
from hz_core.promise import Promise

_TAKEN: Final = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
"""Errors that say that a local port cannot be used, so that the next one is tried."""

Interceptor = Callable[[socket.socket, tuple[str, int]], object]


class OutboundPortsError(ConnectionError):
    """None of the local ports that the connections may use is free."""


class Outbound:
    """Makes the sockets of one client.

    Args:
        options: Triples for ``setsockopt``.
        ports: Definitions of the local ports, for example ``"33000-33100"``; none for any port.
        interceptor: Called with each connected socket.
        run_blocking: Calls a function that may wait; see :class:`hz_core.io.IO`.
    """

    def __init__(
        self,
        options: Sequence[SocketOption] = (),
        ports: Sequence[str | int] = (),
        interceptor: Interceptor | None = None,
        run_blocking: Callable[[Callable[[], Any], Promise], None] | None = None,
    ) -> None:
        self.intercepts: bool = interceptor is not None
        self._options = options
        self._definition = ", ".join(map(str, ports))
        self._ports = parse_ports(ports)
        # Clients that start at the same time begin with different ports.
        self._next = random.randrange(len(self._ports)) if self._ports else 0
        self._interceptor = interceptor
        self._run_blocking = run_blocking

    def sockets(self, info: AddressInfo) -> Iterator[socket.socket]:
        """Return non-blocking sockets to try one after the other, each with another local port.

        A further one is only asked for if ``taken`` says so of the error of the one before; none is left of the last
        when ``exhausted`` is to be raised.

        Raises:
            OSError, OverflowError, TypeError, ValueError: an option cannot be set.
        """
        if not self._ports:
            yield new_socket(info, self._options)
            return
        left = len(self._ports)
        while left > 0:
            sock = new_socket(info, self._options)
            try:
                tried = self._bind(sock, info, left)
            except BaseException:
                sock.close()
                raise
            if not tried:
                sock.close()
                return
            left -= tried
            yield sock

    def taken(self, error: OSError) -> bool:
        """Return whether connecting has failed because of the local port."""
        return bool(self._ports) and error.errno in _TAKEN

    def exhausted(self) -> OutboundPortsError:
        """Return the error for a connection that has found no local port."""
        return OutboundPortsError(
            f"none of the {len(self._ports)} local ports of outbound_ports ({self._definition}) is free for this"
            " connection: allow more ports, at least one for each member"
        )

    def _bind(self, sock: socket.socket, info: AddressInfo, most: int) -> int:
        """Bind to the next port that is free; return how many were tried, 0 if none of ``most`` is free."""
        if os.name == "posix":
            # The port of a connection that has just ended can be used again. Elsewhere, this would mean more than that.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for tried in range(1, most + 1):
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            try:
                sock.bind(("::" if info[0] == socket.AF_INET6 else "", port))
            except OSError as e:
                if e.errno not in _TAKEN:
                    raise
            else:
                return tried
        return 0

    def intercept(
        self, sock: socket.socket, address: Address, seconds: float | None, promise: Promise
    ) -> None:
        """Call the interceptor on another thread; ``promise`` is completed on the I/O side.

        It gets a duplicate of the socket, so that ``sock`` can be closed at any time.

        Args:
            sock: The connected socket; not to be used before ``promise`` is completed.
            address: The member's address.
            seconds: The time limit of the socket, None for none.
            promise: Receives None, or the ConnectionError that the interceptor has failed.
        """
        assert self._interceptor is not None
        assert self._run_blocking is not None
        try:
            copy = sock.dup()
        except OSError as e:
            promise.set_exception(e)
            return
        self._run_blocking(partial(_intercept, self._interceptor, copy, address, seconds), promise)


def _intercept(
    interceptor: Interceptor, sock: socket.socket, address: Address, seconds: float | None
) -> None:
    with sock:
        sock.settimeout(seconds)
        try:
            interceptor(sock, (address.host, address.port))
        except Exception as e:
            raise ConnectionError(f"socket_interceptor failed: {type(e).__name__}: {e}") from e
        if sock.fileno() < 0:
            raise ConnectionError("socket_interceptor has closed the socket")
        sock.setblocking(False)
