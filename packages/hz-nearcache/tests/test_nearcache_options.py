"""Options of near caches: names and patterns, formats, copies, limits; statistics; what they cost."""

import random
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hazelcast
from hz_core.statistics.report import Report
from hz_core.testing.simulation import Simulation
from hz_nearcache import NearCaches, near_cache
from hz_nearcache.patterns import matching
from hz_nearcache.store import ENTRY_COST, Store
from hz_proxies import MAP, MULTI_MAP
from nearcache_harness import NearClient, Setting


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("prices", "prices"),
        ("prices-eu", "prices-*"),
        ("prices-eu-old", "prices-*-old"),
        ("old", "*old"),
        ("other", "*"),
        ("a.b.c", "a.*.*"),
    ],
)
def test_the_name_or_the_longest_pattern_decides(name: str, pattern: str) -> None:
    options = {one: one for one in ("*", "prices", "prices-*", "prices-*-old", "*old", "a.*.*", "prices*")}
    assert matching(options, name) == pattern
    assert matching({"prices": 1, "p?ices": 2}, "price") is None


@given(st.text("ab*", max_size=6), st.text("ab", max_size=8))
def test_patterns_are_those_of_a_shell(pattern: str, name: str) -> None:
    import re

    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name) is not None
    assert (matching({pattern: True}, name) is not None) == expected


def test_maps_without_options_and_other_structures_have_no_near_cache() -> None:
    with Simulation(client=NearClient, near_caches={"near-*": {}}) as simulation:
        client = simulation.client
        assert near_cache(client.get_object(MAP, "near-1")) is not None
        assert near_cache(client.get_object(MAP, "near-1").blocking()) is not None
        assert near_cache(client.get_object(MAP, "far")) is None
        assert near_cache(client.get_object(MULTI_MAP, "near-1")) is None
        assert repr(client.get_object(MAP, "near-1").blocking()) == "BlockingMap(name='near-1')"
        assert str(client.get_object(MAP, "near-1")) == 'Map(name="near-1")'


def test_bytes_make_a_new_object_for_each_reader_and_objects_are_shared() -> None:
    with Setting(in_memory_format="BINARY") as setting:
        setting.own.put("k", [1])
        first, second, third = [setting.own.get("k") for _ in range(3)]
        assert first == second == third == [1]
        assert len({id(first), id(second), id(third)}) == 3
    with Setting(in_memory_format="OBJECT") as setting:
        setting.own.put("k", [1])
        assert setting.own.get("k") is setting.own.get("k")
    with Setting(in_memory_format="OBJECT", copy_on_read=True) as setting:
        setting.own.put("k", [[1]])
        for _ in range(3):
            found = setting.own.get("k")
            assert found == [[1]]
            found[0].append(2)
        (of_all,) = setting.own.get_all(["k"]).values()
        assert of_all == [[1]]
        assert setting.cache.statistics.misses == 1


def test_limits() -> None:
    with Setting(eviction_max_size=5) as setting:
        setting.own.put_all({n: n for n in range(20)})
        assert setting.own.get_all(range(20)) == {n: n for n in range(20)}
        assert len(setting.cache) == 5
    with Setting(max_bytes=4 * (ENTRY_COST + 110)) as setting:
        setting.own.put_all(dict.fromkeys(range(20), "v" * 80))
        assert len(setting.own.get_all(range(20))) == 20
        assert len(setting.cache) == 4
        assert setting.cache.store.bytes <= 4 * (ENTRY_COST + 110)
    with Setting(time_to_live=10, max_idle=5) as setting:
        setting.other.put("k", "v")
        for now in (0, 4, 4):
            setting.pass_time(now)
            assert setting.own.get("k") == "v"
        assert setting.cache.statistics.misses == 1
        setting.pass_time(2)
        assert setting.own.get("k") == "v"
        setting.pass_time(6)
        assert setting.own.get("k") == "v"
        assert (setting.cache.statistics.misses, setting.cache.statistics.expirations) == (3, 2)


