"""The operations of a replicated map, from which its surfaces are generated."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import UUID

from hz_core.arguments import int32, milliseconds_or_default
from hz_core.context import ClientContext
from hz_core.local_copies import ChangeFeed
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, none_refused
from hz_proxies.codecs import replicated_map as codec
from hz_proxies.codecs.replicated_map import ReplicatedMapEntryViewHolder
from hz_proxies.entry_listeners import entry_listener, wanted_callbacks
from hz_proxies.events import EntryCallback, WholeMapCallback
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.predicate import Predicate, unpaged
from hz_proxies.replicated_map.changes import ReplicatedMapChanges
from hz_proxies.replicated_map.entry_view import ReplicatedMapEntryView
from hz_proxies.replicated_map.paging import SmallOrPaged, ViewPages
from hz_proxies.types import K, V

T = TypeVar("T")

_CHUNK: Final = 1000
"""So many entries are sent with one request."""


class ReplicatedMapOperations(KeyedOperations, Generic[K, V]):
    """A distributed map of which every member holds all entries, weakly consistent.

    A change is done by the owner of the key's partition, which tells the other members later. Operations on a key go
    to that owner, so a client sees its own changes there. Operations on all entries go to one member, always the same
    as long as it is there, which may not know the latest changes yet.

    Keys and values are stored in serialized form, so reads return copies, and keys are compared in serialized form.
    None cannot be a key or a value.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:replicatedMapService"
    blocking_base = "hz_proxies.mappings.BlockingMapping"
    asyncio_base = "hz_proxies.mappings.AsyncioMapping"

    _changes: ClassVar[ChangeFeed | None] = ReplicatedMapChanges()

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._place = context.io.random.random()

    # --- one key -------------------------------------------------------------------------------------------

    def put(self, key: K, value: V, ttl: float | None = 0) -> Op[V | None]:
        """Store ``value`` under ``key`` and return the previous value, or None.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 or None for never.

        Source: message ``ReplicatedMap.put``.
        """
        millis = max(milliseconds_or_default(ttl, "ttl"), 0)
        (data, partition), value_data = self._keyed(key), self._value(value)
        return self._write(data, codec.put(partition, self.name, data, value_data, millis))

    def get(self, key: K) -> Op[V | None]:
        """Return a copy of the value of ``key``, or None. Source: message ``ReplicatedMap.get``."""
        return self._get(_without_owner(codec.get), key)

    def remove(self, key: K) -> Op[V | None]:
        """Remove the entry of ``key`` and return its value, or None. Source: message ``ReplicatedMap.remove``."""
        data, partition = self._keyed(key)
        return self._write(data, codec.remove(partition, self.name, data))

    def contains_key(self, key: K) -> Op[bool]:
        """Return whether there is an entry for ``key``. Source: message ``ReplicatedMap.containsKey``."""
        return self._contains(_without_owner(codec.contains_key), key)

    # --- all entries ---------------------------------------------------------------------------------------

    def put_all(self, source: Mapping[K, V]) -> Flow[None]:
        """Store all entries of ``source``, 1,000 with each request.

        This is not atomic: if it fails, some of the entries may have been stored.

        Source: message ``ReplicatedMap.putAll``.
        """
        if source is None:
            raise none_refused("source", self.name)
        entries = [(self._value(key, "key"), self._value(value)) for key, value in source.items()]
        chunks = [entries[start : start + _CHUNK] for start in range(0, len(entries), _CHUNK)]
        return _all_done(
            [self._write_many(codec.put_all(self.name, chunk), (key for key, _ in chunk)) for chunk in chunks]
        )

    def contains_value(self, value: V) -> Op[bool]:
        """Return whether an entry has this value, compared in serialized form.

        Source: message ``ReplicatedMap.containsValue``.
        """
        return codec.contains_value(self._partition, self.name, self._value(value))

    def size(self) -> Op[int]:
        """Return the number of entries. Source: message ``ReplicatedMap.size``."""
        return codec.size(self._partition, self.name)

    def is_empty(self) -> Op[bool]:
        """Return whether the map is empty. Source: message ``ReplicatedMap.isEmpty``."""
        return codec.is_empty(self._partition, self.name)

    def clear(self) -> Op[None]:
        """Remove all entries; listeners receive one event for all. Source: message ``ReplicatedMap.clear``."""
        return self._write_all(codec.clear(self.name))

    def key_set(self) -> Op[list[K]]:
        """Return all keys. Source: message ``ReplicatedMap.keySet``."""
        return codec.key_set(self._partition, self.name)

    def values(self) -> Op[list[V]]:
        """Return all values. Source: message ``ReplicatedMap.values``."""
        return codec.values(self._partition, self.name)

    def entry_set(self) -> Op[list[tuple[K, V]]]:
        """Return all entries. Source: message ``ReplicatedMap.entrySet``."""
        return codec.entry_set(self._partition, self.name)

    def iter_keys(self, page_size: int = 1000) -> PagesOperations[K]:
        """Return an iterator over all keys; a map of at most ``page_size`` entries is fetched at once.

        Args:
            page_size: How many entries of a partition to fetch at once, from members since 5.4. Older members have
                no pages, so everything is fetched at once.

        Source: messages ``ReplicatedMap.keySet`` and ``ReplicatedMap.fetchEntryViews``.
        """
        return self._pages(page_size, self.key_set, lambda view: view.key)

    def iter_values(self, page_size: int = 1000) -> PagesOperations[V]:
        """Return an iterator over all values; a map of at most ``page_size`` entries is fetched at once.

        Args:
            page_size: As for ``iter_keys``.

        Source: messages ``ReplicatedMap.values`` and ``ReplicatedMap.fetchEntryViews``.
        """
        return self._pages(page_size, self.values, lambda view: view.value)

    def iter_items(self, page_size: int = 1000) -> PagesOperations[tuple[K, V]]:
        """Return an iterator over all entries; a map of at most ``page_size`` entries is fetched at once.

        Args:
            page_size: As for ``iter_keys``.

        Source: messages ``ReplicatedMap.entrySet`` and ``ReplicatedMap.fetchEntryViews``.
        """
        return self._pages(page_size, self.entry_set, lambda view: (view.key, view.value))

    def iter_entry_views(self, page_size: int = 1000) -> PagesOperations[ReplicatedMapEntryView[K, V]]:
        """Return an iterator over all entries with their statistics, each from the owner of its partition.

        Args:
            page_size: How many entries of a partition to fetch at once.

        Source: message ``ReplicatedMap.fetchEntryViews`` (members since 5.4).
        """
        size = int32(page_size, "page_size", 1)
        views = ViewPages(self._context, self.name, size, _entry_view)
        return PagesOperations(self._context, views)

    def _pages(
        self,
        page_size: int,
        all: Callable[[], Op[list[T]]],
        item: Callable[[ReplicatedMapEntryViewHolder], T],
    ) -> PagesOperations[T]:
        size = int32(page_size, "page_size", 1)
        views = ViewPages(self._context, self.name, size, item)
        return PagesOperations(self._context, SmallOrPaged(self.size, all, size, views))

    # --- listeners -----------------------------------------------------------------------------------------

    def add_entry_listener(
        self,
        key: K | None = None,
        predicate: Predicate | None = None,
        added_func: EntryCallback[K, V] | None = None,
        removed_func: EntryCallback[K, V] | None = None,
        updated_func: EntryCallback[K, V] | None = None,
        evicted_func: EntryCallback[K, V] | None = None,
        clear_all_func: WholeMapCallback | None = None,
    ) -> Flow[str]:
        """Add a listener for entry events. The functions are called with an :class:`~hz_proxies.events.EntryEvent`.

        Events always contain values.

        Args:
            key: Only for events of this key.
            predicate: Only for events of entries that match.
            added_func: Called for added entries.
            removed_func: Called for removed entries.
            updated_func: Called for entries whose value was changed.
            evicted_func: Called for entries that expired.
            clear_all_func: Called when all entries were removed at once.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ValueError: All functions are None.

        Source: messages ``ReplicatedMap.addEntryListener``, ``…ToKey``, ``…WithPredicate`` and
        ``…ToKeyWithPredicate``.
        """
        callbacks = wanted_callbacks(
            self.name,
            added=added_func,
            removed=removed_func,
            updated=updated_func,
            evicted=evicted_func,
            clear_all=clear_all_func,
        )
        add = self._registration(key, predicate)
        return self._add_listener(entry_listener(callbacks, add, self._deregistration))

    def remove_entry_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered. Source: message ``ReplicatedMap.removeEntryListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)

    def _registration(self, key: K | None, predicate: Predicate | None) -> Callable[[bool], Op[UUID]]:
        key_data = [] if key is None else [self._to_data(key)]
        condition = [] if predicate is None else [self._to_data(unpaged(predicate, "add_entry_listener"))]
        messages: dict[tuple[int, int], Callable[..., Op[UUID]]] = {
            (0, 0): codec.add_entry_listener,
            (1, 0): codec.add_entry_listener_to_key,
            (0, 1): codec.add_entry_listener_with_predicate,
            (1, 1): codec.add_entry_listener_to_key_with_predicate,
        }
        return partial(messages[len(key_data), len(condition)], self.name, *key_data, *condition)

    def _deregistration(self, registration_id: UUID) -> Op[bool]:
        return codec.remove_entry_listener(self.name, registration_id)

    @property
    def _partition(self) -> int:
        """The partition whose owner is asked about all entries: any one, but always the same."""
        return int(self._place * self._context.partition_count())


def _without_owner(make: Callable[[int, str, bytes], Op[T]]) -> Callable[[int, str, bytes, int], Op[T]]:
    # There are no locks, so there is no owner of locks either.
    return lambda partition, name, key, _: make(partition, name, key)


def _entry_view(view: ReplicatedMapEntryViewHolder) -> ReplicatedMapEntryView[Any, Any]:
    return ReplicatedMapEntryView(*view)


def _all_done(steps: list[Op[None]]) -> Flow[None]:
    yield steps
