"""Iterators over pages."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Self, cast

from hz_core.surfaces import AsyncioSurface, BlockingSurface, FuturesSurface
from hz_proxies.types import E


class BlockingIterator(BlockingSurface, Iterator[E], Generic[E]):
    """An iterator for ``for``."""

    def __init__(self, caller: Any, operations: Any) -> None:
        super().__init__(caller, operations)
        self._page: Iterator[Any] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        for item in self._page:
            return cast(E, item)
        self._page = iter(self._run(self._ops.next_page()))
        return cast(E, next(self._page))


class FuturesIterator(FuturesSurface, Iterator[E], Generic[E]):
    """An iterator for ``for``, which waits for each page."""

    def __init__(self, caller: Any, operations: Any) -> None:
        super().__init__(caller, operations)
        self._page: Iterator[Any] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        for item in self._page:
            return cast(E, item)
        self._page = iter(self._caller.blocking().run(self._ops.next_page()))
        return cast(E, next(self._page))


class AsyncioIterator(AsyncioSurface, AsyncIterator[E], Generic[E]):
    """An iterator for ``async for``."""

    def __init__(self, caller: Any, operations: Any) -> None:
        super().__init__(caller, operations)
        self._page: Iterator[Any] = iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        for item in self._page:
            return cast(E, item)
        page = await self._run(self._ops.next_page())
        if not page:
            raise StopAsyncIteration
        self._page = iter(page)
        return cast(E, next(self._page))
