"""The operations of a cardinality estimator, from which its surfaces are generated."""

from collections.abc import Iterable
from typing import Final

from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations
from hz_proxies.cardinality_estimator.hashing import hash64
from hz_proxies.codecs import cardinality_estimator as codec
from hz_serialization import Data

_HEADER: Final = 8
"""Bytes of a ``Data`` before the serialized content."""

_TOGETHER: Final = 1000
"""Number of requests that are in flight together."""


class CardinalityEstimatorOperations(NamedOperations):
    """Estimates how many distinct values were added to it, without storing them (HyperLogLog++).

    It is stored in one partition and takes a few kilobytes, however many values are added. Values are compared in
    serialized form; only their hashes are sent.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:cardinalityEstimatorService"

    def add(self, item: object) -> Op[None]:
        """Add a value; it counts once, however often it is added. Source: message ``CardinalityEstimator.add``."""
        return self._add(self._value(item, "item"))

    def add_all(self, items: Iterable[object]) -> Flow[None]:
        """Add several values, with parallel requests: the protocol has one for each value.

        Source: message ``CardinalityEstimator.add``.
        """
        # A value that occurs twice makes no difference.
        return self._add_all(list(dict.fromkeys(self._values(items, "items"))))

    def estimate(self) -> Op[int]:
        """Return the estimated number of distinct values. Source: message ``CardinalityEstimator.estimate``."""
        return codec.estimate(self._partition, self.name)

    def _add(self, data: Data) -> Op[None]:
        return codec.add(self._partition, self.name, hash64(data[_HEADER:]))

    def _add_all(self, items: list[Data]) -> Flow[None]:
        for start in range(0, len(items), _TOGETHER):
            yield [self._add(data) for data in items[start : start + _TOGETHER]]
