"""The states of a client, as a table of transitions."""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError
from hz_core.errors.client import ended_in_parent
from hz_core.lifecycle import LifecycleService, LifecycleState


class ClientState(Enum):
    """The states of a client."""

    CREATED = "created"
    """Not started."""

    CONNECTING = "connecting"
    """Started, but not connected yet."""

    CONNECTED = "connected"
    """At least one connection is ready."""

    DISCONNECTED = "disconnected"
    """The last connection was lost; the client reconnects, unless ``reconnect_mode`` is OFF."""

    CLOSING = "closing"
    """The shutdown has begun: services finish, connections are still open."""

    CLOSED = "closed"
    """The shutdown is complete."""


class ClientEvent(Enum):
    """The events that change the state of a client."""

    START = "start"
    """The user started the client."""

    JOINED = "joined"
    """Connections to the cluster are ready."""

    JOINED_ANOTHER = "joined another"
    """Connections to another one of the clusters of ``failover_configs`` are ready."""

    LAST_CONNECTION_LOST = "last connection lost"
    """The last open connection was closed."""

    CLOSE = "close"
    """The shutdown was started, by the user or by the client itself."""

    CONNECTIONS_CLOSED = "connections closed"
    """All connections are closed."""


_State, _Event, _Lifecycle = ClientState, ClientEvent, LifecycleState

CLIENT_TRANSITIONS: Final[Mapping[tuple[ClientState, ClientEvent], ClientState]] = MappingProxyType(
    {
        (_State.CREATED, _Event.START): _State.CONNECTING,
        (_State.CREATED, _Event.CLOSE): _State.CLOSING,
        (_State.CONNECTING, _Event.JOINED): _State.CONNECTED,
        (_State.CONNECTING, _Event.JOINED_ANOTHER): _State.CONNECTED,
        (_State.CONNECTING, _Event.CLOSE): _State.CLOSING,
        (_State.CONNECTED, _Event.LAST_CONNECTION_LOST): _State.DISCONNECTED,
        (_State.CONNECTED, _Event.CLOSE): _State.CLOSING,
        (_State.DISCONNECTED, _Event.JOINED): _State.CONNECTED,
        (_State.DISCONNECTED, _Event.JOINED_ANOTHER): _State.CONNECTED,
        (_State.DISCONNECTED, _Event.CLOSE): _State.CLOSING,
        (_State.CLOSING, _Event.LAST_CONNECTION_LOST): _State.CLOSING,
        (_State.CLOSING, _Event.CONNECTIONS_CLOSED): _State.CLOSED,
    }
)
"""The next state for each state and event. An event that is not listed for a state is ignored."""

LIFECYCLE_EVENTS: Final[Mapping[tuple[ClientState, ClientEvent], tuple[str, ...]]] = MappingProxyType(
    {
        (_State.CREATED, _Event.START): (_Lifecycle.STARTING, _Lifecycle.STARTED),
        (_State.CREATED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CONNECTING, _Event.JOINED): (_Lifecycle.CONNECTED,),
        (_State.CONNECTING, _Event.JOINED_ANOTHER): (_Lifecycle.CHANGED_CLUSTER, _Lifecycle.CONNECTED),
        (_State.CONNECTING, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CONNECTED, _Event.LAST_CONNECTION_LOST): (_Lifecycle.DISCONNECTED,),
        (_State.CONNECTED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.DISCONNECTED, _Event.JOINED): (_Lifecycle.CONNECTED,),
        (_State.DISCONNECTED, _Event.JOINED_ANOTHER): (_Lifecycle.CHANGED_CLUSTER, _Lifecycle.CONNECTED),
        (_State.DISCONNECTED, _Event.CLOSE): (_Lifecycle.SHUTTING_DOWN,),
        (_State.CLOSING, _Event.LAST_CONNECTION_LOST): (_Lifecycle.DISCONNECTED,),
        (_State.CLOSING, _Event.CONNECTIONS_CLOSED): (_Lifecycle.SHUTDOWN,),
    }
)
"""The lifecycle events that listeners receive for each transition, in order."""


_CONNECTED: Final = ClientState.CONNECTED


class ClientStateMachine:
    """The state of one client. Changed on the I/O side only; any thread may read it.

    Args:
        lifecycle: Calls the listeners.
        client_name: Name of the client, for error messages.
        waits_at_start: Whether operations wait while the client connects for the first time (no ``async_start``).
        waits_when_disconnected: Whether operations wait while the client reconnects (``reconnect_mode`` ON).

    Attributes:
        state: The state.
        forked: Whether this is the copy, in a forked child, of a client that was not shut down.
        on_first_use: Called when the client is closed and something is to be done; in a forked child it may begin anew.
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
        self.state: ClientState = ClientState.CREATED
        self.forked: bool = False
        self.on_first_use: Callable[[], object] = _nothing

    def fork(self) -> HazelcastClientNotActiveError:
        """Close, in a forked child, without telling the listeners; return the error of what the parent has begun."""
        self.forked = self.forked or not self.closed
        self.state = ClientState.CLOSED
        self._lifecycle.end_silently()
        return ended_in_parent(f"this operation of client {self._client_name}")

    def renew(self) -> None:
        """Begin anew, in a forked child."""
        self.state = ClientState.CREATED
        self.forked = False

    def not_active(self) -> HazelcastClientNotActiveError:
        """Return the error of what needs a client that is not shut down."""
        if self.forked and self.on_first_use is not _nothing:
            return ended_in_parent(f"this operation of client {self._client_name}")
        if self.forked:
            return HazelcastClientNotActiveError(
                f"client {self._client_name} belongs to the process that this one was forked from: create a new client"
                " in this process"
            )
        return HazelcastClientNotActiveError(f"client {self._client_name} is shut down: create a new client")

    def handle(self, event: ClientEvent) -> bool:
        """Change the state and call the listeners; return False if ``event`` is ignored in this state."""
        step = (self.state, event)
        following = CLIENT_TRANSITIONS.get(step)
        if following is None:
            return False
        self.state = following
        for lifecycle_event in LIFECYCLE_EVENTS[step]:
            self._lifecycle.fire(lifecycle_event)
        return True

    @property
    def closed(self) -> bool:
        """Whether the shutdown has begun or is complete."""
        return self.state in (ClientState.CLOSING, ClientState.CLOSED)

    def check_active(self) -> None:
        """Raise an error if operations must not wait for a connection in this state.

        Raises:
            HazelcastClientNotActiveError: The client is shut down.
            ClientOfflineError: The client connects in the background, and operations do not wait for that.
        """
        if self.state is _CONNECTED:
            return
        if self.closed:
            self.on_first_use()
            if self.closed:
                raise self.not_active()
        if self.state in self._offline:
            raise ClientOfflineError(
                f"client {self._client_name} is not connected to the cluster; it is connecting in the background"
                " (async_start, or reconnect_mode ASYNC): try again later"
            )


def _nothing() -> None:
    """Do nothing."""
