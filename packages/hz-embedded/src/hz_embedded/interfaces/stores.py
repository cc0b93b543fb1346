"""Stores of maps and queues, from which members load and to which they write."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from hz_embedded.bridge.long_values import Long
from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.convert import jvm_of

K = TypeVar("K")
V = TypeVar("V")


class MapLoader(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.map.MapLoader"):
    """Loads entries that are not in the memory of a map (read-through)."""

    @abstractmethod
    def load(self, key: K) -> V | None:
        """Return the value of ``key``, None if there is none."""

    def load_all(self, keys: list[K]) -> Mapping[K, V]:
        """Return the existing values of ``keys``; the default calls :meth:`load` for each."""
        found = ((key, self.load(key)) for key in keys)
        return {key: value for key, value in found if value is not None}

    def load_all_keys(self) -> Iterable[K] | None:
        """Return the keys to load at the first use of the map; None, the default, loads nothing in advance."""
        return None


class MapStore(MapLoader[K, V], implements="com.hazelcast.map.MapStore"):
    """Loads entries of a map and stores its changes, immediately or some seconds later.

    Configure it with :func:`store_behind`. With write-through, the caller gets the exceptions of :meth:`store` and
    :meth:`delete`; with write-behind, the map tries again.
    """

    @abstractmethod
    def store(self, key: K, value: V) -> None:
        """Store ``value`` for ``key``."""

    @abstractmethod
    def delete(self, key: K) -> None:
        """Delete ``key``."""

    def store_all(self, entries: dict[K, V]) -> None:
        """Keep several entries; calls :meth:`store` for each unless overridden."""
        for key, value in entries.items():
            self.store(key, value)

    def delete_all(self, keys: list[K]) -> None:
        """Delete several keys; the default calls :meth:`delete` for each."""
        for key in keys:
            self.delete(key)


class MapStoreFactory(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.map.MapStoreFactory"):
    """Creates the stores of all maps whose name matches a configuration."""

    @abstractmethod
    def new_map_store(self, name: str, properties: dict[str, str]) -> MapLoader[K, V]:
        """Return the store for the map ``name``."""


class QueueStore(JavaInterface, ABC, Generic[V], implements="com.hazelcast.collection.QueueStore"):
    """Stores the items of a queue, each with a number."""

    @abstractmethod
    def load(self, key: int) -> V | None:
        """Return the item with this number, None if there is none."""

    @abstractmethod
    def store(self, key: int, value: V) -> None:
        """Store an item."""

    @abstractmethod
    def delete(self, key: int) -> None:
        """Delete an item."""

    def load_all(self, keys: list[int]) -> Mapping[int, V]:
        """Return the existing items with these numbers; the default calls :meth:`load` for each."""
        found = ((Long(key), self.load(key)) for key in keys)
        return {key: value for key, value in found if value is not None}

    def load_all_keys(self) -> Iterable[int]:
        """Return the numbers of all stored items, as ``Long``; none by default."""
        return ()

    def store_all(self, entries: dict[int, V]) -> None:
        """Store several items; the default calls :meth:`store` for each."""
        for key, value in entries.items():
            self.store(key, value)

    def delete_all(self, keys: list[int]) -> None:
        """Delete several items; the default calls :meth:`delete` for each."""
        for key in keys:
            self.delete(key)


def store_behind(
    config: Any,
    name: str,
    store: MapLoader[Any, Any] | MapStoreFactory[Any, Any],
    *,
    write_delay: int = 0,
    batch_size: int = 1,
    coalesce: bool = True,
    eager: bool = False,
) -> None:
    """Configure a store for the maps whose name matches ``name``.

    Args:
        config: The member's Java ``Config``.
        name: Name of the map, with ``*`` for several maps.
        store: The store, or a factory that creates a store for each map.
        write_delay: Seconds until changes are written (write-behind); 0 writes immediately (write-through).
        batch_size: How many changes are passed to ``store_all`` together with write-behind.
        coalesce: Whether only the last change of a key is written with write-behind.
        eager: Load when the map is created, and wait for it, instead of at its first use.
    """
    settings = config.getMapConfig(name).getMapStoreConfig()
    settings.setEnabled(True)
    settings.setWriteDelaySeconds(write_delay)
    settings.setWriteBatchSize(batch_size)
    settings.setWriteCoalescing(coalesce)
    modes = settings.getInitialLoadMode().getDeclaringClass()
    settings.setInitialLoadMode(jvm_of(config).java.lang.Enum.valueOf(modes, "EAGER" if eager else "LAZY"))
    if isinstance(store, MapStoreFactory):
        settings.setFactoryImplementation(store)
    else:
        settings.setImplementation(store)
