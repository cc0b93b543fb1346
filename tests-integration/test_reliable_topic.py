"""Reliable topics on all three surfaces, together with Java's, and over a member that is restarted."""

from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
from hazelcast.config import TopicOverloadPolicy
from hz_core.errors import TopicOverloadError
from hz_embedded import Cluster
from hz_proxies import RELIABLE_TOPIC
from hz_proxies.reliable_topic import ReliableMessageListener
from map_harness import AnyObject, Caller, fresh_name, until_now
from member_side import SMALL


class Keeper(ReliableMessageListener[Any]):
    """Keeps what it gets."""

    def __init__(self, first: int = -1, tolerant: bool = False) -> None:
        self.first = first
        self.tolerant = tolerant
        self.got: list[Any] = []
        self.stored: list[int] = []
        self.cancelled = 0

    def on_message(self, message: Any) -> None:
        self.got.append(message.message)

    def retrieve_initial_sequence(self) -> int:
        return self.first

    def store_sequence(self, sequence: int) -> None:
        self.stored.append(sequence)

    def is_loss_tolerant(self) -> bool:
        return self.tolerant

    def on_cancel(self) -> None:
        self.cancelled += 1


async def topic_of(caller: Caller) -> AnyObject:
    return await caller.object(RELIABLE_TOPIC, fresh_name("reliable"))


async def test_functions_get_messages(caller: Caller) -> None:
    t = await topic_of(caller)
    await t.publish("before")
    recorder = caller.recorder()
    registration = await t.add_listener(recorder)
    before = caller.now()
    await t.publish("a")
    await t.publish_all(range(25))
    events = await recorder.wait_for(26)
    assert [event.message for event in events] == ["a", *range(25)]
    assert (events[0].name, events[0].member) == (t.name, None)
    assert abs(events[0].publish_time / 1000 - before) < 30
    assert await t.remove_listener(registration) is True
    assert await t.remove_listener(registration) is False


async def test_a_stored_sequence(caller: Caller) -> None:
    t = await topic_of(caller)
    await t.publish_all("abcde")
    first = Keeper(0)
    registration = await t.add_listener(first)
    await caller.until(lambda: len(first.got) == 5)
    assert first.stored == [0, 1, 2, 3, 4]
    await t.remove_listener(registration)
    await caller.until(lambda: first.cancelled == 1)
    await t.publish("f")
    second = Keeper(first.stored[-1] + 1)
    await t.add_listener(second)
    await caller.until(lambda: second.got == ["f"])
    assert first.got == list("abcde")


@pytest.mark.parametrize("tolerant", [False, True])
async def test_messages_that_were_overwritten(
    caller: Caller, client: hazelcast.HazelcastClient, tolerant: bool
) -> None:
    t = await caller.object(RELIABLE_TOPIC, fresh_name("expiring"))
    ringbuffer = client.get_ringbuffer("_hz_rb_" + t.name).blocking()
    await t.publish_all(range(SMALL))
    keeper = Keeper(0, tolerant)
    for _ in range(2):
        ringbuffer.add("overwrites")
    await t.add_listener(keeper)
    if tolerant:
        await caller.until(lambda: keeper.got == [2, 3, 4])
        assert keeper.cancelled == 0
    else:
        await caller.until(lambda: keeper.cancelled == 1)
        assert keeper.got == []


@pytest.mark.parametrize("policy", list(TopicOverloadPolicy))
def test_overload_policies(cluster: Cluster, policy: TopicOverloadPolicy) -> None:
    name = fresh_name("expiring")
    options: Any = {name: {"overload_policy": policy}}
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, reliable_topics=options) as client:
        topic = client.get_reliable_topic(name, item=int)
        ringbuffer = client.get_ringbuffer("_hz_rb_" + name).blocking()
        topic.publish_all(range(SMALL)).result()
        publishing = topic.publish(SMALL)
        if policy == TopicOverloadPolicy.ERROR:
            with pytest.raises(TopicOverloadError):
                publishing.result()
        elif policy == TopicOverloadPolicy.BLOCK:
            until_now(
                lambda: len(client.get_ringbuffer("_hz_rb_" + name).iter().next_page().result()) == SMALL
            )
            assert publishing.done() is False
            assert publishing.cancel() is True
        else:
            publishing.result()
        overwritten = policy == TopicOverloadPolicy.DISCARD_OLDEST
        assert ringbuffer.tail_sequence() == (SMALL if overwritten else SMALL - 1)
        topic.destroy()


class JavaListener:
    """A listener of Java's reliable topic."""

    def __init__(self) -> None:
        self.got: list[Any] = []

    def onMessage(self, message: Any) -> None:
        self.got.append(message.getMessageObject())

    class Java:
        """What py4j shows to Java."""

        implements = ("com.hazelcast.topic.MessageListener",)


async def test_java_reads_what_python_publishes_and_the_reverse(caller: Caller, cluster: Cluster) -> None:
    t = await topic_of(caller)
    java = cluster.members[0].instance.getReliableTopic(t.name)
    listener = JavaListener()
    java.addMessageListener(listener)
    recorder = caller.recorder()
    await t.add_listener(recorder)
    await t.publish("from Python")
    await caller.until(lambda: listener.got == ["from Python"])
    java.publish("from Java")
    events = await recorder.wait_for(2)
    assert [event.message for event in events] == ["from Python", "from Java"]
    assert events[0].member is None
    assert str(events[1].member.uuid) == str(cluster.members[0].uuid)
    await caller.until(lambda: listener.got == ["from Python", "from Java"])


def test_a_member_that_is_lost_and_one_that_is_restarted(
    hazelcast_cluster_factory: Callable[..., Cluster],
) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    options: Any = {
        "cluster_members": cluster.addresses,
        "retry_initial_backoff": 0.1,
        "retry_max_backoff": 0.5,
        "cluster_connect_timeout": 60,
    }
    with hazelcast.HazelcastClient(**options) as client:
        topic = client.get_reliable_topic("t").blocking()
        keeper, strict = Keeper(tolerant=True), Keeper()
        topic.add_listener(keeper)
        topic.add_listener(strict)
        topic.publish_all("abc")
        until_now(lambda: keeper.got == strict.got == list("abc"))
        partition = client.partition_service.get_partition_id("_hz_rb_t")
        uuid = until_now(lambda: client.partition_service.get_partition_owner(partition))
        (owner,) = [member for member in cluster.members if member.uuid == str(uuid)]
        owner.terminate()
        topic.publish_all("de")
        until_now(lambda: keeper.got == strict.got == list("abcde"))
        assert (keeper.cancelled, strict.cancelled) == (0, 0)
        (other,) = [member for member in cluster.members if member is not owner]
        other.terminate()
        other.restart()
        until_now(lambda: client.lifecycle_service.state == "CONNECTED")
        topic.publish_all("fg")
        until_now(lambda: keeper.got == list("abcdefg"))
        until_now(lambda: strict.cancelled == 1)
        assert (strict.got, keeper.cancelled) == (list("abcde"), 0)
