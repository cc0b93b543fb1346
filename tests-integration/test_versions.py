"""A walk through the structures with members of every version that the client speaks with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.errors import UnsupportedOperationError
from hz_embedded import Cluster
from hz_proxies import aggregator, predicate, projection
from hz_serialization import HazelcastJsonValue
from map_harness import Recorder, until_now
from received_statistics import received_statistics
from version_connections import walk_connections, walk_tls

VERSIONS = ("4.0", "4.2.8", "5.3.8", "5.4.0", "5.5.0", "5.6.0", "5.7.0")
COUNT = 3000


@pytest.mark.parametrize("version", VERSIONS)
def test_structures(version: str, hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    cluster = hazelcast_cluster_factory(version=version)
    watched: dict[str, Any] = {
        "statistics_enabled": True,
        "statistics_period": 0.5,
        "client_name": "versions",
    }
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, **watched) as client:
        for part in (read_and_write, query, page):
            m = client.get_map(part.__name__).blocking()
            part(m)
            assert m.destroy() is True
        collections(client)
        collections_in_a_transaction(client)
        received = received_statistics(cluster, "versions")
        assert received is not None
        assert received.attributes["clientType"] == "PYH"
        assert received.metrics["[unit=bytes,metric=tcp.bytesSend]"] > 100_000
    asyncio.run(walk(cluster))


def read_and_write(m: Any) -> None:
    """Single entries, bulk, locks, listeners and iteration."""
    seen, removed = Recorder(), Recorder()
    m.add_entry_listener(True, predicate=predicate.true(), added_func=seen, removed_func=removed)
    assert m.put("k", 1) is None
    assert m.put("k", 2, ttl=100, max_idle=100) == 1
    assert m.set("k", 3, ttl=100, max_idle=100) is None
    assert m.set_ttl("k", 50) is None
    assert m.get_entry_view("k").value == 3
    m.lock("k")
    assert m.is_locked("k") is True
    m.unlock("k")
    assert m.delete("k") is None
    until_now(lambda: seen.events and removed.events)
    assert (seen.events[0].key, seen.events[0].value) == ("k", 1)
    entries = {key: key for key in range(COUNT)}
    m.put_all(entries)
    assert m.get_all(range(COUNT)) == entries
    assert sorted(m) == list(range(COUNT))
    assert dict(m.items()) == entries
    m.clear()


def query(m: Any) -> None:
    """Predicates, aggregators, projections and indexes."""
    m.add_index(["age"])
    m.add_index(["name"], "HASH")
    m.put_all({n: HazelcastJsonValue({"age": n, "name": f"name {n}"}) for n in range(50)})
    assert sorted(m.key_set(predicate.between("age", 10, 12))) == [10, 11, 12]
    assert [value.loads()["age"] for value in m.values(predicate.sql("name = 'name 7'"))] == [7]
    assert m.aggregate(aggregator.long_sum("age")) == sum(range(50))
    assert m.aggregate(aggregator.count(), predicate.less("age", 5)) == 5
    assert sorted(m.project(projection.single_attribute("age"))) == list(range(50))
    assert m.project(projection.multi_attribute("age", "name"), predicate.equal("age", 3)) == [[3, "name 3"]]
    m.remove_all(predicate.greater("age", 9))
    assert len(m) == 10


def page(m: Any) -> None:
    """Pages forward and back."""
    m.put_all({n: n for n in range(25)})
    pages = predicate.paging(predicate.greater_or_equal("this", 3), 10)
    assert m.values(pages) == list(range(3, 13))
    pages.next_page()
    assert [key for key, _ in m.entry_set(pages)] == list(range(13, 23))
    pages.page = 2
    assert m.entry_set(pages) == [(23, 23), (24, 24)]
    pages.previous_page()
    assert m.entry_set(pages) == [(n, n) for n in range(13, 23)]


def collections(client: hazelcast.HazelcastClient) -> None:
    """Queue, list and set, with listeners."""
    q, items, s = (
        client.get_queue("q").blocking(),
        client.get_list("l").blocking(),
        client.get_set("s").blocking(),
    )
    for found in (q, items, s):
        events = Recorder()
        registration = found.add_listener(True, events, events)
        assert found.add_all(["a", "b", "c", "d"]) is True
        assert found.remove("d") is True
        assert found.contains_all(["a", "b"]) is True
        assert found.retain_all(["a", "b", "z"]) is True
        assert (found.size(), found.is_empty(), found.contains("c")) == (2, False, False)
        heard = asyncio.run(events.wait_for(6))
        assert [event.item for event in heard[:4]] == ["a", "b", "c", "d"]
        assert found.remove_listener(registration) is True
    assert (q.take(), q.poll(1), q.poll()) == ("a", "b", None)
    assert items.list_iterator(1) == ["b"]
    assert (items.set_at(0, "A"), items.remove_at(1), items[-1]) == ("a", "b", "A")
    for index in (1, 2):
        with pytest.raises(IndexError):
            items.get(index)
    with pytest.raises(IndexError):
        items.list_iterator(2)
    with pytest.raises(IndexError):
        items.sub_list(0, 2)
    items[1:] = range(COUNT)
    assert list(items) == ["A", *range(COUNT)]
    assert s == {"a", "b"}


def collections_in_a_transaction(client: hazelcast.HazelcastClient) -> None:
    """Queue, list and set in a transaction."""
    names = ("q-tx", "l-tx", "s-tx")
    q, items, s = (
        client.get_queue(names[0]).blocking(), client.get_list(names[1]).blocking(), client.get_set(names[2]).blocking()
    )  # fmt: skip
    for found in (q, items, s):
        found.add("before")
    with client.new_transaction() as tx:
        assert tx.get_queue(names[0]).take() == "before"
        assert tx.get_queue(names[0]).offer("after") is True
        assert (tx.get_list(names[1]).remove("before"), tx.get_list(names[1]).add("after")) == (True, True)
        assert (tx.get_set(names[2]).add("before"), tx.get_set(names[2]).add("after")) == (False, True)
        assert q.poll() is None
    assert (q.iterator(), items.get_all()) == (["after"], ["after"])
    assert s == {"before", "after"}


@pytest.mark.parametrize("version", VERSIONS)
def test_multi_map_and_replicated_map(
    version: str, hazelcast_cluster_factory: Callable[..., Cluster]
) -> None:
    cluster = hazelcast_cluster_factory(version=version)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        multi_map(client)
        replicated_map(client)
        iterators(client.get_map("iterated").blocking())
    walk_connections(cluster)
    asyncio.run(walk_tls(cluster))


def multi_map(client: hazelcast.HazelcastClient) -> None:
    """Values, locks, listeners, transactions; `put_all` where members have it."""
    mm = client.get_multi_map("mm").blocking()
    seen, removed = Recorder(), Recorder()
    mm.add_entry_listener(True, added_func=seen, removed_func=removed)
    with mm.lock_context("k"):
        assert (mm.put("k", 1), mm.put("k", 1), mm.put("k", 2)) == (True, False, True)
    assert sorted(mm.items()) == [("k", 1), ("k", 2)]
    assert mm.remove("k", 2) is True
    until_now(lambda: len(seen.events) == 2 and removed.events)
    with client.new_transaction() as tx:
        assert tx.get_multi_map("mm").put("k", 3) is True
    assert sorted(mm["k"]) == [1, 3]
    many = {n: [n, -n - 1] for n in range(1000)}
    if client.cluster_service.get_members()[0].version[:2] < (4, 1):
        with pytest.raises(UnsupportedOperationError, match=r"MultiMap\.putAll .* has version 4\.0"):
            mm.put_all(many)
    else:
        mm.put_all(many)
        assert mm.size() == 2002
        mm.delete(7)
        assert mm.get(7) == []
    mm.clear()
    assert mm.size() == 0


def replicated_map(client: hazelcast.HazelcastClient) -> None:
    """Entries, listeners, pages; entry views where members have them."""
    r = client.get_replicated_map("r").blocking()
    seen = Recorder()
    r.add_entry_listener(predicate=predicate.greater("this", 1), updated_func=seen)
    assert (r.put("k", 1), r.put("k", 2, ttl=100), r.get("k")) == (None, 1, 2)
    until_now(lambda: seen.events)
    entries = {n: -n for n in range(COUNT)}
    assert r.remove("k") == 2
    r.put_all(entries)
    assert dict(r.items()) == entries
    assert (len(r), r.contains_value(-5)) == (COUNT, True)
    if client.cluster_service.get_members()[0].version[:2] < (5, 4):
        with pytest.raises(UnsupportedOperationError, match=r"ReplicatedMap\.fetchEntryViews .* has version"):
            next(r.iter_entry_views())
    else:
        assert {view.key: view.value for view in r.iter_entry_views(5)} == entries
    r.clear()
    assert r.is_empty() is True


def iterators(m: Any) -> None:
    """Pages with and without a predicate."""
    entries = {n: str(n) for n in range(COUNT)}
    m.put_all(entries)
    assert dict(m.iter_items(3)) == entries
    assert sorted(m.iter_keys(3, predicate.less("__key", 100))) == list(range(100))
    assert sorted(m.iter_values(3, predicate.less("__key", 3))) == ["0", "1", "2"]


async def walk(cluster: Cluster) -> None:
    """The same members from asyncio."""
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        m = await client.get_map("aio", key=int, value=str)
        seen = Recorder()
        await m.add_entry_listener(added_func=seen)
        await m.put_all({1: "one", 2: "two"})
        assert await m.get(1) == "one"
        assert sorted([key async for key in m]) == [1, 2]
        assert await m.values(predicate.like("this", "t%")) == ["two"]
        assert sorted(event.key for event in await seen.wait_for(2)) == [1, 2]
