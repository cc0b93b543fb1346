"""The simulated map: entries, expiry, paging and queries, as real members answer them."""

from collections.abc import Callable
from typing import Any

import pytest

from hz_core.testing import ManualClock, MapService, MemberError, RawClient, SimulatedCluster, codes
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
KEY, OTHER = data("k"), data("other")
V1, V2, V3 = data("one"), data("two"), data("three")
FOREVER = 2**63 - 1
START = [(0x7FFFFFFF, -1)]


class Map:
    """A map of one simulated member, by raw messages."""

    def __init__(self, partitions: int = 7) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(partitions=partitions, clock=self.clock)
        self.client = RawClient(self.cluster.members[0])

    def __call__(self, method: str, **named: Any) -> Any:
        return self.client.call(f"Map.{method}", name="m", **named)

    def view(self, key: bytes = KEY) -> dict[str, Any]:
        names = (
            "key", "value", "cost", "created", "expires", "hits", "accessed", "stored", "updated", "version",
            "ttl", "max_idle",
        )  # fmt: skip
        return dict(zip(names, self("getEntryView", key=key), strict=True))


@pytest.fixture
def m() -> Map:
    return Map()


def test_put_get_and_remove(m: Map) -> None:
    assert m("put", key=KEY, value=V1, ttl=-1) is None
    assert m("put", key=KEY, value=V2, ttl=-1) == V1
    assert m("get", key=KEY) == V2
    assert m("containsKey", key=KEY) is True
    assert m("remove", key=KEY) == V2
    assert m("remove", key=KEY) is None
    assert m("get", key=KEY) is None
    assert m("containsKey", key=KEY) is False


@pytest.mark.parametrize(
    ("method", "replies"),
    [
        ("set", [None, None]), ("setWithMaxIdle", [None, None]), ("putTransient", [None, None]),
        ("putTransientWithMaxIdle", [None, None]), ("putWithMaxIdle", [None, V2]), ("tryPut", [True, True]),
    ],
)  # fmt: skip
def test_other_ways_to_store(m: Map, method: str, replies: list[Any]) -> None:
    assert [m(method, key=KEY, value=value) for value in (V2, V1)] == replies
    assert m("get", key=KEY) == V1


@pytest.mark.parametrize("method", ["putIfAbsent", "putIfAbsentWithMaxIdle"])
def test_put_if_absent(m: Map, method: str) -> None:
    assert m(method, key=KEY, value=V1) is None
    assert m(method, key=KEY, value=V2) == V1
    assert m("get", key=KEY) == V1


def test_conditional_writes(m: Map) -> None:
    assert m("replace", key=KEY, value=V1) is None
    assert m("replaceIfSame", key=KEY, testValue=V1, value=V2) is False
    assert m("isEmpty") is True
    m("set", key=KEY, value=V1)
    assert m("replace", key=KEY, value=V2) == V1
    assert m("replaceIfSame", key=KEY, testValue=V1, value=V3) is False
    assert m("replaceIfSame", key=KEY, testValue=V2, value=V3) is True
    assert m("removeIfSame", key=KEY, value=V1) is False
    assert m("get", key=KEY) == V3
    assert m("removeIfSame", key=KEY, value=V3) is True
    assert m("isEmpty") is True


@pytest.mark.parametrize("method", ["delete", "tryRemove", "evict"])
def test_other_ways_to_remove(m: Map, method: str) -> None:
    m("set", key=KEY, value=V1)
    assert [m(method, key=KEY), m(method, key=KEY)] == [True, False]


def test_maps_are_apart() -> None:
    client = RawClient(SimulatedCluster().members[0])
    client.call("Map.set", name="a", key=KEY, value=V1)
    assert client.call("Map.get", name="b", key=KEY) is None
    assert client.call("Map.get", name="a", key=KEY) == V1


def test_whole_map(m: Map) -> None:
    entries = {data(number): data(str(number)) for number in range(50)}
    for key, value in entries.items():
        m("putAll", entries=[(key, value)], partition=m.cluster.partition_of(key))
    assert (m("size"), m("isEmpty")) == (50, False)
    assert sorted(m("keySet")) == sorted(entries)
    assert sorted(m("values")) == sorted(entries.values())
    assert dict(m("entrySet")) == entries
    assert m("containsValue", value=data("7")) is True
    assert m("containsValue", value=data("70")) is False
    partition = m.cluster.partition_of(KEY)
    there = [key for key in entries if m.cluster.partition_of(key) == partition]
    assert m("getAll", keys=[*there, KEY], partition=partition) == [(key, entries[key]) for key in there]
    m("clear")
    assert (m("size"), m("isEmpty")) == (0, True)


