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
