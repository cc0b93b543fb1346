"""Listeners of a map."""

from collections.abc import Callable
from functools import partial
from typing import Generic
from uuid import UUID

from hz_core.listener import ListenerSpec
from hz_core.op import Flow, Op
from hz_core.operations import ObjectOperations, none_refused
from hz_proxies.codecs import map as codec
from hz_proxies.entry_listeners import entry_listener, wanted_callbacks
from hz_proxies.events import EntryCallback, MapPartitionLostEvent, PartitionLostCallback, WholeMapCallback
from hz_proxies.predicate import Predicate, unpaged
from hz_proxies.types import K, V


class ListenerOperations(ObjectOperations, Generic[K, V]):
    """Listeners are called in order, on a separate thread (asyncio: on the event loop), and may use the client."""

    def add_entry_listener(
        self,
        include_value: bool = False,
        key: K | None = None,
        predicate: Predicate | None = None,
        added_func: EntryCallback[K, V] | None = None,
        removed_func: EntryCallback[K, V] | None = None,
        updated_func: EntryCallback[K, V] | None = None,
        evicted_func: EntryCallback[K, V] | None = None,
        evict_all_func: WholeMapCallback | None = None,
        clear_all_func: WholeMapCallback | None = None,
        merged_func: EntryCallback[K, V] | None = None,
        expired_func: EntryCallback[K, V] | None = None,
        loaded_func: EntryCallback[K, V] | None = None,
    ) -> Flow[str]:
        """Add a listener for entry events. The functions are called with an :class:`~hz_proxies.events.EntryEvent`.

        Args:
            include_value: Whether events contain values.
            key: Only for events of this key.
            predicate: Only for events of entries that match.
            added_func: Called for added entries.
            removed_func: Called for removed entries.
            updated_func: Called for entries whose value was changed.
            evicted_func: Called for evicted entries.
            evict_all_func: Called when all entries were evicted.
            clear_all_func: Called when all entries were removed at once.
            merged_func: Called for merged entries.
            expired_func: Called for expired entries.
            loaded_func: Called for entries that were loaded from a map store.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ValueError: All functions are None.

        Source: messages ``Map.addEntryListener``, ``…ToKey``, ``…WithPredicate`` and ``…ToKeyWithPredicate``.
        """
        callbacks = wanted_callbacks(
            self.name,
            added=added_func,
            removed=removed_func,
            updated=updated_func,
            evicted=evicted_func,
            evict_all=evict_all_func,
            clear_all=clear_all_func,
            merged=merged_func,
            expired=expired_func,
            loaded=loaded_func,
        )
        add = self._registration(include_value, key, predicate, sum(callbacks))
        return self._add_listener(entry_listener(callbacks, add, self._deregistration))

    def remove_entry_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered. Source: message ``Map.removeEntryListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)

    def add_partition_lost_listener(self, partition_lost_func: PartitionLostCallback) -> Flow[str]:
        """Add a listener for partitions of this map that are lost, because their owner and all backups have left.

        Args:
            partition_lost_func: Called with a :class:`~hz_proxies.events.MapPartitionLostEvent`.

        Returns:
            The registration id, to remove the listener.

        Source: message ``Map.addPartitionLostListener``.
        """
        if partition_lost_func is None:
            raise none_refused("partition_lost_func", self.name)
        name = self.name

        def on_event(record: codec.MapPartitionLostEvent) -> None:
            partition_lost_func(MapPartitionLostEvent(name, record.partition_id, record.uuid))

        return self._add_listener(
            ListenerSpec(
                partial(codec.add_partition_lost_listener, name),
                partial(codec.remove_partition_lost_listener, name),
                on_event,
            )
        )

    def remove_partition_lost_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener for lost partitions.

        Returns:
            Whether it was registered. Source: message ``Map.removePartitionLostListener``.
        """
        return self.remove_entry_listener(registration_id)

    def _registration(
        self, include_value: bool, key: K | None, predicate: Predicate | None, flags: int
    ) -> Callable[[bool], Op[UUID]]:
        name = self.name
        key_data = None if key is None else self._to_data(key)
        filter_data = None if predicate is None else self._to_data(unpaged(predicate, "add_entry_listener"))

        def add(local_only: bool) -> Op[UUID]:
            if key_data is not None and filter_data is not None:
                return codec.add_entry_listener_to_key_with_predicate(
                    name, key_data, filter_data, include_value, flags, local_only
                )
            if key_data is not None:
                return codec.add_entry_listener_to_key(name, key_data, include_value, flags, local_only)
            if filter_data is not None:
                return codec.add_entry_listener_with_predicate(
                    name, filter_data, include_value, flags, local_only
                )
            return codec.add_entry_listener(name, include_value, flags, local_only)

        return add

    def _deregistration(self, registration_id: UUID) -> Op[bool]:
        return codec.remove_entry_listener(self.name, registration_id)
