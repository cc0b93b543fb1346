"""Ports on loopback: finding a free port, and reserving a port while no process listens on it."""

import socket
import sys

from hz_embedded._py4j import LOOPBACK


def free_port() -> int:
    """Return a loopback port that was free at the time of the call."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def reserve(port: int) -> socket.socket | None:
    """Prevent the operating system from giving ``port`` to another socket, until the returned socket is closed.

    The ports of members are in the range from which the system takes ports for outgoing connections. While a member
    is down, such a connection could take its port, and a connection to that port could even be connected to itself.
    A socket that is bound but does not listen prevents both. On Linux, the member can still listen on the same port.
    On other systems, or if the port is taken already, nothing is reserved and None is returned.
    """
    if sys.platform != "linux":
        return None
    reservation = socket.socket()
    try:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind((LOOPBACK, port))
    except OSError:
        reservation.close()
        return None
    return reservation
