"""Code that members run on entries: processors, predicates, interceptors, merge policies."""

from __future__ import annotations

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
    """Changes entries where they are. It also runs on the backups of the entry, as in Java.

    Do not call the same map in it: the partition's thread waits for Python.
    """

    @abstractmethod
    def process(self, entry: MapEntry[K, V]) -> R:
        """Read or assign ``entry.value``; what is returned goes to the caller."""


class Predicate(JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.query.Predicate"):
    """Chooses entries. Each entry costs a call to Python; a SQL predicate is far faster on large maps."""

    @abstractmethod
    def apply(self, entry: MapEntry[K, V]) -> bool:
        """Whether the entry is wanted."""


class MapInterceptor(JavaInterface, implements="com.hazelcast.map.MapInterceptor"):
    """Sees what a map gives and takes, and may put other values in its place; override what you want to see."""

    def intercept_get(self, value: Any) -> Any:
        """What the caller gets instead of ``value``; None means ``value`` itself."""
        return None

    def after_get(self, value: Any) -> None:
        """``value`` was given."""

    def intercept_put(self, old_value: Any, new_value: Any) -> Any:
        """What is put instead of ``new_value``; None means ``new_value`` itself."""
        return None

    def after_put(self, value: Any) -> None:
        """``value`` was put."""

    def intercept_remove(self, removed_value: Any) -> Any:
        """What the caller gets instead of the removed value; None means that value itself."""
        return None

    def after_remove(self, old_value: Any) -> None:
        """``old_value`` was removed."""


class Projection(JavaInterface, ABC, Generic[V, R], implements="com.hazelcast.projection.Projection"):
    """Makes of each entry what the caller wants of it."""

    @abstractmethod
    def transform(self, entry: V) -> R:
        """What the caller gets for ``entry``."""


class SplitBrainMergePolicy(
    JavaInterface, ABC, Generic[K, V], implements="com.hazelcast.spi.merge.SplitBrainMergePolicy"
):
    """Decides between the values that two halves of a cluster have for a key; see :func:`use_merge_policy`."""

    @abstractmethod
    def merge(self, merging: MergingEntry[K, V], existing: MergingEntry[K, V] | None) -> V | None:
        """The value to keep: ``merging`` comes from the smaller half, ``existing`` is there or None."""


def use_merge_policy(config: Any, name: str, policy: SplitBrainMergePolicy[Any, Any]) -> None:
    """Let a policy decide about the maps whose name is or matches ``name``; do so before the member starts.

    Members know merge policies by name alone. This one gets a name among those that Hazelcast brings along.

    Args:
        config: the member's Java ``Config``.
        name: name of the map, with ``*`` for many.
        policy: the policy.
    """
    jvm = jvm_of(config)
    known = jvm.java.lang.Class.forName(_MERGE_POLICIES).getDeclaredField(_KNOWN_POLICIES)
    known.setAccessible(True)
    policy_name = f"python-{type(policy).__qualname__}-{NUMBERS.number(policy)}"
    known.get(None).put(policy_name, policy)
    config.getMapConfig(name).getMergePolicyConfig().setPolicy(policy_name)
