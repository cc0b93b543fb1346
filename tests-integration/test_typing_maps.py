"""What type checkers know of users' programs: mypy reads this module, and the tests run it."""

from collections.abc import AsyncIterator, ItemsView, Iterator, KeysView
from typing import Any, assert_type

import hazelcast
import hazelcast.asyncio
from hz_core.future import Future
from hz_core.model import SimpleEntryView
from hz_embedded import Cluster
from hz_proxies import aggregator, projection
from hz_proxies.map import BlockingMap, Map
from hz_proxies.map.aio import AsyncMap
from map_harness import fresh_name


def test_futures(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name()
    assert_type(client.get_map(name), Map[Any, Any])
    m = assert_type(client.get_map(name, key=str, value=int), Map[str, int])
    assert_type(m.put("k", 1), Future[int | None])
    assert_type(m.put("k", 1).result(), int | None)
    assert_type(m.get("k"), Future[int | None])
    assert_type(m.set("k", 1), Future[None])
    assert_type(m.contains_key("k"), Future[bool])
    assert_type(m.get_all(["k"]), Future[dict[str, int]])
    assert_type(m.key_set(), Future[list[str]])
    assert_type(m.values(), Future[list[int]])
    assert_type(m.entry_set(), Future[list[tuple[str, int]]])
    assert_type(m.get_entry_view("k"), Future[SimpleEntryView[str, int] | None])
    assert_type(m.aggregate(aggregator.count()), Future[int])
    assert_type(m.project(projection.single_attribute("this")), Future[list[Any]])
    assert_type(m.add_entry_listener(added_func=print), Future[str])
    assert_type(m.put("k", 2).continue_with(lambda f: f.result()), Future[Any])
    assert_type(m.blocking(), BlockingMap[str, int])
    assert m.destroy() is True


def test_blocking(client: hazelcast.HazelcastClient) -> None:
    m = assert_type(client.get_map(fresh_name(), key=str, value=int).blocking(), BlockingMap[str, int])
    assert_type(m.put("k", 1), int | None)
    assert_type(m.get("k"), int | None)
    assert_type(m["k"], int)
    assert_type(m.get_all(["k"]), dict[str, int])
    assert_type(m.entry_set(), list[tuple[str, int]])
    assert_type(m.values(), list[int])
    assert_type(iter(m), Iterator[str])
    assert_type(m.keys(), KeysView[str])
    assert_type(m.items(), ItemsView[str, int])
    assert_type(m.setdefault("k", 1), int)
    assert_type(m.pop("k"), int)
    assert_type(m.pop("k", None), int | None)
    assert_type(m.pop("k", "none"), int | str)
    assert_type(m.aggregate(aggregator.int_avg()), float | None)
    assert m.destroy() is True


async def test_asyncio(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        assert_type(client, hazelcast.asyncio.HazelcastClient)
        assert_type(await client.get_map("m"), AsyncMap[Any, Any])
        m = assert_type(await client.get_map(fresh_name(), key=str, value=int), AsyncMap[str, int])
        assert_type(await m.put("k", 1), int | None)
        assert_type(await m.get("k"), int | None)
        assert_type(await m.set("k", 1), None)
        assert_type(await m.get_all(["k"]), dict[str, int])
        assert_type(await m.entry_set(), list[tuple[str, int]])
        assert_type(await m.aggregate(aggregator.count()), int)
        assert_type(m.items(), AsyncIterator[tuple[str, int]])
        assert [key async for key in m] == ["k"]
        assert await m.destroy() is True


def wrong(m: BlockingMap[str, int]) -> None:
    """Each line is an error to mypy, which reports an ignore-comment that is not needed (warn_unused_ignores)."""
    m.put(1, 1)  # type: ignore[arg-type]  # a key of the wrong type
    m.put("k", "v")  # type: ignore[arg-type]  # a value of the wrong type
    m["k"] = "v"  # type: ignore[assignment]  # a value of the wrong type
    m.get_all([1])  # type: ignore[list-item]  # a key of the wrong type
    m.put("k", 1, tttl=5)  # type: ignore[call-arg]  # no such parameter
