"""Typed views of the Java objects for listeners, stores and processors; each attribute calls the Java object."""

from typing import Any, Final, Generic, TypeVar

from hz_embedded.bridge import raw
from hz_embedded.interfaces.convert import JavaView, java_value

K = TypeVar("K")
V = TypeVar("V")


class MapEntry(JavaView, Generic[K, V]):
    """An entry of a map, as argument of an entry processor or a predicate."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._get("getKey")
        return key

    @property
    def value(self) -> V | None:
        """The value, None if there is none. An entry processor may assign it; None removes the entry."""
        value: V | None = self._get("getValue")
        return value

    @value.setter
    def value(self, value: V | None) -> None:
        raw.call(self.java, "setValue", java_value(value, self.java._gateway_client, "MapEntry.value"))


class EntryEvent(JavaView, Generic[K, V]):
    """An event of an entry in a map."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._get("getKey")
        return key

    @property
    def value(self) -> V | None:
        """The current value; None if it was removed, or if the listener was added without values."""
        value: V | None = self._get("getValue")
        return value

    @property
    def old_value(self) -> V | None:
        """The value before the event."""
        value: V | None = self._get("getOldValue")
        return value

    @property
    def merging_value(self) -> V | None:
        """The value that was merged after a split brain."""
        value: V | None = self._get("getMergingValue")
        return value

    @property
    def event_type(self) -> str:
        """Hazelcast's name of the event: ``"ADDED"``, ``"UPDATED"``, ..."""
        return str(self.java.getEventType().toString())

    @property
    def name(self) -> str:
        """Name of the map."""
        return str(self.java.getName())

    @property
    def member(self) -> str:
        """UUID of the member that published the event."""
        return str(self.java.getMember().getUuid().toString())


class MapEvent(JavaView):
    """An event of a whole map."""

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
    """An event of an item in a queue, list or set."""

    __slots__ = ()

    @property
    def item(self) -> V | None:
        """The item; None if the listener was added without values."""
        item: V | None = self._get("getItem")
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
        """The published value."""
        value: V = self._get("getMessageObject")
        return value

    @property
    def publish_time(self) -> float:
        """The time of publication in seconds since 1970, by the member's clock."""
        return int(self.java.getPublishTime()) / 1000


class MembershipEvent(JavaView):
    """A member has joined or left."""

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
        """The new state: ``"STARTING"``, ``"SHUTTING_DOWN"``, ``"MERGED"``, ..."""
        return str(self.java.getState().toString())


class MigrationState(JavaView):
    """The progress of a migration of partitions."""

    __slots__ = ()

    @property
    def planned(self) -> int:
        """Total number of migrations."""
        return int(self.java.getPlannedMigrations())

    @property
    def completed(self) -> int:
        """Number of completed migrations."""
        return int(self.java.getCompletedMigrations())

    @property
    def remaining(self) -> int:
        """Number of remaining migrations."""
        return int(self.java.getRemainingMigrations())


class ReplicaMigrationEvent(JavaView):
    """The migration of one replica of a partition."""

    __slots__ = ()

    @property
    def partition_id(self) -> int:
        """Id of the partition."""
        return int(self.java.getPartitionId())

    @property
    def replica_index(self) -> int:
        """0 for the primary replica, otherwise the number of the backup."""
        return int(self.java.getReplicaIndex())

    @property
    def succeeded(self) -> bool:
        """Whether the migration succeeded."""
        return bool(self.java.isSuccess())


class PartitionLostEvent(JavaView):
    """A partition has lost its primary replica, and possibly backups."""

    __slots__ = ()

    @property
    def partition_id(self) -> int:
        """Id of the partition."""
        return int(self.java.getPartitionId())

    @property
    def lost_backups(self) -> int:
        """How many backup replicas were lost."""
        return int(self.java.getLostBackupCount())


class MergingEntry(JavaView, Generic[K, V]):
    """The entry of one part of a split cluster, during a merge."""

    __slots__ = ()

    @property
    def key(self) -> K:
        """The key."""
        key: K = self._get("getDeserializedKey")
        return key

    @property
    def value(self) -> V | None:
        """The value in this part."""
        value: V | None = self._get("getDeserializedValue")
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
"""Views by the declared Java type of a method's parameter."""
