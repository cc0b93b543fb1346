"""Iteration over the entries of a replicated map."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from hz_core.context import ClientContext
from hz_core.errors import IllegalStateError, UnsupportedOperationError
from hz_core.op import Flow, GatherOutcomes, Op
from hz_proxies.codecs import replicated_map as codec
from hz_proxies.codecs.replicated_map import ReplicatedMapEntryViewHolder
from hz_serialization import Data

T = TypeVar("T")

_PARALLEL_PARTITIONS: Final = 16
_MOST_RESTARTS: Final = 100
"""If the position in one partition is lost so often, something else is wrong."""


class ViewPages(Generic[T]):
    """Pages of entries, fetched from up to 16 partitions in parallel.

    If a partition gets another owner, the position in it is lost. Then it is read again from its beginning, without the
    entries that were returned before.

    Args:
        context: The client.
        name: Name of the map.
        page_size: How many entries of a partition to fetch at once.
        item: Returns what the caller gets of an entry.
    """

    def __init__(
        self,
        context: ClientContext,
        name: str,
        page_size: int,
        item: Callable[[ReplicatedMapEntryViewHolder], T],
    ) -> None:
        self._context = context
        self._name = name
        self._page_size = page_size
        self._item = item
        # Of each partition that is not finished, the first and the next cursor; None where the iteration has not begun.
        self._cursors: dict[int, tuple[UUID, UUID] | None] = dict.fromkeys(range(context.partition_count()))
        # Of the same partitions, the keys that were fetched so far, and those that were before the position was lost.
        self._fetched: dict[int, list[Any]] = {}
        self._known: dict[int, set[Data]] = {}
        self._restarts: dict[int, int] = {}
        self._found: list[T] = []

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        return bool(self._cursors)

    def fetch(self) -> Flow[list[T]]:
        """Return the next page of several partitions."""
        partitions = list(self._cursors)[:_PARALLEL_PARTITIONS]
        first = {partition: self._first_cursor(partition) for partition in partitions}
        outcomes = yield GatherOutcomes(
            [self._request(partition, first[partition]) for partition in partitions]
        )
        finished: dict[int, UUID] = {}
        error: Exception | None = None
        for partition, outcome in zip(partitions, outcomes, strict=True):
            if isinstance(outcome, IllegalStateError) and self._restart(partition):
                continue
            if isinstance(outcome, Exception):
                error = outcome
                continue
            self._take(partition, outcome.entry_views)
            if len(outcome.entry_views) < self._page_size:
                self._forget(partition)
                finished[partition] = first[partition]
            else:
                self._cursors[partition] = (first[partition], outcome.cursor_id)
        yield from self._end(finished)
        if error is not None:
            raise error  # what was found meanwhile belongs to the next page
        found, self._found = self._found, []
        return found

    def _take(self, partition: int, views: Sequence[ReplicatedMapEntryViewHolder]) -> None:
        known = self._known.get(partition)
        if known:
            to_data = self._context.serialization.to_data
            views = [view for view in views if to_data(view.key) not in known]
        self._found += map(self._item, views)
        self._fetched.setdefault(partition, []).extend(view.key for view in views)

    def _restart(self, partition: int) -> bool:
        """Begin anew with a partition whose position is lost; return False if it was just begun, or too often."""
        restarts = self._restarts[partition] = self._restarts.get(partition, 0) + 1
        if self._cursors[partition] is None or restarts > _MOST_RESTARTS:
            return False
        known = self._known.setdefault(partition, set())
        known.update(map(self._context.serialization.to_data, self._fetched.pop(partition, ())))
        self._cursors[partition] = None
        return True

    def _forget(self, partition: int) -> None:
        for table in (self._cursors, self._fetched, self._known, self._restarts):
            table.pop(partition, None)

    def _first_cursor(self, partition: int) -> UUID:
        cursors = self._cursors[partition]
        return self._context.new_uuid() if cursors is None else cursors[0]

    def _request(self, partition: int, first: UUID) -> Op[codec.FetchEntryViewsResponse]:
        cursors = self._cursors[partition]
        begins, cursor = (True, first) if cursors is None else (False, cursors[1])
        return codec.fetch_entry_views(partition, self._name, cursor, begins, self._page_size)

    def end(self) -> Flow[None]:
        """Tell the members that nobody goes on with the iteration."""
        open_, self._cursors = self._cursors, {}
        yield from self._end({p: cursors[0] for p, cursors in open_.items() if cursors is not None})

    def _end(self, first: dict[int, UUID]) -> Flow[None]:
        # Members know an iteration by its first cursor, and keep it for minutes, also when it has come to its end. It
        # does not matter if one has forgotten it already.
        yield GatherOutcomes(
            [
                codec.end_entry_view_iteration(partition, self._name, cursor)
                for partition, cursor in first.items()
            ]
        )


class SmallOrPaged(Generic[T]):
    """All items with one request if the map is small, or if members have no pages; otherwise pages.

    Args:
        size: Returns the request for the number of entries.
        all: Returns the request for all items.
        most: So many are fetched at once.
        pages: The pages.
    """

    def __init__(
        self, size: Callable[[], Op[int]], all: Callable[[], Op[list[T]]], most: int, pages: ViewPages[T]
    ) -> None:
        self._size = size
        self._all = all
        self._most = most
        self._pages = pages
        self._done = False
        self._paged = False

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        return not self._done and self._pages.more

    def fetch(self) -> Flow[list[T]]:
        """Return all items, or the next page."""
        if not self._paged:
            size: int = yield self._size()
            if size > self._most:
                try:
                    page = yield from self._pages.fetch()
                except UnsupportedOperationError:
                    pass  # members before 5.4
                else:
                    self._paged = True
                    return page
            items: list[T] = yield self._all()
            self._done = True
            return items
        return (yield from self._pages.fetch())

    def end(self) -> Flow[None]:
        """Tell the members that nobody goes on with the iteration."""
        self._done = True
        if self._paged:
            yield from self._pages.end()
