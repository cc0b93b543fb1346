"""Iteration over what is read page by page: one loop for each way to wait."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from hz_core.op import Flow

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Pages(Protocol[T_co]):
    """What is read page by page."""

    def next_page(self) -> Flow[Sequence[T_co]]:
        """Return the next page; an empty one at the end."""
        ...


def blocking_items(run: Callable[[Flow[Any]], Any], pages: Pages[T]) -> Iterator[T]:
    """Yield the items of all pages; each page is read when it is needed, and waited for."""
    while page := run(pages.next_page()):
        yield from page


async def asyncio_items(run: Callable[[Flow[Any]], Any], pages: Pages[T]) -> AsyncIterator[T]:
    """Yield the items of all pages; each page is read when it is needed, and awaited."""
    while page := await run(pages.next_page()):
        for item in page:
            yield item
