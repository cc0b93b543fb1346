"""The entries of one simulated map, by partition: expiry, paging, events, invalidations of near caches."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Any, Final, NamedTuple
from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.clock import Timer
from hz_core.testing.locks import Locks
from hz_core.testing.members import Listener, MemberError, Request, SimulatedCluster, SimulatedMember
from hz_core.testing.services.map_journal import Journal, JournalEvent
from hz_serialization.data import partition_hash

ADDED: Final = 1
REMOVED: Final = 2
UPDATED: Final = 4
EVICTED: Final = 8
EXPIRED: Final = 16
EVICT_ALL: Final = 32
CLEAR_ALL: Final = 64
INVALIDATION: Final = 256

FOREVER: Final = (1 << 63) - 1
"""Stands for "never" in an entry view."""

_FIRST_TABLE: Final = 256
_LOAD: Final = 0.91
_START: Final = 0x7FFFFFFF
"""Index at which an iteration begins; it ends below slot 0."""

Pointers = list[tuple[int, int]]


class Origin(NamedTuple):
    """Where a change happens, and who asked for it."""

    member: SimulatedMember
    """The member that does it."""

    source: UUID
    """UUID of the client, or of the member if no client asked for it."""

    @classmethod
    def of(cls, request: Request) -> "Origin":
        """Return the origin of what a request asks for."""
        return cls(request.member, request.session.client or request.member.uuid)


@dataclass(eq=False)
class Entry:
    """One entry; times are in seconds of the cluster's clock, durations in milliseconds, 0 for none."""

    key: bytes
    value: bytes
    created: float
    ttl: int = 0
    max_idle: int = 0
    ttl_since: float = 0.0
    accessed: float | None = None
    updated: float | None = None
    hits: int = 0
    version: int = 0
    timer: Timer | None = None

    def __post_init__(self) -> None:
        hash_ = partition_hash(self.key) & 0xFFFFFFFF
        self._spread = hash_ ^ hash_ >> 16

    def slot(self, table_size: int) -> int:
        """Return where the entry lies in a hash table of this size."""
        return self._spread & table_size - 1

    @property
    def due(self) -> float:
        """When the entry expires."""
        by_ttl = self.ttl_since + self.ttl / 1000 if self.ttl else inf
        used = max(self.created, self.accessed or 0.0, self.updated or 0.0)
        return min(by_ttl, used + self.max_idle / 1000 if self.max_idle else inf)


