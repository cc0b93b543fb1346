"""Iteration over the entries of a map, partition by partition."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar

from hz_core.arguments import int32, shown
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations
from hz_proxies.codecs import map as codec
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.predicate import PartitionPredicate, Predicate, unpaged
from hz_proxies.projection import Projection, multi_attribute, single_attribute
from hz_proxies.types import K, V

T = TypeVar("T")

Pointers = tuple[tuple[int, int], ...]

START: Final = ((0x7FFFFFFF, -1),)
"""Start position of an iteration over a partition: the whole hash table, before the first slot."""

_PARALLEL_PARTITIONS: Final = 16


class PartitionPages(Generic[T]):
    """Pages of several partitions, which are fetched from up to 16 of them in parallel.

    Args:
        fetch: Returns the request for the next page of a partition, from a position on.
        unpack: Takes the reply and returns the next position and the items.
        partitions: The partitions.
    """

    def __init__(
        self,
        fetch: Callable[[int, Pointers], Op[Any]],
        unpack: Callable[[Any], tuple[Iterable[tuple[int, int]], list[T]]],
        partitions: Iterable[int],
    ) -> None:
        self._fetch = fetch
        self._unpack = unpack
        self._pending: dict[int, Pointers] = dict.fromkeys(partitions, START)

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        return bool(self._pending)

    def fetch(self) -> Flow[list[T]]:
        """Return the next page of several partitions."""
        pending = self._pending
        partitions = list(pending)[:_PARALLEL_PARTITIONS]
        replies = yield [self._fetch(partition, pending[partition]) for partition in partitions]
        found: list[T] = []
        for partition, reply in zip(partitions, replies, strict=True):
            positions, items = self._unpack(reply)
            found += items
            pointers = tuple(positions)
            if not pointers or pointers[-1][0] < 0:
                del pending[partition]
            else:
                pending[partition] = pointers
        return found

    def end(self) -> Flow[None]:
        """Fetch nothing more; members keep nothing."""
        self._pending.clear()
        yield []


class PagingOperations(KeyedOperations, Generic[K, V]):
    """Iterators fetch page by page and never hold the whole map in memory.

    They are weakly consistent: entries that exist during the whole iteration are returned exactly once, unless a
    partition migrates; others may or may not be returned.
    """

    def iter_keys(
        self,
        page_size: int = 1000,
        predicate: Predicate | None = None,
        partitions: Iterable[int] | None = None,
    ) -> PagesOperations[K]:
        """Return an iterator over all keys, or over those whose entries match ``predicate``.

        Args:
            page_size: How many entries of a partition to fetch at once.
            predicate: The condition; a paging predicate is refused.
            partitions: The partitions to look into, so that an iteration can be split, or be continued; None for all.

        Raises:
            ValueError: There is no such partition.

        Source: messages ``Map.fetchKeys`` and ``Map.fetchWithQuery``.
        """
        size = int32(page_size, "page_size", 1)
        if predicate is None:
            return self._pages(
                lambda partition, position: codec.fetch_keys(partition, self.name, position, size),
                tuple,
                partitions,
            )
        return self._query_pages("iter_keys", single_attribute("__key"), _same, predicate, size, partitions)

    def iter_values(
        self,
        page_size: int = 1000,
        predicate: Predicate | None = None,
        partitions: Iterable[int] | None = None,
    ) -> PagesOperations[V]:
        """Return an iterator over all values, or over those whose entries match ``predicate``.

        Args:
            page_size: How many entries of a partition to fetch at once.
            predicate: The condition; a paging predicate is refused.
            partitions: The partitions to look into, so that an iteration can be split, or be continued; None for all.

        Raises:
            ValueError: There is no such partition.

        Source: message ``Map.fetchWithQuery``; without a predicate ``Map.fetchEntries``.
        """
        size = int32(page_size, "page_size", 1)
        if predicate is None:
            return self._pages(
                lambda partition, position: codec.fetch_entries(partition, self.name, position, size),
                lambda reply: (reply.iteration_pointers, [value for _, value in reply.entries]),
                partitions,
            )
        return self._query_pages("iter_values", single_attribute("this"), _same, predicate, size, partitions)

    def iter_items(
        self,
        page_size: int = 1000,
        predicate: Predicate | None = None,
        partitions: Iterable[int] | None = None,
    ) -> PagesOperations[tuple[K, V]]:
        """Return an iterator over all entries, or over those that match ``predicate``.

        Args:
            page_size: How many entries of a partition to fetch at once.
            predicate: The condition; a paging predicate is refused.
            partitions: The partitions to look into, so that an iteration can be split, or be continued; None for all.

        Raises:
            ValueError: There is no such partition.

        Source: messages ``Map.fetchEntries`` and ``Map.fetchWithQuery``.
        """
        size = int32(page_size, "page_size", 1)
        if predicate is None:
            return self._pages(
                lambda partition, position: codec.fetch_entries(partition, self.name, position, size),
                tuple,
                partitions,
            )
        both = multi_attribute("__key", "this")
        return self._query_pages("iter_items", both, _pairs, predicate, size, partitions)

    def _pages(
        self,
        fetch: Callable[[int, Pointers], Op[Any]],
        unpack: Callable[[Any], Any],
        partitions: Iterable[int] | None = None,
    ) -> PagesOperations[Any]:
        everything = range(self._context.partition_count())
        wanted = everything if partitions is None else list(partitions)
        for partition in wanted:
            if partition not in everything:
                raise ValueError(f"partitions must be from 0 to {everything[-1]}, not {shown(partition)}")
        return PagesOperations(self._context, PartitionPages(fetch, unpack, wanted))

    def _query_pages(
        self,
        operation: str,
        projection: Projection[Any],
        items: Callable[[list[Any]], list[Any]],
        predicate: Predicate,
        size: int,
        partitions: Iterable[int] | None,
    ) -> PagesOperations[Any]:
        unpaged(predicate, operation)
        if isinstance(predicate, PartitionPredicate):
            only = self._keyed(predicate.partition_key)[1]
            partitions = [only] if partitions is None or only in partitions else []
            predicate = predicate.target
        wanted, condition = self._to_data(projection), self._to_data(predicate)
        return self._pages(
            lambda partition, position: codec.fetch_with_query(
                partition, self.name, position, size, wanted, condition
            ),
            lambda reply: (reply.iteration_pointers, items(reply.results)),
            partitions,
        )


def _same(items: list[T]) -> list[T]:
    return items


def _pairs(items: list[list[Any]]) -> list[tuple[Any, Any]]:
    return [(key, value) for key, value in items]
