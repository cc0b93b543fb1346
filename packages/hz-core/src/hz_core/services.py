"""Services of a client for users: members and partitions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hz_core.cluster.membership import Membership
from hz_core.cluster_events import migration_listener, partition_lost_listener
from hz_core.context import ClientContext
from hz_core.model import MemberInfo, MigrationState, PartitionLostEvent, ReplicaMigrationEvent
from hz_core.op import Flow
from hz_core.uncopied import Uncopied
from hz_serialization.data import partition_hash, partition_id


class ClusterService(Uncopied):
    """The members of the cluster; ``client.cluster_service``."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def add_listener(
        self,
        member_added: Callable[[MemberInfo], object] | None = None,
        member_removed: Callable[[MemberInfo], object] | None = None,
        fire_for_existing: bool = False,
    ) -> str:
        """Add a listener for members that join or leave the cluster.

        Args:
            member_added: Called with the MemberInfo of a member that joined.
            member_removed: Called with the MemberInfo of a member that left.
            fire_for_existing: Call ``member_added`` for the current members first, in this thread: they are known when
                this returns. Later events are delivered as those of other listeners.

        Returns:
            The registration id, to remove the listener.
        """
        return self._membership.add_listener(member_added, member_removed, fire_for_existing)

    def remove_listener(self, registration_id: str) -> bool:
        """Remove a listener; return whether it was registered.

        Raises:
            AssertionError: The id is None.
        """
        assert registration_id is not None, "registration_id must not be None"
        return self._membership.remove_listener(registration_id)

    def get_members(self, member_selector: Callable[[MemberInfo], bool] | None = None) -> list[MemberInfo]:
        """Return the members that ``member_selector`` accepts (None: all), oldest first."""
        members = self._membership.members.members
        return [m for m in members if member_selector is None or member_selector(m)]


class PartitionService(Uncopied):
    """The partitions and their owners; ``client.partition_service``.

    Args:
        context: The client.
        run: Runs a flow as the client does: waits for its result, or returns an awaitable.
    """

    def __init__(self, context: ClientContext, run: Callable[[Flow[Any]], Any]) -> None:
        self._context = context
        self._membership = context.view
        self._serialization = context.serialization
        self._run = run

    def get_partition_owner(self, partition_id: int) -> UUID | None:
        """Return the UUID of the member that owns the partition, or None while it is unknown."""
        owners = self._membership.partitions.owners
        return owners[partition_id] if 0 <= partition_id < len(owners) else None

    def get_partition_id(self, key: object) -> int:
        """Return the id of the partition that ``key`` belongs to."""
        return partition_id(partition_hash(self._serialization.to_data(key)), self.get_partition_count())

    def get_partition_count(self) -> int:
        """Return the number of partitions, 0 before the first connection."""
        return self._membership.partitions.count

    def add_partition_lost_listener(self, partition_lost: Callable[[PartitionLostEvent], object]) -> str:
        """Add a listener for the loss of partitions.

        Args:
            partition_lost: Called with a PartitionLostEvent when a partition has lost data.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``partition_lost`` is no function.

        Source: message ``Client.addPartitionLostListener``.
        """
        registration_id: str = self._run(self._context.add_listener(partition_lost_listener(partition_lost)))
        return registration_id

    def add_migration_listener(
        self,
        started: Callable[[MigrationState], object] | None = None,
        finished: Callable[[MigrationState], object] | None = None,
        replica_completed: Callable[[ReplicaMigrationEvent], object] | None = None,
        replica_failed: Callable[[ReplicaMigrationEvent], object] | None = None,
    ) -> str:
        """Add a listener for migrations of partitions between members.

        Args:
            started: Called with a MigrationState when members begin to move partitions.
            finished: Called with a MigrationState when they have ended.
            replica_completed: Called with a ReplicaMigrationEvent for each replica that was moved.
            replica_failed: Called with a ReplicaMigrationEvent for each replica that could not be moved.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: An argument is no function.
            ValueError: All functions are None.

        Source: message ``Client.addMigrationListener``.
        """
        spec = migration_listener(started, finished, replica_completed, replica_failed)
        registration_id: str = self._run(self._context.add_listener(spec))
        return registration_id

    def remove_listener(self, registration_id: str) -> bool:
        """Remove a listener; return whether it was registered.

        Source: messages ``Client.removePartitionLostListener`` and ``Client.removeMigrationListener``.
        """
        removed: bool = self._run(self._context.remove_listener(registration_id))
        return removed


class AsyncioPartitionService(PartitionService):
    """The partitions and their owners; ``client.partition_service`` of an asyncio client."""

    async def get_partition_id(self, key: object) -> int:  # type: ignore[override]  # a coroutine on this surface
        """Return the id of the partition that ``key`` belongs to."""
        return super().get_partition_id(key)

    async def add_partition_lost_listener(  # type: ignore[override]  # a coroutine on this surface
        self, partition_lost: Callable[[PartitionLostEvent], object]
    ) -> str:
        """Add a listener for the loss of partitions; see :meth:`PartitionService.add_partition_lost_listener`."""
        added: str = await self._run(self._context.add_listener(partition_lost_listener(partition_lost)))
        return added

    async def add_migration_listener(  # type: ignore[override]  # a coroutine on this surface
        self,
        started: Callable[[MigrationState], object] | None = None,
        finished: Callable[[MigrationState], object] | None = None,
        replica_completed: Callable[[ReplicaMigrationEvent], object] | None = None,
        replica_failed: Callable[[ReplicaMigrationEvent], object] | None = None,
    ) -> str:
        """Add a listener for migrations of partitions; see :meth:`PartitionService.add_migration_listener`."""
        spec = migration_listener(started, finished, replica_completed, replica_failed)
        added: str = await self._run(self._context.add_listener(spec))
        return added

    async def remove_listener(self, registration_id: str) -> bool:  # type: ignore[override]  # a coroutine on this surface
        """Remove a listener; return whether it was registered."""
        removed: bool = await self._run(self._context.remove_listener(registration_id))
        return removed
