"""The interface of the client for distributed objects and services."""

from collections.abc import Callable
from typing import Protocol, TypeVar
from uuid import UUID

from hz_core.cluster.membership import Membership
from hz_core.config import ClientConfig
from hz_core.connection import Connection
from hz_core.flow import RunningFlow
from hz_core.io import IO
from hz_core.listener import ListenerSpec
from hz_core.log import get_logger
from hz_core.op import Flow, Op, Step
from hz_serialization import SerializationService
from hz_serialization.compact import UnknownSchemaError

T = TypeVar("T")

_logger = get_logger("client")


class ClientContext(Protocol):
    """The client, as operations and services see it."""

    name: str
    """Name of the client."""

    uuid: UUID
    """UUID of the client, by which members name it in events."""

    config: ClientConfig
    """The client's options, which do not change."""

    io: IO
    """Clock, timers, randomness and callbacks."""

    serialization: SerializationService
    """Converts values to ``Data`` and back."""

    view: Membership
    """The current members and partitions."""

    lock_owner: Callable[[], int]
    """Returns the lock owner id of the current thread or task."""

    check_active: Callable[[], None]
    """Raises ClientOfflineError or HazelcastClientNotActiveError if operations cannot even wait to be sent."""

    def partition_count(self) -> int:
        """Return the number of partitions.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError: It is unknown, because no connection was made yet.
        """
        ...

    def new_uuid(self) -> UUID:
        """Return a random UUID."""
        ...

    def any_connection(self) -> Connection:
        """Return a ready connection to the member that the load balancer chooses, to pin operations to it.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError: There is none.
        """
        ...

    def any_data_connection(self) -> Connection:
        """Return a ready connection to a member that holds data, for operations that lite members refuse.

        If no such member is connected, it is one to any member, which tells what is wrong.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError: There is no connection.
        """
        ...

    def member_connection(self, member: UUID) -> Connection:
        """Return the ready connection to a member.

        Raises:
            TargetDisconnectedError: There is none.
        """
        ...

    def owner_connection(self, partition_id: int) -> Connection | None:
        """Return the ready connection to the owner of a partition; None if there is none, or without smart routing."""
        ...

    def follow_leaders(self) -> None:
        """Send operations of CP groups to their leaders, if the option says so and the members tell them."""
        ...

    def create_object(self, service_name: str, name: str) -> Flow[None]:
        """Create a distributed object in the cluster (``Client.createProxy``), and again after a restart."""
        ...

    def destroy_object(self, service_name: str, name: str) -> Flow[None]:
        """Destroy a distributed object in the cluster (``Client.destroyProxy``)."""
        ...

    def forget_object(self, service_name: str, name: str) -> None:
        """Create an object no more after a restart of the cluster: somebody else has destroyed it."""
        ...

    def find_schema(self, unknown: UnknownSchemaError) -> Flow[None]:
        """Ask the cluster for a Compact schema, for those who deserialize themselves.

        Raises:
            UnknownSchemaError: The cluster does not know it.
        """
        ...

    def add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener on the cluster; see :class:`hz_core.listener.ListenerService`."""
        ...

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener from the cluster."""
        ...

    def service(self, kind: "Callable[[ClientContext], ServiceT]") -> "ServiceT":
        """Return the client's one instance of a service, made on first use.

        A service must not ask for another one in its constructor.
        """
        ...

    def start(self, flow: Flow[None], what: str) -> RunningFlow:
        """Run ``flow`` in the background, until it ends or the client is shut down, which cancels it.

        Its error is logged as "<what> failed".
        """
        ...


def acquires(context: ClientContext, op: Op[T], undo: "Callable[[T], Step | None]") -> Op[T]:
    """Return ``op``, which acquires something, so that it is given back if nobody gets the result.

    A caller may give up while the member makes it wait: its task is cancelled, its time is over, or it is interrupted.
    What is granted later would have no owner.

    Args:
        context: The client.
        op: The operation.
        undo: Returns the step that gives a result back; None if there is nothing to give back. It may be called in any
            thread, so it must know the owner.
    """
    name = op.method.name

    def give_back(result: T) -> None:
        context.start(_undone(undo, result), f"giving back the result of {name}, whose caller has given up,")

    op.on_lost = give_back
    return op


def _undone(undo: "Callable[[T], Step | None]", result: T) -> Flow[None]:
    step = undo(result)
    if step is not None:
        yield step


class Service:
    """Base class of services, which exist once per client: CP sessions, near caches, identifier caches.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    def closing(self) -> Flow[None]:
        """Do the last work in the cluster, before the connections are closed. The client waits for a limited time."""
        yield []

    def on_cluster_changed(self) -> None:
        """Handle a move to another cluster, or to the same one after a restart. Called on the I/O side.

        The new cluster has nothing of the old one: no sessions, no locks, no registrations, no entries. Forget here
        what the service knows of it. This is called when a member of the new cluster has authenticated the client:
        before anything is sent there, listeners are registered again, and operations go on.
        """

    def on_fork(self) -> None:
        """Forget what belongs to the parent, in a forked child, where the client begins anew. Nothing may be sent."""


ServiceT = TypeVar("ServiceT", bound=Service)


class Services:
    """The services of one client.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self._mutex = context.io.mutex()
        self._made: dict[Callable[[ClientContext], Service], Service] = {}

    def get(self, kind: Callable[[ClientContext], ServiceT]) -> ServiceT:
        """Return the instance of ``kind``, made on first use."""
        made = self._made.get(kind)
        if made is None:
            with self._mutex:
                made = self._made.get(kind)
                if made is None:
                    made = self._made[kind] = kind(self._context)
        found: ServiceT = made  # type: ignore[assignment]  # the table maps each kind to its own instance
        return found

    def closing(self) -> list[Flow[None]]:
        """Return the flows that shut the services down."""
        return [service.closing() for service in list(self._made.values())]

    def on_cluster_changed(self) -> None:
        """Report the move to all services."""
        for service in list(self._made.values()):
            try:
                service.on_cluster_changed()
            except Exception:
                # The client must get to the cluster in any case.
                _logger.exception("%s could not handle the move to another cluster", type(service).__name__)

    def forked(self) -> None:
        """Report the fork to all services."""
        for service in list(self._made.values()):
            service.on_fork()
