"""A topic on simulated members: lost connections, slow iterators, old members, the end of the client."""

import logging
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.testing.simulation import Simulation
from hz_proxies import TOPIC
from hz_proxies.events import TopicMessage
from hz_proxies.topic import Topic

simulation = simulated_harness.simulation


@pytest.fixture
def topic(simulation: Simulation) -> Topic[Any]:
    return simulation.client.get_object(TOPIC, "t")


def test_a_listener_over_lost_connections_and_a_restart(simulation: Simulation, topic: Topic[Any]) -> None:
    received: list[TopicMessage[Any]] = []
    registration = topic.add_listener(received.append).result()
    topic.publish_all([1, 2]).result()
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    topic.publish(3).result()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    topic.publish(4).result()
    simulation.driver.advance()
    assert [message.message for message in received] == [1, 2, 3, 4]
    assert received[0].name == "t"
    assert received[3].member in simulation.client.cluster_service.get_members()
    assert topic.remove_listener(registration).result() is True
    assert topic.remove_listener(registration).result() is False
    topic.publish(5).result()
    simulation.driver.advance()
    assert len(received) == 4


def test_what_cannot_be_published(simulation: Simulation, topic: Any) -> None:
    for publish in (topic.publish, topic.publish_all):
        with pytest.raises(AssertionError, match="must not be None"):
            publish(None)
    with pytest.raises(AssertionError, match="must not be None"):
        topic.publish_all([1, None])
    assert topic.publish_all([]).result() is None
    with pytest.raises(TypeError, match="must be a function"):
        topic.add_listener("no function")
    with pytest.raises(ValueError, match="max_waiting"):
        topic.messages(0)
    assert (
        sum(request.method.startswith("Topic.") for m in simulation.cluster.members for request in m.requests)
        == 0
    )


def test_messages_are_iterated_over(simulation: Simulation, topic: Topic[Any]) -> None:
    messages = topic.messages()
    simulation.driver.advance()
    topic.publish_all("abc").result()
    assert [next(messages).message for _ in range(3)] == ["a", "b", "c"]
    waiting = messages.next_page()
    simulation.driver.advance(500)
    assert waiting.done() is False
    topic.publish("d").result()
    assert [message.message for message in waiting.result()] == ["d"]
    messages.close().result()
    assert list(messages) == []


def test_a_slow_iteration_drops_the_oldest_messages(
    simulation: Simulation, topic: Topic[Any], caplog: pytest.LogCaptureFixture
) -> None:
    messages = topic.messages(max_waiting=3)
    simulation.driver.advance()
    with caplog.at_level(logging.WARNING):
        topic.publish_all(range(5)).result()
        simulation.driver.advance()
    assert [message.message for message in messages.next_page().result()] == [2, 3, 4]
    assert "2 messages of topic 't' were dropped" in caplog.text


@pytest.mark.parametrize("end", ["close", "destroy"])
def test_what_ends_an_iteration_that_waits(simulation: Simulation, topic: Topic[Any], end: str) -> None:
    messages = topic.messages()
    waiting = messages.next_page()
    simulation.driver.advance()
    if end == "close":
        messages.close().result()
    else:
        topic.destroy()
    assert waiting.result() == []
    simulation.driver.advance()
    sessions = [session for member in simulation.cluster.members for session in member.sessions.values()]
    assert sessions
    assert all(listener.name != "t" for session in sessions for listener in session.listeners.values())


def test_the_end_of_the_client_ends_an_iteration(simulation: Simulation, topic: Topic[Any]) -> None:
    waiting = topic.messages().next_page()
    simulation.driver.advance()
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError, match="'t'"):
        waiting.result()
