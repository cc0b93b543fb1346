"""Listeners of a map."""

from collections.abc import Callable, Mapping
from typing import Any, Generic
from uuid import UUID

from hz_core.invocation.op import Flow, Op
from hz_core.listener import ListenerSpec
from hz_core.proxy import Operations, none_refused
from hz_core.wire.method import Method
from hz_proxies.codecs import map as codec
from hz_proxies.events import EntryEvent, EntryEventType
from hz_proxies.predicate import Predicate
from hz_proxies.types import K, V

EntryCallback = Callable[[EntryEvent], object]


class ListenerOperations(Operations, Generic[K, V]):
    """Listeners are called one after another, on a thread of their own, and may use the client."""

    def add_entry_listener(
        self,
        include_value: bool = False,
        key: K | None = None,
        predicate: Predicate | None = None,
        added_func: EntryCallback | None = None,
        removed_func: EntryCallback | None = None,
        updated_func: EntryCallback | None = None,
        evicted_func: EntryCallback | None = None,
        evict_all_func: EntryCallback | None = None,
        clear_all_func: EntryCallback | None = None,
        merged_func: EntryCallback | None = None,
        expired_func: EntryCallback | None = None,
        loaded_func: EntryCallback | None = None,
    ) -> Flow[str]:
        """Be told of changes. Each function takes an :class:`EntryEvent`.

        Args:
            include_value: Whether events carry values.
            key: Tell only of this key.
            predicate: Tell only of entries that match.
            added_func: For an entry that was added.
            removed_func: For an entry that was removed.
            updated_func: For an entry that got another value.
            evicted_func: For an entry that was evicted.
            evict_all_func: For the eviction of all entries.
            clear_all_func: For the removal of all entries at once.
            merged_func: For an entry that was merged.
            expired_func: For an entry whose time to live or idle time was over.
            loaded_func: For an entry that was loaded from a map store.

        Returns:
            The id to remove the listener with.

        Raises:
            ValueError: no function is given.

        Source: messages ``Map.addEntryListener``, ``…ToKey``, ``…WithPredicate`` and ``…ToKeyWithPredicate``.
        """
        wanted = {
            EntryEventType.ADDED: added_func,
            EntryEventType.REMOVED: removed_func,
            EntryEventType.UPDATED: updated_func,
            EntryEventType.EVICTED: evicted_func,
            EntryEventType.EVICT_ALL: evict_all_func,
            EntryEventType.CLEAR_ALL: clear_all_func,
            EntryEventType.MERGED: merged_func,
            EntryEventType.EXPIRED: expired_func,
            EntryEventType.LOADED: loaded_func,
        }
        callbacks = {event_type: func for event_type, func in wanted.items() if func is not None}
        if not callbacks:
            raise ValueError(f"a listener of map {self.name!r} needs at least one function to call")
        add = self._registration(include_value, key, predicate, sum(callbacks))
        spec = ListenerSpec(add, self._deregistration, self._dispatcher(callbacks))
        return (yield from self._cluster.add_listener(spec))

    def remove_entry_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was there. Source: message ``Map.removeEntryListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return (yield from self._cluster.remove_listener(registration_id))

    def _dispatcher(self, callbacks: Mapping[int, EntryCallback]) -> Callable[[bytes], None]:
        read = self._read

        def on_event(message: bytes) -> None:
            event = EntryEvent(*codec.entry_event(message, read))
            callback = callbacks.get(event.event_type)
            if callback is not None:
                callback(event)

        return on_event

    def _registration(
        self, include_value: bool, key: K | None, predicate: Predicate | None, flags: int
    ) -> Callable[[bool], Op[UUID | None]]:
        method: Method[Any]
        encode: Any
        filters: list[Any] = []
        if key is not None and predicate is not None:
            method = codec.ADD_ENTRY_LISTENER_TO_KEY_WITH_PREDICATE
            encode = codec.add_entry_listener_to_key_with_predicate_request
            filters = [self._to_data(key), self._to_data(predicate)]
        elif key is not None:
            method, encode = codec.ADD_ENTRY_LISTENER_TO_KEY, codec.add_entry_listener_to_key_request
            filters = [self._to_data(key)]
        elif predicate is not None:
            method, encode = (
                codec.ADD_ENTRY_LISTENER_WITH_PREDICATE,
                codec.add_entry_listener_with_predicate_request,
            )
            filters = [self._to_data(predicate)]
        else:
            method, encode = codec.ADD_ENTRY_LISTENER, codec.add_entry_listener_request

        def add(local_only: bool) -> Op[UUID | None]:
            return Op(method, encode(-1, self.name, *filters, include_value, flags, local_only))

        return add

    def _deregistration(self, server_id: UUID) -> Op[bool]:
        request = codec.remove_entry_listener_request(-1, self.name, server_id)
        return Op(codec.REMOVE_ENTRY_LISTENER, request)