def test_the_cluster_notes_each_write(m: Map) -> None:
    m("set", key=KEY, value=V1)
    m("putAll", entries=[(KEY, V2), (OTHER, V3)], partition=m.cluster.partition_of(KEY))
    m("putIfAbsent", key=KEY, value=V3)
    assert m.cluster.puts == [(KEY, V1), (KEY, V2), (OTHER, V3)]


def test_predicates_need_a_hook(m: Map) -> None:
    m("set", key=KEY, value=V1)
    m("set", key=OTHER, value=V2)
    requests = ["keySetWithPredicate", "valuesWithPredicate", "entriesWithPredicate", "removeAll"]
    for method in requests:
        with pytest.raises(MemberError, match="matches") as caught:
            m(method, predicate=b"predicate")
        assert caught.value.error == codes.UNSUPPORTED
    m.cluster.matches = lambda predicate, key, value: (predicate, value) == (b"predicate", V2)
    assert m("keySetWithPredicate", predicate=b"predicate") == [OTHER]
    assert m("valuesWithPredicate", predicate=b"predicate") == [V2]
    assert m("entriesWithPredicate", predicate=b"predicate") == [(OTHER, V2)]
    assert m("entriesWithPredicate", predicate=b"another") == []
    assert m("keySetWithPredicate", predicate=b"predicate", partition=m.cluster.partition_of(OTHER)) == [
        OTHER
    ]
    elsewhere = (m.cluster.partition_of(OTHER) + 1) % 7
    assert m("keySetWithPredicate", predicate=b"predicate", partition=elsewhere) == []
    m("removeAll", predicate=b"predicate")
    assert m("keySet") == [KEY]


def test_what_asks_a_map_store_does_nothing(m: Map) -> None:
    for method in ("flush", "loadAll", "loadGivenKeys"):
        assert m(method) is None
    assert m("isEmpty") is True


# --- expiry -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        "put",
        "set",
        "putTransient",
        "putIfAbsent",
        "putWithMaxIdle",
        "setWithMaxIdle",
        "putIfAbsentWithMaxIdle",
    ],
)
def test_an_entry_expires_by_its_time_to_live(m: Map, method: str) -> None:
    m(method, key=KEY, value=V1, ttl=5000)
    m.clock.advance(4.999)
    assert m("get", key=KEY) == V1
    m.clock.advance(0.001)
    assert m("size") == 0
    assert m("get", key=KEY) is None


def test_an_entry_that_is_used_does_not_become_idle(m: Map) -> None:
    for method in ("putWithMaxIdle", "setWithMaxIdle", "putIfAbsentWithMaxIdle", "putTransientWithMaxIdle"):
        m(method, key=KEY, value=V1, ttl=-1, maxIdle=2000)
        for use in ("get", "containsKey", "get"):
            m.clock.advance(1.9)
            assert m(use, key=KEY)
        m.clock.advance(1.9)
        assert m("size") == 1
        m.clock.advance(0.1)
        assert m("size") == 0


def test_the_first_of_both_times_counts(m: Map) -> None:
    m("putWithMaxIdle", key=KEY, value=V1, ttl=3000, maxIdle=2000)
    m.clock.advance(1.5)
    assert m("get", key=KEY) == V1
    m.clock.advance(1.4)
    assert m("get", key=KEY) == V1
    m.clock.advance(0.1)
    assert m("get", key=KEY) is None


def test_a_new_value_begins_a_new_life(m: Map) -> None:
    m("put", key=KEY, value=V1, ttl=1000)
    m("put", key=KEY, value=V2, ttl=-1)
    m.clock.advance(10)
    assert m("get", key=KEY) == V2
    m("put", key=KEY, value=V2, ttl=1000)
    m("replace", key=KEY, value=V3)
    m.clock.advance(10)
    assert m("get", key=KEY) == V3


def test_set_ttl(m: Map) -> None:
    assert m("setTtl", key=KEY, ttl=1000) is False
    m("set", key=KEY, value=V1, ttl=1000)
    m.clock.advance(0.9)
    assert m("setTtl", key=KEY, ttl=1000) is True
    m.clock.advance(0.9)
    assert m("get", key=KEY) == V1
    m("setTtl", key=KEY, ttl=0)
    m.clock.advance(1000)
    assert m("get", key=KEY) == V1


