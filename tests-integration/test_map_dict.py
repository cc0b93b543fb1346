"""A blocking map as a Python mapping, and an asyncio map as an asynchronous iterable."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_proxies.map import BlockingMap
from map_harness import fresh_name

MANY = 25_000


@pytest.fixture
def m(client: hazelcast.HazelcastClient) -> Iterator[BlockingMap[Any, Any]]:
    """An empty map."""
    found = client.get_map(fresh_name()).blocking()
    yield found
    found.destroy()


@pytest.fixture(scope="module")
def many(client: hazelcast.HazelcastClient) -> Iterator[BlockingMap[int, str]]:
    """A map of many entries, which tests do not change."""
    found = client.get_map(fresh_name("many"), key=int, value=str).blocking()
    found.put_all({key: f"value {key}" for key in range(MANY)})
    yield found
    found.destroy()


def test_it_is_a_mutable_mapping(m: Any) -> None:
    assert isinstance(m, MutableMapping)
    assert bool(m) is True


def test_items(m: BlockingMap[Any, Any]) -> None:
    m["k"] = "v"
    assert m["k"] == "v"
    assert "k" in m
    assert "missing" not in m
    assert None not in m
    assert len(m) == 1
    del m["k"]
    assert len(m) == 0
    with pytest.raises(KeyError, match="k"):
        m["k"]
    with pytest.raises(KeyError, match="k"):
        del m["k"]
    with pytest.raises(AssertionError, match="must not be None"):
        m["k"] = None


def test_pop(m: BlockingMap[Any, Any]) -> None:
    m["k"] = "v"
    assert m.pop("k") == "v"
    assert m.pop("k", "default") == "default"
    assert m.pop("k", None) is None
    with pytest.raises(KeyError, match="k"):
        m.pop("k")


def test_popitem(m: BlockingMap[Any, Any]) -> None:
    m.update(a=1, b=2)
    assert sorted([m.popitem(), m.popitem()]) == [("a", 1), ("b", 2)]
    with pytest.raises(KeyError, match="empty"):
        m.popitem()


def test_setdefault(m: BlockingMap[Any, Any]) -> None:
    assert m.setdefault("k", 1) == 1
    assert m.setdefault("k", 2) == 1


def test_update(m: BlockingMap[Any, Any]) -> None:
    m.update({"a": 1})
    m.update([("b", 2), ("c", 3)], c=4, d=5)
    m.update()
    assert dict(m.items()) == {"a": 1, "b": 2, "c": 4, "d": 5}


def test_views(m: BlockingMap[Any, Any]) -> None:
    m.update(a=1, b=2)
    assert set(m.keys()) == {"a", "b"}
    assert "a" in m.keys()  # noqa: SIM118 - the view is what is tested
    assert ("a", 1) in m.items()
    assert ("a", 2) not in m.items()
    assert len(m.items()) == 2
    assert m.keys() & {"a", "z"} == {"a"}
    assert sorted(m.values()) == [1, 2]
    assert dict(m) == {"a": 1, "b": 2}


def test_an_empty_map_ends_at_once(m: BlockingMap[Any, Any]) -> None:
    assert list(m) == []
    assert list(m.items()) == []


def test_iteration_in_pages(many: BlockingMap[int, str]) -> None:
    assert sorted(many) == list(range(MANY))


def test_iteration_over_items_in_pages(many: BlockingMap[int, str]) -> None:
    seen = dict(many.items())
    assert len(seen) == MANY
    assert seen == {key: f"value {key}" for key in range(MANY)}


def test_iteration_may_end_early_and_begin_again(many: BlockingMap[int, str]) -> None:
    first = next(iter(many))
    assert first in range(MANY)
    assert next(iter(many)) == first


def test_a_partition_of_more_than_one_page(m: BlockingMap[Any, Any], client: Any) -> None:
    service = client.partition_service
    wanted = service.get_partition_id("the partition")
    keys = [key for key in range(400_000) if service.get_partition_id(key) == wanted][:1200]
    assert len(keys) == 1200
    m.put_all(dict.fromkeys(keys, "v"))
    assert sorted(m) == keys
    assert sorted(key for key, _ in m.items()) == keys


async def test_asyncio_iteration(cluster: Cluster, many: BlockingMap[int, str]) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        m = await client.get_map(many.name, key=int, value=str)
        assert sorted([key async for key in m]) == list(range(MANY))
        entries = {key: value async for key, value in m.items()}
        assert entries == {key: f"value {key}" for key in range(MANY)}
        async for key in m:
            assert key in range(MANY)
            break
