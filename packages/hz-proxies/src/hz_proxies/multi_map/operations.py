"""The operations of a multimap, from which its surfaces are generated."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import ClassVar, Generic
from uuid import UUID

from hz_core.op import Flow, Op
from hz_core.operations import none_refused
from hz_proxies.codecs import multi_map as codec
from hz_proxies.entry_listeners import entry_listener, wanted_callbacks
from hz_proxies.events import EntryCallback, WholeMapCallback
from hz_proxies.key_locks import KeyLockOperations, LockMessages
from hz_proxies.types import K, V
from hz_serialization import Data


class MultiMapOperations(KeyLockOperations[K], Generic[K, V]):
    """A distributed multimap: a key has any number of values, stored on the owner of the key's partition, with backups.

    The values of a key are a set, or a list if the multimap is configured so; then the same value may occur several
    times. Keys and values are stored and compared in serialized form. None cannot be a key or a value.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:multiMapService"
    blocking_base = "hz_proxies.multi_map.collections.BlockingMultiMapping"
    asyncio_base = "hz_proxies.multi_map.collections.AsyncioMultiMapping"

    _lock_messages: ClassVar[LockMessages] = codec

    # --- one key -------------------------------------------------------------------------------------------

    def put(self, key: K, value: V) -> Op[bool]:
        """Add ``value`` to the values of ``key``.

        Returns:
            Whether it was added; False if a multimap with sets of values contains it already.

        Source: message ``MultiMap.put``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        return self._write(data, codec.put(partition, self.name, data, value_data, self._owner()))

    def get(self, key: K) -> Op[list[V]]:
        """Return a copy of the values of ``key``; an empty list if there is none. Source: message ``MultiMap.get``."""
        return self._get(codec.get, key)

    def remove(self, key: K, value: V) -> Op[bool]:
        """Remove ``value`` from the values of ``key``, once.

        Returns:
            Whether it was there.

        Source: message ``MultiMap.removeEntry``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        return self._write(data, codec.remove_entry(partition, self.name, data, value_data, self._owner()))

    def remove_all(self, key: K) -> Op[list[V]]:
        """Remove all values of ``key`` and return them. Source: message ``MultiMap.remove``."""
        data, partition = self._keyed(key)
        return self._write(data, codec.remove(partition, self.name, data, self._owner()))

    def delete(self, key: K) -> Op[None]:
        """Remove all values of ``key``. Cheaper than ``remove_all``, because the values are not returned.

        Source: message ``MultiMap.delete``.
        """
        data, partition = self._keyed(key)
        return self._write(data, codec.delete(partition, self.name, data, self._owner()))

    def contains_key(self, key: K) -> Op[bool]:
        """Return whether ``key`` has any value. Source: message ``MultiMap.containsKey``."""
        return self._contains(codec.contains_key, key)

    def contains_entry(self, key: K, value: V) -> Op[bool]:
        """Return whether ``value`` is among the values of ``key``. Source: message ``MultiMap.containsEntry``."""
        value_data = self._value(value)
        return self._read(partial(_contains_entry, value_data), key)

    def value_count(self, key: K) -> Op[int]:
        """Return the number of values of ``key``. Source: message ``MultiMap.valueCount``."""
        return self._read(codec.value_count, key)

    # --- all keys ------------------------------------------------------------------------------------------

    def put_all(self, multimap: Mapping[K, Iterable[V]]) -> Flow[None]:
        """Add values to several keys.

        The keys are split by partition and sent to the owners in parallel; this is not atomic. If it fails, some of
        the values may have been added.

        Args:
            multimap: The values by key. A key without values is left out.

        Source: message ``MultiMap.putAll`` (members since 4.1).
        """
        if multimap is None:
            raise none_refused("multimap", self.name)
        by_partition: dict[int, list[tuple[Data, list[Data]]]] = {}
        for key, values in multimap.items():
            data, partition = self._keyed(key)
            value_data = self._values(values, "the values of a key")
            if value_data:
                by_partition.setdefault(partition, []).append((data, value_data))
        return _all_done(
            [
                self._write_many(codec.put_all(partition, self.name, entries), (key for key, _ in entries))
                for partition, entries in by_partition.items()
            ]
        )

    def contains_value(self, value: V) -> Op[bool]:
        """Return whether any key has ``value``. Searches all entries. Source: message ``MultiMap.containsValue``."""
        return codec.contains_value(self.name, self._value(value))

    def key_set(self) -> Op[list[K]]:
        """Return all keys, each once. Source: message ``MultiMap.keySet``."""
        return codec.key_set(self.name)

    def values(self) -> Op[list[V]]:
        """Return the values of all keys. Source: message ``MultiMap.values``."""
        return codec.values(self.name)

    def entry_set(self) -> Op[list[tuple[K, V]]]:
        """Return all pairs of a key and one of its values; equal pairs of a list once only.

        Source: message ``MultiMap.entrySet``.
        """
        return codec.entry_set(self.name)

    def size(self) -> Op[int]:
        """Return the number of values of all keys together. Source: message ``MultiMap.size``."""
        return codec.size(self.name)

    def clear(self) -> Op[None]:
        """Remove everything; listeners receive one event for all. Source: message ``MultiMap.clear``."""
        return self._write_all(codec.clear(self.name))

    # --- listeners -----------------------------------------------------------------------------------------

    def add_entry_listener(
        self,
        include_value: bool = False,
        key: K | None = None,
        added_func: EntryCallback[K, V] | None = None,
        removed_func: EntryCallback[K, V] | None = None,
        clear_all_func: WholeMapCallback | None = None,
    ) -> Flow[str]:
        """Add a listener for entry events. The functions are called with an :class:`~hz_proxies.events.EntryEvent`.

        Args:
            include_value: Whether events contain values: ``value`` of an added one, ``old_value`` of a removed one.
            key: Only for events of this key, and of the whole multimap.
            added_func: Called for each added value.
            removed_func: Called for each removed value.
            clear_all_func: Called when the multimap was cleared.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ValueError: All functions are None.

        Source: messages ``MultiMap.addEntryListener`` and ``MultiMap.addEntryListenerToKey``.
        """
        callbacks = wanted_callbacks(
            self.name, added=added_func, removed=removed_func, clear_all=clear_all_func
        )
        if key is None:
            add = partial(codec.add_entry_listener, self.name, include_value)
        else:
            add = partial(codec.add_entry_listener_to_key, self.name, self._to_data(key), include_value)
        return self._add_listener(entry_listener(callbacks, add, self._deregistration))

    def remove_entry_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered. Source: message ``MultiMap.removeEntryListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)

    def _deregistration(self, registration_id: UUID) -> Op[bool]:
        return codec.remove_entry_listener(self.name, registration_id)


def _contains_entry(value: Data, partition: int, name: str, key: Data, owner: int) -> Op[bool]:
    return codec.contains_entry(partition, name, key, value, owner)


def _all_done(steps: list[Op[None]]) -> Flow[None]:
    yield steps