def test_a_removed_entry_does_not_expire(m: Map) -> None:
    m("set", key=KEY, value=V1, ttl=1000)
    m("remove", key=KEY)
    m("set", key=KEY, value=V2)
    m.clock.advance(10)
    assert m("get", key=KEY) == V2


# --- entry views --------------------------------------------------------------------------------------------------


def test_the_view_of_an_entry_without_statistics(m: Map) -> None:
    assert m("getEntryView", key=KEY) is None
    for value in (V1, V2, V1):
        m("set", key=KEY, value=data(1) if value is V1 else data(2), ttl=-1)
    # As captured from a real member.
    assert m.view() == {
        "key": KEY, "value": data(1), "cost": 64, "created": -1, "expires": FOREVER, "hits": -1, "accessed": -1,
        "stored": -1, "updated": -1, "version": 2, "ttl": FOREVER, "max_idle": FOREVER,
    }  # fmt: skip
    m("setTtl", key=KEY, ttl=50_000)
    assert (m.view()["version"], m.view()["ttl"], m.view()["expires"]) == (3, 50_000, 1_050_000)


def test_the_view_of_an_entry_with_statistics(m: Map) -> None:
    m.cluster.service(MapService).state("m").statistics = True
    m("put", key=KEY, value=V1, ttl=-1)
    m.clock.advance(2)
    m("put", key=KEY, value=V2, ttl=-1)
    m.clock.advance(2.5)
    m("get", key=KEY)
    m("get", key=KEY)
    view = m.view()
    assert (view["hits"], view["version"]) == (3, 1)
    assert (view["created"], view["updated"], view["accessed"]) == (1_000_000, 1_002_000, 1_004_000)


# --- paging -------------------------------------------------------------------------------------------------------


def keys_of_one_partition(count: int) -> list[bytes]:
    return [data(number) for number in range(count)]


def pages(
    m: Map, method: str, batch: int, between: Callable[[int], None] = lambda page: None
) -> list[list[Any]]:
    found: list[list[Any]] = []
    pointers = START
    while not found or pointers[-1][0] >= 0:
        number = m.client.start(
            f"Map.{method}", name="m", iterationPointers=pointers, batch=batch, partition=0
        )
        answer = m.client.answer(number)
        assert answer is not None
        pointers = answer[0]
        found.append(answer[1])
        between(len(found))
    return found


@pytest.mark.parametrize("batch", [1, 7, 100, 10_000])
def test_pages_bring_every_entry_once(batch: int) -> None:
    m = Map(partitions=1)
    keys = keys_of_one_partition(400)
    m("putAll", entries=[(key, key) for key in keys], partition=0)
    found = pages(m, "fetchKeys", batch)
    assert sorted(key for page in found for key in page) == sorted(keys)
    assert all(len(page) >= batch for page in found[:-1])
    entries = pages(m, "fetchEntries", batch)
    assert [[key for key, _ in page] for page in entries] == found
    assert all(key == value for page in entries for key, value in page)


def test_an_empty_partition_has_one_empty_page(m: Map) -> None:
    number = m.client.start("Map.fetchKeys", name="m", iterationPointers=START, batch=10, partition=3)
    # As a real member replies.
    assert m.client.answer(number) == [[(-1, 256)], []]


@pytest.mark.parametrize("rounds", [1, 3])
def test_entries_that_are_there_all_the_time_come_once_though_the_table_grows(rounds: int) -> None:
    m = Map(partitions=1)
    keys = keys_of_one_partition(200)
    m("putAll", entries=[(key, key) for key in keys], partition=0)
    tables: set[int] = set()

    def grow(page: int) -> None:
        if page <= rounds:
            more = [data(f"{page}/{number}") for number in range(150 * 2**page)]
            m("putAll", entries=[(key, key) for key in more], partition=0)
        state = m.cluster.service(MapService).state("m")
        tables.add(state.partitions[0].table_size)

    found = [key for page in pages(m, "fetchKeys", 20, grow) for key in page]
    assert len(tables) == rounds
    assert len(found) == len(set(found))
    assert set(keys) <= set(found)


def test_a_table_grows_as_that_of_real_members() -> None:
    for count, size in ((1, 256), (232, 256), (234, 512), (300, 512), (700, 1024)):
        m = Map(partitions=1)
        m("putAll", entries=[(key, key) for key in keys_of_one_partition(count)], partition=0)
        assert m.cluster.service(MapService).state("m").partitions[0].table_size == size
