"""Operations of a map on one key."""

from typing import Any, Generic

from hz_core.model import SimpleEntryView
from hz_core.invocation.op import Op
from hz_core.proxy import Operations
from hz_core.wire.decode import empty_response
from hz_core.wire.types import ReadData
from hz_proxies.codecs import map as codec
from hz_proxies.types import K, V, to_millis


class EntryOperations(Operations, Generic[K, V]):
    """Each goes to the owner of the key's partition."""

    def get(self, key: K) -> Op[V | None]:
        """Return a copy of the value of `key`, None where there is none.

        Source: message ``Map.get``.
        """
        data, partition = self._keyed(key)
        return Op(codec.GET, codec.get_request(partition, self.name, data, self._owner()), partition)

    def contains_key(self, key: K) -> Op[bool]:
        """Tell whether there is an entry for `key`. Source: message ``Map.containsKey``."""
        data, partition = self._keyed(key)
        request = codec.contains_key_request(partition, self.name, data, self._owner())
        return Op(codec.CONTAINS_KEY, request, partition)

    def put(self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None) -> Op[V | None]:
        """Store `value` under `key` and return the value that was there before, None where there was none.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.put`` and ``Map.putWithMaxIdle``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            request = codec.put_request(partition, self.name, data, value_data, self._owner(), to_millis(ttl))
            return Op(codec.PUT, request, partition)
        request = codec.put_with_max_idle_request(
            partition, self.name, data, value_data, self._owner(), to_millis(ttl), to_millis(max_idle)
        )
        return Op(codec.PUT_WITH_MAX_IDLE, request, partition)

    def set(self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None) -> Op[None]:
        """Store `value` under `key`; cheaper than `put`, for the previous value stays where it is.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.set`` and ``Map.setWithMaxIdle``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            request = codec.set_request(partition, self.name, data, value_data, self._owner(), to_millis(ttl))
            return Op(codec.SET, request, partition)
        request = codec.set_with_max_idle_request(
            partition, self.name, data, value_data, self._owner(), to_millis(ttl), to_millis(max_idle)
        )
        return Op(codec.SET_WITH_MAX_IDLE, request, partition, decode=empty_response)

    def put_if_absent(
        self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None
    ) -> Op[V | None]:
        """Store `value` under `key` unless there is an entry; return the value that is there, None if stored.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.putIfAbsent`` and ``Map.putIfAbsentWithMaxIdle``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            request = codec.put_if_absent_request(
                partition, self.name, data, value_data, self._owner(), to_millis(ttl)
            )
            return Op(codec.PUT_IF_ABSENT, request, partition)
        request = codec.put_if_absent_with_max_idle_request(
            partition, self.name, data, value_data, self._owner(), to_millis(ttl), to_millis(max_idle)
        )
        return Op(codec.PUT_IF_ABSENT_WITH_MAX_IDLE, request, partition)

    def put_transient(
        self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None
    ) -> Op[None]:
        """Store `value` under `key` in memory only: a map store of the member isn't told.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.putTransient`` and ``Map.putTransientWithMaxIdle``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            request = codec.put_transient_request(
                partition, self.name, data, value_data, self._owner(), to_millis(ttl)
            )
            return Op(codec.PUT_TRANSIENT, request, partition)
        request = codec.put_transient_with_max_idle_request(
            partition, self.name, data, value_data, self._owner(), to_millis(ttl), to_millis(max_idle)
        )
        return Op(codec.PUT_TRANSIENT_WITH_MAX_IDLE, request, partition, decode=empty_response)

    def try_put(self, key: K, value: V, timeout: float = 0) -> Op[bool]:
        """Store `value` under `key` if the key's lock can be had within `timeout` seconds.

        Returns:
            Whether it was stored. Source: message ``Map.tryPut``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        request = codec.try_put_request(
            partition, self.name, data, value_data, self._owner(), to_millis(timeout)
        )
        return Op(codec.TRY_PUT, request, partition)

    def replace(self, key: K, value: V) -> Op[V | None]:
        """Store `value` under `key` if there is an entry; return the value before, None if nothing was done.

        Source: message ``Map.replace``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        request = codec.replace_request(partition, self.name, data, value_data, self._owner())
        return Op(codec.REPLACE, request, partition)

    def replace_if_same(self, key: K, old_value: V, new_value: V) -> Op[bool]:
        """Store `new_value` under `key` if its value is `old_value`, compared by serialized bytes.

        Returns:
            Whether it was stored. Source: message ``Map.replaceIfSame``.
        """
        data, partition = self._keyed(key)
        old_data, new_data = self._value(old_value, "old_value"), self._value(new_value, "new_value")
        request = codec.replace_if_same_request(partition, self.name, data, old_data, new_data, self._owner())
        return Op(codec.REPLACE_IF_SAME, request, partition)

    def remove(self, key: K) -> Op[V | None]:
        """Remove the entry of `key` and return its value, None where there was none.

        Source: message ``Map.remove``.
        """
        data, partition = self._keyed(key)
        return Op(codec.REMOVE, codec.remove_request(partition, self.name, data, self._owner()), partition)

    def remove_if_same(self, key: K, value: V) -> Op[bool]:
        """Remove the entry of `key` if its value is `value`, compared by serialized bytes.

        Returns:
            Whether it was removed. Source: message ``Map.removeIfSame``.
        """
        (data, partition), value_data = self._keyed(key), self._value(value)
        request = codec.remove_if_same_request(partition, self.name, data, value_data, self._owner())
        return Op(codec.REMOVE_IF_SAME, request, partition)

    def delete(self, key: K) -> Op[None]:
        """Remove the entry of `key`; cheaper than `remove`, for the value isn't returned.

        Listeners get no old value. Source: message ``Map.delete``.
        """
        data, partition = self._keyed(key)
        request = codec.delete_request(partition, self.name, data, self._owner())
        # Newer members tell whether there was an entry, older ones don't.
        return Op(codec.DELETE, request, partition, decode=empty_response)

    def try_remove(self, key: K, timeout: float = 0) -> Op[bool]:
        """Remove the entry of `key` if the key's lock can be had within `timeout` seconds.

        Returns:
            Whether an entry was removed. Source: message ``Map.tryRemove``.
        """
        data, partition = self._keyed(key)
        request = codec.try_remove_request(partition, self.name, data, self._owner(), to_millis(timeout))
        return Op(codec.TRY_REMOVE, request, partition)

    def evict(self, key: K) -> Op[bool]:
        """Remove the entry of `key` from memory, but not from a map store. Waits while others lock the key.

        Returns:
            Whether there was an entry to evict. Source: message ``Map.evict``.
        """
        data, partition = self._keyed(key)
        return Op(codec.EVICT, codec.evict_request(partition, self.name, data, self._owner()), partition)

    def set_ttl(self, key: K, ttl: float) -> Op[None]:
        """Give an entry a new time to live, from now on; no effect where there is no entry.

        Args:
            key: The key.
            ttl: Seconds; 0 for ever.

        Source: message ``Map.setTtl``.
        """
        if ttl is None:
            raise AssertionError("ttl must not be None; give seconds, or 0 for ever")
        data, partition = self._keyed(key)
        request = codec.set_ttl_request(partition, self.name, data, to_millis(ttl))
        return Op(codec.SET_TTL, request, partition, decode=empty_response)

    def get_entry_view(self, key: K) -> Op[SimpleEntryView[K, V] | None]:
        """Return the entry of `key` with its statistics (times in milliseconds since 1970), None where there is none.

        Source: message ``Map.getEntryView``.
        """
        data, partition = self._keyed(key)
        request = codec.get_entry_view_request(partition, self.name, data, self._owner())
        return Op(codec.GET_ENTRY_VIEW, request, partition, decode=_entry_view)


def _entry_view(message: bytes, read: ReadData) -> SimpleEntryView[Any, Any] | None:
    view = codec.GET_ENTRY_VIEW.decode(message, read).response
    if view is None:
        return None
    return SimpleEntryView(
        view.key,
        view.value,
        view.cost,
        view.creation_time,
        view.expiration_time,
        view.hits,
        view.last_access_time,
        view.last_stored_time,
        view.last_update_time,
        view.version,
        view.ttl,
        view.max_idle,
    )
