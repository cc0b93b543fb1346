"""Pages of what a structure holds, from which the surfaces are generated."""

from typing import Generic, Protocol

from hz_core.context import ClientContext
from hz_core.errors import IllegalStateError
from hz_core.op import Flow
from hz_core.operations import Operations
from hz_proxies.types import E


class PageSource(Protocol[E]):
    """Fetches pages, one after another."""

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        ...

    def fetch(self) -> Flow[list[E]]:
        """Return the next page, which may be empty. After an error, or if it is cancelled, it can be fetched again."""
        ...

    def end(self) -> Flow[None]:
        """Fetch nothing more."""
        ...


class PagesOperations(Operations, Generic[E]):
    """What a structure holds, fetched page by page while it is iterated over: an iterator.

    At most a few pages are in memory. An iteration may end early; ``close`` frees what members may keep for it.
    """

    # Read by tools/generate_surfaces.py.
    futures_base = "hz_proxies.pages.iterating.FuturesIterator"
    blocking_base = "hz_proxies.pages.iterating.BlockingIterator"
    asyncio_base = "hz_proxies.pages.iterating.AsyncioIterator"

    def __init__(self, context: ClientContext, source: PageSource[E]) -> None:
        super().__init__(context)
        self._source = source
        self._fetching = False

    def next_page(self) -> Flow[list[E]]:
        """Return the items of the next page; an empty list after the last one.

        If this fails, the next call fetches the same page.

        Raises:
            IllegalStateError: Another call has not ended yet.
        """
        if self._fetching:
            raise IllegalStateError("a page is fetched already; pages are fetched one after another")
        self._fetching = True
        try:
            while self._source.more:
                page = yield from self._source.fetch()
                if page:
                    return page
            return []
        finally:
            self._fetching = False

    def close(self) -> Flow[None]:
        """End the iteration: there are no further pages. Members forget an iteration after a while anyway."""
        yield from self._source.end()
