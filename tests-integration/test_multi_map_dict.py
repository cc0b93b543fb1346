"""A blocking multimap as a mapping from keys to collections, and an asyncio one as an iterable."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.proxy.multi_map import BlockingMultiMap
from hz_embedded import Cluster
from map_harness import fresh_name


@pytest.fixture
def mm(client: hazelcast.HazelcastClient) -> Iterator[BlockingMultiMap[Any, Any]]:
    """An empty multimap."""
    found = client.get_multi_map(fresh_name()).blocking()
    yield found
    found.destroy()


def test_the_collection_of_a_key(mm: BlockingMultiMap[Any, Any]) -> None:
    values = mm["k"]
    assert isinstance(values, Collection)
    assert (len(values), list(values), bool(values)) == (0, [], False)
    values.add(1)
    values.update([2, 3])
    assert sorted(mm["k"]) == sorted(values) == [1, 2, 3]
    assert 2 in values
    assert 4 not in values
    assert None not in values
    assert len(values) == 3
    values.remove(2)
    with pytest.raises(KeyError, match="2"):
        values.remove(2)
    values.discard(2)
    values.discard(1)
    assert mm.get("k") == [3]
    values.clear()
    assert mm.size() == 0
    assert repr(values) == f"MultiMapValues({mm.name!r}, 'k')"
    with pytest.raises(AssertionError, match=r"key of .* must not be None"):
        mm[None]


def test_keys(mm: BlockingMultiMap[Any, Any]) -> None:
    mm.put_all({"a": [1, 2], "b": [3]})
    assert sorted(mm) == ["a", "b"]
    assert "a" in mm
    assert "z" not in mm
    assert None not in mm
    assert len(mm.keys()) == 2
    assert mm.keys() & {"a", "z"} == {"a"}
    del mm["a"]
    with pytest.raises(KeyError, match="a"):
        del mm["a"]
    assert list(mm) == ["b"]


def test_pairs(mm: BlockingMultiMap[Any, Any]) -> None:
    assert bool(mm) is True
    assert len(mm) == 0
    mm.put_all({"a": [1, 2], "b": [3]})
    assert len(mm) == len(mm.items()) == mm.size() == 3
    assert sorted(mm.items()) == [("a", 1), ("a", 2), ("b", 3)]
    assert ("a", 2) in mm.items()
    no_pairs: list[Any] = [("a", 3), ("z", 1), (None, 1), ("a", None), "ab", 5]
    assert [pair for pair in no_pairs if pair in mm.items()] == []


def test_lock_context(mm: BlockingMultiMap[Any, Any]) -> None:
    with mm.lock_context("k"):
        assert mm.is_locked("k") is True
        mm["k"].add(1)
    assert mm.is_locked("k") is False
    with pytest.raises(RuntimeError, match="in the block"), mm.lock_context("k"):
        raise RuntimeError("in the block")
    assert mm.is_locked("k") is False


async def test_asyncio_iteration(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        mm = await client.get_multi_map(fresh_name(), key=str, value=int)
        await mm.put_all({"a": [1, 2], "b": [3]})
        assert sorted([key async for key in mm]) == ["a", "b"]
        assert sorted([pair async for pair in mm.items()]) == [("a", 1), ("a", 2), ("b", 3)]
        async with mm.lock_context("a"):
            assert await mm.is_locked("a") is True
        assert await mm.is_locked("a") is False
        await mm.destroy()
