"""The mapping interface of structures with entries, and locks as context managers."""

from collections.abc import AsyncIterator, ItemsView, Iterable, Iterator, KeysView, Mapping, MutableMapping
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any, Final, Generic, TypeVar, overload

from hz_core.surfaces import AsyncioObject, BlockingObject
from hz_proxies.pages.aio import AsyncPages
from hz_proxies.pages.blocking import BlockingPages
from hz_proxies.types import K, V

D = TypeVar("D")

_MISSING: Final[Any] = object()


class BlockingKeyLocks(BlockingObject, Generic[K]):
    """Locks on keys for ``with``."""

    @contextmanager
    def lock_context(self, key: K) -> Iterator[None]:
        """Hold the lock of ``key`` in a ``with`` block: ``with map.lock_context(key): …``.

        Args:
            key: The key; an entry is not required.
        """
        self._call(self._ops.lock(key))
        try:
            yield
        finally:
            self._call(self._ops.unlock(key))


class AsyncioKeyLocks(AsyncioObject, Generic[K]):
    """Locks on keys for ``async with``."""

    @asynccontextmanager
    async def lock_context(self, key: K) -> AsyncIterator[None]:
        """Hold the lock of ``key`` in an ``async with`` block: ``async with map.lock_context(key): …``.

        The calling task owns the lock.

        Args:
            key: The key; an entry is not required.
        """
        await self._call(self._ops.lock(key))
        try:
            yield
        finally:
            await self._call(self._ops.unlock(key))


class BlockingMapping(BlockingObject, Generic[K, V]):
    """The mapping interface of a blocking structure, a virtual subclass of ``MutableMapping``.

    Iteration fetches page by page. It is weakly consistent: entries that exist during the whole iteration are
    returned exactly once, unless a partition migrates; others may or may not be returned.

    ``values`` and ``get`` are operations of the structure: ``values`` returns a list, ``get`` has no default.
    Therefore the class is registered as a mapping instead of being a subclass.
    """

    def __getitem__(self, key: K) -> V:
        value: V | None = self._call(self._ops.get(key))
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        self._call(self._ops.put(key, value))

    def __delitem__(self, key: K) -> None:
        if self._call(self._ops.remove(key)) is None:
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key is not None and bool(self._call(self._ops.contains_key(key)))

    def __len__(self) -> int:
        size: int = self._call(self._ops.size())
        return size

    def __iter__(self) -> Iterator[K]:
        return BlockingPages(self._caller, self._ops.iter_keys())

    def __bool__(self) -> bool:
        return True

    def keys(self) -> KeysView[K]:
        """Return a view of the keys. Iteration fetches page by page."""
        mapping: Any = self
        return KeysView(mapping)

    def items(self) -> ItemsView[K, V]:
        """Return a view of the entries. Iteration fetches page by page."""
        mapping: Any = self
        return _Items(mapping)

    @overload
    def pop(self, key: K, /) -> V: ...

    @overload
    def pop(self, key: K, /, default: D) -> V | D: ...

    def pop(self, key: K, /, default: Any = _MISSING) -> Any:
        """Remove the entry of ``key`` and return its value; ``default``, or KeyError without one, if there is none."""
        value = self._call(self._ops.remove(key))
        if value is not None:
            return value
        if default is _MISSING:
            raise KeyError(key)
        return default

    def popitem(self) -> tuple[K, V]:
        """Remove an arbitrary entry and return it.

        Raises:
            KeyError: The map is empty.
        """
        # One key per page: usually the first one is removed, unless another client removes it first.
        with closing(BlockingPages[K](self._caller, self._ops.iter_keys(1))) as keys:
            for key in keys:
                value: V | None = self._call(self._ops.remove(key))
                if value is not None:
                    return key, value
        raise KeyError(f"{self.name!r} is empty")

    def setdefault(self, key: K, default: V, /) -> V:
        """Return the value of ``key``; store ``default`` first if there is none. Not atomic."""
        value: V | None = self._call(self._ops.get(key))
        if value is None:
            self._call(self._ops.put(key, default))
            return default
        return value

    def update(self, other: Mapping[K, V] | Iterable[tuple[K, V]] = (), /, **kwargs: V) -> None:
        """Store all entries of a mapping, of an iterable of pairs, or of keyword arguments."""
        entries: Mapping[Any, V]
        entries = other if isinstance(other, Mapping) and not kwargs else {**dict(other), **kwargs}
        if entries:
            self._run(self._ops.put_all(entries))


MutableMapping.register(BlockingMapping)


class _Items(ItemsView[K, V]):
    """A view of entries; iteration fetches keys and values together."""

    _mapping: Any

    def __iter__(self) -> Iterator[tuple[K, V]]:
        mapping = self._mapping
        return BlockingPages(mapping._caller, mapping._ops.iter_items())


class AsyncioMapping(AsyncioObject, Generic[K, V]):
    """The mapping interface of an asyncio structure: ``async for key in map``."""

    def __aiter__(self) -> AsyncIterator[K]:
        return AsyncPages(self._caller, self._ops.iter_keys())

    def items(self) -> AsyncIterator[tuple[K, V]]:
        """Iterate over the entries, page by page."""
        return AsyncPages(self._caller, self._ops.iter_items())
