"""Iteration over the rows of a SQL result."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import chain, repeat, starmap
from types import GeneratorType
from typing import Any, Self

from hz_core.future import Future
from hz_core.surfaces import AsyncioContextManager, BlockingContextManager, FuturesSurface
from hz_proxies.sql.result.operations import SqlResultOperations
from hz_proxies.sql.rows import SqlRow, SqlRowMetadata


def _pages(run: Callable[[Any], Any], operations: SqlResultOperations) -> Iterator[Iterator[SqlRow]]:
    rows: Iterator[SqlRow] | None = operations._rows
    while rows is not None:
        yield rows
        found: Any = operations._rows_here()
        rows = run(found) if isinstance(found, GeneratorType) else found


def _row(future: Future[SqlRow | None]) -> SqlRow:
    row = future.result()
    if row is None:
        raise StopIteration
    return row


class _Shown:
    """What notebooks call to show a result."""

    _ops: SqlResultOperations

    def _repr_html_(self) -> str:
        return self._ops._html()


class BlockingRows(_Shown, BlockingContextManager):
    """Base class of results that are iterated with ``for``."""

    _ops: SqlResultOperations

    def __iter__(self) -> Iterator[SqlRow]:
        self._ops._row_classes()
        return chain.from_iterable(_pages(self._run, self._ops))

    def iterator(self) -> Iterator[SqlRow]:
        """Return an iterator over the rows, as ``iter`` does.

        Raises:
            ValueError: The result has an update count instead of rows.
        """
        return iter(self)

    @property
    def metadata(self) -> SqlRowMetadata:
        """The columns, as ``get_row_metadata`` returns them."""
        return self._ops.get_row_metadata()


class FuturesRows(_Shown, FuturesSurface):
    """Base class of results that are iterated with ``for``, which waits for each page."""

    _ops: SqlResultOperations

    def __iter__(self) -> Iterator[SqlRow]:
        self._ops._row_classes()
        return chain.from_iterable(_pages(self._caller.blocking().run, self._ops))

    def iterator(self) -> Iterator[Future[SqlRow]]:
        """Return an iterator over futures of the rows, which does not wait for pages.

        It has no end: the futures behind the last row raise StopIteration from ``result``. Wait for each future before
        the next one is asked for.

        Raises:
            ValueError: The result has an update count instead of rows.
        """
        self._ops._row_classes()
        return starmap(self._next, repeat(()))

    def _next(self) -> Future[SqlRow]:
        future: Future[SqlRow | None] = self._run(self._ops._next_row())
        return future.continue_with(_row)

    @property
    def metadata(self) -> SqlRowMetadata:
        """The columns, as ``get_row_metadata`` returns them."""
        return self._ops.get_row_metadata()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc_value: BaseException | None, traceback: object) -> None:
        self._caller.blocking().run(self._ops._exit(exc_value))


class _AsyncRows(AsyncIterator[SqlRow]):
    """Iterates over rows. Not a generator, which would end when a task that waits for it is cancelled."""

    __slots__ = ("_operations", "_run")

    def __init__(self, run: Callable[[Any], Awaitable[Any]], operations: SqlResultOperations) -> None:
        self._run = run
        self._operations = operations

    async def __anext__(self) -> SqlRow:
        for row in self._operations._rows:
            return row
        found: SqlRow | None = await self._run(self._operations._next_row())
        if found is None:
            raise StopAsyncIteration
        return found


class AsyncioRows(_Shown, AsyncioContextManager):
    """Base class of results that are iterated with ``async for``."""

    _ops: SqlResultOperations

    def __aiter__(self) -> AsyncIterator[SqlRow]:
        self._ops._row_classes()
        return _AsyncRows(self._run, self._ops)

    def iterator(self) -> AsyncIterator[SqlRow]:
        """Return an iterator over the rows, as ``aiter`` does.

        Raises:
            ValueError: The result has an update count instead of rows.
        """
        return aiter(self)

    @property
    def metadata(self) -> SqlRowMetadata:
        """The columns, as ``get_row_metadata`` returns them."""
        return self._ops.get_row_metadata()
