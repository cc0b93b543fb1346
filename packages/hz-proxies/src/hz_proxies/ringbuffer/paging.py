"""Iteration over a ringbuffer."""

from collections.abc import Callable
from typing import Generic

from hz_core.errors import StaleSequenceError
from hz_core.op import Flow, Op
from hz_proxies.ringbuffer.result import ReadResult
from hz_proxies.types import E


class RingbufferSource(Generic[E]):
    """Fetches the items of a ringbuffer, from a sequence on, page by page.

    Args:
        name: Name of the ringbuffer.
        first: Sequence of the first item; None for the oldest one.
        size: How many items to read at a time.
        follow: Whether to wait for items that are added later.
        bounds: Return the requests for the head's and the tail's sequence.
        read: Returns the request for items: from which sequence on, at least and at most how many.
    """

    def __init__(
        self,
        name: str,
        first: int | None,
        size: int,
        follow: bool,
        bounds: tuple[Callable[[], Op[int]], Callable[[], Op[int]]],
        read: Callable[[int, int, int], Op[ReadResult[E]]],
    ) -> None:
        self._name = name
        self._next = first
        self._size = size
        self._follow = follow
        self._head_sequence, self._tail_sequence = bounds
        self._read = read
        self._last: int | None = None
        self.more: bool = True

    def fetch(self) -> Flow[list[E]]:
        """Return the next items.

        Raises:
            StaleSequenceError: The next items are there no more. The next call goes on with the oldest one.
        """
        start = self._next
        if start is None:
            start = self._next = yield self._head_sequence()
        most = self._size
        if not self._follow:
            if self._last is None:
                self._last = yield self._tail_sequence()
            most = min(most, self._last + 1 - start)
        if most <= 0:
            self.more = False
            return []
        page: ReadResult[E] = yield self._read(start, 1 if self._follow else 0, most)
        begin = page.next_sequence_to_read_from - page.read_count
        if page.read_count == 0:
            begin = yield self._head_sequence()  # there is nothing more, though there has been
        elif begin == start:
            self._next = page.next_sequence_to_read_from
            return list(page)
        if begin > start:
            self._next = begin
            raise StaleSequenceError(
                f"ringbuffer {self._name!r} has lost the items from {start} to {begin - 1}"
            )
        # The ringbuffer is not the one of before.
        self._next = self._last = None
        raise StaleSequenceError(
            f"ringbuffer {self._name!r} has no items from {start} on: it was lost, and has begun anew"
        )

    def end(self) -> Flow[None]:
        """Fetch nothing more; members keep nothing for an iteration."""
        self.more = False
        yield []
