"""One connection to a member, without the socket."""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from hz_core.compiled import ConnectionBase, prefer_compiled
from hz_core.model import Address
from hz_core.wire.arrival import Arrival
from hz_core.wire.reader import MessageReader

MessageHandler = Callable[[bytes], None]


MOST_UNSENT: Final = 256 << 20
"""So many bytes of requests, and one request more, may wait for a member that reads too slowly, or not at all. Further
requests to it are refused: the alternative is memory without a limit until the heartbeat timeout."""


class ConnectionState(Enum):
    """The states of a connection."""

    CONNECTING = "connecting"
    """The driver opens the socket."""

    AUTHENTICATING = "authenticating"
    """The socket is open; the member checks the client."""

    PREPARING = "preparing"
    """The member accepted the client; schemas, objects and listeners are registered."""

    READY = "ready"
    """Operations are sent over the connection."""

    CLOSED = "closed"
    """The connection was closed by either side, or never opened."""


_State = ConnectionState

CONNECTION_TRANSITIONS: Final[Mapping[ConnectionState, frozenset[ConnectionState]]] = MappingProxyType(
    {
        _State.CONNECTING: frozenset({_State.AUTHENTICATING, _State.CLOSED}),
        _State.AUTHENTICATING: frozenset({_State.PREPARING, _State.CLOSED}),
        _State.PREPARING: frozenset({_State.READY, _State.CLOSED}),
        _State.READY: frozenset({_State.CLOSED}),
        _State.CLOSED: frozenset(),
    }
)
"""The states that may follow each state."""


class SocketFacts(NamedTuple):
    """What the system knows of a socket; None for what it does not tell."""

    local: Address | None
    """The client's end."""

    sent: int | None
    """Bytes that the member has acknowledged."""

    received: int | None
    """Bytes that were received."""


NO_FACTS: Final = SocketFacts(None, None, None)


class Transport(Protocol):
    """The driver's end of a connection."""

    full: bool
    """Whether more than MOST_UNSENT bytes wait to be sent."""

    def write(self, data: bytes | bytearray) -> None:
        """Send ``data`` as soon as possible, in the order of the calls; callable from any thread."""
        ...

    def write_soon(self, data: bytes | bytearray) -> None:
        """Send ``data`` in the order of the calls, possibly a little later and together with more data."""
        ...

    def close(self) -> None:
        """Close the socket, without a call of ``on_socket_closed``."""
        ...

    def facts(self) -> SocketFacts:
        """Return what the system knows of the socket; callable from any thread."""
        ...


class ConnectionOwner(Protocol):
    """The part of the engine that handles what happens on a connection."""

    def on_connection_opened(self, connection: "Connection") -> None:
        """Handle a socket that was connected."""
        ...

    def on_connection_closed(self, connection: "Connection", error: Exception) -> None:
        """Handle a socket that was closed, or could not be opened."""
        ...

    def on_messages(self, connection: "Connection", messages: Iterable[bytes]) -> None:
        """Handle whole messages that were received."""
        ...


class PendingReply(Protocol):
    """An entry of the table of requests that wait for a reply.

    The connection only stores the entries; the invocation service, which adds them, knows their exact type.
    """

    connection: "Connection | None"

    def fail(self, error: BaseException) -> None:
        """Complete with an error."""
        ...


