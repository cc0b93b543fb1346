"""Lists and sets on simulated members: partitions, pages while others change a list, lost connections."""

from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.testing import ListService, Request, SetService
from hz_core.testing.simulation import Simulation
from hz_proxies import LIST, SET
from hz_proxies.events import ItemEvent
from hz_proxies.list import BlockingList

simulation = simulated_harness.simulation


@pytest.fixture
def items(simulation: Simulation) -> BlockingList[Any]:
    return simulation.client.get_object(LIST, "l").blocking()


def sent(simulation: Simulation, method: str) -> int:
    return sum(member.count(method) for member in simulation.cluster.members)


def before(simulation: Simulation, method: str, act: Callable[[], object], times: int = 1) -> None:
    """Let something happen before the members answer the next requests of a method."""

    def action(request: Request) -> None:
        act()
        request.member.answer(request)

    simulation.cluster.owner(simulation.cluster.partition_of_name("l")).rule(method, action, times)


@pytest.mark.parametrize("name", ["n", "n@a", "other@a", "ü"])
@pytest.mark.parametrize("kind", [LIST, SET], ids=["list", "set"])
def test_all_requests_go_to_the_partition_of_the_name(simulation: Simulation, kind: Any, name: str) -> None:
    found = simulation.client.get_object(kind, name).blocking()
    found.add_all([1, 2, 3])
    found.remove(1)
    assert (found.size(), sorted(found.get_all())) == (2, [2, 3])
    partition = simulation.cluster.partition_of_name(name)
    requests = [
        request
        for member in simulation.cluster.members
        for request in member.requests
        if request.method.startswith(("List.", "Set."))
    ]
    assert {request.partition_id for request in requests} == {partition}
    assert {request.member for request in requests} == {simulation.cluster.owner(partition)}


@pytest.mark.parametrize("kind", [LIST, SET], ids=["list", "set"])
def test_a_listener_over_lost_connections_and_a_restart(simulation: Simulation, kind: Any) -> None:
    found = simulation.client.get_object(kind, "l")
    events: list[ItemEvent[Any]] = []
    registration = found.add_listener(True, item_added_func=events.append).result()
    found.add(1).result()
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    found.add(2).result()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    found.add(3).result()
    simulation.driver.advance()
    assert [(event.name, event.item) for event in events] == [("l", 1), ("l", 2), ("l", 3)]
    assert found.remove_listener(registration).result() is True
    found.add(4).result()
    simulation.driver.advance()
    assert len(events) == 3


def test_pages_have_a_thousand_items(simulation: Simulation, items: BlockingList[Any]) -> None:
    items.add_all(range(2000))
    assert list(items) == list(range(2000))
    assert (sent(simulation, "List.sub"), sent(simulation, "List.getAll")) == (2, 0)
    assert items.count(1999) == 1
    assert sent(simulation, "List.sub") == 4


def test_a_list_that_becomes_shorter_while_it_is_iterated(
    simulation: Simulation, items: BlockingList[Any]
) -> None:
    items.add_all(range(10))
    stored = simulation.cluster.service(ListService).items("l")
    before(simulation, "List.sub", lambda: stored.__delitem__(slice(4, None)))
    assert list(items) == [0, 1, 2, 3]
    before(simulation, "List.sub", stored.clear)
    assert list(items) == []


def test_a_list_that_becomes_longer_while_it_is_iterated(
    simulation: Simulation, items: BlockingList[Any]
) -> None:
    items.add_all([1, 2])
    stored = simulation.cluster.service(ListService).items("l")
    before(simulation, "List.sub", lambda: stored.append(stored[0]))
    assert list(items) == [1, 2]


def test_the_last_item_while_others_remove_it(simulation: Simulation, items: BlockingList[Any]) -> None:
    items.add_all(["a", "b", "c"])
    stored = simulation.cluster.service(ListService).items("l")
    before(simulation, "List.get", stored.pop)
    assert items[-1] == "b"
    before(simulation, "List.removeWithIndex", stored.pop)
    assert items.pop() == "a"
    items.add("d")
    before(simulation, "List.removeWithIndex", stored.pop)
    with pytest.raises(IndexError, match="no item at -1"):
        items.pop()


def test_an_item_of_a_set_that_others_remove_first(simulation: Simulation) -> None:
    s = simulation.client.get_object(SET, "l").blocking()
    s.add_all(["a", "b"])
    first, second = s.get_all()
    stored = simulation.cluster.service(SetService).items("l")
    before(simulation, "Set.remove", lambda: stored.pop(0))
    assert s.pop() == second
    with pytest.raises(KeyError, match="empty"):
        s.pop()
    assert first != second


@pytest.mark.parametrize("kind", [LIST, SET], ids=["list", "set"])
def test_a_closed_client(simulation: Simulation, kind: Any) -> None:
    found = simulation.client.get_object(kind, "l").blocking()
    simulation.client.shutdown()
    for operation in (found.size, found.get_all, lambda: list(found), lambda: found.add("a")):
        with pytest.raises(HazelcastClientNotActiveError):
            operation()


def test_a_destroyed_list_is_empty_again(simulation: Simulation, items: BlockingList[Any]) -> None:
    items.add("a")
    assert items.destroy() is True
    assert simulation.client.get_object(LIST, "l").blocking().is_empty() is True
