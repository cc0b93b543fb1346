"""Errors of the client's own state, which no member reports."""

from hz_serialization import HazelcastError


class HazelcastClientNotActiveError(HazelcastError):
    """The client is shut down (or shutting down) and takes no more operations."""

    def __init__(self, message: str = "Client is not active") -> None:
        super().__init__(message)


class ClientOfflineError(HazelcastError):
    """The client isn't connected at present, and is configured not to let operations wait for the cluster.

    It is raised while `async_start=True` still connects, and while `reconnect_mode=ASYNC` reconnects.
    """

    def __init__(self, message: str = "The client is not connected to the cluster") -> None:
        super().__init__(message)
