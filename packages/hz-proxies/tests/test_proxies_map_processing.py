"""Processors and the event journal of maps of simulated members, when connections are lost."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import TargetDisconnectedError, UnsupportedOperationError
from hz_core.testing import MapService, Request
from hz_core.testing.services import Processed
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.map import Map

simulation = simulated_harness.simulation


@pytest.fixture
def m(simulation: Simulation) -> Map[Any, Any]:
    service = simulation.cluster.service(MapService)
    service.state("m").journal_capacity = 5
    made: Map[Any, Any] = simulation.client.get_object(MAP, "m")
    read, write = simulation.serialization.to_object, simulation.serialization.to_data

    def add(processor: bytes, key: bytes, value: bytes | None) -> Processed:
        before = 0 if value is None else read(value)
        return Processed(write(before + read(processor)), write(before))

    service.process = add
    return made


def lose_the_answer(simulation: Simulation, method: str) -> None:
    """Let each member do what one request says, and lose its connections then."""

    def do_and_cut(request: Request) -> None:
        request.member.answer(request)
        request.member.cut_all()

    for member in simulation.cluster.members:
        member.rule(method, do_and_cut, times=1)


def partition_of(simulation: Simulation, key: Any) -> int:
    return simulation.cluster.partition_of(simulation.serialization.to_data(key))


def test_results(m: Map[Any, Any]) -> None:
    assert m.submit_to_key("k", 5).result() == 0
    assert m.execute_on_key("k", 1).result() == 5
    assert dict(m.execute_on_keys([("t", 1), "k"], 2).result()) == {("t", 1): 0, "k": 6}
    assert m.replace_all(10).result() is None
    assert m.get_all([("t", 1), "k"]).result() == {("t", 1): 12, "k": 18}


@pytest.mark.parametrize("operation", ["submit_to_key", "execute_on_key"])
def test_a_processor_is_not_executed_twice(simulation: Simulation, m: Map[Any, Any], operation: str) -> None:
    method = {"submit_to_key": "Map.submitToKey", "execute_on_key": "Map.executeOnKey"}[operation]
    lose_the_answer(simulation, method)
    with pytest.raises(TargetDisconnectedError):
        getattr(m, operation)("k", 5).result()
    assert m.get("k").result() == 5
    assert sum(member.count(method) for member in simulation.cluster.members) == 1


def test_replace_all_is_repeated_where_it_may_have_been_done(
    simulation: Simulation, m: Map[Any, Any]
) -> None:
    m.put("k", 1).result()
    owner = simulation.cluster.owner(partition_of(simulation, "k"))
    lose_the_answer(simulation, "Map.replaceAll")
    m.replace_all(10).result()
    assert m.get("k").result() in (11, 21)
    assert owner.count("Map.replaceAll") > simulation.cluster.partition_count // 3


def test_replace_all_that_is_refused_somewhere(simulation: Simulation, m: Map[Any, Any]) -> None:
    simulation.cluster.service(MapService).process = None
    m.put("k", 1).result()
    with pytest.raises(UnsupportedOperationError, match="process"):
        m.replace_all(10).result()
    assert m.get("k").result() == 1


def test_the_journal_goes_on_after_lost_connections(simulation: Simulation, m: Map[Any, Any]) -> None:
    partition = partition_of(simulation, "k")
    for number in range(3):
        m.put("k", number).result()
    lose_the_answer(simulation, "Map.eventJournalSubscribe")
    lose_the_answer(simulation, "Map.eventJournalRead")
    events = list(m.blocking().iter_event_journal(partition, page_size=1, follow=False))
    assert [(event.sequence, event.new_value) for event in events] == [(0, 0), (1, 1), (2, 2)]


def test_who_waits_for_an_event_gets_it_over_another_connection(
    simulation: Simulation, m: Map[Any, Any]
) -> None:
    partition = partition_of(simulation, "k")
    pages = iter(m.blocking().iter_event_journal(partition, 0))

    def put() -> None:
        m.put("k", "late")

    simulation.driver.call_later(1, simulation.cluster.cut_all)
    simulation.driver.call_later(20, put)
    event = next(pages)
    assert (event.sequence, event.key, event.new_value, event.old_value) == (0, "k", "late", None)
    assert simulation.driver.now() >= 1020


def test_events_that_were_overwritten(simulation: Simulation, m: Map[Any, Any]) -> None:
    partition = partition_of(simulation, "k")
    for number in range(8):
        m.put("k", number).result()
    assert m.subscribe_to_event_journal(partition).result() == (3, 7)
    events = list(m.blocking().iter_event_journal(partition, 0, follow=False))
    assert [event.sequence for event in events] == [3, 4, 5, 6, 7]
