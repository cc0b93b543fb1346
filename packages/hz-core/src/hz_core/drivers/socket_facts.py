"""What the system knows of a socket, so that operations need not count."""

import socket
import sys
from struct import Struct
from typing import Final

from hz_core.connection import NO_FACTS, SocketFacts
from hz_core.model import Address

# Linux's `struct tcp_info`: `tcpi_bytes_acked` and `tcpi_bytes_received`, which TLS and lost packets do not change.
_ACKED_AND_RECEIVED: Final = Struct("=QQ")
_OFFSET: Final = 120
_SIZE: Final = 256


def socket_facts(sock: socket.socket) -> SocketFacts:
    """Return what the system knows of a connected socket; nothing if it is closed. Bytes are counted on Linux only."""
    try:
        host, port = sock.getsockname()[:2]
        local = Address(host, port)
    except (OSError, ValueError):
        return NO_FACTS
    if sys.platform != "linux":
        return SocketFacts(local, None, None)
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
    except OSError:
        return SocketFacts(local, None, None)
    if len(info) < _OFFSET + _ACKED_AND_RECEIVED.size:
        return SocketFacts(local, None, None)
    acked, received = _ACKED_AND_RECEIVED.unpack_from(info, _OFFSET)
    # The handshake of TCP counts as one acknowledged byte.
    return SocketFacts(local, max(acked - 1, 0), received)
