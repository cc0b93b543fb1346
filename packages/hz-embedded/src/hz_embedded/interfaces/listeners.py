"""Listeners: what a member tells of maps, queues, topics, and of itself."""

from __future__ import annotations

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
    """Any listener to a map; derive from those that name what you want to hear of, several if you like."""


class EntryAddedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryAddedListener"):
    """Hears of new entries."""

    @abstractmethod
    def entry_added(self, event: EntryEvent[K, V]) -> None:
        """An entry was added."""


class EntryUpdatedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryUpdatedListener"):
    """Hears of new values."""

    @abstractmethod
    def entry_updated(self, event: EntryEvent[K, V]) -> None:
        """An entry got another value."""


class EntryRemovedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryRemovedListener"):
    """Hears of removed entries."""

    @abstractmethod
    def entry_removed(self, event: EntryEvent[K, V]) -> None:
        """An entry was removed."""


class EntryEvictedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryEvictedListener"):
    """Hears of evicted entries."""

    @abstractmethod
    def entry_evicted(self, event: EntryEvent[K, V]) -> None:
        """An entry was evicted, by a call or for want of room."""


class EntryExpiredListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryExpiredListener"):
    """Hears of entries whose time was up."""

    @abstractmethod
    def entry_expired(self, event: EntryEvent[K, V]) -> None:
        """An entry's time to live, or to lie idle, was up."""


class EntryMergedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryMergedListener"):
    """Hears of entries merged after a split brain."""

    @abstractmethod
    def entry_merged(self, event: EntryEvent[K, V]) -> None:
        """An entry of the other half of the cluster was merged in."""


class EntryLoadedListener(MapListener, ABC, Generic[K, V], implements=_MAP + "EntryLoadedListener"):
    """Hears of entries that came from the map's store."""

    @abstractmethod
    def entry_loaded(self, event: EntryEvent[K, V]) -> None:
        """An entry was loaded."""


class MapClearedListener(MapListener, ABC, implements=_MAP + "MapClearedListener"):
    """Hears when the map is cleared."""

    @abstractmethod
    def map_cleared(self, event: MapEvent) -> None:
        """The map was cleared."""


class MapEvictedListener(MapListener, ABC, implements=_MAP + "MapEvictedListener"):
    """Hears when all entries are evicted."""

    @abstractmethod
    def map_evicted(self, event: MapEvent) -> None:
        """All entries were evicted."""


class EntryListener(JavaInterface, Generic[K, V], implements="com.hazelcast.core.EntryListener"):
    """Hears of everything but loads and merges; override what you want to hear of."""

    def entry_added(self, event: EntryEvent[K, V]) -> None:
        """An entry was added."""

    def entry_updated(self, event: EntryEvent[K, V]) -> None:
        """An entry got another value."""

    def entry_removed(self, event: EntryEvent[K, V]) -> None:
        """An entry was removed."""

    def entry_evicted(self, event: EntryEvent[K, V]) -> None:
        """An entry was evicted."""

    def entry_expired(self, event: EntryEvent[K, V]) -> None:
        """An entry's time was up."""

    def map_cleared(self, event: MapEvent) -> None:
        """The map was cleared."""

    def map_evicted(self, event: MapEvent) -> None:
        """All entries were evicted."""


class ItemListener(JavaInterface, Generic[V], implements="com.hazelcast.collection.ItemListener"):
    """Hears of the items of a queue, list or set; override what you want to hear of."""

    def item_added(self, event: ItemEvent[V]) -> None:
        """An item was added."""

    def item_removed(self, event: ItemEvent[V]) -> None:
        """An item was removed."""


class MessageListener(JavaInterface, ABC, Generic[V], implements="com.hazelcast.topic.MessageListener"):
    """Gets the messages of a topic."""

    @abstractmethod
    def on_message(self, message: Message[V]) -> None:
        """A message was published."""


class MembershipListener(JavaInterface, implements="com.hazelcast.cluster.MembershipListener"):
    """Hears of members that come and go; override what you want to hear of."""

    def member_added(self, event: MembershipEvent) -> None:
        """A member has joined."""

    def member_removed(self, event: MembershipEvent) -> None:
        """A member has left."""

    def member_attribute_changed(self, event: object) -> None:
        """A member's attribute was changed (members 4.0 only)."""


class LifecycleListener(JavaInterface, ABC, implements="com.hazelcast.core.LifecycleListener"):
    """Hears of the states of its member."""

    @abstractmethod
    def state_changed(self, event: LifecycleEvent) -> None:
        """The member is in another state."""


class MigrationListener(JavaInterface, implements="com.hazelcast.partition.MigrationListener"):
    """Hears of partitions that move between members; override what you want to hear of."""

    def migration_started(self, state: MigrationState) -> None:
        """A round of moves has begun."""

    def migration_finished(self, state: MigrationState) -> None:
        """A round of moves has ended."""

    def replica_migration_completed(self, event: ReplicaMigrationEvent) -> None:
        """A replica has moved."""

    def replica_migration_failed(self, event: ReplicaMigrationEvent) -> None:
        """A replica could not move."""


class PartitionLostListener(JavaInterface, ABC, implements="com.hazelcast.partition.PartitionLostListener"):
    """Hears of partitions whose data is lost."""

    @abstractmethod
    def partition_lost(self, event: PartitionLostEvent) -> None:
        """A partition was lost."""
