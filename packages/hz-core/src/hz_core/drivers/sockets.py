"""What both drivers do the same way with the system's sockets."""

import socket
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from hz_core.model import Address

SocketOption: TypeAlias = tuple[int, int, Any]
"""Arguments of ``setsockopt``."""

AddressInfo: TypeAlias = tuple[Any, Any, int, str, Any]
"""An element of what ``getaddrinfo`` returns."""

RESOLVE_ERRORS: Final = (OSError, ValueError)
"""What ``resolve`` raises; ValueError for what cannot be a name, for example because a part of it is too long."""


def parse_address(address: Address) -> list[AddressInfo] | None:
    """Return what ``getaddrinfo`` would, if the host is an IP address; None if it is a name that must be resolved."""
    try:
        return socket.getaddrinfo(
            _encoded(address.host), address.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except RESOLVE_ERRORS:
        return None


def resolve(address: Address) -> list[AddressInfo]:
    """Return the addresses of a host; blocks until the system knows them.

    Raises:
        OSError, ValueError: the host has no address, or is no name at all.
    """
    return socket.getaddrinfo(_encoded(address.host), address.port, type=socket.SOCK_STREAM)


def _encoded(host: str) -> str | bytes:
    # `getaddrinfo` would load the tables of Unicode for a string, 0.4 MiB, even if it is ASCII.
    return host.encode("ascii") if host.isascii() else host


def new_socket(info: AddressInfo, options: Sequence[SocketOption]) -> socket.socket:
    """Return a new non-blocking socket for an address, with all options set.

    Raises:
        OSError, OverflowError, TypeError, ValueError: an option cannot be set.
    """
    sock = socket.socket(info[0], info[1], info[2])
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for level, name, value in options:
            sock.setsockopt(level, name, value)
    except BaseException:
        sock.close()
        raise
    return sock


def certificate_name(address: Address) -> str:
    """Return the name or IP address that the certificate of a member at ``address`` must have."""
    return address.host.partition("%")[0]  # without the zone of a link-local IPv6 address
