"""Operations of a map on many entries, or on all."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Generic

from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations
from hz_proxies.codecs import map as codec
from hz_proxies.own_keys import entries_by_data
from hz_proxies.predicate import Predicate, unpaged
from hz_proxies.types import K, V
from hz_serialization import Data

_key = itemgetter(0)


class BulkOperations(KeyedOperations, Generic[K, V]):
    """Operations with keys are split by partition and sent to the owners in parallel; they are not atomic."""

    def put_all(self, map: Mapping[K, V]) -> Flow[None]:
        """Store all entries of ``map``.

        If this fails, some of the entries may have been stored. Source: message ``Map.putAll``.
        """
        if map is None:
            raise AssertionError("map must not be None")
        return _all_done(self._puts(self._by_partition(map)))

    def _puts(self, by_partition: dict[int, list[tuple[Data, Data]]]) -> list[Op[None]]:
        return [
            # Most readers of the keys never come: a `map` costs less than a generator then.
            self._write_many(codec.put_all(partition, self.name, entries, True), map(_key, entries))
            for partition, entries in by_partition.items()
        ]

    def get_all(self, keys: Iterable[K]) -> Flow[dict[K, V]]:
        """Return the entries of ``keys``, without keys that have no entry.

        The keys of the result are the objects that were given, so tuples are possible.

        Source: message ``Map.getAll``.
        """
        if keys is None:
            raise AssertionError("keys must not be None")
        by_partition: dict[int, list[Data]] = {}
        own: dict[Data, K] = {}
        for key in keys:
            data, partition = self._keyed(key)
            own[data] = key
            by_partition.setdefault(partition, []).append(data)
        return self._joined(
            [
                self._read_many(codec.get_all(partition, self.name, wanted).decoded(entries_by_data), wanted)
                for partition, wanted in by_partition.items()
            ],
            own,
        )

    def _joined(self, steps: list[Op[list[tuple[Data, V]]]], own: dict[Data, K]) -> Flow[dict[K, V]]:
        results = yield steps
        return {
            # A member that has loaded a key from its store has serialized it anew.
            own[key] if key in own else self._context.serialization.to_object(key): value
            for entries in results
            for key, value in entries
        }

    def contains_value(self, value: V) -> Op[bool]:
        """Return whether an entry has this value, compared in serialized form. Searches all entries.

        Source: message ``Map.containsValue``.
        """
        return codec.contains_value(self.name, self._value(value))

    def size(self) -> Op[int]:
        """Return the number of entries. Source: message ``Map.size``."""
        return codec.size(self.name)

    def is_empty(self) -> Op[bool]:
        """Return whether the map is empty. Source: message ``Map.isEmpty``."""
        return codec.is_empty(self.name)

    def clear(self) -> Op[None]:
        """Remove all entries; listeners receive one event for all. Source: message ``Map.clear``."""
        return self._write_all(codec.clear(self.name))

    def remove_all(self, predicate: Predicate) -> Op[None]:
        """Remove all entries that match ``predicate``. Source: message ``Map.removeAll``."""
        if predicate is None:
            raise AssertionError("predicate must not be None; `clear` removes all entries")
        return self._write_all(codec.remove_all(self.name, self._to_data(unpaged(predicate, "remove_all"))))

    def evict_all(self) -> Op[None]:
        """Remove all entries from memory, except those of locked keys. A map store keeps the entries.

        Source: message ``Map.evictAll``.
        """
        return self._write_all(codec.evict_all(self.name))

    def flush(self) -> Op[None]:
        """Write all delayed changes to the map store. Source: message ``Map.flush``."""
        return codec.flush(self.name)

    def load_all(self, keys: Iterable[K] | None = None, replace_existing_values: bool = True) -> Op[None]:
        """Load entries from the map store.

        Args:
            keys: The keys to load; None for all keys of the store.
            replace_existing_values: Whether to load entries that exist in the map already.

        Source: messages ``Map.loadAll`` and ``Map.loadGivenKeys``.
        """
        if keys is None:
            return self._write_all(codec.load_all(self.name, replace_existing_values))
        data = [self._value(key, "key") for key in keys]
        if not data:
            return Op.ready(None)
        return self._write_many(codec.load_given_keys(self.name, data, replace_existing_values), data)


# The methods above refuse wrong arguments at the call, which a generator would do at its first step.


def _all_done(steps: list[Op[None]]) -> Flow[None]:
    yield steps
