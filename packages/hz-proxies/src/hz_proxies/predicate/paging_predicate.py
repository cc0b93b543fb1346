"""``PagingPredicate``: results of queries, sorted by the members and fetched page by page."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NoReturn, Protocol, TypeAlias

from hz_proxies.built_in import check_int
from hz_proxies.predicate.base import Predicate
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization import Data, HazelcastSerializationError
from hz_serialization.api import ObjectDataInput, ObjectDataOutput

_CLASS_ID: Final = 15

Anchor: TypeAlias = tuple[int, tuple[Data, Data | None]]


class IterationType(IntEnum):
    """The results of a query, with the values of ``PagingPredicateHolder.iterationTypeId``."""

    KEY = 0
    VALUE = 1
    ENTRY = 2


class Anchors(Protocol):
    """The ``AnchorDataListHolder`` of a response, for ``PagingPredicate.update_anchors``."""

    @property
    def anchor_page_list(self) -> Sequence[int]:
        """The page numbers, from 0."""

    @property
    def anchor_data_list(self) -> Sequence[tuple[Data, Data | None]]:
        """Key and value of the last entry of each of these pages."""


class PagingPredicate(Predicate):
    """A query with results in pages, for ``Map.key_set``, ``Map.values`` and ``Map.entry_set``.

    Set the page with ``next_page``, ``previous_page`` or ``page``, and query again. The predicate stores the last
    entries of the pages that it has fetched (its anchors), so that members can find the next page. Therefore use
    one predicate for one map only, or call ``reset`` before you use it for another one. It is not thread-safe: wait
    for the end of a query before you start the next one.
    """

    __slots__ = ("_anchors", "_comparator", "_iteration_type", "_page", "_page_size", "_predicate")

    def __init__(self, predicate: Predicate | None, page_size: int, comparator: object = None) -> None:
        self._predicate = predicate
        self._page_size = page_size
        self._comparator = comparator
        self._page = 0
        self._anchors: list[Anchor] = []
        self._iteration_type: IterationType | None = None

    def reset(self) -> None:
        """Return to the first page and discard the anchors, to use the predicate in another query."""
        self._page = 0
        self._anchors = []
        self._iteration_type = None

    def next_page(self) -> int:
        """Advance to the next page; a page beyond the last one is empty.

        Returns:
            The new page index.
        """
        self._page += 1
        return self._page

    def previous_page(self) -> int:
        """Return to the previous page; no effect on page 0.

        Returns:
            The new page index.
        """
        self._page = max(0, self._page - 1)
        return self._page

    @property
    def page(self) -> int:
        """The index of the current page, from 0; can be set. A page beyond the last one is empty.

        Raises:
            TypeError: If it is set to another type than int.
            ValueError: If it is set to a negative number.
        """
        return self._page

    @page.setter
    def page(self, page: int) -> None:
        self._page = check_int("PagingPredicate.page", "page", page, minimum=0)

    @property
    def page_size(self) -> int:
        """The number of results of a page; the last one may have less."""
        return self._page_size

    @property
    def predicate(self) -> Predicate | None:
        """The inner predicate, or None for all entries."""
        return self._predicate

    @property
    def comparator(self) -> object:
        """The object for the members' comparator, or None for natural order."""
        return self._comparator

    @property
    def iteration_type(self) -> IterationType | None:
        """The iteration type of the last query; None before the first query."""
        return self._iteration_type

    @property
    def anchors(self) -> list[Anchor]:
        """The page index, and key and value in serialized form, of the last entry of each known page."""
        return list(self._anchors)

    def begin_query(self, iteration_type: IterationType) -> list[Anchor]:
        """Set the iteration type of a query and return the anchors to send.

        Anchors of another iteration type are discarded, because the order is different.
        """
        if iteration_type is not self._iteration_type:
            self._iteration_type = iteration_type
            self._anchors = []
        return self.anchors

    def update_anchors(self, anchors: Anchors, iteration_type: IterationType) -> None:
        """Store the anchors of a response.

        They are ignored if the query is no longer the current one, because the predicate was reset or used for
        another query.

        Args:
            anchors: ``anchorDataList`` of the response.
            iteration_type: Iteration type of the request.

        Raises:
            HazelcastSerializationError: If the response does not have one entry per page.
        """
        pages, entries = len(anchors.anchor_page_list), len(anchors.anchor_data_list)
        if pages != entries:
            raise HazelcastSerializationError(
                f"The response to a paging query has {pages} anchor pages but {entries} anchor entries; "
                f"the page cannot be trusted. Query it again."
            )
        if iteration_type is self._iteration_type:
            self._anchors = list(zip(anchors.anchor_page_list, anchors.anchor_data_list, strict=True))

    def get_class_id(self) -> int:
        """Return the class id of the members' paging predicate."""
        return _CLASS_ID

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Raise an error, because the parts of the predicate are sent separately.

        Raises:
            HazelcastSerializationError: Always. Since 5.4 members do not read this predicate as an object.
        """
        self._refuse("sent as an object")

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Raise an error, because members never send a paging predicate.

        Raises:
            HazelcastSerializationError: Always.
        """
        self._refuse("read as an object")

    def _refuse(self, what: str) -> NoReturn:
        raise HazelcastSerializationError(
            f"{self!r} cannot be {what}: a paging predicate is only for key_set, values and entry_set of a "
            f"Map, not for transactions, listeners, aggregations, projections, entry processors, nor as a "
            f"part of another predicate. Use its inner predicate there."
        )

    def __repr__(self) -> str:
        comparator = "" if self._comparator is None else f", {self._comparator!r}"
        return f"<paging({self._predicate!r}, {self._page_size}{comparator}) at page {self._page}>"


def unpaged(predicate: Predicate, operation: str) -> Predicate:
    """Return ``predicate`` if it can be sent as an object, and so as the filter of ``operation``.

    Raises:
        AssertionError: It is a paging predicate, also within a partition predicate. Programs may rely on this type,
            which clients raise since 4.0.
    """
    if unwrap_paging(predicate) is not None:
        raise AssertionError(
            f"{operation} does not take {predicate!r}: a paging predicate is only for key_set, values and entry_set "
            "of a Map; use its inner predicate here"
        )
    return predicate


def unwrap_paging(predicate: object) -> PagingPredicate | None:
    """Return the paging predicate in ``predicate``: itself, or the target of a partition predicate; else None."""
    target = predicate.target if isinstance(predicate, PartitionPredicate) else predicate
    return target if isinstance(target, PagingPredicate) else None
