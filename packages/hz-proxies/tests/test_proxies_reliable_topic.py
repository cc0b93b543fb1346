"""A reliable topic on simulated members: full ringbuffers, lost messages and connections, failing listeners."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
from hz_core.config import TopicOverloadPolicy
from hz_core.errors import TopicOverloadError
from hz_core.testing import Request, RingbufferService, codes
from hz_core.testing.services import RingbufferState
from hz_core.testing.simulation import Simulation
from hz_proxies import RELIABLE_TOPIC, RINGBUFFER
from hz_proxies.events import TopicMessage
from hz_proxies.reliable_topic import ReliableMessageListener, ReliableTopic

simulation = simulated_harness.simulation


class Keeper(ReliableMessageListener[Any]):
    """Keeps what it gets."""

    def __init__(self, first: Any = -1, tolerant: bool = False, terminal: bool = False) -> None:
        self.first = first
        self.tolerant = tolerant
        self.terminal = terminal
        self.got: list[Any] = []
        self.stored: list[int] = []
        self.errors: list[Exception] = []
        self.cancelled = 0
        self.on_each: Callable[[Any], object] = str

    def on_message(self, message: TopicMessage[Any]) -> None:
        self.got.append(message.message)
        self.on_each(message.message)

    def retrieve_initial_sequence(self) -> Any:
        return self.first

    def store_sequence(self, sequence: int) -> None:
        self.stored.append(sequence)

    def is_loss_tolerant(self) -> bool:
        return self.tolerant

    def is_terminal(self, error: Exception) -> bool:
        self.errors.append(error)
        return self.terminal

    def on_cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def topic(simulation: Simulation) -> ReliableTopic[Any]:
    return simulation.client.get_object(RELIABLE_TOPIC, "t")


@pytest.fixture
def state(simulation: Simulation) -> RingbufferState:
    return simulation.cluster.service(RingbufferService).state("_hz_rb_t")


def configured(simulation: Simulation, policy: TopicOverloadPolicy, name: str = "t") -> ReliableTopic[Any]:
    simulation.client.config.reliable_topics = {name: {"overload_policy": policy}}
    return simulation.client.get_object(RELIABLE_TOPIC, name)


def full(state: RingbufferState, simulation: Simulation) -> None:
    state.capacity = 3
    state.expires = True
    simulation.client.get_object(RINGBUFFER, "_hz_rb_t").add_all("abc").result()


# --- publishing ---


def test_discarding_the_oldest(simulation: Simulation, state: RingbufferState) -> None:
    topic = configured(simulation, TopicOverloadPolicy.DISCARD_OLDEST)
    full(state, simulation)
    topic.publish_all(range(5)).result()
    assert (state.head, state.tail) == (5, 7)


def test_discarding_the_newest(simulation: Simulation, state: RingbufferState) -> None:
    topic = configured(simulation, TopicOverloadPolicy.DISCARD_NEWEST)
    full(state, simulation)
    topic.publish("d").result()
    topic.publish_all("de").result()
    assert state.tail == 2
    state.expire(1)
    topic.publish("d").result()
    assert state.tail == 3


def test_an_error(simulation: Simulation, state: RingbufferState) -> None:
    topic = configured(simulation, TopicOverloadPolicy.ERROR)
    full(state, simulation)
    state.expire(1)
    with pytest.raises(TopicOverloadError, match="'t' has no room for 2 messages"):
        topic.publish_all("de").result()
    topic.publish("d").result()
    with pytest.raises(TopicOverloadError):
        topic.publish("e").result()
    assert state.tail == 3


def test_blocking(simulation: Simulation, topic: ReliableTopic[Any], state: RingbufferState) -> None:
    full(state, simulation)
    began = simulation.driver.now()
    tries: list[float] = []

    def note(request: Request) -> None:
        tries.append(simulation.driver.now() - began)
        simulation.cluster.answer(request)

    simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t")).rule("Ringbuffer.add", note)
    publishing = topic.publish("d")
    simulation.driver.advance(8)
    assert tries == pytest.approx([0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1, 7.1])
    assert publishing.done() is False
    state.expire(1)
    publishing.result()
    assert state.tail == 3
    assert publishing.cancelled() is False


def test_more_messages_than_there_is_room_for(
    simulation: Simulation, topic: ReliableTopic[Any], state: RingbufferState
) -> None:
    state.capacity = 2
    state.expires = True
    publishing = topic.publish_all(range(5))
    simulation.driver.advance(1)
    assert state.tail == 1
    state.expire(2)
    simulation.driver.advance(10)
    assert (state.tail, publishing.done()) == (3, False)
    state.expire(1)
    publishing.result()
    assert state.tail == 4


def test_a_publisher_gives_up(
    simulation: Simulation, topic: ReliableTopic[Any], state: RingbufferState
) -> None:
    full(state, simulation)
    publishing = topic.publish("d")
    simulation.driver.advance(1)
    assert publishing.cancel() is True
    state.expire(3)
    simulation.driver.advance(60)
    assert state.tail == 2


def test_what_cannot_be_published(topic: Any, state: RingbufferState) -> None:
    for publish in (topic.publish, topic.publish_all):
        with pytest.raises(AssertionError, match="must not be None"):
            publish(None)
    with pytest.raises(AssertionError, match="at most 1000 messages"):
        topic.publish_all(range(1001))
    assert topic.publish_all([]).result() is None
    assert state.tail == -1


# --- listening ---


def test_a_listener_gets_what_is_published_from_now_on(
    simulation: Simulation, topic: ReliableTopic[Any]
) -> None:
    topic.publish("before").result()
    received: list[TopicMessage[Any]] = []
    registration = topic.add_listener(received.append).result()
    topic.publish_all(range(25)).result()
    simulation.driver.advance()
    assert [message.message for message in received] == list(range(25))
    assert (received[0].name, received[0].member) == ("t", None)
    assert topic.remove_listener(registration).result() is True
    assert topic.remove_listener(registration).result() is False
    topic.publish("after").result()
    simulation.driver.advance(60)
    assert len(received) == 25


def test_a_stored_sequence(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    topic.publish_all("abcde").result()
    first = Keeper(0)
    registrations: list[str] = []

    def end(message: str) -> None:
        if message == "c":
            topic.remove_listener(registrations[0])

    first.on_each = end
    registrations.append(topic.add_listener(first).result())
    simulation.driver.advance()
    assert (first.got, first.stored, first.cancelled) == (["a", "b", "c"], [0, 1, 2], 1)
    second = Keeper(first.stored[-1] + 1)
    topic.add_listener(second).result()
    simulation.driver.advance()
    assert (second.got, second.stored) == (["d", "e"], [3, 4])


def test_batches_are_read_as_the_listener_handles_them(
    simulation: Simulation, topic: ReliableTopic[Any]
) -> None:
    topic.publish_all(range(25)).result()
    keeper = Keeper(0)
    reads: list[int] = []
    counted = simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t"))
    keeper.on_each = lambda message: reads.append(counted.count("Ringbuffer.readMany"))
    topic.add_listener(keeper).result()
    simulation.driver.advance()
    assert reads == [1] * 10 + [2] * 10 + [3] * 5


@pytest.mark.parametrize("tolerant", [False, True])
def test_overwritten_messages(
    simulation: Simulation,
    topic: ReliableTopic[Any],
    state: RingbufferState,
    tolerant: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    state.capacity = 3
    topic.publish_all(range(3)).result()
    topic.publish_all(range(3, 6)).result()
    keeper = Keeper(1, tolerant)
    with caplog.at_level(logging.WARNING):
        topic.add_listener(keeper).result()
        simulation.driver.advance()
    assert "at sequence 1: 2 messages are lost" in caplog.text
    assert (keeper.got, keeper.cancelled) == (([3, 4, 5], 0) if tolerant else ([], 1))


def test_connections_that_are_lost(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    keeper = Keeper()
    topic.add_listener(keeper).result()
    topic.publish("a").result()
    simulation.cluster.cut_all()
    simulation.driver.advance(30)
    topic.publish("b").result()
    simulation.cluster.cut_all()
    simulation.driver.advance(30)
    topic.publish("c").result()
    simulation.driver.advance()
    assert (keeper.got, keeper.cancelled) == (["a", "b", "c"], 0)


@pytest.mark.parametrize("tolerant", [False, True])
def test_a_restart_that_loses_the_ringbuffer(
    simulation: Simulation, topic: ReliableTopic[Any], tolerant: bool
) -> None:
    keeper = Keeper(tolerant=tolerant)
    topic.add_listener(keeper).result()
    topic.publish_all("abc").result()
    simulation.driver.advance()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    topic.publish_all("de").result()
    simulation.driver.advance(5)
    expected = (["a", "b", "c", "d", "e"], 0) if tolerant else (["a", "b", "c"], 1)
    assert (keeper.got, keeper.cancelled) == expected


@pytest.mark.parametrize("tolerant", [False, True])
def test_a_ringbuffer_that_is_lost_while_the_cluster_goes_on(
    simulation: Simulation, topic: ReliableTopic[Any], state: RingbufferState, tolerant: bool
) -> None:
    keeper = Keeper(tolerant=tolerant)
    topic.add_listener(keeper).result()
    topic.publish_all("abc").result()
    simulation.driver.advance()
    state.items.clear()
    state.tail = -1
    simulation.cluster.cut_all()
    simulation.driver.advance(30)
    topic.publish_all("de").result()
    simulation.driver.advance(5)
    expected = (["a", "b", "c", "d", "e"], 0) if tolerant else (["a", "b", "c"], 1)
    assert (keeper.got, keeper.cancelled) == expected


@pytest.mark.parametrize("how", ["a member left", "connections are cut"])
@pytest.mark.parametrize("tolerant", [False, True])
def test_the_last_messages_are_lost_after_they_were_handled(
    simulation: Simulation, topic: ReliableTopic[Any], state: RingbufferState, tolerant: bool, how: str
) -> None:
    keeper = Keeper(tolerant=tolerant)
    topic.add_listener(keeper).result()
    for message in "abcde":
        simulation.driver.advance(1)
        topic.publish(message).result()
    simulation.driver.advance()
    # Their owner was killed before the backup had them.
    for _ in "de":
        state.items.pop()
    state.tail = 2
    if how == "a member left":
        simulation.cluster.remove(simulation.cluster.members[-1])
    else:
        simulation.cluster.cut_all()
    simulation.driver.advance(30)
    topic.publish_all("xyz").result()
    simulation.driver.advance(5)
    assert (keeper.got, keeper.cancelled) == ([*"abcde", *"xyz"], 0)
    assert keeper.stored == [0, 1, 2, 3, 4, 3, 4, 5]


def test_a_stored_sequence_of_a_ringbuffer_that_was_lost(
    simulation: Simulation, topic: ReliableTopic[Any]
) -> None:
    topic.publish_all("ab").result()
    strict, tolerant = Keeper(100), Keeper(100, tolerant=True)
    topic.add_listener(strict).result()
    topic.add_listener(tolerant).result()
    simulation.driver.advance()
    assert (strict.got, strict.cancelled) == ([], 1)
    assert (tolerant.got, tolerant.cancelled) == (["a", "b"], 0)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_listener_that_raises(simulation: Simulation, topic: ReliableTopic[Any], terminal: bool) -> None:
    keeper = Keeper(terminal=terminal)
    keeper.on_each = lambda message: 1 // message
    registration = topic.add_listener(keeper).result()
    topic.publish_all([1, 0, 2]).result()
    simulation.driver.advance()
    assert [type(error) for error in keeper.errors] == [ZeroDivisionError]
    assert (keeper.got, keeper.cancelled) == (([1, 0], 1) if terminal else ([1, 0, 2], 0))
    assert topic.remove_listener(registration).result() is not terminal


def test_a_function_that_raises_goes_on(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    quotients: list[int] = []
    topic.add_listener(lambda message: quotients.append(6 // message.message)).result()
    topic.publish_all([1, 0, 2]).result()
    simulation.driver.advance()
    assert quotients == [6, 3]


def test_a_listener_whose_own_methods_raise_ends(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    class Broken(Keeper):
        def is_terminal(self, error: Exception) -> bool:
            raise RuntimeError("is_terminal")

        def on_cancel(self) -> None:
            super().on_cancel()
            raise RuntimeError("on_cancel")

    broken = Broken()
    broken.on_each = lambda message: 1 // message
    topic.add_listener(broken).result()
    topic.publish_all([0, 1]).result()
    simulation.driver.advance()
    assert (broken.got, broken.cancelled) == ([0], 1)


@pytest.mark.parametrize("terminal", [False, True])
def test_a_message_that_cannot_be_read(
    simulation: Simulation, topic: ReliableTopic[Any], terminal: bool
) -> None:
    keeper = Keeper(terminal=terminal)
    topic.add_listener(keeper).result()
    topic.publish("a").result()
    simulation.client.get_object(RINGBUFFER, "_hz_rb_t").add("no message").result()
    topic.publish("b").result()
    simulation.driver.advance()
    assert ["no message of a reliable topic" in str(error) for error in keeper.errors] == [True]
    assert (keeper.got, keeper.cancelled) == ((["a"], 1) if terminal else (["a", "b"], 0))


def test_members_that_report_a_stale_sequence(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    member = simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t"))
    topic.publish_all("ab").result()

    member.rule("Ringbuffer.readMany", lambda request: request.error(*codes.STALE_SEQUENCE), times=1)
    keeper = Keeper(0, tolerant=True)
    topic.add_listener(keeper).result()
    simulation.driver.advance()
    assert keeper.got == ["a", "b"]


@pytest.mark.parametrize("how", ["destroy", "shutdown"])
def test_the_end_of_the_topic_or_client(simulation: Simulation, topic: ReliableTopic[Any], how: str) -> None:
    keeper = Keeper()
    topic.add_listener(keeper).result()
    simulation.driver.advance()
    if how == "destroy":
        topic.destroy()
    else:
        simulation.client.shutdown()
    simulation.driver.advance()
    assert keeper.cancelled == 1


@pytest.mark.parametrize(
    ("listener", "error"),
    [(None, AssertionError), ("no function", TypeError), (Keeper(-2), ValueError), (Keeper("1"), TypeError)],
)
def test_what_is_no_listener(topic: ReliableTopic[Any], listener: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        topic.add_listener(listener)


def test_on_message_must_be_defined(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    with pytest.raises(NotImplementedError, match="ReliableMessageListener must define on_message"):
        ReliableMessageListener[Any]().on_message(TopicMessage("t", "m", 0, None))


def test_reads_that_fail_are_repeated_with_pauses(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    topic.publish("a").result()
    member = simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t"))
    began = simulation.driver.now()
    tries: list[float] = []

    def refuse(request: Request) -> None:
        tries.append(simulation.driver.now() - began)
        request.error(*codes.NOT_ACTIVE)

    member.rule("Ringbuffer.readMany", refuse, times=3)
    keeper = Keeper(0)
    topic.add_listener(keeper).result()
    simulation.driver.advance(60)
    assert len(tries) == 3
    assert (keeper.got, keeper.cancelled) == (["a"], 0)


def test_an_error_that_does_not_pass_ends_a_listener(
    simulation: Simulation, topic: ReliableTopic[Any], caplog: pytest.LogCaptureFixture
) -> None:
    member = simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t"))
    member.rule("Ringbuffer.readMany", lambda request: request.error(*codes.UNSUPPORTED), times=1)
    keeper = Keeper(0)
    with caplog.at_level(logging.ERROR):
        topic.add_listener(keeper).result()
        simulation.driver.advance()
    assert keeper.cancelled == 1
    assert "its messages cannot be read" in caplog.text
    other = Keeper(0)
    topic.add_listener(other).result()
    topic.publish("a").result()
    simulation.driver.advance()
    assert other.got == ["a"]


def test_a_connection_that_is_lost_in_each_step(simulation: Simulation, topic: ReliableTopic[Any]) -> None:
    keeper = Keeper(0, tolerant=True)
    topic.publish_all("ab").result()
    member = simulation.cluster.owner(simulation.cluster.partition_of_name("_hz_rb_t"))
    for method in ("tailSequence", "readMany"):
        member.rule(f"Ringbuffer.{method}", lambda request: simulation.cluster.cut_all(), times=1)
    topic.add_listener(keeper).result()
    simulation.driver.advance(60)
    member.rule("Ringbuffer.readMany", lambda request: request.error(*codes.STALE_SEQUENCE), times=1)
    member.rule("Ringbuffer.headSequence", lambda request: simulation.cluster.cut_all(), times=1)
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    topic.publish("c").result()
    simulation.driver.advance()
    assert (keeper.got, keeper.cancelled) == (["a", "b", "c"], 0)
