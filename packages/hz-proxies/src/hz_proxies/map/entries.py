"""Operations of a map on one key."""

from functools import partial
from typing import Any, Generic

from hz_core.arguments import milliseconds, milliseconds_or_default
from hz_core.model import SimpleEntryView
from hz_core.op import Op
from hz_core.operations import KeyedOperations
from hz_core.wire.decode import empty_response
from hz_core.wire.types import ReadData
from hz_proxies.codecs import map as codec
from hz_proxies.types import K, V


class EntryOperations(KeyedOperations, Generic[K, V]):
    """Each operation is sent to the owner of the key's partition."""

    def get(self, key: K) -> Op[V | None]:
        """Return a copy of the value of ``key``, or None.

        Source: message ``Map.get``.
        """
        return self._get(codec.get, key)

    def contains_key(self, key: K) -> Op[bool]:
        """Return whether there is an entry for ``key``. Source: message ``Map.containsKey``."""
        return self._contains(codec.contains_key, key)

    def put(self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None) -> Op[V | None]:
        """Store ``value`` under ``key`` and return the previous value, or None.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.put`` and ``Map.putWithMaxIdle``.
        """
        ttl_millis = milliseconds_or_default(ttl, "ttl")
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            return self._write(
                data, codec.put(partition, self.name, data, value_data, self._owner(), ttl_millis)
            )
        idle_millis = milliseconds_or_default(max_idle, "max_idle")
        return self._write(
            data,
            codec.put_with_max_idle(
                partition, self.name, data, value_data, self._owner(), ttl_millis, idle_millis
            ),
        )

    def set(self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None) -> Op[None]:
        """Store ``value`` under ``key``. Cheaper than ``put``, because the previous value is not returned.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.set`` and ``Map.setWithMaxIdle``.
        """
        ttl_millis = milliseconds_or_default(ttl, "ttl")
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            return self._write(
                data, codec.set(partition, self.name, data, value_data, self._owner(), ttl_millis)
            )
        idle_millis = milliseconds_or_default(max_idle, "max_idle")
        return self._write(
            data,
            codec.set_with_max_idle(
                partition, self.name, data, value_data, self._owner(), ttl_millis, idle_millis
            ),
        ).decoded(empty_response)

    def put_if_absent(
        self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None
    ) -> Op[V | None]:
        """Store ``value`` under ``key`` if there is no entry; return the existing value, or None if stored.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.putIfAbsent`` and ``Map.putIfAbsentWithMaxIdle``.
        """
        ttl_millis = milliseconds_or_default(ttl, "ttl")
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            return self._write(
                data, codec.put_if_absent(partition, self.name, data, value_data, self._owner(), ttl_millis)
            )
        idle_millis = milliseconds_or_default(max_idle, "max_idle")
        return self._write(
            data,
            codec.put_if_absent_with_max_idle(
                partition, self.name, data, value_data, self._owner(), ttl_millis, idle_millis
            ),
        )

    def put_transient(
        self, key: K, value: V, ttl: float | None = None, max_idle: float | None = None
    ) -> Op[None]:
        """Store ``value`` under ``key`` in memory only, without a call of the map store.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.
            max_idle: Seconds without access after which the entry expires; 0 for never, None for the map's
                configuration.

        Source: messages ``Map.putTransient`` and ``Map.putTransientWithMaxIdle``.
        """
        ttl_millis = milliseconds_or_default(ttl, "ttl")
        (data, partition), value_data = self._keyed(key), self._value(value)
        if max_idle is None:
            return self._write(
                data, codec.put_transient(partition, self.name, data, value_data, self._owner(), ttl_millis)
            )
        idle_millis = milliseconds_or_default(max_idle, "max_idle")
        return self._write(
            data,
            codec.put_transient_with_max_idle(
                partition, self.name, data, value_data, self._owner(), ttl_millis, idle_millis
            ),
        ).decoded(empty_response)

    def try_put(self, key: K, value: V, timeout: float = 0) -> Op[bool]:
        """Store ``value`` under ``key``; wait up to ``timeout`` seconds while the key is locked.

        Returns:
            Whether it was stored. Source: message ``Map.tryPut``.
        """
        data, partition = self._keyed(key)
        return self._write(
            data,
            codec.try_put(
                partition,
                self.name,
                data,
                self._value(value),
                self._owner(),
                milliseconds(timeout, "timeout"),
            ),
        )

    def replace(self, key: K, value: V) -> Op[V | None]:
        """Store ``value`` under ``key`` if there is an entry; return the previous value, or None if nothing was stored.

        Source: message ``Map.replace``.
        """
        data, partition = self._keyed(key)
        return self._write(data, codec.replace(partition, self.name, data, self._value(value), self._owner()))

    def replace_if_same(self, key: K, old_value: V, new_value: V) -> Op[bool]:
        """Store ``new_value`` under ``key`` if its value is ``old_value``, compared in serialized form.

        Returns:
            Whether it was stored. Source: message ``Map.replaceIfSame``.
        """
        old_data, new_data = self._value(old_value, "old_value"), self._value(new_value, "new_value")
        data, partition = self._keyed(key)
        return self._write(
            data, codec.replace_if_same(partition, self.name, data, old_data, new_data, self._owner())
        )

    def remove(self, key: K) -> Op[V | None]:
        """Remove the entry of ``key`` and return its value, or None.

        Source: message ``Map.remove``.
        """
        data, partition = self._keyed(key)
        return self._write(data, codec.remove(partition, self.name, data, self._owner()))

    def remove_if_same(self, key: K, value: V) -> Op[bool]:
        """Remove the entry of ``key`` if its value is ``value``, compared in serialized form.

        Returns:
            Whether it was removed. Source: message ``Map.removeIfSame``.
        """
        data, partition = self._keyed(key)
        return self._write(
            data, codec.remove_if_same(partition, self.name, data, self._value(value), self._owner())
        )

    def delete(self, key: K) -> Op[None]:
        """Remove the entry of ``key``. Cheaper than ``remove``, because the value is not returned.

        Events for listeners have no old value. Source: message ``Map.delete``.
        """
        # Newer members report whether there was an entry, older ones do not.
        data, partition = self._keyed(key)
        return self._write(data, codec.delete(partition, self.name, data, self._owner())).decoded(
            empty_response
        )

    def try_remove(self, key: K, timeout: float = 0) -> Op[bool]:
        """Remove the entry of ``key``; wait up to ``timeout`` seconds while the key is locked.

        Returns:
            Whether an entry was removed. Source: message ``Map.tryRemove``.
        """
        data, partition = self._keyed(key)
        return self._write(
            data,
            codec.try_remove(partition, self.name, data, self._owner(), milliseconds(timeout, "timeout")),
        )

    def evict(self, key: K) -> Op[bool]:
        """Remove the entry of ``key`` from memory, but not from the map store. Waits while the key is locked.

        Returns:
            Whether an entry was evicted. Source: message ``Map.evict``.
        """
        data, partition = self._keyed(key)
        return self._write(data, codec.evict(partition, self.name, data, self._owner()))

    def set_ttl(self, key: K, ttl: float) -> Op[None]:
        """Set the time to live of an entry, starting now; no effect if there is no entry.

        Args:
            key: The key.
            ttl: Seconds after which the entry expires; 0 for never.

        Source: message ``Map.setTtl``.
        """
        if ttl is None:
            raise AssertionError("ttl must not be None; use a number of seconds, or 0 for no limit")
        millis = milliseconds_or_default(ttl, "ttl")
        data, partition = self._keyed(key)
        return self._write(data, codec.set_ttl(partition, self.name, data, millis)).decoded(empty_response)

    def get_entry_view(self, key: K) -> Op[SimpleEntryView[K, V] | None]:
        """Return the entry of ``key`` with its statistics (times in milliseconds since 1970), or None.

        Source: message ``Map.getEntryView``.
        """
        return self._read(codec.get_entry_view, key).decoded(partial(_entry_view, key))


def _entry_view(key: Any, message: bytes, read: ReadData) -> SimpleEntryView[Any, Any] | None:
    view = codec.GET_ENTRY_VIEW.decode(message, read).response
    if view is None:
        return None
    return SimpleEntryView(
        key,
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
