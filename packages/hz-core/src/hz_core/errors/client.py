"""Errors of the client's state, which members do not report."""

from hz_serialization import HazelcastError


class HazelcastClientNotActiveError(HazelcastError):
    """The client is shut down, or shutting down, and does not accept operations."""

    def __init__(self, message: str = "Client is not active") -> None:
        super().__init__(message)


class ClientOfflineError(HazelcastError):
    """The client is not connected, and operations are configured not to wait for the cluster.

    Raised while a client with ``async_start=True`` connects, and while one with ``reconnect_mode=ASYNC`` reconnects.
    """

    def __init__(self, message: str = "The client is not connected to the cluster") -> None:
        super().__init__(message)


def ended_in_parent(what: str) -> HazelcastClientNotActiveError:
    """Return the error, in a forked child, of what the parent has begun and goes on with there."""
    return HazelcastClientNotActiveError(
        f"{what} was begun in the process that this one was forked from, and ends there; begin it again here"
    )