@prefer_compiled
class Connection(ConnectionBase):
    """The state of one connection. The driver reports events to it; the engine owns it.

    Attributes:
        id: Number of the connection within its client.
        address: Address that it connects to.
        cluster: Number of the cluster that it belongs to: 0, or that of one of ``failover_configs`` from 1 on.
        member: UUID of the member at the other end, None before authentication.
        server_version: Version that the member reported, empty before authentication.
        state: One of :class:`ConnectionState`.
        alive: Whether the state is not CLOSED. Stored, because every operation asks for it.
        close_reason: Why it was closed, None while it is alive.
        listening: Whether listeners of users get events over it.
        crowded_at: With so many pending requests, and more, the limit of the client is asked before one is added.
        sweep_at: With so many, those are forgotten first that nobody waits for.
        pending: The requests that wait for a reply, by correlation id. Single dictionary operations are
            atomic, so any thread may use it without a lock: the thread that pops an entry owns it.
        deliver: Called by the driver, by one thread at a time, with this connection and the messages that the
            reader has split, in an iterator out of which it takes them.
        interrupted: Messages whose handling was interrupted. They are handled again.
        interruptions: How often in a row handling them again was interrupted, too.
        event_handlers: Handler of the events of each listener registration, by correlation id.
        answered: Set when a reply is received, and reset by the engine when it notes the time of that.
        heard: Set by the driver when bytes are received, and reset by the engine when it notes the time of that.
        spoke: The same for requests that are sent.
        opened: Time when the client began to open it, in seconds.
        arrival: Judges whether an incomplete message is a sign of life.
        first_ping: Time of the first heartbeat since the last reply, in seconds; None without one.
        last_answer: About the time of the last reply, in seconds.
        last_ping: Time of the last heartbeat, in seconds.
        last_read: About the time of the last received bytes, in seconds.
        last_write: About the time of the last request, in seconds.
    """

    __slots__ = (
        "_owner",
        "address",
        "alive",
        "answered",
        "arrival",
        "close_reason",
        "cluster",
        "crowded_at",
        "deliver",
        "event_handlers",
        "first_ping",
        "heard",
        "id",
        "interrupted",
        "interruptions",
        "last_answer",
        "last_ping",
        "last_read",
        "last_write",
        "listening",
        "member",
        "opened",
        "pending",
        "reader",
        "server_version",
        "spoke",
        "state",
        "sweep_at",
        "transport",
    )

    def __init__(
        self, connection_id: int, address: Address, owner: ConnectionOwner, max_message_size: int
    ) -> None:
        self.id: int = connection_id
        self.address: Address = address
        self.cluster: int = 0
        self.member: UUID | None = None
        self.server_version: str = ""
        self.state: ConnectionState = ConnectionState.CONNECTING
        self.alive: bool = True
        self.close_reason: Exception | None = None
        self.transport: Transport | None = None
        self.reader: MessageReader = MessageReader(max_message_size)
        self.pending: dict[int, PendingReply] = {}
        self.crowded_at: int = 0
        self.sweep_at: int = 0
        self.listening: bool = False
        self.event_handlers: dict[int, MessageHandler] = {}
        self.interrupted: list[bytes] = []
        self.interruptions: int = 0
        self.answered: bool = False
        self.heard: bool = False
        self.spoke: bool = False
        self.opened: float = 0.0
        self.arrival: Arrival = Arrival()
        self.first_ping: float | None = None
        self.last_answer: float = 0.0
        self.last_ping: float = 0.0
        self.last_read: float = 0.0
        self.last_write: float = 0.0
        self._owner = owner
        self.deliver: Callable[[Connection, Iterable[bytes]], None] = owner.on_messages

    def enter(self, state: ConnectionState) -> None:
        """Change the state.

        Raises:
            ValueError: The table of transitions does not allow the change.
        """
        if state not in CONNECTION_TRANSITIONS[self.state]:
            raise ValueError(f"{self!r} cannot become {state.value}")
        self.state = state

    def on_socket_opened(self, transport: Transport) -> None:
        """Store the connected socket of the driver and continue with the authentication."""
        self.transport = transport
        if self.alive:
            self._owner.on_connection_opened(self)
        else:
            transport.close()

    def on_socket_closed(self, error: Exception) -> None:
        """Handle a socket that failed, was closed by the peer, or could not be opened. Called on the I/O side."""
        if self.alive:
            self._owner.on_connection_closed(self, error)

    def close(self, reason: Exception) -> None:
        """Close the connection and its socket. Idempotent."""
        if not self.alive:
            return
        self.enter(ConnectionState.CLOSED)
        self.alive = False
        self.close_reason = reason
        if self.transport is not None:
            self.transport.close()

    def facts(self) -> SocketFacts:
        """Return what the system knows of the socket; callable from any thread."""
        transport = self.transport
        return NO_FACTS if transport is None else transport.facts()

    def __repr__(self) -> str:
        return (
            f"Connection(id={self.id}, address={self.address}, member={self.member}, {self.state.value},"
            f" pending={len(self.pending)})"
        )
