"""Code that members run on entries: processors, predicates, interceptors and merge policies."""

from abc import ABC, abstractmethod
from typing import Any, Final, Generic, TypeVar

from hz_embedded.interfaces.base import JavaInterface
from hz_embedded.interfaces.convert import jvm_of
from hz_embedded.interfaces.crossing import NUMBERS
from hz_embedded.interfaces.views import MapEntry, MergingEntry

K = TypeVar("K")
V = TypeVar("V")
R = TypeVar("R")
_MERGE_POLICIES: Final = "com.hazelcast.spi.merge.SplitBrainMergePolicyProvider"
_KNOWN_POLICIES: Final = "OUT_OF_THE_BOX_MERGE_POLICIES"


class EntryProcessor(JavaInterface, ABC, Generic[K, V, R], implements="com.hazelcast.map.EntryProcessor"):
    """Changes entries on the member that owns them. It also runs on the backups of the entry, as in Java.

    Do not call the same map in it: the thread of the partition waits for Python.
    """

    @abstractmethod
    def process(self, entry: MapEntry[K, V]) -> R:
        """Read or assign ``entry.value``; the result is returned to the caller."""


class Predicate(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.query.Predicate"):
    """Selects entries. Each entry costs a call to Python; a SQL predicate is much faster for large maps."""

    @abstractmethod
    def apply(self, entry: MapEntry[K, V]) -> bool:
        """Return whether the entry is selected."""


class MapInterceptor(JavaInterface, implements="com.hazelcast.map.MapInterceptor"):
    """Intercepts operations of a map and may replace values; override the methods you need."""

    def intercept_get(self, value: Any) -> Any:
        """Return what the caller gets instead of ``value``; None means ``value``."""
        return None

    def after_get(self, value: Any) -> None:
        """Handle the end of a get of ``value``."""

    def intercept_put(self, old_value: Any, new_value: Any) -> Any:
        """Return what is put instead of ``new_value``; None means ``new_value``."""
        return None

    def after_put(self, value: Any) -> None:
        """Handle the end of a put of ``value``."""

    def intercept_remove(self, removed_value: Any) -> Any:
        """Return what the caller gets instead of the removed value; None means that value."""
        return None

    def after_remove(self, old_value: Any) -> None:
        """Handle the end of a removal of ``old_value``."""


class Projection(JavaInterface, ABC, Generic[V, R], implements="com.hazelcast.projection.Projection"):
    """Transforms each entry into a result for the caller."""

    @abstractmethod
    def transform(self, entry: V) -> R:
        """Return the result for ``entry``."""


class SplitBrainMergePolicy(
    JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.spi.merge.SplitBrainMergePolicy"
):
    """Decides between the values that two parts of a split cluster have for a key; see :func:`use_merge_policy`."""

    @abstractmethod
    def merge(self, merging: MergingEntry[K, V], existing: MergingEntry[K, V] | None) -> V | None:
        """Return the value to keep.

        Args:
            merging: The entry of the smaller part of the cluster.
            existing: The entry of the larger part, None if it has none.
        """


def use_merge_policy(config: Any, name: str, policy: SplitBrainMergePolicy[Any, Any]) -> None:
    """Use a merge policy for the maps whose name matches ``name``; call this before the member starts.

    Members know merge policies only by name. The policy is added to the table of Hazelcast's built-in policies.

    Args:
        config: The member's Java ``Config``.
        name: Name of the map, with ``*`` for several maps.
        policy: The policy.
    """
    jvm = jvm_of(config)
    known = jvm.java.lang.Class.forName(_MERGE_POLICIES).getDeclaredField(_KNOWN_POLICIES)
    known.setAccessible(True)
    policy_name = f"python-{type(policy).__qualname__}-{NUMBERS.number(policy)}"
    known.get(None).put(policy_name, policy)
    config.getMapConfig(name).getMergePolicyConfig().setPolicy(policy_name)
