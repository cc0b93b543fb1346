"""Python objects that members send to each other, within a JVM and between JVMs, and refused objects."""

import gc
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError

from hz_embedded import Cluster, Jvm, jars, versions
from hz_embedded.cluster import JvmChoice
from hz_embedded.config import apply_network
from hz_embedded.interfaces import (
    CannotCrossError,
    EntryEvent,
    EntryMergedListener,
    EntryProcessor,
    MapEntry,
    MergingEntry,
    Predicate,
    SplitBrainMergePolicy,
    java_function,
    python_exception,
    use_merge_policy,
)
from hz_embedded.interfaces.crossing import NUMBERS

Factory = Callable[..., Cluster]


class Counted(EntryProcessor[int, int, int]):
    """Doubles values, and records the keys for which it ran."""

    def __init__(self) -> None:
        self.keys: list[int] = []

    def process(self, entry: MapEntry[int, int]) -> int:
        self.keys.append(entry.key)
        entry.value = 2 * (entry.value or 0)
        return entry.key


class Even(Predicate[int, int]):
    """Even keys."""

    def apply(self, entry: MapEntry[int, int]) -> bool:
        return entry.key % 2 == 0


@pytest.mark.parametrize(("jvm", "version"), [("shared", "5.7.0"), ("own", "4.0")])
def test_row_16_code_crosses_to_other_members(
    jvm: JvmChoice, version: str, hazelcast_cluster_factory: Factory
) -> None:
    cluster = hazelcast_cluster_factory(members=2, version=version, jvm=jvm)
    numbers = cluster.members[0].instance.getMap("numbers")
    for key in range(20):
        numbers.put(key, key)
    counted = Counted()
    assert [numbers.executeOnKey(key, counted) for key in range(20)] == list(range(20))
    assert dict(numbers) == {key: 2 * key for key in range(20)}
    # The other member called this object, and each backup ran it too.
    assert sorted(counted.keys) == sorted([*range(20), *range(20)])
    assert sorted(numbers.keySet(Even())) == list(range(0, 20, 2))


def test_what_cannot_cross_says_so_at_once(reserved_ports: tuple[int, int]) -> None:
    jar = jars.resolve(versions.artifact(f"com.hazelcast:hazelcast:{versions.NEWEST}"))
    with Jvm.start(classpath=[jar]) as jvm:
        # A member that was not started by a Cluster, and cannot read Python objects.
        config = jvm.view.com.hazelcast.config.Config()
        apply_network(config, reserved_ports[0], [], has_auto_detection=True)
        instance = jvm.view.com.hazelcast.core.Hazelcast.newHazelcastInstance(config)
        numbers = instance.getMap("numbers")
        numbers.put(1, 1)
        # Nothing is serialized for a partition of the calling member.
        assert numbers.executeOnKey(1, Counted()) == 1
        executor, objects = instance.getExecutorService("default"), instance.getMap("objects")
        ways: list[Callable[[], object]] = [
            lambda: executor.submit(java_function(lambda: 1)),
            lambda: objects.put("k", Even()),
        ]
        for way in ways:
            with pytest.raises(Py4JJavaError, match="cannot be serialized for another member") as caught:
                way()
            assert isinstance(python_exception(caught.value), CannotCrossError)
        instance.shutdown()


def test_an_object_that_no_longer_exists_is_named(
    hazelcast_cluster_factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NUMBERS, "_kept", 0)
    cluster = hazelcast_cluster_factory()
    kept = cluster.members[0].instance.getMap("kept")
    even = Even()
    kept.put("held", even)
    assert kept.get("held").toString() == repr(even)
    # Java's proxies would keep the object alive until the JVM has collected them.
    cluster.members[0].jvm.release(even)
    del even
    gc.collect()
    with pytest.raises(Py4JJavaError, match="there is no Python object number") as caught:
        kept.get("held")
    assert isinstance(python_exception(caught.value), CannotCrossError)


def test_row_16_merge_policy(hazelcast_cluster_factory: Factory) -> None:
    class Longest(SplitBrainMergePolicy[str, str]):
        def __init__(self) -> None:
            self.merged = threading.Event()

        def merge(
            self, merging: MergingEntry[str, str], existing: MergingEntry[str, str] | None
        ) -> str | None:
            values = [side.value or "" for side in (merging, existing) if side is not None]
            if len(values) == 2:
                self.merged.set()
            return max(values, key=len)

    class Merged(EntryMergedListener[str, str]):
        def __init__(self) -> None:
            self.heard: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

        def entry_merged(self, event: EntryEvent[str, str]) -> None:
            self.heard.put((event.key, event.value))

    policy, merged = Longest(), Merged()

    def configure(config: Any) -> None:
        use_merge_policy(config, "split", policy)

    cluster = hazelcast_cluster_factory(members=1, configure=configure)
    first = cluster.members[0]
    second = cluster.add_member(join=False)
    first.instance.getMap("split").put("k", "short")
    second.instance.getMap("split").put("k", "the longer value")
    first.instance.getMap("split").put("other", "a")
    for member in (first, second):
        member.instance.getMap("split").addLocalEntryListener(merged)
    first.join(second)
    assert policy.merged.wait(90)
    told = [merged.heard.get(timeout=30)]
    while told[-1][0] != "k":
        told.append(merged.heard.get(timeout=30))
    assert told[-1] == ("k", "the longer value")
    assert first.instance.getMap("split").get("k") == "the longer value"
