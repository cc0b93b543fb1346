"""One connection to a member, without the socket."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from hz_core.model import Address
from hz_core.wire.reader import MessageReader

if TYPE_CHECKING:
    from hz_core.invocation.invocation import Invocation

MessageHandler = Callable[[bytes], None]


class Transport(Protocol):
    """The driver's end of a connection."""

    def write(self, data: bytes | bytearray) -> None:
        """Send `data` as soon as possible, in the order of the calls; callable from any thread."""
        ...

    def write_soon(self, data: bytes | bytearray) -> None:
        """Send `data` in the order of the calls, perhaps a little later and joined with more."""
        ...

    def close(self) -> None:
        """Close the socket. Nothing is told to the connection afterwards."""
        ...


class ConnectionOwner(Protocol):
    """Who is told what happens on a connection (the engine)."""

    def connection_opened(self, connection: "Connection") -> None:
        """The socket is connected."""
        ...

    def connection_lost(self, connection: "Connection", error: Exception) -> None:
        """The socket is closed, or could not be opened."""
        ...

    def messages_received(self, connection: "Connection", messages: list[bytes]) -> None:
        """Whole messages came in."""
        ...


class Connection:
    """State of one connection; the driver feeds it, the engine owns it.

    Attributes:
        id: Number of the connection within its client.
        address: Where it connects to.
        member: UUID of the member at the other end, None before authentication.
        alive: False as soon as it is closed or lost; never True again.
        close_reason: Why it was closed, None while it is alive.
        pending: What waits for a reply over this connection, by correlation id. Single dictionary operations are
            atomic, so any thread may use it without a lock: whoever pops an entry owns it.
        deliver: Called by the driver, by one thread at a time, with this connection and the messages that the
            reader gave.
        event_handlers: Who takes the events of a listener registration, by correlation id.
        last_read: When something was received last, in the engine's coarse time (seconds).
        last_write: When something was sent last, likewise.
    """

    __slots__ = (
        "_owner",
        "address",
        "alive",
        "close_reason",
        "deliver",
        "event_handlers",
        "id",
        "last_read",
        "last_write",
        "member",
        "pending",
        "reader",
        "server_version",
        "transport",
    )

    def __init__(
        self, connection_id: int, address: Address, owner: ConnectionOwner, max_message_size: int
    ) -> None:
        self.id = connection_id
        self.address = address
        self.member: UUID | None = None
        self.server_version = ""
        self.alive = True
        self.close_reason: Exception | None = None
        self.transport: Transport | None = None
        self.reader = MessageReader(max_message_size)
        self.pending: dict[int, Invocation] = {}
        self.event_handlers: dict[int, MessageHandler] = {}
        self.last_read = 0.0
        self.last_write = 0.0
        self._owner = owner
        self.deliver = owner.messages_received

    def on_socket_opened(self, transport: Transport) -> None:
        """Called by the driver when the socket is connected."""
        self.transport = transport
        if self.alive:
            self._owner.connection_opened(self)
        else:
            transport.close()

    def on_socket_closed(self, error: Exception) -> None:
        """Called by the driver on the I/O side when the socket broke, was closed by the peer, or never opened."""
        if self.alive:
            self._owner.connection_lost(self, error)

    def close(self, reason: Exception) -> None:
        """Mark as closed and close the socket; the engine's way to close."""
        self.alive = False
        self.close_reason = reason
        if self.transport is not None:
            self.transport.close()

    def __repr__(self) -> str:
        state = "open" if self.alive else "closed"
        return f"Connection(id={self.id}, address={self.address}, member={self.member}, {state})"
