"""Ports on loopback: a free one, and one that stays ours while nobody listens on it."""

from __future__ import annotations

import socket
import sys

from hz_embedded._py4j import LOOPBACK


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def reserve(port: int) -> socket.socket | None:
    """Keep the operating system from giving ``port`` to anybody else, until the returned socket is closed.

    Members' ports lie where systems also take the ports of outgoing connections from. While a member is down, such
    a connection could take its port; and one that tries to reach it could even be connected to itself. A socket
    that is bound and does not listen prevents both, and on Linux lets the member bind the same port for listening.
    Elsewhere, or when the port is taken already, there is no reservation.
    """
    if sys.platform != "linux":
        return None
    keeper = socket.socket()
    try:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((LOOPBACK, port))
    except OSError:
        keeper.close()
        return None
    return keeper
