"""Typed views of what Java gives to listeners, stores and processors; each attribute asks the Java object."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from hz_embedded.interfaces.convert import JavaView, java_value, jvm_of

K = TypeVar("K")
V = TypeVar("V")


class MapEntry(JavaView, Generic[K, V]):
    """A map's entry, as an entry processor or a predicate gets it."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._ask("getKey")
        return key

    @property
    def value(self) -> V | None:
        """The value, None when there is none. An entry processor may assign it; None removes the entry."""
        value: V | None = self._ask("getValue")
        return value

    @value.setter
    def value(self, value: V | None) -> None:
        self.java.setValue(java_value(value, jvm_of(self.java), "MapEntry.value"))


class EntryEvent(JavaView, Generic[K, V]):
    """What has happened to an entry of a map."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._ask("getKey")
        return key

    @property
    def value(self) -> V | None:
        """The value now; None when it was removed, or when the listener was added without values."""
        value: V | None = self._ask("getValue")
        return value

    @property
    def old_value(self) -> V | None:
        """The value before."""
        value: V | None = self._ask("getOldValue")
        return value

    @property
    def merging_value(self) -> V | None:
        """The value that was merged in after a split brain."""
        value: V | None = self._ask("getMergingValue")
        return value

    @property
    def event_type(self) -> str:
        """Hazelcast's name of what happened: ``"ADDED"``, ``"UPDATED"``, ..."""
        return str(self.java.getEventType().toString())

    @property
    def name(self) -> str:
        """Name of the map."""
        return str(self.java.getName())

    @property
    def member(self) -> str:
        """UUID of the member that the event comes from."""
        return str(self.java.getMember().getUuid().toString())


class MapEvent(JavaView):
    """What has happened to a map as a whole."""

    __slots__ = ()

    @property
    def entries_affected(self) -> int:
        """How many entries were cleared or evicted."""
        return int(self.java.getNumberOfEntriesAffected())

    @property
    def event_type(self) -> str:
        """``"CLEAR_ALL"`` or ``"EVICT_ALL"``."""
        return str(self.java.getEventType().toString())

    @property
    def name(self) -> str:
        """Name of the map."""
        return str(self.java.getName())


class ItemEvent(JavaView, Generic[V]):
    """What has happened to an item of a queue, list or set."""

    __slots__ = ()

    @property
    def item(self) -> V | None:
        """The item; None when the listener was added without values."""
        item: V | None = self._ask("getItem")
        return item

    @property
    def event_type(self) -> str:
        """``"ADDED"`` or ``"REMOVED"``."""
        return str(self.java.getEventType().toString())


class Message(JavaView, Generic[V]):
    """A message of a topic."""

    __slots__ = ()

    @property
    def value(self) -> V:
        """What was published."""
        value: V = self._ask("getMessageObject")
        return value

    @property
    def publish_time(self) -> float:
        """When it was published, in seconds since 1970 (the member's clock)."""
        return int(self.java.getPublishTime()) / 1000


class MembershipEvent(JavaView):
    """A member has come or gone."""

    __slots__ = ()

    @property
    def member(self) -> str:
        """UUID of the member."""
        return str(self.java.getMember().getUuid().toString())

    @property
    def address(self) -> str:
        """``host:port`` of the member."""
        return _address(self.java.getMember())

    @property
    def members(self) -> list[str]:
        """UUIDs of the members after the event."""
        return [str(member.getUuid().toString()) for member in self.java.getMembers()]


class LifecycleEvent(JavaView):
    """The member's state has changed."""

    __slots__ = ()

    @property
    def state(self) -> str:
        """The state now: ``"STARTING"``, ``"SHUTTING_DOWN"``, ``"MERGED"``, ..."""
        return str(self.java.getState().toString())


class MigrationState(JavaView):
    """How far a migration of partitions is."""

    __slots__ = ()

    @property
    def planned(self) -> int:
        """Migrations in all."""
        return int(self.java.getPlannedMigrations())

    @property
    def completed(self) -> int:
        """Migrations done."""
        return int(self.java.getCompletedMigrations())

    @property
    def remaining(self) -> int:
        """Migrations to do."""
        return int(self.java.getRemainingMigrations())


class ReplicaMigrationEvent(JavaView):
    """One replica of a partition has moved."""

    __slots__ = ()

    @property
    def partition_id(self) -> int:
        """The partition."""
        return int(self.java.getPartitionId())

    @property
    def replica_index(self) -> int:
        """0 for the primary replica, else the number of the backup."""
        return int(self.java.getReplicaIndex())

    @property
    def succeeded(self) -> bool:
        """Whether the move succeeded."""
        return bool(self.java.isSuccess())


class PartitionLostEvent(JavaView):
    """A partition has lost its primary replica, and backups with it."""

    __slots__ = ()

    @property
    def partition_id(self) -> int:
        """The partition."""
        return int(self.java.getPartitionId())

    @property
    def lost_backups(self) -> int:
        """How many backup replicas were lost besides."""
        return int(self.java.getLostBackupCount())


class MergingEntry(JavaView, Generic[K, V]):
    """One side of an entry that two halves of a split cluster both have."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._ask("getDeserializedKey")
        return key

    @property
    def value(self) -> V | None:
        """The value on this side."""
        value: V | None = self._ask("getDeserializedValue")
        return value


def _address(member: Any) -> str:
    address = member.getAddress()
    return f"{address.getHost()}:{address.getPort()}"


VIEWS: Final[dict[str, type[JavaView]]] = {
    "java.util.Map$Entry": MapEntry,
    "com.hazelcast.core.EntryEvent": EntryEvent,
    "com.hazelcast.map.MapEvent": MapEvent,
    "com.hazelcast.collection.ItemEvent": ItemEvent,
    "com.hazelcast.topic.Message": Message,
    "com.hazelcast.cluster.MembershipEvent": MembershipEvent,
    "com.hazelcast.core.LifecycleEvent": LifecycleEvent,
    "com.hazelcast.partition.MigrationState": MigrationState,
    "com.hazelcast.partition.ReplicaMigrationEvent": ReplicaMigrationEvent,
    "com.hazelcast.partition.PartitionLostEvent": PartitionLostEvent,
    "com.hazelcast.spi.merge.MergingValue": MergingEntry,
}
"""Views by the Java type that a method's parameter is declared with."""
