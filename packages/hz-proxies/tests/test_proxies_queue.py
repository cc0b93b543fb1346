"""A queue on simulated members: its partition, waiting requests, listeners over lost connections."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import (
    DistributedObjectDestroyedError,
    HazelcastClientNotActiveError,
    OperationTimeoutError,
)
from hz_core.testing import QueueService
from hz_core.testing.simulation import Simulation
from hz_proxies import QUEUE
from hz_proxies.events import ItemEvent
from hz_proxies.queue import Queue

simulation = simulated_harness.simulation


@pytest.fixture
def queue(simulation: Simulation) -> Queue[Any]:
    return simulation.client.get_object(QUEUE, "q")


@pytest.mark.parametrize("name", ["q", "q@a", "other@a", "ü"])
def test_all_requests_go_to_the_partition_of_the_name(simulation: Simulation, name: str) -> None:
    q = simulation.client.get_object(QUEUE, name).blocking()
    q.add_all([1, 2, 3])
    assert (q.poll(), q.size(), q.iterator()) == (1, 2, [2, 3])
    partition = simulation.cluster.partition_of_name(name)
    sent = [
        request
        for member in simulation.cluster.members
        for request in member.requests
        if request.method.startswith("Queue.")
    ]
    assert {request.partition_id for request in sent} == {partition}
    assert {request.member for request in sent} == {simulation.cluster.owner(partition)}


def test_who_waits_is_served_in_order(simulation: Simulation, queue: Queue[Any]) -> None:
    waiting = [queue.take(), queue.poll(60), queue.take()]
    simulation.driver.advance(30)
    queue.add_all(["a", "b"]).result()
    simulation.driver.advance()
    assert [future.done() for future in waiting] == [True, True, False]
    assert [future.result() for future in waiting[:2]] == ["a", "b"]
    queue.put("c").result()
    assert waiting[2].result() == "c"


def test_waiting_for_room(simulation: Simulation, queue: Queue[Any]) -> None:
    simulation.cluster.service(QueueService).state("q").capacity = 1
    queue.put("a").result()
    began = simulation.driver.now()
    assert queue.offer("b", 10).result() is False
    assert simulation.driver.now() - began == pytest.approx(10)
    waiting = queue.put("b")
    simulation.driver.advance(100)
    assert waiting.done() is False
    assert queue.take().result() == "a"
    waiting.result()
    assert queue.peek().result() == "b"


def test_a_wait_longer_than_the_invocation_timeout(simulation: Simulation, queue: Queue[Any]) -> None:
    waiting = queue.take()
    simulation.driver.advance(1000)
    queue.put("late").result()
    assert waiting.result() == "late"


def test_a_time_limit_for_waiting(queue: Queue[Any]) -> None:
    with pytest.raises(OperationTimeoutError):
        queue.with_timeout(5).take().result()


def test_a_destroyed_queue_and_a_client_that_ends(simulation: Simulation, queue: Queue[Any]) -> None:
    waiting = queue.take()
    simulation.driver.advance()
    simulation.client.get_object(QUEUE, "q").destroy()
    with pytest.raises(DistributedObjectDestroyedError):
        waiting.result()
    waiting = queue.take()
    simulation.driver.advance()
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        waiting.result()


def test_a_drain_that_fails_leaves_the_list_as_it_was(simulation: Simulation, queue: Queue[Any]) -> None:
    target = ["before"]
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        queue.drain_to(target).result()
    assert target == ["before"]


def test_a_listener_over_lost_connections_and_a_restart(simulation: Simulation, queue: Queue[Any]) -> None:
    events: list[ItemEvent[Any]] = []
    registration = queue.add_listener(True, item_added_func=events.append).result()
    queue.add(1).result()
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    queue.add(2).result()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    queue.add(3).result()
    simulation.driver.advance()
    assert [(event.name, event.item) for event in events] == [("q", 1), ("q", 2), ("q", 3)]
    assert repr(events[0]).startswith("ItemEvent(name='q', item=1")
    assert queue.remove_listener(registration).result() is True
    queue.add(4).result()
    simulation.driver.advance()
    assert len(events) == 3
