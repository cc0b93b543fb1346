"""A map on simulated members: what goes where, moving partitions, lost connections, cancelling, time."""

from collections import Counter
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import (
    HazelcastClientNotActiveError,
    IllegalArgumentError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_core.testing import MapService, Request, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.map import BlockingMap, Map

simulation = simulated_harness.simulation

ENTRIES = {key: f"value {key}" for key in range(200)}
MANY = {key: -key for key in range(3000)}


@pytest.fixture
def futures(simulation: Simulation) -> Map[Any, Any]:
    return simulation.client.get_object(MAP, "m")


@pytest.fixture
def m(futures: Map[Any, Any]) -> BlockingMap[Any, Any]:
    return futures.blocking()


def requests(simulation: Simulation, method: str) -> list[Request]:
    """Return all requests of a method."""
    return [r for member in simulation.cluster.members for r in member.requests if r.method == method]


def stored(simulation: Simulation) -> dict[Any, Any]:
    """Return what the members hold."""
    read = simulation.client.serialization.to_object
    return {
        read(key): read(value)
        for key, value in simulation.cluster.service(MapService).state("m").values().items()
    }


# --- by partition ---------------------------------------------------------------------------------------------


def test_put_all_sends_each_partition_to_its_owner_once(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    m.put_all(ENTRIES)
    cluster = simulation.cluster
    sent = requests(simulation, "Map.putAll")
    assert sorted(request.partition_id for request in sent) == list(range(cluster.partition_count))
    for request in sent:
        assert request.member is cluster.owner(request.partition_id)
        assert {cluster.partition_of(key) for key, _ in request["entries"]} == {request.partition_id}
    assert stored(simulation) == ENTRIES


def test_get_all_asks_each_owner_once(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    m.put_all(ENTRIES)
    assert m.get_all([*range(5), *range(3), -1]) == {key: ENTRIES[key] for key in range(5)}
    for request in requests(simulation, "Map.getAll"):
        assert request.member is simulation.cluster.owner(request.partition_id)
        assert {simulation.cluster.partition_of(key) for key in request["keys"]} == {request.partition_id}


def test_put_all_follows_a_partition_that_moves_meanwhile(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    cluster = simulation.cluster
    first = cluster.members[0]

    def move(request: Request) -> None:
        if len(cluster.members) == 3:
            cluster.join()
        first.answer(request)

    first.rule("Map.putAll", move)
    m.put_all(ENTRIES)
    assert stored(simulation) == ENTRIES
    # Refused by the old owners before they did anything: nothing was stored twice.
    assert set(Counter(key for key, _ in cluster.puts).values()) == {1}
    assert len(requests(simulation, "Map.putAll")) > cluster.partition_count
    assert m.get_all(ENTRIES) == ENTRIES


def test_put_all_tells_the_error_of_a_partition_after_all_others_are_stored(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    member = simulation.cluster.members[0]
    member.rule("Map.putAll", lambda request: request.error(*codes.ILLEGAL_ARGUMENT, "too much"), times=1)
    with pytest.raises(IllegalArgumentError, match="too much"):
        m.put_all(ENTRIES)
    partitions = {simulation.cluster.partition_of(key) for key, _ in simulation.cluster.puts}
    assert len(partitions) == simulation.cluster.partition_count - 1


# --- giving up ------------------------------------------------------------------------------------------------


def refuse_writes(simulation: Simulation, method: str = "Map.putAll") -> None:
    for member in simulation.cluster.members:
        member.rule(method, lambda request: request.error(*codes.RETRYABLE))


def test_a_cancelled_put_all_sends_no_more(simulation: Simulation, futures: Map[Any, Any]) -> None:
    refuse_writes(simulation)
    future = futures.put_all(ENTRIES)
    simulation.driver.advance(1)
    assert len(requests(simulation, "Map.putAll")) > simulation.cluster.partition_count
    assert future.cancel()
    sent = len(requests(simulation, "Map.putAll"))
    simulation.driver.advance(300)
    assert len(requests(simulation, "Map.putAll")) == sent
    assert simulation.engine.invocations.pending_count == 0


def test_put_all_with_a_timeout_fails_in_time_and_sends_no_more(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    refuse_writes(simulation)
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match=r"2\.5 s"):
        m.with_timeout(2.5).put_all(ENTRIES)
    assert simulation.driver.now() - began == pytest.approx(2.5)
    sent = len(requests(simulation, "Map.putAll"))
    simulation.driver.advance(300)
    assert len(requests(simulation, "Map.putAll")) == sent


def test_a_timeout_of_one_request(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    refuse_writes(simulation, "Map.put")
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match="deadline"):
        m.with_timeout(2.5).put("k", "v")
    assert simulation.driver.now() - began <= 2.5


def test_waiting_operations_fail_at_shutdown(simulation: Simulation, futures: Map[Any, Any]) -> None:
    futures.blocking().lock("k")
    simulation.client.owner = 2
    waiting = [futures.lock("k"), futures.put("k", "v"), futures.put_all({"k": "v"})]
    refuse_writes(simulation)
    simulation.driver.advance()
    simulation.client.shutdown()
    for future in waiting:
        with pytest.raises(HazelcastClientNotActiveError):
            future.result(0)


# --- iteration ------------------------------------------------------------------------------------------------


def test_iteration_needs_several_pages(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    entries = dict.fromkeys(range(8000), 0)
    m.put_all(entries)
    assert sorted(m) == list(entries)
    assert len(requests(simulation, "Map.fetchKeys")) > simulation.cluster.partition_count
    assert dict(m.items()) == entries


@pytest.mark.parametrize("change", ["join", "leave"])
def test_iteration_while_partitions_move(
    simulation: Simulation, m: BlockingMap[Any, Any], change: str
) -> None:
    m.put_all(MANY)
    seen = Counter[int]()
    pages = m.iter_keys(100)
    for index, key in enumerate(pages):
        seen[key] += 1
        if index == 500:
            if change == "join":
                simulation.cluster.join()
            else:
                simulation.cluster.remove(simulation.cluster.members[1])
    assert seen == Counter(dict.fromkeys(MANY, 1))


def test_iteration_while_the_map_grows(m: BlockingMap[Any, Any]) -> None:
    m.put_all(MANY)
    seen = Counter[int]()
    for index, key in enumerate(m.iter_keys(100)):
        seen[key] += 1
        if index in (500, 1000, 2000):
            m.put_all({10_000 + index * 10 + key: 0 for key in range(2000)})
    assert {key: seen[key] for key in MANY} == dict.fromkeys(MANY, 1)
    assert set(seen.values()) == {1}


def test_popitem_takes_another_entry_when_the_first_is_gone(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    m.update(a=1, b=2)
    taken: list[Any] = []

    def be_faster(request: Request) -> None:
        taken.append(simulation.client.serialization.to_object(request["key"]))
        request.reply(None)

    for member in simulation.cluster.members:
        member.rule("Map.remove", be_faster, times=1)
    key, value = m.popitem()
    assert {key, *taken} == {"a", "b"}
    assert value == {"a": 1, "b": 2}[key]


# --- time -----------------------------------------------------------------------------------------------------


def test_time_to_live_and_idle_time(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    m.put("ttl", 1, ttl=60)
    m.set("idle", 2, max_idle=60)
    m.put_if_absent("both", 3, ttl=100, max_idle=60)
    simulation.driver.advance(59)
    assert [m.get("idle"), m.get("both")] == [2, 3]
    simulation.driver.advance(2)
    assert sorted(m.key_set()) == ["both", "idle"]
    simulation.driver.advance(40)
    assert m.key_set() == ["idle"]
    simulation.driver.advance(18)
    assert m.is_empty()


def test_a_lease_ends_in_time_and_lets_the_next_owner_in(
    simulation: Simulation, futures: Map[Any, Any]
) -> None:
    futures.blocking().lock("k", lease_time=30)
    simulation.client.owner = 2
    waiting = futures.lock("k")
    impatient = futures.try_lock("k", timeout=10)
    simulation.driver.advance(29)
    assert (waiting.done(), impatient.result(0)) == (False, False)
    simulation.driver.advance(2)
    assert waiting.result(0) is None
    assert futures.blocking().is_locked("k")


# --- lost connections -----------------------------------------------------------------------------------------


def test_reads_are_repeated_after_a_lost_connection_and_writes_are_not(
    simulation: Simulation, futures: Map[Any, Any]
) -> None:
    owner = simulation.cluster.owner(simulation.client.partition_service.get_partition_id("k"))
    for method in ("Map.get", "Map.put"):
        owner.rule(method, lambda request: request.member.cut_all(), times=1)
    assert futures.get("k").result() is None
    with pytest.raises(TargetDisconnectedError):
        futures.put("k", "v").result()
    assert futures.put("k", "v").result() is None


def test_a_restarted_cluster_knows_the_map_again(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    m.put("k", "v")
    simulation.cluster.restart()
    simulation.driver.advance(60)
    assert simulation.cluster.proxies == {("m", "hz:impl:mapService")}
    assert m.get("k") is None
    assert m.put("k", "again") is None


def test_destroy_forgets_the_map(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    m.put("k", "v")
    assert m.destroy() is True
    assert simulation.cluster.proxies == set()
    assert simulation.client.get_object(MAP, "m").blocking().get("k") is None
    assert simulation.cluster.proxies == {("m", "hz:impl:mapService")}