class Partition:
    """The entries of a map in one partition, and the size of the hash table that a member would keep them in."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.table_size: int = _FIRST_TABLE

    def grow(self) -> None:
        """Double the table as often as its load requires; it never shrinks."""
        while len(self.entries) > self.table_size * _LOAD:
            self.table_size *= 2

    def page(self, pointers: Pointers, size: int) -> tuple[Pointers, list[Entry]]:
        """Return the next entries of an iteration, and where it continues.

        Slots are visited downwards, whole ones only, until there are ``size`` entries. After the table has grown, the
        iteration begins again and leaves out what lay in slots that were visited in the smaller tables.

        Args:
            pointers: Next slot and size of each table so far; a negative size in the first request.
            size: How many entries are wanted.
        """
        size_so_far = pointers[-1][1]
        if size_so_far < 0:
            pointers = [(_START, self.table_size)]
        elif size_so_far != self.table_size:
            pointers = [*pointers, (_START, self.table_size)]
        seen, (index, table) = pointers[:-1], pointers[-1]
        slots: dict[int, list[Entry]] = {}
        for entry in self.entries.values():
            if not any(entry.slot(old_table) > old_index for old_index, old_table in seen):
                slots.setdefault(entry.slot(table), []).append(entry)
        found: list[Entry] = []
        index = min(index, table - 1)
        while index >= 0 and len(found) < size:
            found += slots.get(index, [])
            index -= 1
        return [*seen, (index, table)], found


class MapState:
    """One map of the cluster.

    Args:
        cluster: The cluster.
        service: Name of the service that its listeners registered with.
        name: Name of the map.

    Attributes:
        partitions: The partitions that have had an entry.
        locks: The locks of keys, by partition and key.
        statistics: Whether entries keep statistics, which is off by default as with real members.
        journal_capacity: How many events the journal of a partition has room for; 0 if there is none.
    """

    def __init__(self, cluster: SimulatedCluster, service: str, name: str) -> None:
        self.name = name
        self.partitions: dict[int, Partition] = {}
        self.locks: Locks = Locks(cluster)
        self.statistics = False
        self.journal_capacity = 0
        self._journals: dict[int, Journal] = {}
        self._cluster = cluster
        self._service = service
        self._sequences: dict[int, int] = {}

    def entries(self) -> list[tuple[int, Entry]]:
        """Return all entries with their partitions; those that are due expire."""
        return [(p, entry) for p, entry in self._all() if self.find(p, entry.key) is not None]

    def values(self) -> dict[bytes, bytes]:
        """Return all keys and values."""
        return {entry.key: entry.value for _, entry in self.entries()}

    def find(self, partition: int, key: bytes) -> Entry | None:
        """Return an entry without accessing it, None if there is none."""
        part = self.partitions.get(partition)
        entry = part.entries.get(key) if part else None
        if entry is not None and entry.timer is not None and entry.due <= self._cluster.clock.now():
            self._expire(partition, entry)
            return None
        return entry

    def access(self, partition: int, key: bytes) -> Entry | None:
        """Return an entry and count the access, None if there is none."""
        entry = self.find(partition, key)
        if entry is not None:
            entry.hits += 1
            entry.accessed = self._cluster.clock.now()
        return entry

    def store(
        self,
        origin: Origin,
        partition: int,
        key: bytes,
        value: bytes,
        ttl: int = -1,
        max_idle: int = -1,
        *,
        added: bool = False,
    ) -> bytes | None:
        """Store a value and return the one before.

        Args:
            origin: Where it happens, and who asked for it.
            partition: The partition.
            key: The key.
            value: The value.
            ttl: Milliseconds to live; 0 for ever, negative for the map's default, which is for ever.
            max_idle: Milliseconds without access, likewise.
            added: Whether the event says that the entry was added, even if there was one: some messages do so.
        """
        entry, now = self.find(partition, key), self._cluster.clock.now()
        old: bytes | None = None
        if entry is None:
            part = self.partitions.setdefault(partition, Partition())
            entry = part.entries[key] = Entry(key, value, now)
            part.grow()
        else:
            old, entry.value = entry.value, value
            entry.version += 1
            entry.hits += 1
            entry.accessed = entry.updated = now
        entry.ttl, entry.ttl_since, entry.max_idle = max(ttl, 0), now, max(max_idle, 0)
        self._watch(partition, entry)
        added = added or old is None
        self._changed(origin, ADDED if added else UPDATED, partition, key, value, None if added else old)
        return old

    def set_ttl(self, origin: Origin, partition: int, entry: Entry, ttl: int) -> None:
        """Give an entry a new time to live from now on."""
        entry.ttl, entry.ttl_since = max(ttl, 0), self._cluster.clock.now()
        entry.version += 1
        self._watch(partition, entry)
        self._invalidate(origin, partition, entry.key)

    def take(
        self, origin: Origin, partition: int, key: bytes, event_type: int = REMOVED,
        *, tell_value: bool = True,
    ) -> bytes | None:  # fmt: skip
        """Remove an entry and return its value, None if there is none.

        Args:
            origin: Where it happens, and who asked for it.
            partition: The partition.
            key: The key.
            event_type: The type of the event.
            tell_value: Whether the event has the old value.
        """
        entry = self.find(partition, key)
        if entry is None:
            return None
        self._drop(partition, entry)
        self._changed(origin, event_type, partition, key, None, entry.value if tell_value else None)
        return entry.value

    def take_all(self, origin: Origin, event_type: int) -> None:
        """Remove all entries but those of locked keys, with one event for all."""
        free = [(p, entry) for p, entry in self.entries() if not self.locks.is_locked((p, entry.key))]
        for partition, entry in free:
            self._drop(partition, entry)
        if free:
            values = (None, None, None, None, event_type, origin.member.uuid, len(free))
            self._cluster.publish(
                origin.member,
                self._service,
                self.name,
                lambda listener: values if listener.flags & event_type else None,
            )
        for partition in range(self._cluster.partition_count):
            self._sequences[partition] = self._sequences.get(partition, 0) + 1
        # One event is for all partitions; it has the number of the partition of the map's name.
        self._invalidate(origin, -1, None, self._cluster.partition_of_name(self.name))

    def page(self, partition: int, pointers: Pointers, size: int) -> tuple[Pointers, list[Entry]]:
        """Return the next entries of an iteration over a partition, and where it continues."""
        part = self.partitions.get(partition, Partition())
        for entry in list(part.entries.values()):
            self.find(partition, entry.key)
        return part.page(pointers, size)

    def matching(self, predicate: bytes) -> list[tuple[int, Entry]]:
        """Return the entries that match a predicate."""
        return [(p, entry) for p, entry in self.entries() if self.matches(predicate, entry.key, entry.value)]

    def matches(self, predicate: bytes, key: bytes, value: bytes) -> bool:
        """Tell whether an entry matches a predicate.

        Raises:
            MemberError: The cluster cannot evaluate predicates.
        """
        if self._cluster.matches is None:
            raise MemberError(codes.UNSUPPORTED, "predicates need SimulatedCluster.matches")
        return self._cluster.matches(predicate, key, value)

    def sequences(self, partitions: Iterable[int]) -> list[tuple[int, int]]:
        """Return the numbers of the last invalidations in those of the partitions that have had any."""
        return [(p, self._sequences[p]) for p in partitions if p in self._sequences]

    def journal(self, partition: int) -> Journal | None:
        """Return the journal of a partition; None if the map has none."""
        if not self.journal_capacity:
            return None
        return self._journals.setdefault(partition, Journal(self._cluster, self.journal_capacity))

    def discard(self) -> None:
        """Forget all entries; requests that wait for a lock fail, because the map is destroyed."""
        for partition, entry in self._all():
            self._drop(partition, entry)
        self.locks.destroy(self.name)

    def _changed(
        self,
        origin: Origin,
        event_type: int,
        partition: int,
        key: bytes,
        value: bytes | None,
        old: bytes | None,
    ) -> None:
        """Tell listeners, near caches and the journal of a change of one entry."""
        journal = self.journal(partition)
        if journal is not None:
            journal.add(JournalEvent(event_type, key, value, old))

        def values(listener: Listener) -> Iterable[Any] | None:
            if not listener.flags & event_type or listener.key not in (None, key):
                return None
            if listener.predicate is not None:
                looked_at = value if value is not None else old
                if looked_at is None or not self.matches(listener.predicate, key, looked_at):
                    return None
            told = (value, old) if listener.include_value else (None, None)
            return (key, *told, None, event_type, origin.member.uuid, 1)

        self._cluster.publish(origin.member, self._service, self.name, values, partition)
        self._invalidate(origin, partition, key)

    def _invalidate(
        self, origin: Origin, partition: int, key: bytes | None, counted_in: int | None = None
    ) -> None:
        """Tell near caches that the entry of a key, or any entry, is not what it was."""
        if counted_in is None:
            counted_in = partition
            self._sequences[partition] = self._sequences.get(partition, 0) + 1
        values = (key, origin.source, self._cluster.partition_uuid(counted_in), self._sequences[counted_in])
        service = f"{self._service} near cache"
        self._cluster.publish(origin.member, service, self.name, lambda listener: values, partition)

    def _all(self) -> list[tuple[int, Entry]]:
        return [(p, entry) for p, part in self.partitions.items() for entry in part.entries.values()]

    def _drop(self, partition: int, entry: Entry) -> None:
        if entry.timer is not None:
            entry.timer.cancel()
        del self.partitions[partition].entries[entry.key]

    def _watch(self, partition: int, entry: Entry) -> None:
        """Let an entry expire when it is due."""
        if entry.timer is not None:
            entry.timer.cancel()
            entry.timer = None
        if entry.due < inf:
            delay = entry.due - self._cluster.clock.now()
            entry.timer = self._cluster.clock.call_later(delay, lambda: self._look(partition, entry))

    def _look(self, partition: int, entry: Entry) -> None:
        # An access may have put the end off since the timer was set.
        if self.find(partition, entry.key) is entry:
            self._watch(partition, entry)

    def _expire(self, partition: int, entry: Entry) -> None:
        self._drop(partition, entry)
        owner = self._cluster.owner(partition)
        self._changed(Origin(owner, owner.uuid), EXPIRED, partition, entry.key, None, entry.value)
