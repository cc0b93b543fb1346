"""Iteration over the rows of a SQL result."""

from collections.abc import AsyncIterator, Iterator

from hz_core.surfaces import AsyncioContextManager, BlockingContextManager, FuturesSurface
from hz_proxies.sql.rows import SqlRow


class BlockingRows(BlockingContextManager):
    """Base class of results that are iterated with ``for``."""

    def __iter__(self) -> Iterator[SqlRow]:
        while page := self._run(self._ops._next_page()):
            yield from page


class FuturesRows(FuturesSurface):
    """Base class of results that are iterated with ``for``, which waits for each page."""

    def __iter__(self) -> Iterator[SqlRow]:
        run = self._caller.blocking().run
        while page := run(self._ops._next_page()):
            yield from page


class AsyncioRows(AsyncioContextManager):
    """Base class of results that are iterated with ``async for``."""

    async def __aiter__(self) -> AsyncIterator[SqlRow]:
        while page := await self._run(self._ops._next_page()):
            for row in page:
                yield row
