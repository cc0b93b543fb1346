"""Functions that run in a transaction, and again after a conflict, on the surfaces that have them."""

import asyncio
import threading

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.transaction import Transaction
from hz_core.errors import TransactionError, TransactionTimedOutError
from hz_embedded import Cluster
from hz_proxies.transaction.aio import AsyncTransaction
from map_harness import fresh_name


def test_no_change_of_many_threads_is_lost(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name()
    counts = client.get_map(name).blocking()
    counts.put("n", 0)
    attempts: list[object] = []

    @client.transaction(retries=100, timeout=0.2)
    def add(transaction: Transaction, number: int) -> int:
        attempts.append(transaction.id)
        counted = transaction.get_map(name)
        found: int = (counted.get_for_update("n") or 0) + number
        counted.put("n", found)
        return found

    threads = [threading.Thread(target=lambda: [add(1) for _ in range(5)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts.get("n") == 20
    assert add(2) == 22
    assert len(attempts) == len(set(attempts)) >= 21
    client.get_map(name).destroy()


def test_a_lock_of_another_is_a_conflict(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name()
    values = client.get_map(name).blocking()
    seen: list[object] = []

    @client.transaction(retries=1, timeout=0.3)
    def put(transaction: Transaction) -> None:
        seen.append(transaction.id)
        transaction.get_map(name).put("k", "v")

    errors: list[Exception] = []

    def elsewhere() -> None:
        try:
            put()
        except (TransactionError, TransactionTimedOutError) as e:
            errors.append(e)

    with values.lock_context("k"):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(60)
    assert (len(errors), len(seen), values.get("k")) == (1, 2, None)
    put()
    assert values.get("k") == "v"
    client.get_map(name).destroy()


async def test_tasks(cluster: Cluster) -> None:
    name = fresh_name()
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        counts = await client.get_map(name)
        await counts.put("n", 0)

        @client.transaction(retries=100, timeout=0.2)
        async def add(transaction: AsyncTransaction, number: int) -> int:
            counted = transaction.get_map(name)
            found: int = (await counted.get_for_update("n") or 0) + number
            await counted.put("n", found)
            return found

        await asyncio.gather(*(add(1) for _ in range(12)))
        assert await counts.get("n") == 12

        @client.transaction()
        async def fail(transaction: AsyncTransaction) -> None:
            await transaction.get_map(name).put("n", -1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await counts.get("n") == 12
        await counts.destroy()


def test_arguments_are_checked_when_it_is_made(client: hazelcast.HazelcastClient) -> None:
    with pytest.raises(ValueError, match="retries"):
        client.transaction(retries=-1)
    with pytest.raises(ValueError, match="type"):
        client.transaction(type=7)
