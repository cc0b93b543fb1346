"""Listeners for events of maps, queues, topics and members."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.views import (
    EntryEvent,
    ItemEvent,
    LifecycleEvent,
    MapEvent,
    MembershipEvent,
    Message,
    MigrationState,
    PartitionLostEvent,
    ReplicaMigrationEvent,
)

K = TypeVar("K")
V = TypeVar("V")
_MAP = "com.hazelcast.map.listener."


class MapListener(JavaInterface, implements=_MAP + "MapListener"):
    """Base of all listeners of maps; derive from the listeners for the events you need, from several if necessary."""


class EntryAddedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryAddedListener"):
    """Handles added entries."""

    @abstractmethod
    def entry_added(self, event: EntryEvent[K, V]) -> None:
        """Handle an added entry."""


class EntryUpdatedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryUpdatedListener"):
    """Handles updated entries."""

    @abstractmethod
    def entry_updated(self, event: EntryEvent[K, V]) -> None:
        """Handle an entry with a new value."""


class EntryRemovedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryRemovedListener"):
    """Handles removed entries."""

    @abstractmethod
    def entry_removed(self, event: EntryEvent[K, V]) -> None:
        """Handle a removed entry."""


class EntryEvictedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryEvictedListener"):
    """Handles evicted entries."""

    @abstractmethod
    def entry_evicted(self, event: EntryEvent[K, V]) -> None:
        """Handle an entry that was evicted by a call or to free memory."""


class EntryExpiredListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryExpiredListener"):
    """Handles expired entries."""

    @abstractmethod
    def entry_expired(self, event: EntryEvent[K, V]) -> None:
        """Handle an entry that has exceeded its time to live or its maximum idle time."""


class EntryMergedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryMergedListener"):
    """Handles entries that were merged after a split brain."""

    @abstractmethod
    def entry_merged(self, event: EntryEvent[K, V]) -> None:
        """Handle an entry that was merged from the other part of the cluster."""


class EntryLoadedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryLoadedListener"):
    """Handles entries that were loaded from the map's store."""

    @abstractmethod
    def entry_loaded(self, event: EntryEvent[K, V]) -> None:
        """Handle a loaded entry."""


class MapClearedListener(MapListener, ABC, implements=_MAP + "MapClearedListener"):
    """Handles the clearing of a map."""

    @abstractmethod
    def map_cleared(self, event: MapEvent) -> None:
        """Handle the clearing of the map."""


class MapEvictedListener(MapListener, ABC, implements=_MAP + "MapEvictedListener"):
    """Handles the eviction of all entries."""

    @abstractmethod
    def map_evicted(self, event: MapEvent) -> None:
        """Handle the eviction of all entries."""


class EntryListener(JavaInterface, Generic[K, V], implements="com.hazelcast.core.EntryListener"):
    """Handles all events of a map except loads and merges; override the methods you need."""

    def entry_added(self, event: EntryEvent[K, V]) -> None:
        """Handle an added entry."""

    def entry_updated(self, event: EntryEvent[K, V]) -> None:
        """Handle an entry with a new value."""

    def entry_removed(self, event: EntryEvent[K, V]) -> None:
        """Handle a removed entry."""

    def entry_evicted(self, event: EntryEvent[K, V]) -> None:
        """Handle an evicted entry."""

    def entry_expired(self, event: EntryEvent[K, V]) -> None:
        """Handle an expired entry."""

    def map_cleared(self, event: MapEvent) -> None:
        """Handle the clearing of the map."""

    def map_evicted(self, event: MapEvent) -> None:
        """Handle the eviction of all entries."""


class ItemListener(JavaInterface, Generic[V], implements="com.hazelcast.collection.ItemListener"):
    """Handles events of a queue, list or set; override the methods you need."""

    def item_added(self, event: ItemEvent[V]) -> None:
        """Handle an added item."""

    def item_removed(self, event: ItemEvent[V]) -> None:
        """Handle a removed item."""


class MessageListener(JavaInterface, ABC, Generic[V], implements="com.hazelcast.topic.MessageListener"):
    """Handles the messages of a topic."""

    @abstractmethod
    def on_message(self, message: Message[V]) -> None:
        """Handle a published message."""


class MembershipListener(JavaInterface, implements="com.hazelcast.cluster.MembershipListener"):
    """Handles joining and leaving members; override the methods you need."""

    def member_added(self, event: MembershipEvent) -> None:
        """Handle a member that has joined."""

    def member_removed(self, event: MembershipEvent) -> None:
        """Handle a member that has left."""

    def member_attribute_changed(self, event: object) -> None:
        """Handle a changed attribute of a member (only members 4.0)."""


class LifecycleListener(JavaInterface, ABC, implements="com.hazelcast.core.LifecycleListener"):
    """Handles changes of the member's state."""

    @abstractmethod
    def state_changed(self, event: LifecycleEvent) -> None:
        """Handle a new state of the member."""


class MigrationListener(JavaInterface, implements="com.hazelcast.partition.MigrationListener"):
    """Handles migrations of partitions between members; override the methods you need."""

    def migration_started(self, state: MigrationState) -> None:
        """Handle the start of a series of migrations."""

    def migration_finished(self, state: MigrationState) -> None:
        """Handle the end of a series of migrations."""

    def replica_migration_completed(self, event: ReplicaMigrationEvent) -> None:
        """Handle a migrated replica."""

    def replica_migration_failed(self, event: ReplicaMigrationEvent) -> None:
        """Handle a replica that could not be migrated."""


class PartitionLostListener(JavaInterface, ABC, implements="com.hazelcast.partition.PartitionLostListener"):
    """Handles lost partitions."""

    @abstractmethod
    def partition_lost(self, event: PartitionLostEvent) -> None:
        """Handle a lost partition."""
