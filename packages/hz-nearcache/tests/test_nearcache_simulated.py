"""Near caches on simulated members: races, failures, lost connections, batches of events."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import test_near_cache
from hz_core import ClientConfig
from hz_core.errors import IllegalArgumentError
from hz_core.testing import Request, codes
from hz_core.testing.simulation import SimulatedClient, Simulation
from hz_nearcache import NearCache
from hz_proxies import MAP
from hz_proxies.map import BlockingMap, Map
from map_harness import cases
from nearcache_harness import NearClient
from simulated_harness import SimulatedCaller
from test_near_cache import Reads, Requests


class Local(NamedTuple):
    """A map with a near cache on simulated members, the same map of another client, and what the first has sent."""

    simulation: Simulation
    m: Map[Any, Any]
    other: BlockingMap[Any, Any]
    requests: Requests

    def get(self, key: Any) -> Any:
        """Return the value of a key, after all that is due has happened."""
        self.simulation.driver.advance()
        return self.m.get(key).result()

    @property
    def cache(self) -> NearCache:
        """The near cache."""
        operations: Any = self.m._ops
        cache: NearCache = operations.near_cache
        return cache

    @property
    def gets(self) -> int:
        """Number of reads that were sent."""
        return self.requests.count("Map.get")


@pytest.fixture(params=["BINARY", "OBJECT"])
def local(request: pytest.FixtureRequest) -> Iterator[Local]:
    requests = Requests()
    options = {"in_memory_format": request.param}
    with Simulation(3, observer=requests, client=NearClient, near_caches={"m": options}) as simulation:
        addresses = [str(member.address) for member in simulation.cluster.members]
        config = ClientConfig.from_kwargs(cluster_members=addresses, client_name="other")
        another = SimulatedClient(simulation.driver, config)
        another.start()
        yield Local(
            simulation,
            simulation.client.get_object(MAP, "m"),
            another.get_object(MAP, "m").blocking(),
            requests,
        )
        another.shutdown()


CASES = dict(cases("reads", test_near_cache))
del CASES["near_cache.processed_entries_are_read_again"]  # processors run on real members


@pytest.mark.parametrize("name", CASES)
async def test_case(name: str, local: Local) -> None:
    async with SimulatedCaller(local.simulation) as caller:
        await CASES[name](Reads(caller, await caller.object(MAP, "m"), local.other, local.requests))


def hold(local: Local, method: str) -> list[Request]:
    """Let the members hold the next request of a method back, and return where they keep it."""
    held: list[Request] = []
    for member in local.simulation.cluster.members:
        member.rule(method, held.append, times=1)
    return held


@pytest.mark.parametrize("who", ["other", "own"])
def test_a_slow_read_stores_no_stale_value(local: Local, who: str) -> None:
    local.other.put("k", "old")
    held: list[bytes] = []
    slow: list[Request] = []

    def answer_late(request: Request) -> None:
        data = local.simulation.client.serialization.to_data("old")
        held.append(request.reply_bytes(data))
        slow.append(request)

    for member in local.simulation.cluster.members:
        member.rule("Map.get", answer_late, times=1)
    reading = local.m.get("k")
    local.simulation.driver.advance()
    if who == "other":
        local.other.put("k", "new")
    else:
        local.m.put("k", "new").result()
    local.simulation.driver.advance()
    slow[0].session.pipe.send(held[0])
    assert reading.result() == "old"  # begun before the write, so it may
    assert [local.get("k"), local.get("k")] == ["new", "new"]
    assert local.gets == 2


@pytest.mark.parametrize(
    ("operation", "arguments", "method", "value"),
    [
        ("set", ("k", "new"), "Map.set", "new"),
        ("set", ("k", "new", None, 100), "Map.setWithMaxIdle", "new"),
        ("delete", ("k",), "Map.delete", None),
        ("put_all", ({"k": "new"},), "Map.putAll", "new"),
        ("clear", (), "Map.clear", None),
    ],
)
def test_what_was_read_during_an_own_write_is_forgotten_with_its_end(
    local: Local, operation: str, arguments: tuple[Any, ...], method: str, value: Any
) -> None:
    local.other.put("k", "old")
    held = hold(local, method)
    writing = getattr(local.m, operation)(*arguments)
    assert local.get("k") == "old"
    assert local.get("k") == "old"
    assert local.gets == 1
    held[0].member.answer(held[0])
    writing.result()
    assert local.get("k") == value


def test_a_failed_write_may_have_been_done(local: Local) -> None:
    local.other.put("k", "v")
    assert local.get("k") == "v"
    held = hold(local, "Map.put")
    writing = local.m.put("k", "new")
    assert [local.get("k"), local.get("k")] == ["v", "v"]
    assert local.gets == 2
    held[0].error(*codes.ILLEGAL_ARGUMENT)
    with pytest.raises(IllegalArgumentError):
        writing.result()
    assert local.get("k") == "v"
    assert local.gets == 3


def test_a_lost_connection_may_have_cost_invalidations(local: Local) -> None:
    local.other.put("k", "before")
    assert [local.get("k"), local.get("k")] == ["before", "before"]
    owner = local.simulation.cluster.owner(local.simulation.client.partition_service.get_partition_id("k"))
    link = next(
        link
        for link in local.simulation.driver.links
        if link.address == owner.address and any(c.transport is link for c in local.simulation.connections)
    )
    link.deaf = True
    local.other.put("k", "after")
    local.simulation.driver.advance(300)
    assert local.get("k") == "after"
    assert len([c for c in local.simulation.connections if c.address == owner.address]) == 1


def test_a_restarted_cluster_has_other_entries(local: Local) -> None:
    local.other.put("k", "v")
    assert local.get("k") == "v"
    local.simulation.cluster.restart()
    local.simulation.driver.advance(60)
    assert local.get("k") is None


def test_a_batch_of_invalidations(local: Local) -> None:
    local.other.put_all({"a": 1, "b": 2, "c": 3})
    for _ in range(2):
        assert [local.get(key) for key in "abc"] == [1, 2, 3]
    assert local.gets == 3
    to_data = local.simulation.client.serialization.to_data
    cluster = local.simulation.cluster
    own, foreign = local.simulation.engine.uuid, cluster.new_uuid()
    partitions = [cluster.partition_uuid(cluster.partition_of(to_data(key))) for key in "ab"]
    last = local.cache.numbers.last
    (session, listener), *_ = [
        (session, listener)
        for session in cluster.members[0].sessions.values()
        for listener in session.listeners.values()
    ]
    session.event(
        "Map.addNearCacheInvalidationListener event BatchInvalidation",
        listener.correlation_id,
        [to_data("a"), to_data("b")],
        [own, foreign],
        partitions,
        [last[partition.int] + 1 for partition in partitions],
    )
    assert [local.get(key) for key in "abc"] == [1, 2, 3]
    assert local.gets == 4  # of "b": the client's own writes have been noted when they were made


def test_destroy_removes_the_registrations(local: Local) -> None:
    members = local.simulation.cluster.members

    def listeners() -> int:
        return sum(len(session.listeners) for member in members for session in member.sessions.values())

    assert listeners() == 3
    local.m.destroy()
    assert listeners() == 0
