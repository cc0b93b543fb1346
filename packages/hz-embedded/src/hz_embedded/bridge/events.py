"""Events of callback servers, which accept calls from Java, for functions of the user."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any, Self

from hz_embedded._py4j import SIGNALS

_log = logging.getLogger("hz_embedded.bridge")


class GatewayEventKind(Enum):
    """What happened to a callback server."""

    STARTED = "started"
    STOPPED = "stopped"
    CONNECTION_STARTED = "connection_started"
    CONNECTION_STOPPED = "connection_stopped"
    CONNECTION_ERROR = "connection_error"
    PRE_SHUTDOWN = "pre_shutdown"
    POST_SHUTDOWN = "post_shutdown"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """Something that happened to the callback server of a gateway.

    Attributes:
        kind: What happened.
        port: The port that the server listens or listened on.
        server: The py4j callback server.
        connection: The py4j connection, for the two events about connections.
        error: The error, for ``CONNECTION_ERROR``.
    """

    kind: GatewayEventKind
    port: int
    server: Any = field(repr=False)
    connection: Any = field(repr=False, default=None)
    error: BaseException | None = None


GatewayEventHandler = Callable[[GatewayEvent], object]


class GatewayEventRegistration:
    """A registered handler; :meth:`cancel` or the end of a ``with`` block removes it."""

    def __init__(
        self, handler: GatewayEventHandler, kinds: tuple[GatewayEventKind, ...], server: Any
    ) -> None:
        self._handler = handler
        self._receivers = {kind: self._receiver(kind) for kind in kinds or tuple(GatewayEventKind)}
        self._server = server
        for kind, receiver in self._receivers.items():
            SIGNALS[kind.value].connect(receiver, sender=server)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Remove the handler. Idempotent."""
        for kind, receiver in self._receivers.items():
            SIGNALS[kind.value].disconnect(receiver, sender=self._server)

    def _receiver(self, kind: GatewayEventKind) -> Callable[..., None]:
        def receive(sender: Any, connection: Any = None, error: Any = None, **others: Any) -> None:
            event = GatewayEvent(kind, int(sender.get_listening_port()), sender, connection, error)
            try:
                self._handler(event)
            except Exception:
                # This is the thread of py4j's callback server, which an exception would end.
                _log.exception("the handler of gateway events failed with %s", event)

        return receive


def on_gateway_event(
    handler: GatewayEventHandler, *kinds: GatewayEventKind, server: Any = None
) -> GatewayEventRegistration:
    """Call ``handler`` for the events of a callback server.

    It is called in the thread in which the event happens, so it must not wait for calls from Java. Its exceptions are
    logged. py4j's own signals can be used as well.

    Args:
        handler: Called with each :class:`GatewayEvent`.
        kinds: The events to report; none means all.
        server: A py4j callback server. None means the servers of all gateways in this process, and is the only way to
            see the start of a server.
    """
    return GatewayEventRegistration(handler, kinds, server)
