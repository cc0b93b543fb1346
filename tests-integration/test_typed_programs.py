"""What type checkers know of programs beside typed/*.txt: mypy and pyright read them, and the tests run them."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future as ConcurrentFuture
from dataclasses import dataclass
from typing import Any, assert_type

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import db
from hazelcast.config import Config, NearCacheConfig
from hazelcast.db import aio
from hazelcast.future import Future, combine_futures
from hazelcast.lifecycle import LifecycleState
from hazelcast.proxy.base import EntryEvent
from hazelcast.proxy.map import BlockingMap, Map
from hazelcast.sql import SqlRow
from hazelcast.transaction import Transaction
from hz_embedded import Cluster
from hz_frameworks import AsyncCachedFunction, CachedFunction, cached
from hz_nearcache import Cache, NearCache, Statistics, near_cache
from hz_proxies.transaction.aio import AsyncTransaction
from map_harness import fresh_name


@dataclass
class Point:
    """A value of the Compact format."""

    x: int
    y: int


def test_clients(cluster: Cluster) -> None:
    config = Config()
    config.cluster_members = cluster.addresses
    config.near_caches = {"near": NearCacheConfig()}
    config.near_caches["near"].eviction_max_size = 10
    states: list[str] = []
    with hazelcast.HazelcastClient(config) as client:
        assert_type(client, hazelcast.HazelcastClient)
        client.lifecycle_service.add_listener(states.append)
        m = client.get_map("near", key=str, value=int).blocking()
        m["k"] = 1
        assert_type(m["k"], int)
        cache = assert_type(near_cache(m), NearCache | None)
        assert cache is not None
        assert_type(cache.statistics, Statistics)
        assert m.destroy()
    assert states == [LifecycleState.SHUTTING_DOWN, LifecycleState.DISCONNECTED, LifecycleState.SHUTDOWN]


def test_listeners(client: hazelcast.HazelcastClient) -> None:
    m = client.get_map(fresh_name(), key=str, value=Point).blocking()

    def added(event: EntryEvent[str, Point]) -> None:
        assert_type(event.key, str)
        assert_type(event.value, Point | None)

    def anything(event: EntryEvent[Any, Any]) -> None:
        assert_type(event.number_of_affected_entries, int)

    def whole(event: EntryEvent[None, None]) -> None:
        assert_type(event.key, None)

    def other(event: EntryEvent[int, Point]) -> None:
        raise AssertionError(event)

    m.add_entry_listener(True, added_func=added, removed_func=anything, clear_all_func=whole)
    m.add_entry_listener(evict_all_func=anything, clear_all_func=anything)
    m.add_entry_listener(updated_func=other)  # type: ignore[arg-type]  # keys of another type
    m["k"] = Point(1, 2)
    assert_type(m["k"].x, int)
    assert m.destroy()


def test_futures(client: hazelcast.HazelcastClient) -> None:
    m = client.get_map(fresh_name(), key=str, value=int)

    def doubled(f: Future[int | None], factor: int) -> int:
        return factor * (f.result() or 0)

    def again(f: Future[int | None]) -> Future[bool]:
        f.result()
        return m.contains_key("k")

    m.set("k", 5).result()
    assert assert_type(m.get("k").continue_with(doubled, 2), Future[int]).result() == 10
    assert assert_type(m.get("k").continue_with(again), Future[bool]).result()
    m.get("k").continue_with(doubled, "2")  # type: ignore[arg-type]  # the second parameter is a number
    both = assert_type(combine_futures([m.get("k"), m.get("l")]), Future[list[int | None]])
    assert both.result() == [5, None]
    standard: ConcurrentFuture[int | None] = m.get("k")
    assert standard.result() == 5
    with m.pipeline() as p:
        assert_type(p, Map[str, int])
    with m.blocking().pipeline(depth=5) as p:
        assert_type(p.put("k", 1), Future[int | None])
    assert m.destroy()


def test_transactions(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name()

    @client.transaction(retries=1)
    def add(tx: Transaction, key: str, value: int = 1) -> int | None:
        return tx.get_map(name, key=str, value=int).put(key, value)

    assert assert_type(add("k", value=5), int | None) is None
    assert add("k") == 5
    add(5)  # type: ignore[arg-type]  # a key of the wrong type
    assert client.get_map(name).destroy()


async def test_transactions_of_tasks(cluster: Cluster) -> None:
    name = fresh_name()
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        assert_type(client, hazelcast.asyncio.HazelcastClient)

        @client.transaction()
        async def add(tx: AsyncTransaction, key: str) -> int | None:
            return await tx.get_map(name, key=str, value=int).put(key, 5)

        called = assert_type(add("k"), Coroutine[Any, Any, int | None])
        assert await asyncio.create_task(called) is None
        m = await client.get_map(name, key=str, value=int)
        assert assert_type(await asyncio.gather(m.get("k"), m.size()), tuple[int | None, int]) is not None
        assert await m.destroy()


def test_database_api(sql_cluster: Cluster) -> None:
    with (
        db.connect(Config.from_kwargs(cluster_members=sql_cluster.addresses)) as connection,
        connection.cursor() as cursor,
    ):
        assert_type(connection, db.Connection)
        assert_type(cursor, db.Cursor)
        cursor.execute("SELECT * FROM TABLE(GENERATE_SERIES(1, 5)) WHERE v > ?", (1,))
        assert_type(cursor.fetchone(), SqlRow | None)
        assert_type(cursor.fetchmany(1), list[SqlRow])
        assert len([assert_type(row, SqlRow) for row in cursor]) == 2
        for column in cursor.description or ():
            assert_type(column, db.ColumnDescription)
        with pytest.raises(db.ProgrammingError, match="parameters must be a sequence"):
            cursor.execute("SELECT 1", 5)  # type: ignore[arg-type]  # no sequence


async def test_database_api_of_tasks(sql_cluster: Cluster) -> None:
    async with aio.connect(Config.from_kwargs(cluster_members=sql_cluster.addresses)) as connection:
        assert_type(connection, aio.Connection)
        cursor = assert_type(connection.cursor(), aio.Cursor)
        await cursor.execute("SELECT * FROM TABLE(GENERATE_SERIES(1, 3))")
        assert_type(await cursor.fetchone(), SqlRow | None)
        assert len([assert_type(row, SqlRow) async for row in cursor]) == 2
        assert_type(await cursor.fetchall(), list[SqlRow])


def test_caches(client: hazelcast.HazelcastClient) -> None:
    cache: Cache[str, int] = Cache(10)
    cache.put("k", 1)
    assert_type(cache.get("k"), int | None)
    assert_type(cache.get("l", "none"), int | str)
    assert_type(cache.get_or_make("m", lambda: 5), int)
    cache.put("k", "v")  # type: ignore[arg-type]  # a value of the wrong type

    @cached(client, fresh_name(), ttl=60)
    def squared(number: int, *, twice: bool = False) -> int:
        return number**4 if twice else number**2

    assert_type(squared(2, twice=True), int)
    assert isinstance(squared, CachedFunction)
    squared.invalidate(2)
    squared(2, twice="yes")  # type: ignore[arg-type]  # no bool


async def test_cached_coroutines(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:

        @cached(client, fresh_name(), ttl=60)
        async def squared(number: int) -> int:
            return number**2

        assert isinstance(squared, AsyncCachedFunction)
        assert assert_type(await squared(2), int) == 4
        await squared.join()


def shared(counters: BlockingMap[str, int]) -> dict[str, int]:
    """Programs pass a map where Python's own is expected."""
    return {name: number for name, number in counters.items() if number}
