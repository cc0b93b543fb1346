"""Events for listeners of distributed objects."""

from collections.abc import Callable
from typing import Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from hz_core.model import MemberInfo
from hz_proxies.types import E, K, V

K_co = TypeVar("K_co", covariant=True)
V_co = TypeVar("V_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)


class EntryEventType:
    """The types of entry events; a sum of types requests several."""

    ADDED: Final = 1
    """An entry was added."""

    REMOVED: Final = 2
    """An entry was removed."""

    UPDATED: Final = 4
    """The value of an entry was changed."""

    EVICTED: Final = 8
    """An entry was evicted."""

    EXPIRED: Final = 16
    """An entry expired: its time to live or its maximum idle time has passed."""

    EVICT_ALL: Final = 32
    """All entries were evicted."""

    CLEAR_ALL: Final = 64
    """All entries were removed at once."""

    MERGED: Final = 128
    """An entry was merged after a split-brain, or from another cluster."""

    INVALIDATION: Final = 256
    """An entry of near caches was changed."""

    LOADED: Final = 512
    """An entry was loaded from a map store."""


class EntryEvent(Generic[K_co, V_co]):
    """A change of an entry, or of a whole map.

    Attributes:
        key: The key; None for events of the whole map.
        value: The new value; None if the event has none, or if the listener was added without ``include_value``.
        old_value: The previous value; None in the same cases.
        merging_value: The value from the other side of a merge; None in the same cases.
        event_type: One of :class:`EntryEventType`.
        uuid: UUID of the member that reported the event.
        number_of_affected_entries: Number of entries, for events of the whole map.
    """

    __slots__ = (
        "event_type",
        "key",
        "merging_value",
        "number_of_affected_entries",
        "old_value",
        "uuid",
        "value",
    )

    def __init__(
        self,
        key: K_co,
        value: V_co | None,
        old_value: V_co | None,
        merging_value: V_co | None,
        event_type: int,
        uuid: UUID,
        number_of_affected_entries: int,
    ) -> None:
        self.key: K_co = key
        self.value: V_co | None = value
        self.old_value: V_co | None = old_value
        self.merging_value: V_co | None = merging_value
        self.event_type: int = event_type
        self.uuid: UUID = uuid
        self.number_of_affected_entries: int = number_of_affected_entries

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"EntryEvent({parts})"


EntryCallback: TypeAlias = Callable[[EntryEvent[K, V]], object]
"""A listener's function, for events of one entry."""

WholeMapCallback: TypeAlias = Callable[[EntryEvent[None, None]], object]
"""A listener's function, for events of the whole map."""


class MapPartitionLostEvent:
    """The loss of a partition of a map: the owner and all backups left at the same time.

    Attributes:
        name: Name of the map.
        partition_id: The partition.
        member: UUID of the member that reported the event.
    """

    __slots__ = ("member", "name", "partition_id")

    def __init__(self, name: str, partition_id: int, member: UUID) -> None:
        self.name: str = name
        self.partition_id: int = partition_id
        self.member: UUID = member

    def __repr__(self) -> str:
        return f"MapPartitionLostEvent(name={self.name!r}, partition_id={self.partition_id}, member={self.member})"


PartitionLostCallback: TypeAlias = Callable[[MapPartitionLostEvent], object]
"""A listener's function."""


class ItemEventType:
    """The types of item events."""

    ADDED: Final = 1
    """An item was added."""

    REMOVED: Final = 2
    """An item was removed."""


class ItemEvent(Generic[E_co]):
    """A change of a queue, list or set.

    Attributes:
        name: Name of the data structure.
        item: The item; None if the listener was added without ``include_value``.
        event_type: One of :class:`ItemEventType`.
        member: UUID of the member that reported the event.
    """

    __slots__ = ("event_type", "item", "member", "name")

    def __init__(self, name: str, item: E_co | None, event_type: int, member: UUID) -> None:
        self.name: str = name
        self.item: E_co | None = item
        self.event_type: int = event_type
        self.member: UUID = member

    def __repr__(self) -> str:
        return (
            f"ItemEvent(name={self.name!r}, item={self.item!r}, event_type={self.event_type},"
            f" member={self.member})"
        )


ItemCallback: TypeAlias = Callable[[ItemEvent[E]], object]
"""A listener's function."""


class TopicMessage(Generic[E]):
    """A message of a topic.

    Attributes:
        name: Name of the topic.
        message: The message.
        publish_time: When it was published, in milliseconds since 1970.
        member: The member that has published it; None if a client has, to a reliable topic, or if it is not known.
    """

    __slots__ = ("member", "message", "name", "publish_time")

    def __init__(self, name: str, message: E, publish_time: int, member: MemberInfo | None) -> None:
        self.name: str = name
        self.message: E = message
        self.publish_time: int = publish_time
        self.member: MemberInfo | None = member

    def __repr__(self) -> str:
        return (
            f"TopicMessage(name={self.name!r}, message={self.message!r}, publish_time={self.publish_time},"
            f" member={self.member})"
        )


MessageCallback: TypeAlias = Callable[[TopicMessage[E]], object]
"""A listener's function."""
