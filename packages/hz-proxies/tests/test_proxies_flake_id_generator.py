"""A flake id generator on simulated members: batches, their validity, callers who share them, and lost members."""

from collections.abc import Callable, Iterator

import pytest

import simulated_harness
from hz_core.errors import (
    HazelcastClientNotActiveError,
    IllegalStateError,
    NodeIdOutOfRangeError,
    OperationTimeoutError,
)
from hz_core.testing import FlakeIdGeneratorService, Refuse, Request, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import FLAKE_ID_GENERATOR
from hz_proxies.flake_id_generator import FlakeIdGenerator

simulation = simulated_harness.simulation

BATCH = "FlakeIdGenerator.newIdBatch"


@pytest.fixture
def generator(simulation: Simulation) -> FlakeIdGenerator:
    return simulation.client.get_object(FLAKE_ID_GENERATOR, "f")


def requests(simulation: Simulation) -> list[Request]:
    return [r for member in simulation.cluster.members for r in member.requests if r.method == BATCH]


def for_all(simulation: Simulation, action: Callable[[Request], object], times: int = 1_000_000) -> None:
    for member in simulation.cluster.members:
        member.rule(BATCH, action, times)


def as_usual(simulation: Simulation) -> None:
    for member in simulation.cluster.members:
        member.rules.clear()


def configured(**options: object) -> Simulation:
    return Simulation(3, flake_id_generators={"f": options})


