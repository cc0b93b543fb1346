"""Entry listeners of a map on simulated members: filters, kinds of events, lost connections, restarts."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import IllegalArgumentError
from hz_core.testing import Listener, Request, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP, predicate
from hz_proxies.events import EntryEvent, EntryEventType
from hz_proxies.map import BlockingMap

simulation = simulated_harness.simulation

KINDS = (
    "added", "removed", "updated", "evicted", "evict_all", "clear_all", "merged", "expired", "loaded",
)  # fmt: skip
BIG = predicate.greater("this", 10)


@pytest.fixture
def m(simulation: Simulation) -> BlockingMap[Any, Any]:
    to_object = simulation.client.serialization.to_object
    simulation.cluster.matches = lambda query, key, value: bool(to_object(value) > 10)
    return simulation.client.get_object(MAP, "m").blocking()


def functions(events: list[EntryEvent[Any, Any]]) -> dict[str, Any]:
    """Return a function for every kind of event."""
    return {f"{kind}_func": events.append for kind in KINDS}


def listeners(simulation: Simulation) -> list[Listener]:
    """Return all registrations that the members know."""
    sessions = [s for member in simulation.cluster.members for s in member.sessions.values()]
    return [listener for session in sessions for listener in session.listeners.values()]


FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [1, 20, 2, 30]),
    ({"key": "k"}, [1, 20]),
    ({"predicate": BIG}, [20, 30]),
    ({"key": "k", "predicate": BIG}, [20]),
]


@pytest.mark.parametrize(("filters", "values"), FILTERS)
def test_filters(
    simulation: Simulation, m: BlockingMap[Any, Any], filters: dict[str, Any], values: list[int]
) -> None:
    events: list[EntryEvent[Any, Any]] = []
    m.add_entry_listener(True, **filters, **functions(events))
    for key, value in (("k", 1), ("k", 20), ("other", 2), ("other", 30)):
        m.put(key, value)
    simulation.driver.advance()
    assert [event.value for event in events] == values
    # One registration for each member, for its own events.
    assert [listener.local_only for listener in listeners(simulation)] == [True] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event(simulation: Simulation, m: BlockingMap[Any, Any], kind: str) -> None:
    number = getattr(EntryEventType, kind.upper())
    events: list[EntryEvent[Any, Any]] = []
    others: list[EntryEvent[Any, Any]] = []
    wrong: dict[str, Any] = {f"{other}_func": others.append for other in KINDS if other != kind}
    right: dict[str, Any] = {f"{kind}_func": events.append}
    m.add_entry_listener(True, **right)
    m.add_entry_listener(True, **wrong)
    to_data = simulation.client.serialization.to_data
    member = simulation.cluster.members[1]
    whole = kind in ("evict_all", "clear_all")
    parts = [None] * 4 if whole else [to_data(text) for text in ("k", "new", "old", "merging")]
    simulation.cluster.publish(
        member,
        "Map",
        "m",
        lambda listener: (*parts, number, member.uuid, 3) if listener.flags & number else None,
    )
    simulation.driver.advance()
    (event,) = events
    told = (event.key, event.value, event.old_value, event.merging_value)
    assert told == ((None,) * 4 if whole else ("k", "new", "old", "merging"))
    assert (event.event_type, event.uuid, event.number_of_affected_entries) == (number, member.uuid, 3)
    assert others == []


def test_events_go_on_after_lost_connections(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    events: list[EntryEvent[Any, Any]] = []
    registration = m.add_entry_listener(True, **functions(events))
    for round_number in range(3):
        simulation.cluster.cut_all()
        simulation.until(lambda: len(simulation.connections) == 3)
        simulation.driver.advance()
        for key in range(20):
            m.put(key, round_number)
        simulation.driver.advance()
        assert sorted(event.key for event in events) == list(range(20))
        assert {event.value for event in events} == {round_number}
        events.clear()
    assert len(listeners(simulation)) == 3
    assert m.remove_entry_listener(registration) is True
    assert listeners(simulation) == []


def test_events_go_on_after_a_restart_of_the_cluster(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    events: list[EntryEvent[Any, Any]] = []
    m.add_entry_listener(True, added_func=events.append)
    m.put("before", 1)
    simulation.cluster.restart()
    simulation.driver.advance(60)
    m.put("before", 2)
    m.put("after", 3)
    simulation.driver.advance()
    assert [(event.key, event.value) for event in events] == [("before", 1), ("before", 2), ("after", 3)]


def test_a_member_that_joins_tells_its_events(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    events: list[EntryEvent[Any, Any]] = []
    m.add_entry_listener(added_func=events.append)
    joined = simulation.cluster.join()
    simulation.until(lambda: joined.address in simulation.connected)
    simulation.driver.advance()
    for key in range(50):
        m.put(key, key)
    simulation.driver.advance()
    assert sorted(event.key for event in events) == list(range(50))
    assert {event.uuid for event in events} == {member.uuid for member in simulation.cluster.members}


def test_a_removed_listener_hears_nothing_of_what_is_under_way(
    simulation: Simulation, m: BlockingMap[Any, Any]
) -> None:
    events: list[EntryEvent[Any, Any]] = []
    registration = m.add_entry_listener(added_func=events.append)
    m.put("k", 1)
    removal = simulation.client.futures.run(m._ops.remove_entry_listener(registration))
    assert removal.result() is True
    assert [event.key for event in events] in ([], ["k"])
    m.put("other", 1)
    simulation.driver.advance()
    assert "other" not in [event.key for event in events]
    assert m.remove_entry_listener(registration) is False


def test_a_member_that_refuses_a_listener(simulation: Simulation, m: BlockingMap[Any, Any]) -> None:
    def refuse(request: Request) -> None:
        request.error(*codes.ILLEGAL_ARGUMENT, "no listeners here")

    simulation.cluster.members[2].rule("Map.addEntryListener", refuse, times=1)
    with pytest.raises(IllegalArgumentError, match="no listeners here"):
        m.add_entry_listener(added_func=print)
    simulation.driver.advance()
    assert listeners(simulation) == []


def test_without_smart_routing_one_member_tells_all_events() -> None:
    with Simulation(3, smart_routing=False) as simulation:
        m = simulation.client.get_object(MAP, "m").blocking()
        simulation.cluster.strict = False
        events: list[EntryEvent[Any, Any]] = []
        m.add_entry_listener(added_func=events.append)
        assert [listener.local_only for listener in listeners(simulation)] == [False]
        for key in range(20):
            m.put(key, key)
        simulation.driver.advance()
        assert sorted(event.key for event in events) == list(range(20))
