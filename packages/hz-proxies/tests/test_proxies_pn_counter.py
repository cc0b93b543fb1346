"""A PN counter on simulated members: its replica, its vector clock, and what happens when a replica is lost."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import (
    ConsistencyLostError,
    NoDataMemberInClusterError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_core.testing import PNCounterService, Refuse, Request, SimulatedCluster, SimulatedMember, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import PN_COUNTER
from hz_proxies.pn_counter import PNCounter

simulation = simulated_harness.simulation

NEVER = -(2**63)
"""The timestamp before the first update."""

ADD = "PNCounter.add"
GET = "PNCounter.get"


@pytest.fixture
def counter(simulation: Simulation) -> PNCounter:
    return simulation.client.get_object(PN_COUNTER, "c")


def service(simulation: Simulation) -> PNCounterService:
    return simulation.cluster.service(PNCounterService)


def used(simulation: Simulation, *methods: str) -> list[SimulatedMember]:
    """Return the members that have received such requests."""
    wanted = methods or (GET, ADD)
    return [m for m in simulation.cluster.members if any(m.count(method) for method in wanted)]


def the_replica(simulation: Simulation) -> SimulatedMember:
    (member,) = used(simulation)
    return member


def test_all_operations(counter: PNCounter) -> None:
    c = counter.blocking()
    assert c.get() == 0
    assert c.add_and_get(5) == 5
    assert c.get_and_add(3) == 5
    assert c.get_and_subtract(2) == 8
    assert c.subtract_and_get(7) == -1
    assert c.get_and_increment() == -1
    assert c.increment_and_get() == 1
    assert c.get_and_decrement() == 1
    assert c.decrement_and_get() == -1
    assert c.get() == -1


def test_numbers_beyond_64_bits(simulation: Simulation, counter: PNCounter) -> None:
    c = counter.blocking()
    assert c.add_and_get(2**63 - 1) == 2**63 - 1
    assert c.increment_and_get() == -(2**63)
    sent = len(the_replica(simulation).requests)
    for operation in (c.add_and_get, c.get_and_add, c.subtract_and_get, c.get_and_subtract):
        with pytest.raises(ValueError, match="delta must be"):
            operation(2**63)
        with pytest.raises(TypeError, match="delta must be an integer"):
            operation(1.5)  # type: ignore[arg-type]  # which is wrong on purpose
    with pytest.raises(ValueError, match="-delta"):
        c.subtract_and_get(-(2**63))
    assert len(the_replica(simulation).requests) == sent


def test_one_replica_is_used_as_long_as_it_is_there(simulation: Simulation, counter: PNCounter) -> None:
    c = counter.blocking()
    for _ in range(20):
        c.increment_and_get()
        c.get()
    assert len(used(simulation)) == 1


def test_the_replica_is_chosen_at_random() -> None:
    chosen = set()
    for seed in range(20):
        with Simulation(3, seed=seed) as simulation:
            simulation.client.get_object(PN_COUNTER, "c").get().result()
            chosen.add(simulation.cluster.members.index(the_replica(simulation)))
    assert chosen == {0, 1, 2}


@pytest.mark.parametrize("count", [1, 2])
def test_only_configured_replicas_are_chosen(count: int) -> None:
    chosen = set()
    for seed in range(20):
        with Simulation(4, seed=seed) as simulation:
            simulation.cluster.members[0].lite = True
            simulation.cluster.publish_view()
            simulation.driver.advance()
            service(simulation).replica_count = count
            simulation.client.get_object(PN_COUNTER, "c").get().result()
            chosen.add(simulation.cluster.members.index(the_replica(simulation)))
    assert chosen == set(range(1, 1 + count))


def test_a_cluster_without_data_members(simulation: Simulation, counter: PNCounter) -> None:
    for member in simulation.cluster.members:
        member.lite = True
    simulation.cluster.publish_view()
    simulation.driver.advance()
    with pytest.raises(NoDataMemberInClusterError, match="'c'"):
        counter.get().result()
    with pytest.raises(NoDataMemberInClusterError):
        counter.increment_and_get().result()


def test_the_observed_clock_is_sent(simulation: Simulation, counter: PNCounter) -> None:
    counter.add_and_get(1).result()
    replica = the_replica(simulation)
    other = next(m for m in simulation.cluster.members if m is not replica)
    state = service(simulation)
    state.replica("c", other.uuid)[other.uuid] = (10, NEVER + 4)
    state.replicate()
    assert counter.get().result() == 11
    assert counter.get().result() == 11
    clocks = [dict(r["replicaTimestamps"]) for r in replica.requests if r.method == GET]
    assert clocks == [{replica.uuid: NEVER + 1}, {replica.uuid: NEVER + 1, other.uuid: NEVER + 4}]


def test_an_older_reply_does_not_take_back_what_was_observed(
    simulation: Simulation, counter: PNCounter
) -> None:
    counter.add_and_get(1).result()
    replica = the_replica(simulation)
    kept: list[Request] = []
    replica.rule(GET, kept.append, times=1)
    waiting = counter.get()
    simulation.driver.advance()
    counter.add_and_get(1).result()
    kept[0].reply(1, [(replica.uuid, NEVER + 1)], 3)
    assert waiting.result() == 1
    counter.get().result()
    assert dict(replica.requests[-1]["replicaTimestamps"]) == {replica.uuid: NEVER + 2}


@pytest.mark.parametrize("announce", [True, False])
def test_another_replica_takes_over(simulation: Simulation, counter: PNCounter, announce: bool) -> None:
    counter.add_and_get(7).result()
    simulation.cluster.remove(the_replica(simulation), announce=announce)
    simulation.driver.advance()
    assert counter.get().result() == 7
    assert counter.add_and_get(1).result() == 8
    assert len(used(simulation)) == 1


def test_without_the_updates_consistency_is_lost_until_it_is_reset(
    simulation: Simulation, counter: PNCounter
) -> None:
    service(simulation).replicating = False
    counter.add_and_get(7).result()
    simulation.cluster.remove(the_replica(simulation))
    simulation.driver.advance()
    with pytest.raises(ConsistencyLostError):
        counter.get().result()
    with pytest.raises(ConsistencyLostError):
        counter.add_and_get(1).result()
    assert all(m.count(GET) == m.count(ADD) == 1 for m in simulation.cluster.members), "each was asked once"
    counter.reset()
    assert counter.get().result() == 0
    assert counter.blocking().add_and_get(1) == 1


def test_the_session_goes_on_with_the_replica_that_has_the_updates(
    simulation: Simulation, counter: PNCounter
) -> None:
    service(simulation).replicating = False
    counter.add_and_get(7).result()
    first = the_replica(simulation)
    second, third = [m for m in simulation.cluster.members if m is not first]
    service(simulation).replica("c", second.uuid).update(service(simulation).replica("c", first.uuid))
    simulation.cluster.remove(first)
    simulation.driver.advance()
    for _ in range(10):
        assert counter.get().result() == 7
    assert third.count(GET) <= 1
    assert second.count(GET) == 10


def test_calls_that_lose_the_replica_together_agree_on_another_one(
    simulation: Simulation, counter: PNCounter
) -> None:
    """The updates of a session must not be spread over two replicas: neither would have all of them."""
    service(simulation).replicating = False
    counter.get().result()
    simulation.cluster.remove(the_replica(simulation))
    simulation.driver.advance()
    calls = [counter.add_and_get(1) for _ in range(20)]
    assert sorted(call.result() for call in calls) == list(range(1, 21))
    assert len(used(simulation)) == 1


def test_the_first_calls_agree_on_a_replica(simulation: Simulation, counter: PNCounter) -> None:
    service(simulation).replicating = False
    calls = [counter.add_and_get(1) for _ in range(20)]
    assert sorted(call.result() for call in calls) == list(range(1, 21))
    assert len(used(simulation)) == 1


def test_what_began_before_a_reset_is_not_seen_by_the_new_session(
    simulation: Simulation, counter: PNCounter
) -> None:
    counter.get().result()
    replica = the_replica(simulation)
    kept: list[Request] = []
    replica.rule(ADD, kept.append, times=1)
    waiting = counter.add_and_get(1)
    simulation.driver.advance()
    counter.reset()
    kept[0].reply(1, [(replica.uuid, NEVER + 99)], 3)
    assert waiting.result() == 1
    assert counter.get().result() == 0


def test_a_cancelled_update_is_observed(simulation: Simulation, counter: PNCounter) -> None:
    counter.get().result()
    waiting = counter.add_and_get(4)
    waiting.cancel()
    simulation.driver.advance()
    counter.get().result()
    replica = the_replica(simulation)
    assert dict(replica.requests[-1]["replicaTimestamps"]) == {replica.uuid: NEVER + 1}


def _cut(request: Request) -> None:
    request.member.cut_all()


def test_a_connection_lost_before_the_reply(simulation: Simulation, counter: PNCounter) -> None:
    counter.add_and_get(1).result()
    replica = the_replica(simulation)
    replica.rule(ADD, _cut, times=1)
    with pytest.raises(TargetDisconnectedError):
        counter.add_and_get(1).result()
    assert sum(m.count(ADD) for m in simulation.cluster.members) == 2, "it is not repeated: it may count"
    replica.rule(GET, _cut, times=1)
    simulation.driver.advance(60)
    assert counter.get().result() == 1


def test_redo_operation_repeats_an_update() -> None:
    with Simulation(2, redo_operation=True) as simulation:
        counter = simulation.client.get_object(PN_COUNTER, "c")
        counter.get().result()
        the_replica(simulation).rule(ADD, _cut, times=1)
        assert counter.add_and_get(1).result() == 1


@pytest.mark.parametrize(
    "code", [codes.NOT_REPLICA, codes.RETRYABLE, codes.NOT_MEMBER, codes.CONSISTENCY_LOST]
)
def test_a_replica_that_refuses(simulation: Simulation, counter: PNCounter, code: tuple[int, str]) -> None:
    counter.add_and_get(1).result()
    replica = the_replica(simulation)
    replica.rule(ADD, lambda request: request.error(*code))
    assert counter.add_and_get(1).result() == 2
    assert counter.add_and_get(1).result() == 3
    assert replica.count(ADD) == 2, "it was asked once more, and then not again"


def test_an_error_that_no_other_replica_would_change(simulation: Simulation, counter: PNCounter) -> None:
    for member in simulation.cluster.members:
        member.rule(ADD, lambda request: request.error(*codes.UNSUPPORTED, message="no"))
    with pytest.raises(Exception, match="no"):
        counter.add_and_get(1).result()
    assert sum(m.count(ADD) for m in simulation.cluster.members) == 1


def test_reads_and_updates_wait_for_a_connection(simulation: Simulation, counter: PNCounter) -> None:
    counter.add_and_get(1).result()
    down: dict[Any, Any] = {m.address: Refuse() for m in simulation.cluster.members}
    simulation.cluster.down.update(down)
    simulation.cluster.cut_all()
    simulation.driver.advance(1)
    reading, adding = counter.get(), counter.add_and_get(1)
    simulation.driver.advance(5)
    assert not reading.done()
    assert not adding.done()
    simulation.cluster.down.clear()
    assert {reading.result(), adding.result()} <= {1, 2}
    assert counter.get().result() == 2


def test_a_time_limit(simulation: Simulation, counter: PNCounter) -> None:
    for member in simulation.cluster.members:
        member.rule(GET, lambda request: None)
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError):
        counter.with_timeout(3).get().result()
    assert simulation.driver.now() - began == pytest.approx(3)


def test_without_smart_routing_requests_name_the_replica() -> None:
    cluster = SimulatedCluster(1)
    with Simulation(cluster=cluster, smart_routing=False) as simulation:
        counter = simulation.client.get_object(PN_COUNTER, "c")
        assert counter.add_and_get(2).result() == 2
        simulation.cluster.cut_all()
        simulation.driver.advance(60)
        assert counter.get().result() == 2


def test_the_session_ends_with_the_object(simulation: Simulation, counter: PNCounter) -> None:
    counter.add_and_get(3).result()
    assert counter.destroy() is True
    again = simulation.client.get_object(PN_COUNTER, "c")
    assert again is not counter
    assert again.get().result() == 0
