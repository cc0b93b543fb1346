"""``PartitionPredicate``: queries of a single partition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hz_proxies.built_in import OBJECT, Shape
from hz_proxies.predicate.base import BuiltInPredicate, Predicate


class PartitionPredicate(BuiltInPredicate):
    """Restricts another predicate to the partition of a key; created by ``partition``.

    A request with it is sent to the owner of that partition.
    """

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {"partition": Shape("partition", 16, (OBJECT, OBJECT))}

    @property
    def partition_key(self) -> Any:
        """A key of the partition to query."""
        return self._arguments[0]

    @property
    def target(self) -> Predicate:
        """The predicate for the entries of that partition."""
        target: Predicate = self._arguments[1]
        return target
