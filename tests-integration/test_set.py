"""A set with an item listener, on all three surfaces; the blocking one as a Python set."""

from collections.abc import Iterator, MutableSet
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_proxies import SET
from hz_proxies.events import ItemEventType
from hz_proxies.set import BlockingSet
from hz_serialization import HazelcastSerializationError
from map_harness import AnyObject, Caller, fresh_name


async def set_of(caller: Caller, *items: Any) -> AnyObject:
    s = await caller.object(SET)
    if items:
        assert await s.add_all(items) is True
    return s


async def test_an_item_is_in_it_once(caller: Caller) -> None:
    s = await set_of(caller)
    assert await s.add("a") is True
    assert await s.add("a") is False
    assert await s.add_all(["a", "b", "b"]) is True
    assert await s.add_all(["a", "b"]) is False
    assert await s.add_all([]) is False
    assert sorted(await s.get_all()) == ["a", "b"]
    assert (await s.size(), await s.is_empty()) == (2, False)


async def test_an_empty_set(caller: Caller) -> None:
    s = await set_of(caller)
    assert (await s.get_all(), await s.size(), await s.is_empty()) == ([], 0, True)
    assert await s.contains("a") is False
    assert await s.remove("a") is False
    assert await s.remove_all(["a"]) is False
    assert await s.retain_all(["a"]) is False


async def test_items_are_found_by_their_bytes(caller: Caller) -> None:
    s = await set_of(caller, 1, "1", 1.0)
    assert await s.size() == 3
    assert await s.contains(1.0) is True
    assert await s.contains(2) is False
    assert await s.contains_all([1, "1"]) is True
    assert await s.contains_all([1, 2]) is False
    assert await s.contains_all([]) is True
    assert await s.remove(1.0) is True
    assert await s.contains(1) is True


async def test_changes_of_several_items(caller: Caller) -> None:
    s = await set_of(caller, *range(10))
    assert await s.remove_all([1, 2, 77]) is True
    assert await s.remove_all([77]) is False
    assert await s.retain_all(range(5)) is True
    assert await s.retain_all(range(5)) is False
    assert sorted(await s.get_all()) == [0, 3, 4]
    assert await s.clear() is None
    assert await s.is_empty() is True


async def test_item_listener(caller: Caller) -> None:
    s = await set_of(caller)
    added, both = caller.recorder(), caller.recorder()
    first = await s.add_listener(True, item_added_func=added)
    await s.add_listener(item_added_func=both, item_removed_func=both)
    await s.add_all(["a"])
    await s.add("a")
    await s.remove("a")
    await s.add("b")
    events = await added.wait_for(2)
    assert [(event.name, event.item, event.event_type) for event in events] == [
        (s.name, "a", ItemEventType.ADDED),
        (s.name, "b", ItemEventType.ADDED),
    ]
    assert [(event.item, event.event_type) for event in await both.wait_for(3)] == [
        (None, ItemEventType.ADDED),
        (None, ItemEventType.REMOVED),
        (None, ItemEventType.ADDED),
    ]
    assert await s.remove_listener(first) is True
    assert await s.remove_listener(first) is False
    with pytest.raises(ValueError, match="at least one function"):
        await s.add_listener(True)


async def test_what_is_no_item(caller: Caller) -> None:
    s = await set_of(caller)
    for name in ("add", "contains", "remove", "add_all", "contains_all", "remove_all", "retain_all"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(s, name)(None)
    with pytest.raises(AssertionError, match="must not be None"):
        await s.add_all(["a", None])
    with pytest.raises(HazelcastSerializationError, match="generator"):
        await s.add(item for item in "abc")
    assert await s.is_empty() is True


async def test_a_bounded_set(caller: Caller) -> None:
    s = await caller.object(SET, fresh_name("bounded"))
    assert await s.add_all(["a", "b", "c"]) is False
    assert await s.add_all(["a", "b"]) is True
    assert await s.add("c") is False
    assert sorted(await s.get_all()) == ["a", "b"]


# --- as a Python set ------------------------------------------------------------------------------------------


@pytest.fixture
def s(client: hazelcast.HazelcastClient) -> Iterator[BlockingSet[Any]]:
    """An empty set."""
    found = client.get_set(fresh_name("set")).blocking()
    yield found
    found.destroy()


def test_it_is_a_mutable_set(s: Any) -> None:
    assert isinstance(s, MutableSet)
    assert not s
    s.add("a")
    assert s


def test_items(s: BlockingSet[Any]) -> None:
    s |= ["a", "b"]
    assert "a" in s
    assert "c" not in s
    assert None not in s
    assert len(s) == 2
    assert sorted(s) == ["a", "b"]
    s.discard("a")
    s.discard("missing")
    assert list(s) == ["b"]


def test_pop(s: BlockingSet[Any]) -> None:
    s |= {1, 2, 3}
    assert sorted([s.pop(), s.pop(), s.pop()]) == [1, 2, 3]
    with pytest.raises(KeyError, match="empty"):
        s.pop()


def test_comparing(s: BlockingSet[Any]) -> None:
    s |= {1, 2}
    assert s == {1, 2}
    assert s == s
    assert s != {1}
    assert s != [1, 2]
    assert (s < {1, 2, 3}, s <= {1, 2}, s < {1, 2}) == (True, True, False)
    assert (s > {1}, s >= {1, 2}, s > {1, 2}) == (True, True, False)
    assert ({1} < s, {1, 2} >= s) == (True, True)
    assert (s.isdisjoint([3]), s.isdisjoint([2])) == (True, False)
    with pytest.raises(TypeError, match="unhashable"):
        hash(s)
    wrong: Any = [1]
    with pytest.raises(TypeError, match="not supported"):
        assert s < wrong


def test_operators(s: BlockingSet[Any]) -> None:
    s |= {1, 2}
    assert (s | {3}, {3} | s) == ({1, 2, 3}, {1, 2, 3})
    assert (s & {2, 3}, {2, 3} & s) == ({2}, {2})
    assert (s - {2}, {2, 3} - s) == ({1}, {3})
    assert (s ^ {2, 3}, {2, 3} ^ s) == ({1, 3}, {1, 3})
    assert type(s | s) is set
    assert s == {1, 2}


def test_operators_that_change_it(s: BlockingSet[Any]) -> None:
    same = s
    s |= {1, 2, 3, 4}
    s &= {2, 3, 4, 5}
    assert s == {2, 3, 4}
    s -= {4, 5}
    assert s == {2, 3}
    s ^= {3, 4}
    assert s == {2, 4}
    s -= s
    assert s == set()
    assert s is same


async def test_asyncio_iteration(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        s = await client.get_set(fresh_name("set"), item=int)
        await s.add_all(range(100))
        assert sorted([item async for item in s]) == list(range(100))
        await s.destroy()
