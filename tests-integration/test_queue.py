"""A queue with an item listener, on all three surfaces."""

import queue
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

import hazelcast
from hz_core.errors import IllegalStateError
from hz_proxies import QUEUE
from hz_proxies.events import ItemEventType
from hz_proxies.queue import BlockingQueue
from hz_serialization import HazelcastSerializationError
from map_harness import AnyObject, Caller, fresh_name


async def queue_of(caller: Caller, *items: Any) -> AnyObject:
    q = await caller.object(QUEUE)
    if items:
        assert await q.add_all(items) is True
    return q


async def test_first_in_first_out(caller: Caller) -> None:
    q = await queue_of(caller)
    assert await q.add("a") is True
    assert await q.offer("b") is True
    assert await q.offer("c", timeout=0.01) is True
    assert await q.put("d") is None
    assert await q.peek() == "a"
    assert await q.take() == "a"
    assert await q.poll() == "b"
    assert await q.poll(timeout=0.01) == "c"
    assert await q.iterator() == ["d"]
    assert await q.size() == 1
    assert await q.remaining_capacity() == 2**31 - 2


async def test_an_empty_queue(caller: Caller) -> None:
    q = await queue_of(caller)
    assert (await q.peek(), await q.poll(), await q.poll(0.01)) == (None, None, None)
    assert (await q.size(), await q.is_empty(), await q.iterator()) == (0, True, [])
    assert await q.contains("a") is False
    assert await q.remove("a") is False


async def test_items_are_found_by_their_bytes(caller: Caller) -> None:
    q = await queue_of(caller, "a", "b", "a", 3)
    assert await q.contains("b") is True
    assert await q.contains("3") is False
    assert await q.contains_all(["a", 3]) is True
    assert await q.contains_all(["a", 4]) is False
    assert await q.remove("a") is True
    assert await q.iterator() == ["b", "a", 3]


async def test_changes_of_several_items(caller: Caller) -> None:
    q = await queue_of(caller, *range(10))
    assert await q.remove_all([1, 2, 77]) is True
    assert await q.remove_all([77]) is False
    assert await q.retain_all(range(5)) is True
    assert await q.iterator() == [0, 3, 4]
    target = ["before"]
    assert await q.drain_to(target, 1) == 1
    assert await q.drain_to(target, 0) == 0
    assert await q.drain_to(target) == 2
    assert target == ["before", 0, 3, 4]
    assert await q.add_all([1, 2]) is True
    assert await q.clear() is None
    assert await q.is_empty() is True


async def test_take_waits_for_an_item(caller: Caller) -> None:
    q = await queue_of(caller)
    taken: list[Any] = []

    async def take() -> None:
        taken.append(await q.take())
        taken.append(await q.poll(timeout=20))

    waiting: Awaitable[Any] = caller.elsewhere(take)
    assert await q.offer("a") is True
    await caller.until(lambda: taken == ["a"])
    await q.put("b")
    await waiting
    assert taken == ["a", "b"]


async def test_item_listener(caller: Caller) -> None:
    q = await queue_of(caller)
    added, removed, both = caller.recorder(), caller.recorder(), caller.recorder()
    first = await q.add_listener(True, item_added_func=added)
    await q.add_listener(True, item_removed_func=removed)
    second = await q.add_listener(item_added_func=both, item_removed_func=both)
    await q.add_all(["a", "b"])
    await q.remove("b")
    await q.take()
    events = await added.wait_for(2)
    assert [(event.name, event.item, event.event_type) for event in events] == [
        (q.name, "a", ItemEventType.ADDED),
        (q.name, "b", ItemEventType.ADDED),
    ]
    assert {event.member for event in events} <= {
        member.uuid for member in caller.client.cluster_service.get_members()
    }
    assert [event.item for event in await removed.wait_for(2)] == ["b", "a"]
    assert [(event.item, event.event_type) for event in await both.wait_for(4)] == [
        (None, ItemEventType.ADDED),
        (None, ItemEventType.ADDED),
        (None, ItemEventType.REMOVED),
        (None, ItemEventType.REMOVED),
    ]
    assert await q.remove_listener(first) is True
    assert await q.remove_listener(first) is False
    await q.offer("c")
    await both.wait_for(5)
    assert len(added.events) == 2
    assert await q.remove_listener(second) is True


async def test_a_listener_without_functions_is_refused(caller: Caller) -> None:
    q = await queue_of(caller)
    with pytest.raises(ValueError, match="at least one function"):
        await q.add_listener(True)


async def test_what_is_no_item(caller: Caller) -> None:
    q = await queue_of(caller)
    for name in ("add", "offer", "put", "contains", "remove", "add_all", "contains_all"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(q, name)(None)
    with pytest.raises(AssertionError, match="must not be None"):
        await q.add_all(["a", None])
    with pytest.raises(HazelcastSerializationError, match="generator"):
        await q.offer(item for item in "abc")
    assert await q.is_empty() is True


async def test_a_bounded_queue(caller: Caller) -> None:
    q = await caller.object(QUEUE, fresh_name("bounded"))
    await q.add_all(["a", "b"])
    assert await q.remaining_capacity() == 0
    assert await q.offer("c") is False
    assert await q.offer("c", timeout=0.01) is False
    for refused in (q.add("c"), q.add_all(["c"])):
        with pytest.raises(IllegalStateError, match="full"):
            await refused
    done: list[Any] = []

    async def put() -> None:
        done.append(await q.put("c"))

    waiting = caller.elsewhere(put)
    assert await q.take() == "a"
    await waiting
    assert await q.iterator() == ["b", "c"]
    assert done == [None]


# --- as Python's queue.Queue ----------------------------------------------------------------------------------


@pytest.fixture
def full(client: hazelcast.HazelcastClient) -> Iterator[BlockingQueue[Any]]:
    """A queue with two items, and no room for more."""
    found = client.get_queue(fresh_name("bounded")).blocking()
    found.add_all(["a", "b"])
    yield found
    found.destroy()


def test_a_full_queue_by_the_names_of_python(full: BlockingQueue[Any]) -> None:
    assert (full.qsize(), full.empty(), full.full()) == (2, False, True)
    with pytest.raises(queue.Full):
        full.put_nowait("c")
    options: tuple[dict[str, Any], ...] = (
        {"block": False},
        {"block": False, "timeout": 60},
        {"timeout": 0.01},
    )
    for how in options:
        with pytest.raises(queue.Full):
            full.put("c", **how)
    assert full.get() == "a"
    full.put("c", timeout=10)
    assert (full.get_nowait(), full.get(timeout=10)) == ("b", "c")
    assert (full.qsize(), full.empty(), full.full()) == (0, True, False)
    full.put_nowait("d")
    full.put("e")
    assert full.iterator() == ["d", "e"]


def test_an_empty_queue_by_the_names_of_python(full: BlockingQueue[Any]) -> None:
    full.clear()
    for get in (
        full.get_nowait,
        lambda: full.get(False),
        lambda: full.get(block=False, timeout=60),
        lambda: full.get(timeout=0.01),
    ):
        with pytest.raises(queue.Empty):
            get()
    with pytest.raises(ValueError, match="timeout"):
        full.get(timeout=-1)
    with pytest.raises(ValueError, match="timeout"):
        full.put("a", timeout=-1)
    options: tuple[dict[str, Any], ...] = ({}, {"block": False}, {"timeout": 1})
    for how in options:
        with pytest.raises(AssertionError, match="must not be None"):
            full.put(None, **how)
    assert full.empty() is True
