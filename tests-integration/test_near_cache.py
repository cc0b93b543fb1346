"""Near caches on all three surfaces, in both formats: what they ask the members, and what they hear of others."""

from collections.abc import AsyncIterator
from itertools import product
from typing import Any, NamedTuple

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.invocation.invocation import Invocation
from hz_core.op import Flow, Op
from hz_embedded import Cluster
from hz_nearcache import NearCache
from hz_proxies import MAP, REPLICATED_MAP, predicate
from hz_proxies.codecs import map as codec
from hz_proxies.map import BlockingMap
from map_harness import (
    SURFACES,
    AnyObject,
    AsyncioCaller,
    BlockingCaller,
    Caller,
    FuturesCaller,
    fresh_name,
)
from member_side import Adder, Joiner, MemberSide
from object_harness import map_of, transaction


class Requests:
    """An observer that keeps the names of the messages that were sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """Keep the name of a message."""
        self.names.append(invocation.op.method.name)

    def count(self, *names: str) -> int:
        """Return how many messages of these names were sent."""
        return sum(name in names for name in self.names)


class Reads(NamedTuple):
    """A map with a near cache, the same map of another client, and what the first has sent."""

    caller: Caller
    m: AnyObject
    other: BlockingMap[Any, Any]
    requests: Requests

    @property
    def cache(self) -> NearCache:
        """The near cache."""
        cache: NearCache = self.m.proxy._ops.near_cache
        return cache


@pytest.fixture(params=product(SURFACES, ["BINARY", "OBJECT"]), ids="-".join)
async def reads(
    request: pytest.FixtureRequest, cluster: Cluster, client: hazelcast.HazelcastClient
) -> AsyncIterator[Reads]:
    """Yield a map with a near cache on each surface in turn, in each format."""
    surface, in_memory_format = request.param
    requests = Requests()
    options: dict[str, Any] = {
        "cluster_members": cluster.addresses,
        "near_caches": {"*": {"in_memory_format": in_memory_format}},
    }
    made: Caller
    if surface == "asyncio":
        made = AsyncioCaller(hazelcast.asyncio.HazelcastClient, observer=requests, **options)
        async with made:
            m = await made.object(MAP)
            yield Reads(made, m, client.get_map(m.name).blocking(), requests)
        return
    with hazelcast.HazelcastClient(observer=requests, **options) as own:
        made = FuturesCaller(own) if surface == "futures" else BlockingCaller(own)
        async with made:
            m = await made.object(MAP)
            yield Reads(made, m, client.get_map(m.name).blocking(), requests)


async def test_reads_after_the_first_ask_nobody(reads: Reads) -> None:
    reads.other.put("k", ["v"])
    assert await reads.m.contains_key("k") is True
    for _ in range(3):
        assert await reads.m.get("k") == ["v"]
        assert await reads.m.contains_key("k") is True
    assert reads.requests.count("Map.get") == 1
    assert reads.requests.count("Map.containsKey") == 1


async def test_answers_and_requests_in_one_step_of_a_flow(reads: Reads) -> None:
    told: list[str] = []

    def flow() -> Flow[list[Any]]:
        found: list[Any] = yield [
            Op.ready("known"),
            codec.size(reads.m.name),
            Op.ready("told").then(told.append),
        ]
        return found

    reads.other.put("k", "v")
    assert await reads.caller.call(reads.m.proxy._run, flow()) == ["known", 1, "told"]
    assert told == ["told"]
    assert reads.requests.count("Map.size") == 1


async def test_an_answer_is_in_time(reads: Reads) -> None:
    reads.other.put("k", "v")
    limited = reads.m.related(reads.m.proxy.with_timeout(20))
    assert [await limited.get("k"), await limited.get("k")] == ["v", "v"]
    assert reads.requests.count("Map.get") == 1


async def test_a_missing_entry_is_asked_for_once(reads: Reads) -> None:
    for _ in range(2):
        assert await reads.m.get("missing") is None
        assert await reads.m.contains_key("missing") is False
        assert await reads.m.get_all(["missing"]) == {}
    assert reads.requests.count("Map.get", "Map.containsKey", "Map.getAll") == 1
    reads.other.put("missing", "there")

    async def seen() -> bool:
        value: str | None = await reads.m.get("missing")
        return value == "there"

    await reads.caller.until(seen)


async def test_reads_of_many_keys_ask_for_those_that_are_not_there(reads: Reads) -> None:
    reads.other.put_all({n: str(n) for n in range(20)})
    assert await reads.m.get(3) == "3"
    for _ in range(2):
        assert await reads.m.get_all(range(25)) == {n: str(n) for n in range(20)}
    asked = reads.requests.count("Map.getAll")
    assert asked <= 24
    assert [await reads.m.get(n) for n in range(25)] == [str(n) for n in range(20)] + [None] * 5
    assert await reads.m.contains_key(7) is True
    assert (reads.requests.count("Map.getAll"), reads.requests.count("Map.get")) == (asked, 1)


async def test_keys_that_are_equal_but_have_other_bytes_are_others(reads: Reads) -> None:
    keys = [1, True, 1.0, "1", b"1", 0, False, 0.0, -0.0]
    for number, key in enumerate(keys):
        await reads.m.put(key, number)
    for _ in range(2):
        assert [await reads.m.get(key) for key in keys] == list(range(len(keys)))


async def test_the_lock_of_a_key_shows_what_others_have_left(reads: Reads) -> None:
    m = reads.m
    reads.other.put("k", "old")
    assert await m.get("k") == "old"
    for lock in (m.lock, m.try_lock):
        await lock("k")
        assert await m.get("k") == "old"
        await m.unlock("k")
    assert reads.requests.count("Map.get") == 3


WRITES: list[tuple[str, tuple[Any, ...], Any]] = [
    ("put", ("k", "new"), "new"),
    ("put", ("k", "new", 100, 100), "new"),
    ("set", ("k", "new"), "new"),
    ("set", ("k", "new", 100, 100), "new"),
    ("put_transient", ("k", "new"), "new"),
    ("put_transient", ("k", "new", 100, 100), "new"),
    ("try_put", ("k", "new"), "new"),
    ("replace", ("k", "new"), "new"),
    ("replace_if_same", ("k", "old", "new"), "new"),
    ("remove", ("k",), None),
    ("remove_if_same", ("k", "old"), None),
    ("delete", ("k",), None),
    ("try_remove", ("k",), None),
    ("evict", ("k",), None),
    ("put_all", ({"k": "new", "l": "other"},), "new"),
    ("clear", (), None),
    ("evict_all", (), None),
]


async def test_own_writes_are_seen_at_once(reads: Reads) -> None:
    m = reads.m
    for operation, arguments, value in WRITES:
        await m.put("k", "old")
        assert [await m.get("k"), await m.get("k")] == ["old", "old"]
        await getattr(m, operation)(*arguments)
        assert await m.get("k") == value, operation


async def test_writes_of_others_are_seen(reads: Reads) -> None:
    reads.other.put_all({"k": 1, "l": 2})
    assert (await reads.m.get("k"), await reads.m.get("l")) == (1, 2)
    reads.other.put("k", 3)
    reads.other.remove("l")

    async def both_seen() -> bool:
        return (await reads.m.get("k"), await reads.m.get("l")) == (3, None)

    await reads.caller.until(both_seen)
    reads.other.clear()

    async def cleared() -> bool:
        return await reads.m.get("k") is None

    await reads.caller.until(cleared)


async def test_a_destroyed_map_forgets_and_hears_no_more(reads: Reads) -> None:
    name = reads.m.name
    await reads.m.put("k", "v")
    assert await reads.m.get("k") == "v"
    await reads.caller.destroy(reads.m)
    members = reads.caller.client.cluster_service.get_members()
    assert reads.requests.count("Map.removeEntryListener") == len(members)
    again = await reads.caller.object(MAP, name)
    assert await again.get("k") is None


async def test_processed_entries_are_read_again(reads: Reads) -> None:
    m = reads.m
    await m.put_all({1: 1, 2: 2})
    expected = {1: 1, 2: 2}
    for operation, arguments, changed in (
        ("execute_on_key", (1, Adder(10)), [1]),
        ("submit_to_key", (1, Adder(10)), [1]),
        ("execute_on_keys", ([1, 2], Adder(10)), [1, 2]),
        ("execute_on_entries", (Adder(10),), [1, 2]),
        ("execute_on_entries", (Adder(10), predicate.true()), [1, 2]),
    ):
        assert await m.get_all([1, 2]) == expected
        await getattr(m, operation)(*arguments)
        expected |= {key: expected[key] + 10 for key in changed}
        assert [await m.get(1), await m.get(2)] == [expected[1], expected[2]], operation
    await m.replace_all(Joiner())
    assert await m.get_all([1, 2]) == {key: f"{key}: {value}" for key, value in expected.items()}
    await m.remove_all(predicate.true())
    assert await m.get_all([1, 2]) == {}


async def test_loaded_entries_are_read_again(reads: Reads, member_side: MemberSide) -> None:
    m = await reads.caller.map(fresh_name("stored"))
    assert await m.get(1) is None
    rows = member_side.stores[m.name].rows
    rows[1] = "one"
    assert await m.get(1) is None
    await m.load_all()
    assert await m.get(1) == "one"
    rows[1] = "ONE"
    await m.load_all([1])
    assert await m.get(1) == "ONE"


async def test_a_commit_is_seen_at_once(reads: Reads) -> None:
    m = reads.m
    keys = ["put", "if absent", "set", "replaced", "if same", "removed", "if removed", "deleted"]
    await m.put_all({key: "old" for key in keys if key != "if absent"})
    before = await m.get_all(keys)
    tx = transaction(reads.caller)
    await tx.begin()
    in_tx = map_of(tx, m.name)
    await in_tx.put("put", "new")
    await in_tx.put_if_absent("if absent", "new")
    await in_tx.set("set", "new")
    await in_tx.replace("replaced", "new")
    await in_tx.replace_if_same("if same", "old", "new")
    await in_tx.remove("removed")
    await in_tx.remove_if_same("if removed", "old")
    await in_tx.delete("deleted")
    assert await m.get_all(keys) == before
    await tx.commit()
    assert await m.get_all(keys) == dict.fromkeys(keys[:5], "new")
    assert [await m.get(key) for key in keys] == ["new"] * 5 + [None] * 3


async def test_members_number_their_invalidations_without_a_gap(reads: Reads) -> None:
    await reads.m.put_all({n: n for n in range(50)})
    reads.other.put_all({n: -n for n in range(50)})

    async def all_seen() -> bool:
        found: dict[int, int] = await reads.m.get_all(range(50))
        return found == {n: -n for n in range(50)}

    await reads.caller.until(all_seen)
    await reads.caller.until(lambda: reads.cache.statistics.invalidation_requests == 100)
    assert reads.cache.statistics.lost_invalidations == 0
    assert reads.requests.count("Map.fetchNearCacheInvalidationMetadata") == len(
        reads.caller.client.cluster_service.get_members()
    )


async def test_a_replicated_map_has_a_near_cache(reads: Reads, client: hazelcast.HazelcastClient) -> None:
    r = await reads.caller.object(REPLICATED_MAP)
    other = client.get_replicated_map(r.name).blocking()
    other.put_all({"k": "old", "l": "old"})

    async def there() -> bool:
        return [await r.get("k"), await r.get("l")] == ["old", "old"]

    await reads.caller.until(there)
    cache = r.proxy._ops.near_cache

    async def hit() -> bool:
        hits = cache.statistics.hits
        found: str | None = await r.get("k")
        return found == "old" and bool(cache.statistics.hits == hits + 1)

    await reads.caller.until(hit)
    assert await r.contains_key("k") is True
    for operation, arguments, value in (
        ("put", ("k", "new"), "new"),
        ("put_all", ({"k": "newer"},), "newer"),
        ("remove", ("k",), None),
    ):
        await getattr(r, operation)(*arguments)
        assert await r.get("k") == value, operation
    other.put("l", "new")

    async def seen() -> bool:
        value: str | None = await r.get("l")
        return value == "new"

    await reads.caller.until(seen)
    await r.clear()
    assert await r.get("l") is None
