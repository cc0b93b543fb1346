"""How a Map asks for one page: the holder, the request and the reading of the reply.

Source: `Map.keySetWithPagingPredicate`, `Map.valuesWithPagingPredicate`, `Map.entriesWithPagingPredicate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from hz_core.invocation.op import ANY_PARTITION, Op
from hz_core.wire.decode import length_at, read_data_entries, read_data_list
from hz_core.wire.method import Method
from hz_core.wire.types import ReadData, raw_data
from hz_proxies.codecs import map as codec
from hz_proxies.predicate.paging_predicate import IterationType, PagingPredicate, unwrap_paging
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization import Data


class _Messages(NamedTuple):
    """The protocol's messages for an iteration type, and what its replies begin with."""

    method: Method[Any]
    request: Callable[[int, str, codec.PagingPredicateHolder], bytearray]
    read_items: Callable[[bytes, int, ReadData], tuple[list[Any], int]]


_MESSAGES: Final[Mapping[IterationType, _Messages]] = {
    IterationType.KEY: _Messages(
        codec.KEY_SET_WITH_PAGING_PREDICATE, codec.key_set_with_paging_predicate_request, read_data_list
    ),
    IterationType.VALUE: _Messages(
        codec.VALUES_WITH_PAGING_PREDICATE, codec.values_with_paging_predicate_request, read_data_list
    ),
    IterationType.ENTRY: _Messages(
        codec.ENTRIES_WITH_PAGING_PREDICATE, codec.entries_with_paging_predicate_request, read_data_entries
    ),
}


def query_page(
    name: str,
    predicate: PagingPredicate | PartitionPredicate,
    iteration_type: IterationType,
    to_data: Callable[[Any], Data],
    partition_id: int = ANY_PARTITION,
) -> Op[list[Any]]:
    """The current page of a paging predicate: keys, values or (key, value) tuples.

    Reading the reply also gives the predicate its new anchors.

    Args:
        name: Name of the map.
        predicate: A paging predicate, or a partition predicate around one.
        iteration_type: What to ask for.
        to_data: Serializes an object that is not None.
        partition_id: The partition of a partition predicate's key.

    Raises:
        TypeError: If there is no paging predicate in `predicate`.
    """
    messages = _MESSAGES[iteration_type]
    holder = to_holder(predicate, iteration_type, to_data)
    return Op(
        messages.method,
        messages.request(partition_id, name, holder),
        partition_id,
        decode=page_decoder(_paging_in(predicate), iteration_type),
    )


def to_holder(
    predicate: PagingPredicate | PartitionPredicate,
    iteration_type: IterationType,
    to_data: Callable[[Any], Data],
) -> codec.PagingPredicateHolder:
    """The `PagingPredicateHolder` for the current page.

    The inner predicate goes as an object of its own; members from 5.4 on refuse the paging predicate itself.

    Args:
        predicate: A paging predicate, or a partition predicate around one.
        iteration_type: What the request asks for.
        to_data: Serializes an object that is not None.

    Raises:
        TypeError: If there is no paging predicate in `predicate`.
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
    """Reads the reply for a page and hands its anchors to `paging`.

    The generated decoder would make objects of the anchors too. They go back to the members as they came: an
    object written anew may have another Java type, and then lies in another place of the order.
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
