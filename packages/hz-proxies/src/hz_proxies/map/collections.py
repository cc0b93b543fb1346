"""Maps of the cluster as Python's own mappings."""

from collections.abc import AsyncIterator, ItemsView, Iterator, KeysView, Mapping, MutableMapping
from typing import Any, Final, Generic, TypeVar, overload

from hz_core.surfaces import AsyncioObject, BlockingObject
from hz_proxies.types import K, V

D = TypeVar("D")

PAGE_SIZE: Final = 1000
"""Entries of a partition that one reply carries while iterating."""

_MISSING: Final[Any] = object()


class BlockingMapping(BlockingObject, Generic[K, V]):
    """The dictionary's side of a blocking map, which counts as a `MutableMapping`.

    Iterating fetches page by page and never holds the whole map. It is weakly consistent: entries that are there all
    the time come exactly once, as long as no partition moves; others may or may not come.

    `values` and `get` are the map's own operations: the one returns a list and takes a predicate, the other has no
    default. So the class is registered as a mapping, not derived from it.
    """

    def __getitem__(self, key: K) -> V:
        value: V | None = self._call(self._ops.get(key))
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._call(self._ops.set(key, value))

    def __delitem__(self, key: K) -> None:
        if self._call(self._ops.remove(key)) is None:
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key is not None and bool(self._call(self._ops.contains_key(key)))

    def __len__(self) -> int:
        size: int = self._call(self._ops.size())
        return size

    def __iter__(self) -> Iterator[K]:
        return self._iterate(self._ops._key_pages)

    def __bool__(self) -> bool:
        return True

    def keys(self) -> KeysView[K]:
        """Return a view of the keys, which is iterated page by page."""
        mapping: Any = self
        return KeysView(mapping)

    def items(self) -> ItemsView[K, V]:
        """Return a view of the entries, which is iterated page by page."""
        mapping: Any = self
        return _Items(mapping)

    @overload
    def pop(self, key: K, /) -> V: ...

    @overload
    def pop(self, key: K, /, default: D) -> V | D: ...

    def pop(self, key: K, /, default: Any = _MISSING) -> Any:
        """Remove the entry of `key` and return its value; `default`, or KeyError without one, if there is none."""
        value = self._call(self._ops.remove(key))
        if value is not None:
            return value
        if default is _MISSING:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[K, V]:
        """Remove some entry and return it.

        Raises:
            KeyError: the map is empty.
        """
        # One key a page: the first will do, unless somebody else removes it first.
        for key in self._iterate(self._ops._key_pages, 1):
            value: V | None = self._call(self._ops.remove(key))
            if value is not None:
                return key, value
        raise KeyError(f"map {self.name!r} is empty")

    def setdefault(self, key: K, default: V, /) -> V:
        """Return the value of `key`, after storing `default` where there is none; atomic."""
        value: V | None = self._call(self._ops.put_if_absent(key, default))
        return default if value is None else value

    def update(self, other: Any = (), /, **kwargs: V) -> None:
        """Store all entries of a mapping, of pairs, or of keyword arguments."""
        entries = dict(other, **kwargs) if not isinstance(other, Mapping) or kwargs else other
        if entries:
            self._run(self._ops.put_all(entries))

    def _iterate(self, pages: Any, size: int = PAGE_SIZE) -> Iterator[Any]:
        pending = self._ops._all_partitions()
        while pending:
            yield from self._run(pages(pending, size))


MutableMapping.register(BlockingMapping)


class _Items(ItemsView[K, V]):
    """Entries of a map; iterating fetches keys and values together."""

    _mapping: Any

    def __iter__(self) -> Iterator[tuple[K, V]]:
        entries: Iterator[tuple[K, V]] = self._mapping._iterate(self._mapping._ops._entry_pages)
        return entries


class AsyncioMapping(AsyncioObject, Generic[K, V]):
    """The side of an asyncio map that is like a dictionary: ``async for key in map``."""

    def __aiter__(self) -> AsyncIterator[K]:
        return self._iterate(self._ops._key_pages)

    def items(self) -> AsyncIterator[tuple[K, V]]:
        """Iterate over the entries, page by page."""
        return self._iterate(self._ops._entry_pages)

    async def _iterate(self, pages: Any) -> AsyncIterator[Any]:
        pending = self._ops._all_partitions()
        while pending:
            for item in await self._run(pages(pending, PAGE_SIZE)):
                yield item
