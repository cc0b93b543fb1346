"""A blocking multimap as a mapping from keys to collections of values, and an asyncio one as an iterable."""

from collections.abc import AsyncIterator, Collection, ItemsView, Iterable, Iterator, KeysView
from typing import Any, Generic

from hz_core.surfaces import AsyncioObject
from hz_proxies.mappings import AsyncioKeyLocks, BlockingKeyLocks
from hz_proxies.types import K, V


class MultiMapValues(Collection[V], Generic[K, V]):
    """The values of one key of a multimap; every use reads or changes the cluster.

    Args:
        multimap: The blocking multimap.
        key: The key.
    """

    __slots__ = ("_key", "_multimap")

    def __init__(self, multimap: Any, key: K) -> None:
        self._multimap = multimap
        self._key = key

    def __iter__(self) -> Iterator[V]:
        values: list[V] = self._multimap.get(self._key)
        return iter(values)

    def __len__(self) -> int:
        count: int = self._multimap.value_count(self._key)
        return count

    def __contains__(self, value: object) -> bool:
        return value is not None and bool(self._multimap.contains_entry(self._key, value))

    def add(self, value: V) -> None:
        """Add a value."""
        self._multimap.put(self._key, value)

    def update(self, values: Iterable[V]) -> None:
        """Add several values, with one request."""
        self._multimap.put_all({self._key: values})

    def discard(self, value: V) -> None:
        """Remove a value, once, if it is there."""
        self._multimap.remove(self._key, value)

    def remove(self, value: V) -> None:
        """Remove a value, once.

        Raises:
            KeyError: It is not there.
        """
        if not self._multimap.remove(self._key, value):
            raise KeyError(value)

    def clear(self) -> None:
        """Remove all values."""
        self._multimap.delete(self._key)

    def __repr__(self) -> str:
        return f"MultiMapValues({self._multimap.name!r}, {self._key!r})"


class BlockingMultiMapping(BlockingKeyLocks[K], Generic[K, V]):
    """The mapping interface of a blocking multimap: from each key to the collection of its values.

    ``multimap[key]`` is a live collection, empty for a key without values; iteration is over the keys, each once;
    ``items()`` and ``len`` are about the pairs of a key and one of its values, as ``size`` is. Therefore it is no
    subclass of ``Mapping``, for which ``len`` is the number of keys.
    """

    def __getitem__(self, key: K) -> MultiMapValues[K, V]:
        self._ops._value(key, "key")
        return MultiMapValues(self, key)

    def __delitem__(self, key: K) -> None:
        if not self._call(self._ops.remove_all(key)):
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key is not None and bool(self._call(self._ops.contains_key(key)))

    def __len__(self) -> int:
        size: int = self._call(self._ops.size())
        return size

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[K]:
        return iter(self._call(self._ops.key_set()))

    def keys(self) -> KeysView[K]:
        """Return a view of the keys, each once."""
        multimap: Any = self
        return _Keys(multimap)

    def items(self) -> ItemsView[K, V]:
        """Return a view of all pairs of a key and one of its values."""
        multimap: Any = self
        return _Pairs(multimap)


class _Keys(KeysView[K]):
    _mapping: Any

    def __len__(self) -> int:
        return len(self._mapping.key_set())


class _Pairs(ItemsView[K, V]):
    _mapping: Any

    def __contains__(self, pair: object) -> bool:
        match pair:
            case (key, value) if key is not None and value is not None:
                return bool(self._mapping.contains_entry(key, value))
        return False

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(self._mapping.entry_set())


class AsyncioMultiMapping(AsyncioKeyLocks[K], AsyncioObject, Generic[K, V]):
    """An asyncio multimap as an iterable: ``async for key in multimap``."""

    async def __aiter__(self) -> AsyncIterator[K]:
        for key in await self._call(self._ops.key_set()):
            yield key

    async def items(self) -> AsyncIterator[tuple[K, V]]:
        """Iterate over all pairs of a key and one of its values."""
        for pair in await self._call(self._ops.entry_set()):
            yield pair
