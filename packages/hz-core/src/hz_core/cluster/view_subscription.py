"""The subscription to the cluster's view of its members and partitions, over one connection at a time."""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from hz_core.cluster.membership import Membership
from hz_core.codecs import client as codec
from hz_core.connection import Connection, MessageHandler
from hz_core.errors import TargetDisconnectedError
from hz_core.io import IO
from hz_core.op import Flow, GatherOutcomes, Op, WaitFor, Within
from hz_core.promise import Promise
from hz_core.wire.frames import DECODE_ERRORS, HazelcastProtocolError, message_type_of
from hz_core.wire.types import raw_data

_MEMBER_LIST_TIMEOUT: Final = 10.0


class Registrar(Protocol):
    """Sends listener registrations (the invocation service)."""

    def new_correlation_id(self) -> int:
        """Return an id for ``listen``."""
        ...

    def listen(
        self,
        op: Op[None],
        promise: Promise,
        handler: MessageHandler,
        connection: Connection,
        correlation_id: int,
    ) -> None:
        """Register over ``connection``; ``handler`` receives the events."""
        ...


class ViewOwner(Protocol):
    """Owner of the connections that a new view changes (the connection manager)."""

    def close_connection(self, connection: Connection, reason: Exception) -> None:
        """Close a connection and clean up."""
        ...

    def close_member(self, member: UUID) -> None:
        """Close the connection to a member that left the cluster."""
        ...

    def members_changed(self) -> None:
        """Handle a new member list."""
        ...

    def refresh_routes(self) -> None:
        """Build the routes again."""
        ...


class ClusterViewSubscription:
    """Keeps the membership up to date (message ``Client.addClusterViewListener``). Runs on the I/O side.

    Args:
        io: The driver.
        registrar: Sends the registration.
        membership: Receives member lists and partition tables.
        owner: Owner of the connections.
    """

    def __init__(self, io: IO, registrar: Registrar, membership: Membership, owner: ViewOwner) -> None:
        self._io = io
        self._registrar = registrar
        self._membership = membership
        self._owner = owner
        self._connection: Connection | None = None
        self._waiting: list[Promise] = []

    @property
    def active(self) -> bool:
        """Whether there is a connection for the subscription."""
        return self._connection is not None

    def subscribe(self, connection: Connection) -> Flow[None]:
        """Subscribe over ``connection`` and wait for the first member list.

        Raises:
            TargetDisconnectedError: The connection was lost, or no list was received in time.
        """
        self._connection = connection
        # In this order, because the list may be received before the reply.
        wanted = GatherOutcomes([WaitFor(self._waiting.append), WaitFor(partial(self._register, connection))])
        try:
            outcomes = yield Within(_MEMBER_LIST_TIMEOUT, wanted)
        except TimeoutError:
            error = TargetDisconnectedError(
                f"{connection.address} sent no member list within {_MEMBER_LIST_TIMEOUT:g} s"
            )
            self._owner.close_connection(connection, error)
            raise error from None
        if isinstance(outcomes[1], Exception) and connection.alive:
            raise outcomes[1]
        if not connection.alive:
            raise TargetDisconnectedError(
                f"the connection to {connection.address} was lost before it sent the member list"
            )

    def _register(self, connection: Connection, promise: Promise) -> None:
        registrar = self._registrar
        registrar.listen(
            codec.add_cluster_view_listener(connection),
            _Registered(promise, self._fail_waiting),
            partial(self._on_event, connection),
            connection,
            registrar.new_correlation_id(),
        )

    def on_connection_removed(self, connection: Connection, reason: Exception) -> bool:
        """Return whether this was the connection of the subscription, so that another one is needed."""
        if connection is not self._connection:
            return False
        self._connection = None
        self._fail_waiting(reason)
        return True

    def _fail_waiting(self, reason: BaseException) -> None:
        waiting, self._waiting = self._waiting, []
        for promise in waiting:
            promise.set_exception(reason)

    def _on_event(self, connection: Connection, message: bytes) -> None:
        self._io.call_soon(partial(self._apply, connection, message))

    def _apply(self, connection: Connection, message: bytes) -> None:
        if connection is not self._connection:
            return
        decode = codec.ADD_CLUSTER_VIEW_LISTENER.events.get(message_type_of(message))
        if decode is None:
            return  # newer members send further events
        try:
            event = decode(message, raw_data)
        except (HazelcastProtocolError, *DECODE_ERRORS) as e:
            reason = HazelcastProtocolError(
                f"{connection.address} sent a view of the cluster that cannot be read: {e}"
            )
            self._owner.close_connection(connection, reason)
            return
        if isinstance(event, codec.MembersViewEvent):
            for member in self._membership.update_members(event.version, event.member_infos):
                self._owner.close_member(member.uuid)
            self._owner.members_changed()
            waiting, self._waiting = self._waiting, []
            for promise in waiting:
                promise.set_result(None)
        elif isinstance(event, codec.PartitionsViewEvent) and self._membership.update_partitions(
            connection, event.version, event.partitions
        ):
            self._owner.refresh_routes()


class _Registered:
    """The promise of the registration; if that fails, no list will be received."""

    def __init__(self, promise: Promise, fail_waiting: Callable[[BaseException], None]) -> None:
        self._promise = promise
        self._fail_waiting = fail_waiting

    def cancelled(self) -> bool:
        return self._promise.cancelled()

    def set_result(self, result: object, /) -> None:
        self._promise.set_result(result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._promise.set_exception(exception)
        self._fail_waiting(exception)
