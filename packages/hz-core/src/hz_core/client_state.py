"""The states of a client, as a table of transitions."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError
from hz_core.lifecycle import LifecycleService, LifecycleState


class ClientState(Enum):
    """Where a client is between its creation and its end."""

    CREATED = "created"
    """Not started."""

    CONNECTING = "connecting"
    """Started, and not connected so far."""

    CONNECTED = "connected"
    """At least one connection is ready."""

    DISCONNECTED = "disconnected"
    """The last connection was lost; the client connects again, as ``reconnect_mode`` says."""

    CLOSING = "closing"
    """Shutdown has begun: services end their work, connections are still open."""

    CLOSED = "closed"
    """The end."""


class ClientEvent(Enum):
    """What changes the state of a client."""

    START = "start"
    """The user started the client."""

    JOINED = "joined"
    """Connections to the cluster are ready."""

    LAST_CONNECTION_LOST = "last connection lost"
    """No connection is left."""

    CLOSE = "close"
    """The user, or the client itself, began the shutdown."""

    CONNECTIONS_CLOSED = "connections closed"
    """The shutdown is complete."""


_State, _Event, _Lifecycle = ClientState, ClientEvent, LifecycleState

CLIENT_TRANSITIONS: Final[Mapping[tuple[ClientState, ClientEvent], ClientState]] = MappingProxyType(
    {
        (_State.CREATED, _Event.START): _State.CONNECTING,
        (_State.CREATED, _Event.CLOSE): _State.CLOSING,
        (_State.CONNECTING, _Event.JOINED): _State.CONNECTED,
        (_State.CONNECTING, _Event.CLOSE): _State.CLOSING,
        (_State.CONNECTED, _Event.LAST_CONNECTION_LOST): _State.DISCONNECTED,
        (_State.CONNECTED, _Event.CLOSE): _State.CLOSING,
        (_State.DISCONNECTED, _Event.JOINED): _State.CONNECTED,
        (_State.DISCONNECTED, _Event.CLOSE): _State.CLOSING,
        (_State.CLOSING, _Event.LAST_CONNECTION_LOST): _State.CLOSING,
        (_State.CLOSING, _Event.CONNECTIONS_CLOSED): _State.CLOSED,
    }
)
"""The next state for each state and event. Events that are not listed for a state change nothing."""

LIFECYCLE_EVENTS: Final[Mapping[tuple[ClientState, ClientEvent], tuple[str, ...]]] = MappingProxyType(
    {
        (_State.CREATED, _Event.START): (_Lifecycle.STARTING, _Lifecycle.STARTED),
        (_State.CREATED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CONNECTING, _Event.JOINED): (_Lifecycle.CONNECTED,),
        (_State.CONNECTING, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CONNECTED, _Event.LAST_CONNECTION_LOST): (_Lifecycle.DISCONNECTED,),
        (_State.CONNECTED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.DISCONNECTED, _Event.JOINED): (_Lifecycle.CONNECTED,),
        (_State.DISCONNECTED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CLOSING, _Event.LAST_CONNECTION_LOST): (_Lifecycle.DISCONNECTED,),
        (_State.CLOSING, _Event.CONNECTIONS_CLOSED): (_Lifecycle.SHUTDOWN,),
    }
)
"""What lifecycle listeners are told of each transition, in order."""


class ClientStateMachine:
    """The state of one client. Changed on the I/O side only; any thread may read it.

    Args:
        lifecycle: Tells the listeners.
        client_name: For error messages.
        waits_at_start: Whether operations wait while the client connects for the first time (not ``async_start``).
        waits_when_disconnected: Whether they wait while it connects again (``reconnect_mode`` ON).
    """

    def __init__(
        self,
        lifecycle: LifecycleService,
        client_name: str,
        *,
        waits_at_start: bool,
        waits_when_disconnected: bool,
    ) -> None:
        self._lifecycle = lifecycle
        self._client_name = client_name
        self._offline = {
            state
            for state, waits in (
                (ClientState.CREATED, waits_at_start),
                (ClientState.CONNECTING, waits_at_start),
                (ClientState.DISCONNECTED, waits_when_disconnected),
            )
            if not waits
        }
        self.state = ClientState.CREATED

    def handle(self, event: ClientEvent) -> bool:
        """Change the state and tell the listeners; return whether ``event`` means anything in this state."""
        step = (self.state, event)
        following = CLIENT_TRANSITIONS.get(step)
        if following is None:
            return False
        self.state = following
        for told in LIFECYCLE_EVENTS[step]:
            self._lifecycle.fire(told)
        return True

    @property
    def closed(self) -> bool:
        """Whether the shutdown has begun or is complete."""
        return self.state in (ClientState.CLOSING, ClientState.CLOSED)

    def check_active(self) -> None:
        """Raise when there is no point in waiting for a connection.

        Raises:
            HazelcastClientNotActiveError: the client is shut down.
            ClientOfflineError: it connects in the background, and operations are not to wait for that.
        """
        if self.closed:
            raise HazelcastClientNotActiveError(f"client {self._client_name} is shut down")
        if self.state in self._offline:
            raise ClientOfflineError(
                f"client {self._client_name} is not connected to the cluster; it is connecting in the background"
                " (async_start, or reconnect_mode ASYNC): try again later"
            )