def test_a_client_without_near_caches_refuses_them() -> None:
    with pytest.raises(hazelcast.errors.InvalidConfigurationError, match=r"^near_caches: "):
        Simulation(near_caches={"m": {}})


def test_the_statistics_for_management_center() -> None:
    with Setting() as setting:
        setting.pass_time(7)
        setting.own.put("k", "v")
        for _ in range(4):
            setting.own.get("k")
        report = Report(timestamp=100_000)
        setting.simulation.engine.service(NearCaches).report(report)
        attributes = dict(pair.split("=") for pair in report.attributes.split(","))
        age = setting.simulation.driver.now() - setting.cache.created
        created = int(attributes.pop("nc.m.creationTime"))
        assert created == pytest.approx(100_000 - age * 1000, abs=1)
        assert attributes == {
            "nc.m.evictions": "0",
            "nc.m.expirations": "0",
            "nc.m.hits": "3",
            "nc.m.invalidationRequests": "1",
            "nc.m.invalidations": "0",
            "nc.m.lastPersistenceDuration": "0",
            "nc.m.lastPersistenceKeyCount": "0",
            "nc.m.lastPersistenceTime": "0",
            "nc.m.lastPersistenceWrittenBytes": "0",
            "nc.m.misses": "1",
            "nc.m.ownedEntryCount": "1",
            "nc.m.ownedEntryMemoryCost": str(setting.cache.store.bytes),
        }
        values = [str(created), *attributes.values(), "0"]
        assert [str(metric.value) for metric in report.metrics] == values
        assert report.metrics[-1].name == "persistenceCount"
        assert {(m.prefix, m.label, m.label_value) for m in report.metrics} == {("nearcache", "name", "m")}


def test_a_batch_of_many_invalidations_stops_no_reader() -> None:
    """Readers take no lock, so they find values between any two removals."""
    with Setting(in_memory_format="OBJECT") as setting:
        count = 8_000
        store = setting.cache.store
        to_data = setting.simulation.client.serialization.to_data
        keys = [to_data(n) for n in range(count)]
        for n, key in enumerate(keys):
            store.put(key, n, 10, shortcut=n)
        store.put(b"hot", "hot", shortcut="hot")
        uuid, source = setting.cluster.new_uuid(), setting.cluster.new_uuid()
        setting.cache.numbers.told(uuid, 0)
        event = type("Event", (), {})()
        changes = [(key, source, uuid, n) for n, key in enumerate(keys, 1)]
        feed: Any = _Feed(changes)
        setting.cache.feed = feed
        found: list[Any] = []
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                found.append(setting.own.get("hot"))

        reader = threading.Thread(target=read)
        reader.start()
        setting.cache._on_event(event)
        done.set()
        reader.join()
        assert set(found) == {"hot"}
        assert len(store) == 1
        assert setting.cache.statistics.invalidation_requests == count
        assert setting.cache.statistics.lost_invalidations == 0


class _Feed:
    """Gives the changes of one event."""

    numbered = True

    def __init__(self, changes: list[Any]) -> None:
        self._changes = changes

    def changes(self, event: Any, /) -> list[Any]:
        """Return them."""
        return self._changes


@pytest.mark.parametrize("shortcuts", [False, True])
def test_an_entry_takes_no_more_than_it_counts(shortcuts: bool) -> None:
    count = 8_000
    keys = [b"key of %d" % n for n in range(count)]
    values = [b"value of %d" % n for n in range(count)]
    names = [f"{n}" for n in range(count)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        store = Store(now=lambda: 0.0, random=random.random, mutex=threading.RLock(), max_size=count)
        for key, value, name in zip(keys, values, names, strict=True):
            if shortcuts:
                store.put(key, value, shortcut=name)
            else:
                store.put(key, value)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ENTRY_COST / 3 < (after - before) / count <= ENTRY_COST
