"""Events of the gateways' callback servers, by which Java calls Python, as values for a function of the user."""

from __future__ import annotations

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
        kind: what happened.
        port: the port that the server listens or listened on.
        server: py4j's callback server.
        connection: py4j's connection, for the two events about one.
        error: what went wrong, for ``CONNECTION_ERROR``.
    """

    kind: GatewayEventKind
    port: int
    server: Any = field(repr=False)
    connection: Any = field(repr=False, default=None)
    error: BaseException | None = None


GatewayEventHandler = Callable[[GatewayEvent], object]


class GatewayEventRegistration:
    """A registered handler; :meth:`cancel` or the end of its ``with`` block unregisters it."""

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
        """Call the handler no more. Idempotent."""
        for kind, receiver in self._receivers.items():
            SIGNALS[kind.value].disconnect(receiver, sender=self._server)

    def _receiver(self, kind: GatewayEventKind) -> Callable[..., None]:
        def receive(sender: Any, connection: Any = None, error: Any = None, **others: Any) -> None:
            event = GatewayEvent(kind, int(sender.get_listening_port()), sender, connection, error)
            try:
                self._handler(event)
            except Exception:
                # It would end py4j's callback server, whose thread this is.
                _log.exception("the handler of gateway events failed with %s", event)

        return receive


def on_gateway_event(
    handler: GatewayEventHandler, *kinds: GatewayEventKind, server: Any = None
) -> GatewayEventRegistration:
    """Call ``handler`` when something happens to a callback server.

    It is called in the thread in which it happens, so it must not wait for calls from Java. What it raises is
    logged. py4j's own signals stay usable beside it.

    Args:
        handler: called with each :class:`GatewayEvent`.
        kinds: what to report; none means everything.
        server: one py4j callback server; None means those of all gateways of this process, and is the only way
            to see one start.
    """
    return GatewayEventRegistration(handler, kinds, server)