def test_a_batch_is_used_up_before_the_next(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    ids = [generator.new_id().result() for _ in range(100)]
    assert len(set(ids)) == 100
    assert [r["batchSize"] for r in requests(simulation)] == [100]
    assert generator.blocking().new_id() not in ids
    assert len(requests(simulation)) == 2


@pytest.mark.parametrize("count", [1, 7])
def test_the_size_of_batches(count: int) -> None:
    with configured(prefetch_count=count) as simulation:
        generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
        other = simulation.client.get_object(FLAKE_ID_GENERATOR, "other")
        assert len({generator.new_id().result() for _ in range(3 * count)}) == 3 * count
        assert [r["batchSize"] for r in requests(simulation)] == [count] * 3
        other.new_id().result()
        assert sorted(r["batchSize"] for r in requests(simulation))[-1] == 100


def test_a_member_may_give_fewer_ids_than_it_was_asked_for(
    simulation: Simulation, generator: FlakeIdGenerator
) -> None:
    bases = iter(range(0, 1000, 10))
    for_all(simulation, lambda request: request.reply(next(bases), 4, 2))
    assert [generator.new_id().result() for _ in range(5)] == [0, 4, 10, 14, 20]


@pytest.mark.parametrize(("validity", "batches"), [(5, 2), (0, 1), (20, 1)])
def test_how_long_a_batch_is_used(validity: float, batches: int) -> None:
    with configured(prefetch_validity=validity) as simulation:
        generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
        generator.new_id().result()
        simulation.driver.advance(4)
        generator.new_id().result()
        assert len(requests(simulation)) == 1
        simulation.driver.advance(6)
        generator.new_id().result()
        assert len(requests(simulation)) == batches


def test_callers_share_a_batch(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    kept: list[Request] = []
    for_all(simulation, kept.append, times=1)
    calls = [generator.new_id() for _ in range(250)]
    simulation.driver.advance()
    assert len(kept) == 1, "one request, however many wait"
    as_usual(simulation)
    kept[0].member.answer(kept[0])
    ids = [call.result() for call in calls]
    assert len(set(ids)) == 250
    assert len(requests(simulation)) == 3


def test_a_caller_who_gives_up_takes_nothing_from_the_others(
    simulation: Simulation, generator: FlakeIdGenerator
) -> None:
    kept: list[Request] = []
    for_all(simulation, kept.append, times=2)
    calls = [generator.new_id() for _ in range(10)]
    calls[0].cancel()  # which has requested a batch; another one is requested for the others
    calls[5].cancel()
    simulation.driver.advance()
    assert len(kept) == 2
    kept[1].reply(0, 1, 8)
    assert sorted(call.result() for call in calls if not call.cancelled()) == list(range(8))


def test_an_error_is_that_of_all_who_wait(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    for_all(simulation, lambda request: request.error(*codes.UNSUPPORTED, message="not today"), times=1)
    calls = [generator.new_id() for _ in range(3)]
    for call in calls:
        with pytest.raises(Exception, match="not today"):
            call.result()
    as_usual(simulation)
    assert generator.new_id().result() >= 0


def test_a_time_limit_ends_one_caller_only(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    kept: list[Request] = []
    for_all(simulation, kept.append)
    limited, patient = generator.with_timeout(3).new_id(), generator.new_id()
    with pytest.raises(OperationTimeoutError):
        limited.result()
    simulation.driver.advance()  # another batch is requested for those who still wait
    kept[1].reply(7, 1, 1)
    assert patient.result() == 7


def test_another_member_is_asked_when_one_is_out_of_node_ids(
    simulation: Simulation, generator: FlakeIdGenerator
) -> None:
    service = simulation.cluster.service(FlakeIdGeneratorService)
    first, second, third = simulation.cluster.members
    service.out_of_range = {first.uuid, third.uuid}
    ids = [generator.new_id().result() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert second.count(BATCH) == 10
    assert first.count(BATCH) <= 1, "it is not asked again"
    assert third.count(BATCH) <= 1


def test_no_member_has_a_node_id(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    service = simulation.cluster.service(FlakeIdGeneratorService)
    service.out_of_range = {member.uuid for member in simulation.cluster.members}
    with pytest.raises(NodeIdOutOfRangeError, match="no member can generate ids of 'f'"):
        generator.new_id().result()
    assert len(requests(simulation)) == 3
    service.out_of_range.clear()
    assert generator.new_id().result() >= 0


def test_a_member_that_joins_is_asked(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    service = simulation.cluster.service(FlakeIdGeneratorService)
    service.out_of_range = {member.uuid for member in simulation.cluster.members}
    with pytest.raises(NodeIdOutOfRangeError):
        generator.new_id().result()
    joined = simulation.cluster.join()
    simulation.driver.advance(5)
    generator.new_id().result()
    assert joined.count(BATCH) == 1


def test_without_smart_routing_there_is_no_other_member() -> None:
    with Simulation(2, smart_routing=False) as simulation:
        service = simulation.cluster.service(FlakeIdGeneratorService)
        service.out_of_range = {simulation.cluster.members[0].uuid}
        generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
        with pytest.raises(NodeIdOutOfRangeError):
            generator.new_id().result()


def test_a_member_lost_while_it_is_asked(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    for_all(simulation, lambda request: request.member.cut_all(), times=1)
    assert generator.new_id().result() >= 0
    assert len(requests(simulation)) > 1


def test_without_a_connection_ids_in_memory_are_used_and_others_waited_for() -> None:
    with configured(prefetch_count=2) as simulation:
        generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
        generator.new_id().result()
        simulation.cluster.down.update({m.address: Refuse() for m in simulation.cluster.members})
        simulation.cluster.cut_all()
        simulation.driver.advance(1)
        assert generator.new_id().done()
        waiting = generator.new_id()
        simulation.driver.advance(5)
        assert not waiting.done()
        simulation.cluster.down.clear()
        assert waiting.result() >= 0


def test_a_client_that_ends(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    for_all(simulation, lambda request: None)
    waiting = generator.new_id()
    simulation.driver.advance()
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        waiting.result()
    with pytest.raises(HazelcastClientNotActiveError):
        generator.new_id().result()


def test_ids_in_memory_end_with_the_client(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    generator.new_id().result()
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        generator.new_id().result()


def test_a_member_that_generates_nothing(simulation: Simulation, generator: FlakeIdGenerator) -> None:
    for_all(simulation, lambda request: request.reply(0, 1, 0))
    with pytest.raises(IllegalStateError, match="has generated 0 ids of 'f'"):
        generator.blocking().new_id()


# --- the next batch in the background ------------------------------------------------------------------------------


@pytest.fixture
def ahead() -> Iterator[Simulation]:
    with configured(prefetch_count=10, prefetch_ahead=True) as simulation:
        yield simulation


def taken(generator: FlakeIdGenerator, count: int) -> list[int]:
    """Take ids that are all in memory."""
    calls = [generator.new_id() for _ in range(count)]
    assert all(call.done() for call in calls)
    return [call.result() for call in calls]


def test_the_next_batch_is_fetched_when_half_of_one_is_used(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    ids = [generator.new_id().result(), *taken(generator, 4)]
    ahead.driver.advance(60)
    assert len(requests(ahead)) == 1, "half of it is left"
    ids += taken(generator, 1)
    ahead.driver.advance()
    assert [r["batchSize"] for r in requests(ahead)] == [10, 10]
    ids += taken(generator, 9)  # the rest of the first one, and half of the second
    ahead.driver.advance(60)
    assert len(requests(ahead)) == 2, "nobody has asked for more"
    ids += taken(generator, 1)
    ahead.driver.advance()
    assert len(requests(ahead)) == 3
    ids += taken(generator, 14)
    assert len(set(ids)) == 30


def test_those_who_come_meanwhile_wait_for_the_batch_that_is_fetched_already(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    ids = [generator.new_id().result(), *taken(generator, 4)]
    kept: list[Request] = []
    for_all(ahead, kept.append, times=1)
    ids += taken(generator, 5)
    waiting = [generator.new_id() for _ in range(3)]
    ahead.driver.advance()
    assert not any(call.done() for call in waiting)
    assert len(kept) == 1
    kept[0].member.answer(kept[0])
    ids += [call.result() for call in waiting]
    assert len(set(ids)) == 13
    assert len(requests(ahead)) == 2


def test_a_batch_that_cannot_be_fetched_ahead_is_fetched_when_it_is_needed(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    generator.new_id().result()
    for_all(ahead, lambda request: request.error(*codes.UNSUPPORTED, message="not today"), times=1)
    taken(generator, 5)
    ahead.driver.advance()
    taken(generator, 4)
    assert len(requests(ahead)) == 2, "it is tried once"
    as_usual(ahead)
    assert generator.new_id().result() >= 0


def test_those_who_wait_for_it_get_the_error(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    generator.new_id().result()
    kept: list[Request] = []
    for_all(ahead, kept.append, times=1)
    taken(generator, 9)
    waiting = generator.new_id()
    ahead.driver.advance()
    kept[0].error(*codes.UNSUPPORTED, message="not today")
    with pytest.raises(Exception, match="not today"):
        waiting.result()
    as_usual(ahead)
    assert generator.new_id().result() >= 0


def test_the_next_batch_expires_as_well() -> None:
    with configured(prefetch_count=10, prefetch_validity=5, prefetch_ahead=True) as simulation:
        generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
        first = [generator.new_id().result(), *taken(generator, 5)]
        simulation.driver.advance(4)
        assert len(requests(simulation)) == 2
        simulation.driver.advance(2)
        later = generator.new_id()
        assert not later.done(), "both batches are too old"
        assert later.result() not in first
        assert len(requests(simulation)) == 3


def test_a_client_that_ends_while_it_fetches_ahead(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    generator.new_id().result()
    for_all(ahead, lambda request: None)
    taken(generator, 9)
    waiting = generator.new_id()
    ahead.driver.advance()
    ahead.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        waiting.result()


def test_a_forked_child_has_none_of_the_ids_in_memory(ahead: Simulation) -> None:
    generator = ahead.client.get_object(FLAKE_ID_GENERATOR, "f")
    generator.new_id().result()
    taken(generator, 5)
    ahead.driver.advance()
    assert len(requests(ahead)) == 2
    generator._ops._on_fork()
    of_child = generator.new_id()
    assert not of_child.done()
    assert of_child.result() >= 0
    assert len(requests(ahead)) == 3
