"""Topics on all three surfaces."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from hz_embedded import Cluster
from hz_proxies import TOPIC
from map_harness import AnyObject, Caller, fresh_name


async def taken(messages: Any, count: int) -> list[Any]:
    """Return the next messages of an iterator of any surface."""
    found: list[Any] = []
    if isinstance(messages, AsyncIterator):
        async for message in messages:
            found.append(message.message)
            if len(found) == count:
                break
    else:
        assert isinstance(messages, Iterable)
        for message in messages:
            found.append(message.message)
            if len(found) == count:
                break
    return found


async def topic_of(caller: Caller) -> AnyObject:
    return await caller.object(TOPIC, fresh_name("topic"))


async def test_messages_go_to_all_listeners(caller: Caller) -> None:
    t = await topic_of(caller)
    first, second = caller.recorder(), caller.recorder()
    registration = await t.add_listener(first)
    await t.add_listener(second)
    await t.add_listener()
    before = caller.now()
    await t.publish("a")
    await t.publish_all([2, {"three": 3}])
    for recorder in (first, second):
        assert [event.message for event in await recorder.wait_for(3)] == ["a", 2, {"three": 3}]
    event = first.events[0]
    assert event.name == t.name
    assert abs(event.publish_time / 1000 - before) < 30
    assert event.member in caller.client.cluster_service.get_members()
    assert await t.remove_listener(registration) is True
    assert await t.remove_listener(registration) is False
    await t.publish("b")
    await second.wait_for(4)
    assert len(first.events) == 3


async def test_messages_are_iterated_over(caller: Caller) -> None:
    t = await topic_of(caller)
    messages = t.proxy.messages()
    found: list[Any] = []

    async def listen() -> None:
        found.extend(await taken(messages, 2))

    waiting = caller.elsewhere(listen)
    # The first one may be published before the iterator listens.
    await caller.until(lambda: _published(t, found))
    await waiting
    assert found == ["again", "again"]
    await t.related(messages).close()


async def _published(t: AnyObject, found: list[Any]) -> bool:
    await t.publish("again")
    return bool(found)


async def test_what_is_no_message(caller: Caller) -> None:
    t = await topic_of(caller)
    for publish in (t.publish, t.publish_all):
        with pytest.raises(AssertionError, match="must not be None"):
            await publish(None)
    assert await t.publish_all([]) is None


async def test_messages_of_java(caller: Caller, cluster: Cluster) -> None:
    t = await topic_of(caller)
    recorder = caller.recorder()
    await t.add_listener(recorder)
    cluster.members[0].instance.getTopic(t.name).publish("from Java")
    (event,) = await recorder.wait_for(1)
    assert event.message == "from Java"
    assert str(event.member.uuid) == str(cluster.members[0].uuid)
