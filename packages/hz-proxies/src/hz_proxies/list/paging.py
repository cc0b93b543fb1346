"""Pages of a list."""

from collections.abc import Callable
from typing import Final, Generic

from hz_core.op import Flow, Op
from hz_proxies.types import E

PAGE_SIZE: Final = 1000
"""Number of items to fetch at once."""


class ListPages(Generic[E]):
    """The items between two indexes, page by page. Items that are added meanwhile do not belong to them.

    Args:
        read: Returns the items between two indexes, fewer if the list has become shorter.
        size: Returns the number of items, where the iteration ends if there is no ``end``.
        page_size: How many items to fetch at once.
        start: Index of the first item.
        end: Index behind the last item; None for the size of the list when the first page is fetched.
        backwards: Whether to begin with the last item.
    """

    def __init__(
        self,
        read: Callable[[int, int], Flow[list[E]]],
        size: Callable[[], Op[int]],
        page_size: int = PAGE_SIZE,
        start: int = 0,
        end: int | None = None,
        backwards: bool = False,
    ) -> None:
        self._read = read
        self._size = size
        self._page_size = page_size
        self._start = start
        self._end = end
        self._backwards = backwards

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        return self._end is None or self._start < self._end

    def fetch(self) -> Flow[list[E]]:
        """Return the next page, which may be empty. After an error, or if it is cancelled, it can be fetched again."""
        if self._end is None:
            self._end = yield self._size()
        start, end = self._start, self._end
        if self._backwards:
            first = max(end - self._page_size, start)
            page = yield from self._read(first, end)
            self._end = first
            return page[::-1]
        page = yield from self._read(start, min(end, start + self._page_size))
        self._start = start + len(page) if page else end
        return page

    def end(self) -> Flow[None]:
        """Fetch nothing more. Members keep nothing for an iteration."""
        self._end = self._start
        yield []
