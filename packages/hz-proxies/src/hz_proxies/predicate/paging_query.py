"""Requests for one page of a map: the holder, the request and the decoder of the reply.

Source: ``Map.keySetWithPagingPredicate``, ``Map.valuesWithPagingPredicate``, ``Map.entriesWithPagingPredicate``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from hz_core.op import ANY_PARTITION, Op
from hz_core.wire.decode import length_at, read_data_entries, read_data_list
from hz_core.wire.types import ReadData, raw_data
from hz_proxies.codecs import map as codec
from hz_proxies.predicate.paging_predicate import IterationType, PagingPredicate, unwrap_paging
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization import Data


class _Message(NamedTuple):
    """The message for an iteration type, and the reader of the first part of its reply."""

    make: Callable[[str, codec.PagingPredicateHolder, int], Op[Any]]
    read_items: Callable[[bytes, int, ReadData], tuple[list[Any], int]]


_MESSAGES: Final[Mapping[IterationType, _Message]] = {
    IterationType.KEY: _Message(codec.key_set_with_paging_predicate, read_data_list),
    IterationType.VALUE: _Message(codec.values_with_paging_predicate, read_data_list),
    IterationType.ENTRY: _Message(codec.entries_with_paging_predicate, read_data_entries),
}


def query_page(
    name: str,
    predicate: PagingPredicate | PartitionPredicate,
    iteration_type: IterationType,
    to_data: Callable[[Any], Data],
    partition_id: int = ANY_PARTITION,
) -> Op[list[Any]]:
    """Return the operation for the current page of a paging predicate: keys, values or (key, value) tuples.

    Decoding the reply also stores the new anchors in the predicate.

    Args:
        name: Name of the map.
        predicate: A paging predicate, or a partition predicate around one.
        iteration_type: The results to request.
        to_data: Serializes an object that is not None.
        partition_id: The partition of a partition predicate's key.

    Raises:
        TypeError: If there is no paging predicate in ``predicate``.
    """
    holder = to_holder(predicate, iteration_type, to_data)
    op = _MESSAGES[iteration_type].make(name, holder, partition_id)
    return op.decoded(page_decoder(_paging_in(predicate), iteration_type))


def to_holder(
    predicate: PagingPredicate | PartitionPredicate,
    iteration_type: IterationType,
    to_data: Callable[[Any], Data],
) -> codec.PagingPredicateHolder:
    """Return the ``PagingPredicateHolder`` for the current page.

    The inner predicate is sent as a separate object; members since 5.4 reject the paging predicate as an object.

    Args:
        predicate: A paging predicate, or a partition predicate around one.
        iteration_type: The requested results.
        to_data: Serializes an object that is not None.

    Raises:
        TypeError: If there is no paging predicate in ``predicate``.
    """
    paging = _paging_in(predicate)

    def optional(value: object) -> Data | None:
        return None if value is None else to_data(value)

    anchors = paging.begin_query(iteration_type)
    return codec.PagingPredicateHolder(
        codec.AnchorDataListHolder([page for page, _ in anchors], [entry for _, entry in anchors]),
        predicate_data=optional(paging.predicate),
        comparator_data=optional(paging.comparator),
        page_size=paging.page_size,
        page=paging.page,
        iteration_type_id=iteration_type,
        partition_key_data=optional(
            predicate.partition_key if isinstance(predicate, PartitionPredicate) else None
        ),
        partition_keys_data=None,
    )


def page_decoder(
    paging: PagingPredicate, iteration_type: IterationType
) -> Callable[[bytes, ReadData], list[Any]]:
    """Return the function that decodes the reply for a page and stores its anchors in ``paging``.

    The generated decoder would also deserialize the anchors. They must be sent back to the members unchanged: an
    object that is serialized again may have another Java type, and then another position in the order.
    """
    read_items = _MESSAGES[iteration_type].read_items

    def decode(message: bytes, read: ReadData) -> list[Any]:
        items, position = read_items(message, length_at(message)[0], read)
        anchors, _ = codec.read_anchor_data_list_holder(message, position, raw_data)
        paging.update_anchors(anchors, iteration_type)
        return items

    return decode


def _paging_in(predicate: object) -> PagingPredicate:
    paging = unwrap_paging(predicate)
    if paging is None:
        raise TypeError(f"{predicate!r} does not page: expected paging(...) or partition(key, paging(...)).")
    return paging
