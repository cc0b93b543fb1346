"""Stores behind maps and queues: where a member loads from and writes to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.convert import jvm_of
from hz_embedded.interfaces.long_values import Long

K = TypeVar("K")
V = TypeVar("V")


class MapLoader(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.map.MapLoader"):
    """Where a map looks for entries that it has not in memory (read-through)."""

    @abstractmethod
    def load(self, key: K) -> V | None:
        """The value of ``key``, None when there is none."""

    def load_all(self, keys: list[K]) -> Mapping[K, V]:
        """The values of those of ``keys`` that have one; asks :meth:`load` for each unless overridden."""
        found = ((key, self.load(key)) for key in keys)
        return {key: value for key, value in found if value is not None}

    def load_all_keys(self) -> Iterable[K] | None:
        """The keys to load when the map is first used; None (as here) loads nothing ahead."""
        return None


class MapStore(MapLoader[K, V], implements="com.hazelcast.map.MapStore"):
    """Where a map loads from and what it writes to, at each change or some seconds later.

    Configure it with :func:`store_behind`. An exception from :meth:`store` or :meth:`delete` reaches the caller of a
    map that writes through; a map that writes behind tries again.
    """

    @abstractmethod
    def store(self, key: K, value: V) -> None:
        """Keep ``value`` under ``key``."""

    @abstractmethod
    def delete(self, key: K) -> None:
        """Forget ``key``."""

    def store_all(self, entries: dict[K, V]) -> None:
        """Keep several entries; calls :meth:`store` for each unless overridden."""
        for key, value in entries.items():
            self.store(key, value)

    def delete_all(self, keys: list[K]) -> None:
        """Forget several keys; calls :meth:`delete` for each unless overridden."""
        for key in keys:
            self.delete(key)


class MapStoreFactory(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.map.MapStoreFactory"):
    """Makes the store of each map whose name matches a configuration."""

    @abstractmethod
    def new_map_store(self, name: str, properties: dict[str, str]) -> MapLoader[K, V]:
        """The store for the map ``name``."""


class QueueStore(JavaInterface, ABC, Generic[V], implements="com.hazelcast.collection.QueueStore"):
    """Where a queue keeps its items, each under a number."""

    @abstractmethod
    def load(self, key: int) -> V | None:
        """The item with this number."""

    @abstractmethod
    def store(self, key: int, value: V) -> None:
        """Keep an item."""

    @abstractmethod
    def delete(self, key: int) -> None:
        """Forget an item."""

    def load_all(self, keys: list[int]) -> Mapping[int, V]:
        """The items with these numbers; asks :meth:`load` for each unless overridden."""
        found = ((Long(key), self.load(key)) for key in keys)
        return {key: value for key, value in found if value is not None}

    def load_all_keys(self) -> Iterable[int]:
        """The numbers of all items that are kept, as ``Long``; none unless overridden."""
        return ()

    def store_all(self, entries: dict[int, V]) -> None:
        """Keep several items; calls :meth:`store` for each unless overridden."""
        for key, value in entries.items():
            self.store(key, value)

    def delete_all(self, keys: list[int]) -> None:
        """Forget several items; calls :meth:`delete` for each unless overridden."""
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
    """Put a store behind the maps whose name is or matches ``name``.

    Args:
        config: the member's Java ``Config``.
        name: name of the map, with ``*`` for many.
        store: the store, or a factory that makes one for each map.
        write_delay: seconds until changes are written; 0 writes each through at once.
        batch_size: how many changes a map that writes behind gives to ``store_all`` together.
        coalesce: whether a map that writes behind writes only the last change of a key.
        eager: load at the map's creation, and wait for it, rather than at its first use.
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
