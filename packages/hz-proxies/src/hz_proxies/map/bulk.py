"""Operations of a map on many entries, or on all."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from hz_core.invocation.op import Flow, Op
from hz_core.proxy import Operations
from hz_core.wire.method import Method
from hz_proxies.codecs import map as codec
from hz_proxies.predicate import Predicate
from hz_proxies.types import K, V
from hz_serialization import Data

T = TypeVar("T")

START: Final = ((0x7FFFFFFF, -1),)
"""Where paging through a partition begins: its whole hash table, before the first slot."""

_PARALLEL_PARTITIONS: Final = 16

Pointers = tuple[tuple[int, int], ...]


class BulkOperations(Operations, Generic[K, V]):
    """Those that name keys are split by partition and sent to the owners in parallel; not atomic as a whole."""

    def put_all(self, map: Mapping[K, V]) -> Flow[None]:
        """Store all entries of `map`.

        If this fails, some of the entries may have been stored. Source: message ``Map.putAll``.
        """
        if map is None:
            raise AssertionError("map must not be None")
        by_partition: dict[int, list[tuple[Data, Data]]] = {}
        to_data, keyed = self._to_data, self._keyed
        for key, value in map.items():
            data, partition = keyed(key)
            entry = (data, to_data(value) if value is not None else self._value(value))
            entries = by_partition.get(partition)
            if entries is None:
                by_partition[partition] = [entry]
            else:
                entries.append(entry)
        yield [
            Op(codec.PUT_ALL, codec.put_all_request(partition, self.name, entries, True), partition)
            for partition, entries in by_partition.items()
        ]

    def get_all(self, keys: Iterable[K]) -> Flow[dict[K, V]]:
        """Return the entries of those of `keys` that have one.

        Source: message ``Map.getAll``.
        """
        if keys is None:
            raise AssertionError("keys must not be None")
        by_partition: dict[int, list[Data]] = {}
        for key in keys:
            data, partition = self._keyed(key)
            by_partition.setdefault(partition, []).append(data)
        results = yield [
            Op(codec.GET_ALL, codec.get_all_request(partition, self.name, wanted), partition)
            for partition, wanted in by_partition.items()
        ]
        return {key: value for entries in results for key, value in entries}

    def contains_value(self, value: V) -> Op[bool]:
        """Tell whether any entry has this value, compared by serialized bytes; looks through all of them.

        Source: message ``Map.containsValue``.
        """
        return Op(codec.CONTAINS_VALUE, codec.contains_value_request(-1, self.name, self._value(value)))

    def size(self) -> Op[int]:
        """Return the number of entries. Source: message ``Map.size``."""
        return Op(codec.SIZE, codec.size_request(-1, self.name))

    def is_empty(self) -> Op[bool]:
        """Tell whether there is no entry. Source: message ``Map.isEmpty``."""
        return Op(codec.IS_EMPTY, codec.is_empty_request(-1, self.name))

    def clear(self) -> Op[None]:
        """Remove all entries; listeners get one event for all. Source: message ``Map.clear``."""
        return Op(codec.CLEAR, codec.clear_request(-1, self.name))

    def remove_all(self, predicate: Predicate) -> Op[None]:
        """Remove all entries that match `predicate`. Source: message ``Map.removeAll``."""
        if predicate is None:
            raise AssertionError("predicate must not be None; `clear` removes all entries")
        return Op(codec.REMOVE_ALL, codec.remove_all_request(-1, self.name, self._to_data(predicate)))

    def evict_all(self) -> Op[None]:
        """Remove all entries from memory but those of locked keys; a map store keeps them.

        Source: message ``Map.evictAll``.
        """
        return Op(codec.EVICT_ALL, codec.evict_all_request(-1, self.name))

    def flush(self) -> Op[None]:
        """Make the map store write what it has put off. Source: message ``Map.flush``."""
        return Op(codec.FLUSH, codec.flush_request(-1, self.name))

    def load_all(self, keys: Iterable[K] | None = None, replace_existing_values: bool = True) -> Op[None]:
        """Load entries from the map store.

        Args:
            keys: Which ones; all that the store names when None.
            replace_existing_values: Whether entries that are there already are loaded again.

        Source: messages ``Map.loadAll`` and ``Map.loadGivenKeys``.
        """
        if keys is None:
            return Op(codec.LOAD_ALL, codec.load_all_request(-1, self.name, replace_existing_values))
        data = [self._value(key, "key") for key in keys]
        request = codec.load_given_keys_request(-1, self.name, data, replace_existing_values)
        return Op(codec.LOAD_GIVEN_KEYS, request)

    def _pages(
        self, method: Method[Any], encode: Any, pending: dict[int, Pointers], size: int
    ) -> Flow[list[Any]]:
        """Fetch a page of up to `size` entries of several partitions at once, and note where each goes on."""
        partitions = list(pending)[:_PARALLEL_PARTITIONS]
        pages = yield [Op(method, encode(p, self.name, pending[p], size), p) for p in partitions]
        found: list[Any] = []
        for partition, (pointers, items) in zip(partitions, pages, strict=True):
            found += items
            if not pointers or pointers[-1][0] < 0:
                del pending[partition]
            else:
                pending[partition] = tuple(pointers)
        return found

    def _key_pages(self, pending: dict[int, Pointers], size: int) -> Flow[list[K]]:
        return self._pages(codec.FETCH_KEYS, codec.fetch_keys_request, pending, size)

    def _entry_pages(self, pending: dict[int, Pointers], size: int) -> Flow[list[tuple[K, V]]]:
        return self._pages(codec.FETCH_ENTRIES, codec.fetch_entries_request, pending, size)

    def _all_partitions(self) -> dict[int, Pointers]:
        return dict.fromkeys(range(self._cluster.partition_count()), START)
