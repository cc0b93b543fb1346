"""Waiting for a connection, for operations that are bound to one."""

from typing import Any, Final

from hz_core.codecs import client as codec
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.errors import TargetDisconnectedError
from hz_core.op import Flow

_ANY: Final[Any] = None


def ready_connection(context: ClientContext) -> Flow[Connection]:
    """Return a ready connection to the member that the load balancer chooses; wait for one as other operations do.

    Raises:
        OperationTimeoutError: There was none within ``invocation_timeout``.
        ClientOfflineError, HazelcastClientNotActiveError: The client does not wait in its state.
        TargetDisconnectedError: Within this time, each connection was lost as soon as it was there.
    """
    until = context.io.now() + context.config.invocation_timeout
    while True:
        try:
            return context.any_connection()
        except TargetDisconnectedError:
            if context.io.now() >= until:
                raise
        # A request that is bound to no connection waits for one, with its time limit, and may be repeated.
        yield codec.ping(_ANY)
