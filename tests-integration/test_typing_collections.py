"""What type checkers know of programs with queues, lists and sets: mypy reads this module, and the tests run it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import hazelcast
import hazelcast.asyncio
from hz_core.future import Future
from hz_embedded import Cluster
from hz_proxies.list import BlockingList, List
from hz_proxies.list.aio import AsyncList
from hz_proxies.queue import BlockingQueue, Queue
from hz_proxies.queue.aio import AsyncQueue
from hz_proxies.set import BlockingSet, Set
from hz_proxies.set.aio import AsyncSet
from hz_proxies.transaction.list import BlockingTransactionalList
from hz_proxies.transaction.queue import BlockingTransactionalQueue
from hz_proxies.transaction.set import BlockingTransactionalSet
from map_harness import fresh_name


def test_futures(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("typed")
    assert_type(client.get_set(name), Set[Any])
    assert_type(client.get_list(name), List[Any])
    assert_type(client.get_queue(name), Queue[Any])
    s = assert_type(client.get_set(name, item=int), Set[int])
    items = assert_type(client.get_list(name, item=int), List[int])
    q = assert_type(client.get_queue(name, item=int), Queue[int])
    assert_type(s.add(1), Future[bool])
    assert_type(s.get_all(), Future[list[int]])
    assert_type(items.add(1), Future[bool])
    assert_type(items.get(0), Future[int])
    assert_type(items.sub_list(0, 1), Future[list[int]])
    assert_type(items.list_iterator(), Future[list[int]])
    assert_type(q.put(1), Future[None])
    assert_type(q.poll(), Future[int | None])
    assert_type(q.put(1), Future[None])
    assert_type(q.take(), Future[int])
    assert all(found.destroy() for found in (s, items, q))


def test_blocking(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("typed")
    s = assert_type(client.get_set(name, item=int).blocking(), BlockingSet[int])
    items = assert_type(client.get_list(name, item=int).blocking(), BlockingList[int])
    q = assert_type(client.get_queue(name, item=int).blocking(), BlockingQueue[int])
    assert_type(s.add(1), bool)
    assert_type(iter(s), Iterator[int])
    assert_type(s & {1}, set[int])
    assert_type(s.pop(), int)
    assert_type(items.add_all([1, 2, 3]), bool)
    assert_type(items[0], int)
    assert_type(items[1:], list[int])
    assert_type(iter(items), Iterator[int])
    assert_type(items.pop(), int)
    items[0] = 5
    items[:1] = [6, 7]
    assert_type(q.add(1), bool)
    assert_type(q.get(), int)
    q.put(2, timeout=1)
    assert_type(q.get_nowait(), int)
    assert_type(q.qsize(), int)
    assert all(found.destroy() for found in (s, items, q))


async def test_asyncio(cluster: Cluster) -> None:
    name = fresh_name("typed")
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        s = assert_type(await client.get_set(name, item=int), AsyncSet[int])
        items = assert_type(await client.get_list(name, item=int), AsyncList[int])
        q = assert_type(await client.get_queue(name, item=int), AsyncQueue[int])
        assert_type(await s.add(1), bool)
        assert_type(aiter(s), AsyncIterator[int])
        assert_type(await items.add(1), bool)
        assert_type(await items.get(0), int)
        assert_type(aiter(items), AsyncIterator[int])
        assert_type(await q.offer(1), bool)
        assert_type(await q.poll(), int | None)
        for found in (s, items, q):
            assert await found.destroy() is True


def test_transactions(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("typed")
    with client.new_transaction() as tx:
        assert_type(tx.get_set(name), BlockingTransactionalSet[Any])
        assert_type(tx.get_list(f"{name}-list"), BlockingTransactionalList[Any])
        assert_type(tx.get_queue(f"{name}-queue"), BlockingTransactionalQueue[Any])
        assert assert_type(tx.get_set(name).add(1), bool)
        assert assert_type(tx.get_queue(f"{name}-queue").size(), int) == 0
    assert client.get_set(name).destroy() is True
