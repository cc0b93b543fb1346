"""Thousands of random schedules of what happens to clusters, and of streams of a hostile member; seeds tell which."""

import logging

import pytest

import core_streams
from core_schedules import Step, check, schedule, shrink
from core_simulation import Simulation
from hz_core.testing import codes

SCHEDULES = 10_000
STREAMS = 20_000
CHUNKS = 20


@pytest.fixture(autouse=True)
def _quiet() -> object:
    """Log nothing: it takes half of the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_invariants_hold_in_every_schedule(chunk: int) -> None:
    size = SCHEDULES // CHUNKS
    for seed in range(chunk * size, (chunk + 1) * size):
        check(seed)


@pytest.mark.parametrize("chunk", range(4))
def test_hostile_streams_end_with_the_protocol_error_at_most(chunk: int) -> None:
    size = STREAMS // 4
    for seed in range(chunk * size, (chunk + 1) * size):
        core_streams.check(seed)


def test_hostile_streams_leave_no_memory() -> None:
    core_streams.memory_of(range(200))
    grown = core_streams.memory_of(range(200))
    assert grown < 1 << 20, f"200 streams have left {grown} bytes"


def test_a_seed_gives_the_same_schedule() -> None:
    assert schedule(5) == schedule(5) != schedule(6)


def test_a_failing_schedule_is_shrunk_to_the_steps_that_matter() -> None:
    steps = [*schedule(1), Step("cut", -1), *schedule(2), Step("put", -2), *schedule(3)]
    shortest = shrink(steps, lambda part: {-1, -2} <= {step.number for step in part})
    assert shortest == [Step("cut", -1), Step("put", -2)]


def test_a_listener_that_a_new_connection_refused_for_now_is_registered_later() -> None:
    simulation = Simulation(1).start()
    keys: list[int] = []
    simulation.listen(keys)
    (member,) = simulation.cluster.members
    member.rule("Map.addEntryListener", lambda request: request.error(*codes.RETRYABLE), times=4)
    member.cut_all()
    simulation.until(lambda: [len(s.listeners) for s in member.sessions.values()] == [1])
    simulation.put(1, "one")
    simulation.driver.advance(1)
    assert keys == [1]
    assert member.count("Map.addEntryListener") == 1 + 4 + 1
    simulation.stop()


def test_a_listener_that_a_member_refuses_for_good_is_not_sent_again_and_again() -> None:
    simulation = Simulation(1).start()
    simulation.listen([])
    (member,) = simulation.cluster.members
    member.rule("Map.addEntryListener", lambda request: request.error(*codes.ILLEGAL_STATE))
    member.cut_all()
    simulation.driver.advance(60)
    assert member.count("Map.addEntryListener") == 1 + 2
    simulation.stop()
