"""Predicates: conditions on map entries, evaluated by the members.

Source: the predicate factory (-20) of the members' serialization; ``PagingPredicateHolder`` of the protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hz_proxies.predicate.base import PREDICATE_FACTORY_ID, BuiltInPredicate, Predicate
from hz_proxies.predicate.functions import (
    and_,
    between,
    equal,
    false,
    greater,
    greater_or_equal,
    ilike,
    in_,
    instance_of,
    less,
    less_or_equal,
    like,
    not_,
    not_equal,
    or_,
    paging,
    partition,
    regex,
    sql,
    true,
)
from hz_proxies.predicate.paging_predicate import IterationType, PagingPredicate, unpaged, unwrap_paging
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization.public_names import publish

PREDICATE_FACTORY: Final[Mapping[int, Callable[[], Predicate]]] = MappingProxyType(
    {**BuiltInPredicate.factory(), **PartitionPredicate.factory()}
)
"""Constructors by class id, to deserialize built-in predicates."""

__all__ = [
    "PREDICATE_FACTORY",
    "PREDICATE_FACTORY_ID",
    "IterationType",
    "PagingPredicate",
    "PartitionPredicate",
    "Predicate",
    "and_",
    "between",
    "equal",
    "false",
    "greater",
    "greater_or_equal",
    "ilike",
    "in_",
    "instance_of",
    "less",
    "less_or_equal",
    "like",
    "not_",
    "not_equal",
    "or_",
    "paging",
    "partition",
    "regex",
    "sql",
    "true",
    "unpaged",
    "unwrap_paging",
]

publish(__name__, (globals()[name] for name in __all__))
