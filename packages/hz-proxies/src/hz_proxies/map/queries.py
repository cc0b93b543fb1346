"""Queries of a map."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple

from hz_core.config import IndexType
from hz_core.op import ANY_PARTITION, Op
from hz_core.operations import KeyedOperations
from hz_proxies.aggregator import Aggregator
from hz_proxies.codecs import map as codec
from hz_proxies.map.index import index_config
from hz_proxies.predicate import IterationType, PartitionPredicate, Predicate, unpaged, unwrap_paging
from hz_proxies.predicate.paging_query import query_page
from hz_proxies.projection import Projection
from hz_proxies.types import K, R, V
from hz_serialization import Data


class _Query(NamedTuple):
    """The messages and the decoder for one of the three results of queries: keys, values, entries."""

    iteration_type: IterationType
    all: Callable[[str], Op[Any]]
    filtered: Callable[[str, Data, int], Op[Any]]


_KEYS = _Query(IterationType.KEY, codec.key_set, codec.key_set_with_predicate)
_VALUES = _Query(IterationType.VALUE, codec.values, codec.values_with_predicate)
_ENTRIES = _Query(IterationType.ENTRY, codec.entry_set, codec.entries_with_predicate)


class QueryOperations(KeyedOperations, Generic[K, V]):
    """Queries run in parallel on the members, each on its own partitions."""

    def key_set(self, predicate: Predicate | None = None) -> Op[list[K]]:
        """Return all keys, or those whose entries match ``predicate`` (for a paging predicate, its current page).

        Source: messages ``Map.keySet``, ``Map.keySetWithPredicate`` and ``Map.keySetWithPagingPredicate``.
        """
        return self._query(_KEYS, predicate)

    def values(self, predicate: Predicate | None = None) -> Op[list[V]]:
        """Return all values, or those whose entries match ``predicate`` (for a paging predicate, its current page).

        Source: messages ``Map.values``, ``Map.valuesWithPredicate`` and ``Map.valuesWithPagingPredicate``.
        """
        return self._query(_VALUES, predicate)

    def entry_set(self, predicate: Predicate | None = None) -> Op[list[tuple[K, V]]]:
        """Return all entries, or those that match ``predicate`` (for a paging predicate, its current page).

        Source: messages ``Map.entrySet``, ``Map.entriesWithPredicate`` and ``Map.entriesWithPagingPredicate``.
        """
        return self._query(_ENTRIES, predicate)

    def aggregate(self, aggregator: Aggregator[R], predicate: Predicate | None = None) -> Op[R]:
        """Return the result of ``aggregator`` for all entries, or for those that match ``predicate``.

        Source: messages ``Map.aggregate`` and ``Map.aggregateWithPredicate``.
        """
        if predicate is not None:
            unpaged(predicate, "aggregate")
        data = self._value(aggregator, "aggregator")
        if predicate is None:
            return codec.aggregate(self.name, data)
        return codec.aggregate_with_predicate(self.name, data, self._to_data(predicate))

    def project(self, projection: Projection[R], predicate: Predicate | None = None) -> Op[list[R]]:
        """Return the result of ``projection`` for each entry, or for each that matches ``predicate``.

        Source: messages ``Map.project`` and ``Map.projectWithPredicate``.
        """
        if predicate is not None:
            unpaged(predicate, "project")
        data = self._value(projection, "projection")
        if predicate is None:
            return codec.project(self.name, data)
        return codec.project_with_predicate(self.name, data, self._to_data(predicate))

    def add_index(
        self,
        attributes: Sequence[str] | None = None,
        index_type: int | str = IndexType.SORTED,
        name: str | None = None,
        bitmap_index_options: Mapping[str, object] | None = None,
    ) -> Op[None]:
        """Add an index, which makes queries on its attributes fast. Add it before the entries if possible.

        Args:
            attributes: Names of the attributes.
            index_type: An :class:`IndexType`, its value or its name: SORTED for ranges and equality, HASH for
                equality, BITMAP for equality on an attribute with few distinct values.
            name: Name of the index; None for a name from the map, the type and the attributes.
            bitmap_index_options: For BITMAP: ``unique_key``, the attribute that identifies an entry (its key
                by default), and ``unique_key_transformation``, a :class:`UniqueKeyTransformation`.

        Source: message ``Map.addIndex``.
        """
        config = index_config(self.name, attributes, index_type, name, bitmap_index_options)
        return codec.add_index(self.name, config)

    def _query(self, query: _Query, predicate: Predicate | None) -> Op[Any]:
        if predicate is None:
            return query.all(self.name)
        partition = ANY_PARTITION
        if isinstance(predicate, PartitionPredicate):
            partition = self._keyed(predicate.partition_key)[1]
        paging: Any = predicate
        if unwrap_paging(predicate) is not None:
            return query_page(self.name, paging, query.iteration_type, self._to_data, partition)
        return query.filtered(self.name, self._to_data(predicate), partition)
