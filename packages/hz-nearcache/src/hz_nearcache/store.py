"""The entries of a cache: bounded, with expiry and reservations, read without a lock."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from math import inf
from typing import Any, Final, TypeAlias
from uuid import UUID

from hz_core.compiled import prefer_compiled
from hz_core.config import EvictionPolicy
from hz_core.wire.types import ReadData, raw_data
from hz_nearcache.compiled import MISSING, StoreBase
from hz_nearcache.eviction import Record, Sampler
from hz_nearcache.statistics import Statistics
from hz_serialization import Data

Decode: TypeAlias = Callable[[bytes, ReadData], Any]
"""Reads what a reply holds."""

ENTRY_COST: Final = 512
"""About so many bytes an entry takes beside its serialized key and value, measured with 100,000 entries of both
formats, and rounded up."""

_STRIPES: Final = 1024

_FORGOTTEN_TOGETHER: Final = 100

_EXACT: Final = (str, int, bool, bytes, UUID)
"""Types of keys that are found without being serialized. Values of one of them that are equal have the same bytes; that
is not so for float (0.0 and -0.0), nor between types (1, True and 1.0), so each has a table of its own."""


@prefer_compiled
class Store(StoreBase):
    """The entries of a cache.

    Reads take no lock. A change is made while the mutex is held, by steps of which each is atomic for CPython with its
    global interpreter lock, so readers, interrupts and finalizers find the tables whole.

    A value may be stored with a reservation that was made before it was asked for. It is not stored if its key was
    forgotten meanwhile.

    Args:
        now: Returns the time in seconds.
        random: Returns a random number in [0, 1).
        mutex: Guards changes.
        policy: What is evicted when the store is full.
        max_size: The most entries; ignored with the policy NONE.
        max_bytes: The most bytes; None for no limit. With the policy NONE, what does not fit is not stored.
        time_to_live: Seconds after which an entry expires; None or 0 for never.
        max_idle: Seconds without a read after which an entry expires; None or 0 for never.
        sampling_count: Number of entries that an eviction compares.
        sampling_pool_size: So many of them are compared again by the next eviction.
        show: Returns what a reader gets for a kept value; None for the value itself.

    Attributes:
        statistics: What has happened so far.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        random: Callable[[], float],
        mutex: AbstractContextManager[Any],
        policy: EvictionPolicy = EvictionPolicy.LRU,
        max_size: int = 10_000,
        max_bytes: int | None = None,
        time_to_live: float | None = None,
        max_idle: float | None = None,
        sampling_count: int = 8,
        sampling_pool_size: int = 16,
        show: Callable[[Any], Any] | None = None,
    ) -> None:
        self._now = now
        self.mutex = mutex
        self._bounded = policy is not EvictionPolicy.NONE
        self._max_size: float = max_size if self._bounded else inf
        self._max_bytes: float = inf if max_bytes is None else max_bytes
        self._time_to_live = time_to_live or inf
        self._max_idle = max_idle or inf
        self._expires = self._time_to_live < inf or self._max_idle < inf
        self._sampler = Sampler(policy, sampling_count, sampling_pool_size, random)
        self._show = show
        self._records: dict[Any, Record] = {}
        self._all: list[Record] = []
        self._size = 0
        self._shortcuts: dict[type, dict[Any, Record]] = {kind: {} for kind in _EXACT}
        self._bytes = 0
        self._entry_cost: int = ENTRY_COST
        # A reservation is the sum of two numbers that only grow: one of all keys, and one of some keys.
        self._epoch = 0
        self._changes = [0] * _STRIPES
        self.statistics: Statistics = Statistics()
        self.look_up: Callable[[Any], Any] = self._make_look_up()
        """Return the value of a caller's key, without serializing it, or MISSING: it may be there all the same."""

    def __len__(self) -> int:
        return self._size

    @property
    def bytes(self) -> int:
        """The bytes that the entries count as: their keys and values, and ``ENTRY_COST`` for each."""
        return self._bytes

    # --- reading -----------------------------------------------------------------------------------------------

    def _make_look_up(self) -> Callable[[Any], Any]:
        # A closure, and no further call unless entries expire: this is all that most hits cost.
        table_of = self._shortcuts.get
        statistics = self.statistics
        show = self._show
        expires = self._expires
        alive = self._alive

        def look_up(key: Any) -> Any:
            table = table_of(type(key))
            if table is None:
                return MISSING
            record = table.get(key)
            if record is None or (expires and not alive(record)):
                return MISSING
            # Nothing can interrupt the thread here.
            statistics.uses = record.used = statistics.uses + 1
            record.hits += 1
            return record.value if show is None else show(record.value)

        return look_up

    def find(self, key: Any, shortcut: Any = MISSING) -> Any:
        """Return the value of a key, as the store compares it, or MISSING.

        Args:
            key: The key.
            shortcut: The caller's own key, to find the entry by ``look_up`` from now on.
        """
        record = self._records.get(key)
        statistics = self.statistics
        if record is None or (self._expires and not self._alive(record)):
            statistics.misses += 1
            return MISSING
        statistics.uses = record.used = statistics.uses + 1
        record.hits += 1
        if record.table is None and shortcut is not MISSING:
            with self.mutex:
                self._add_shortcut(record, shortcut)
        return record.value if self._show is None else self._show(record.value)

    def peek(self, key: Any) -> Any:
        """Return the value of a key as it is kept, or MISSING. This is no use of the entry."""
        record = self._records.get(key)
        if record is None or (self._expires and not self._alive(record)):
            return MISSING
        return record.value

    def keys(self) -> list[Any]:
        """Return all keys, the least recently used first."""
        return [record.key for record in sorted(self._all, key=lambda record: record.used)]

    def _alive(self, record: Record) -> bool:
        now = self._now()
        if self._expired(record, now):
            with self.mutex:
                if self._unlink(record):
                    self.statistics.expirations += 1
            return False
        record.touched = now
        return True

    def _expired(self, record: Record, now: float) -> bool:
        return now >= record.expires or now - record.touched >= self._max_idle

    # --- storing -----------------------------------------------------------------------------------------------

    def reserve(self, key: Any) -> int:
        """Return a reservation for a value that is asked for from now on."""
        return self._epoch + self._changes[hash(key) % _STRIPES]

    def put(
        self,
        key: Any,
        value: Any,
        cost: int = 0,
        group: int = 0,
        reservation: int | None = None,
        shortcut: Any = MISSING,
    ) -> bool:
        """Store a value, and evict others if it needs their place.

        Args:
            key: The key.
            value: The value.
            cost: Bytes of key and value.
            group: Number of the group of entries that it can be removed with.
            reservation: What ``reserve`` returned before the value was asked for; None to store it in any case.
            shortcut: The caller's own key, to find the entry by ``look_up``.

        Returns:
            Whether it was stored.
        """
        now = self._now() if self._expires else 0.0
        cost += self._entry_cost
        record = Record(key, value, cost, group, now + self._time_to_live, now)
        with self.mutex:
            if reservation is not None and reservation != self._epoch + self._changes[hash(key) % _STRIPES]:
                return False
            old = self._records.get(key)
            if old is not None:
                self._unlink(old)
            full = self._size >= self._max_size or self._bytes + cost > self._max_bytes
            if full and not self._make_room(cost, now):
                return False
            if not self._link(record):
                return False
            if shortcut is not MISSING:
                table = self._shortcuts.get(type(shortcut))
                # Nothing can interrupt the thread between these lines.
                if table is not None and record.place >= 0 and shortcut not in table:
                    table[shortcut] = record
                    record.shortcut = shortcut
                    record.table = table
        return True

    def keeping(
        self,
        decode: Decode,
        key: Data,
        group: int,
        reservation: int,
        shortcut: Any,
        *,
        binary: bool,
        copies: bool,
    ) -> Decode:
        """Return a decoder that stores the value that it reads.

        Args:
            decode: Reads the ``Data`` of the value.
            key: The key.
            group: See ``put``.
            reservation: See ``put``.
            shortcut: See ``put``.
            binary: Whether the ``Data`` is stored, and not the value.
            copies: Whether another object is stored than what the caller gets, who may change that.
        """
        put = self.put

        def decode_and_keep(message: Data, read: ReadData) -> Any:
            data = decode(message, raw_data)
            if data is None:
                put(key, None, len(key), group, reservation, shortcut)
                return None
            size = len(data)
            value = read(data, 0, size)
            kept = data if binary else read(data, 0, size) if copies else value
            put(key, kept, len(key) + size, group, reservation, shortcut)
            return value

        return decode_and_keep

    def _make_room(self, cost: int, now: float) -> bool:
        """Remove what a full store has to lose for a new entry; return False if that is not possible."""
        if cost > self._max_bytes:
            return False
        records, sampler = self._all, self._sampler
        while records:
            expired = self._expires and sampler.expired(records, lambda record: self._expired(record, now))
            if expired:
                for record in expired:
                    self._unlink(record)
                self.statistics.expirations += len(expired)
            elif self._bounded:
                self._unlink(sampler.choose(records))
                self.statistics.evictions += 1
            else:
                return False
            if self._size < self._max_size and self._bytes + cost <= self._max_bytes:
                break
        return True

    def _link(self, record: Record) -> bool:
        """Add a record; return False if a finalizer has stored the same key meanwhile."""
        one = (record,)
        records, key, statistics = self._records, record.key, self.statistics
        # Nothing can interrupt the thread between these lines.
        if key in records:
            return False
        statistics.uses = record.used = statistics.uses + 1
        statistics.stored += 1
        self._bytes += record.cost
        record.place = self._size
        self._size += 1
        self._all += one
        records[key] = record
        return True

    def _unlink(self, record: Record) -> bool:
        """Remove a record; return whether it was there."""
        if record.place < 0:
            return False
        records, places = self._records, self._all
        # Nothing can interrupt the thread between these lines, and the caller's reference keeps the value alive.
        last = places[-1]
        places[record.place] = last
        last.place = record.place
        record.place = -1
        del places[-1]
        self._size -= 1
        del records[record.key]
        self._bytes -= record.cost
        if record.table is not None:
            del record.table[record.shortcut]
        return True

    def _add_shortcut(self, record: Record, key: Any) -> None:
        table = self._shortcuts.get(type(key))
        if table is None:
            return
        # Nothing can interrupt the thread between these lines.
        if record.place >= 0 and record.table is None and key not in table:
            table[key] = record
            record.shortcut = key
            record.table = table

    # --- forgetting --------------------------------------------------------------------------------------------

    def forget(self, key: Any) -> bool:
        """Remove an entry, and the reservations of its key; return whether it was there."""
        with self.mutex:
            self._changes[hash(key) % _STRIPES] += 1
            record = self._records.get(key)
            return record is not None and self._unlink(record)

    def forget_many(self, keys: Iterable[Any]) -> int:
        """Remove entries, and the reservations of their keys; return how many were there."""
        listed = keys if isinstance(keys, list) else list(keys)
        changes, find, removed = self._changes, self._records.get, 0
        for start in range(0, len(listed), _FORGOTTEN_TOGETHER):
            # Not all at once, since other threads wait for the mutex when they store values.
            with self.mutex:
                for key in listed[start : start + _FORGOTTEN_TOGETHER]:
                    changes[hash(key) % _STRIPES] += 1
                    record = find(key)
                    if record is not None and self._unlink(record):
                        removed += 1
        return removed

    def forget_groups(self, groups: Iterable[int]) -> int:
        """Remove all entries of some groups, and all reservations; return how many were there."""
        wanted = set(groups)
        with self.mutex:
            self._epoch += 1
            return sum([self._unlink(record) for record in list(self._all) if record.group in wanted])

    def clear(self) -> int:
        """Remove all entries and all reservations; return how many there were."""
        with self.mutex:
            self._epoch += 1
            removed = list(self._all)
            self._sampler.forget()
            for record in removed:
                self._unlink(record)
        return len(removed)
