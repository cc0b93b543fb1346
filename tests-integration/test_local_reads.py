"""A map that answers reads by itself, on all three surfaces: what it asks the member, and what it hears of others."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

import hazelcast
from hz_core import Client, ClientConfig
from hz_core.aio_client import AsyncioClient
from hz_core.invocation.invocation import Invocation
from hz_core.op import Flow, Op
from hz_embedded import Cluster
from hz_proxies.codecs import map as codec
from hz_proxies.map import BlockingMap
from local_reads import LOCAL_MAP
from map_harness import SURFACES, AnyObject, AsyncioCaller, BlockingCaller, Caller, FuturesCaller


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
    """A map with local reads, the same map of another client, and what the first has sent."""

    caller: Caller
    m: AnyObject
    other: BlockingMap[Any, Any]
    requests: Requests


@pytest.fixture(params=SURFACES)
async def reads(
    request: pytest.FixtureRequest, cluster: Cluster, client: hazelcast.HazelcastClient
) -> AsyncIterator[Reads]:
    """Yield a map with local reads on each surface in turn."""
    requests = Requests()
    config = ClientConfig.from_kwargs(cluster_members=cluster.addresses)
    if request.param == "asyncio":
        made: Caller = AsyncioCaller(AsyncioClient, config=config, observer=requests)
        async with made:
            m = await made.object(LOCAL_MAP)
            yield Reads(made, m, client.get_map(m.name).blocking(), requests)
        return
    with Client(config, observer=requests) as own:
        made = FuturesCaller(own) if request.param == "futures" else BlockingCaller(own)
        async with made:
            m = await made.object(LOCAL_MAP)
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


async def test_a_missing_entry_is_asked_for_each_time(reads: Reads) -> None:
    for _ in range(2):
        assert await reads.m.get("missing") is None
        assert await reads.m.contains_key("missing") is False
    assert reads.requests.count("Map.get", "Map.containsKey") == 4


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
    again = await reads.caller.object(LOCAL_MAP, name)
    assert await again.get("k") is None
