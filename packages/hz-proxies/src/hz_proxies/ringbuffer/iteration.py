"""Iteration over the items of a ringbuffer."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic

from hz_core.surfaces import AsyncioObject, BlockingObject, FuturesObject
from hz_proxies.page_loops import asyncio_items, blocking_items
from hz_proxies.ringbuffer.limits import PAGE_SIZE
from hz_proxies.types import E


class BlockingIteration(BlockingObject, Generic[E]):
    """The blocking surface's ``iter``."""

    def iter(
        self,
        from_sequence: int | None = None,
        *,
        page_size: int = PAGE_SIZE,
        follow: bool = False,
        filter: Any = None,
    ) -> Iterator[E]:
        """Iterate over the items from a sequence on, up to the newest one of when the iteration begins.

        The items are read in pages, and stay in the ringbuffer.

        Args:
            from_sequence: Sequence of the first item; None for the oldest one.
            page_size: How many items to read at a time.
            follow: Do not end, but wait for further items.
            filter: As for ``read_many``.

        Raises:
            StaleSequenceError: The next items were overwritten, or have expired, or the ringbuffer was lost.

        Source: messages ``Ringbuffer.readMany``, ``Ringbuffer.headSequence`` and ``Ringbuffer.tailSequence``.
        """
        return blocking_items(self._run, self._ops._pages(from_sequence, page_size, follow, filter))


class FuturesIteration(FuturesObject, Generic[E]):
    """The futures surface's ``iter``, which waits for each page."""

    def iter(
        self,
        from_sequence: int | None = None,
        *,
        page_size: int = PAGE_SIZE,
        follow: bool = False,
        filter: Any = None,
    ) -> Iterator[E]:
        """Iterate over the items, waiting for each page; see :meth:`BlockingIteration.iter`."""
        run = self._caller.blocking().run
        return blocking_items(run, self._ops._pages(from_sequence, page_size, follow, filter))


class AsyncioIteration(AsyncioObject, Generic[E]):
    """The asyncio surface's ``iter``."""

    def iter(
        self,
        from_sequence: int | None = None,
        *,
        page_size: int = PAGE_SIZE,
        follow: bool = False,
        filter: Any = None,
    ) -> AsyncIterator[E]:
        """Iterate over the items with ``async for``; see :meth:`BlockingIteration.iter`."""
        return asyncio_items(self._run, self._ops._pages(from_sequence, page_size, follow, filter))
