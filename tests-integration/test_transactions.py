"""Transactions with maps, on all three surfaces: what they change, and how they end."""

import asyncio
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.errors import TransactionError, TransactionNotActiveError
from hz_embedded import Cluster
from hz_proxies.predicate import greater_or_equal, paging, sql
from hz_proxies.transaction import TransactionType
from map_harness import SURFACES, AsyncioCaller, BlockingCaller, Caller, FuturesCaller
from object_harness import map_of, transaction


async def begun(caller: Caller, **options: Any) -> Any:
    tx = transaction(caller, **options)
    assert await tx.begin() is None
    return tx


async def test_a_commit_applies_all_changes_at_once(caller: Caller) -> None:
    m, other = await caller.map(), await caller.map()
    await m.put_all({"replaced": 1, "removed": 2, "deleted": 3, "kept": 4})
    tx = await begun(caller)
    in_tx = map_of(tx, m.name)
    assert await in_tx.put("new", 5) is None
    assert await in_tx.replace("replaced", 10) == 1
    assert await in_tx.remove("removed") == 2
    assert await in_tx.delete("deleted") is None
    await map_of(tx, other.name).set("k", "v")
    assert dict(await m.entry_set()) == {"replaced": 1, "removed": 2, "deleted": 3, "kept": 4}
    assert await other.is_empty() is True
    assert await tx.commit() is None
    assert dict(await m.entry_set()) == {"replaced": 10, "new": 5, "kept": 4}
    assert await other.get("k") == "v"


async def test_reads_see_the_changes_of_the_transaction(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({1: "one", 2: "two"})
    tx = await begun(caller, timeout=60, durability=0, transaction_type=TransactionType.ONE_PHASE)
    in_tx = map_of(tx, m.name)
    assert await in_tx.put_if_absent(3, "three") is None
    assert await in_tx.put_if_absent(1, "other") == "one"
    assert await in_tx.replace_if_same(1, "wrong", "x") is False
    assert await in_tx.replace_if_same(1, "one", "ONE") is True
    assert await in_tx.remove_if_same(2, "wrong") is False
    assert await in_tx.remove_if_same(2, "two") is True
    assert (await in_tx.get(1), await in_tx.get(2), await in_tx.get_for_update(3)) == ("ONE", None, "three")
    assert (await in_tx.contains_key(2), await in_tx.contains_key(3)) == (False, True)
    assert (await in_tx.size(), await in_tx.is_empty()) == (2, False)
    assert sorted(await in_tx.key_set()) == [1, 3]
    assert sorted(await in_tx.values()) == ["ONE", "three"]
    await tx.rollback()
    assert dict(await m.entry_set()) == {1: "one", 2: "two"}


async def test_queries_see_the_changes_of_the_transaction(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({"grown": 1, "kept": 20, "removed": 30, "shrunk": 60, "small": 2})
    tx = await begun(caller)
    in_tx = map_of(tx, m.name)
    await in_tx.set("grown", 40)
    await in_tx.delete("removed")
    await in_tx.set("new", 50)
    await in_tx.set("shrunk", 3)
    # Members leave out the new value, but not the key, of what matches no more.
    assert sorted(await in_tx.key_set(sql("this >= 10"))) == ["grown", "kept", "new", "shrunk"]
    assert sorted(await in_tx.values(greater_or_equal("this", 10))) == [20, 40, 50]
    assert sorted(await m.key_set(sql("this >= 10"))) == ["kept", "removed", "shrunk"]
    for query in (in_tx.key_set, in_tx.values):
        with pytest.raises(AssertionError, match="paging"):
            await query(paging(sql("this >= 10"), 1))
    await tx.commit()
    assert sorted(await m.values(sql("this >= 10"))) == [20, 40, 50]


async def test_a_rollback_drops_all_changes_and_frees_the_keys(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", "before")
    tx = await begun(caller)
    await map_of(tx, m.name).put("k", "never")
    # Its locks hinder all but the thread or task that began it.
    tried: list[Any] = []

    async def try_put() -> None:
        tried.append(await m.try_put("k", "refused"))

    await caller.elsewhere(try_put)
    assert await tx.rollback() is None
    assert await m.get("k") == "before"
    await caller.elsewhere(try_put)
    assert tried == [False, True]


async def test_others_wait_until_the_transaction_has_ended(caller: Caller) -> None:
    m = await caller.map()
    tx = await begun(caller)
    await map_of(tx, m.name).put("k", "of the transaction")
    done: list[Any] = []

    async def put() -> None:
        done.append(await m.put("k", "of another"))

    waiting = caller.elsewhere(put)
    await tx.commit()
    await waiting
    assert done == ["of the transaction"]
    assert await m.get("k") == "of another"


async def test_order_of_begin_and_end(caller: Caller) -> None:
    tx = transaction(caller)
    for operation in (tx.commit, tx.rollback):
        with pytest.raises(TransactionNotActiveError, match="not_started"):
            await operation()
    with pytest.raises(TransactionNotActiveError):
        map_of(tx, "m")
    await tx.begin()
    with pytest.raises(TransactionError, match="active"):
        await tx.begin()
    with pytest.raises(ValueError, match="non-empty"):
        map_of(tx, "")
    in_tx = map_of(tx, "m")
    await tx.rollback()
    for operation in (tx.commit, tx.rollback):
        with pytest.raises(TransactionNotActiveError, match="rolled_back"):
            await operation()
    with pytest.raises(TransactionError, match=r"(?i)transaction"):
        await in_tx.get("k")


async def test_none_is_refused(caller: Caller) -> None:
    tx = await begun(caller)
    in_tx = map_of(tx, "m")
    for operation, arguments in (
        (in_tx.get, [None]), (in_tx.put, [None, 1]), (in_tx.put, ["k", None]), (in_tx.remove, [None]),
        (in_tx.replace_if_same, ["k", "v", None]), (in_tx.delete, [None]),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="must not be None"):
            await operation(*arguments)
    await tx.rollback()


# --- as a context manager -------------------------------------------------------------------------------------


def test_a_block_commits_at_its_end(client: hazelcast.HazelcastClient) -> None:
    m = client.get_map("committed").blocking()
    with client.new_transaction() as tx:
        tx.get_map("committed").put("k", "v")
        assert m.get("k") is None
    assert m.get("k") == "v"
    with client.new_transaction() as tx:
        tx.get_map("committed").put("k", "again")
        tx.rollback()
    assert m.get("k") == "v"
    m.destroy()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_the_block_rolls_back(
    client: hazelcast.HazelcastClient, error: type[BaseException]
) -> None:
    m = client.get_map("interrupted").blocking()
    m.put("k", "before")

    def fail() -> None:
        with client.new_transaction() as tx:
            tx.get_map("interrupted").put("k", "never")
            raise error("in the block")

    with pytest.raises(error, match="in the block"):
        fail()
    assert m.get("k") == "before"
    assert m.try_put("k", "free again") is True
    m.destroy()


async def test_a_cancelled_task_rolls_back(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        m = await client.get_map("cancelled")
        await m.put("k", "before")
        written, never = asyncio.Event(), asyncio.Event()

        async def change() -> None:
            async with client.new_transaction() as tx:
                await tx.get_map("cancelled").put("k", "never")
                written.set()
                await never.wait()

        task = asyncio.create_task(change())
        await written.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await m.get("k") == "before"
        assert await m.try_put("k", "free again") is True
        async with client.new_transaction() as tx:
            await tx.get_map("cancelled").put("k", "committed")
        assert await m.get("k") == "committed"
        await m.destroy()


@pytest.mark.parametrize("surface", SURFACES)
async def test_shutdown_rolls_back(client: hazelcast.HazelcastClient, cluster: Cluster, surface: str) -> None:
    m = client.get_map(f"left-by-{surface}").blocking()
    m.put("k", "before")
    own: Caller
    if surface == "asyncio":
        own = AsyncioCaller(cluster_members=cluster.addresses)
        async with own:
            await map_of(await begun(own), m.name).put("k", "never")
            assert m.try_put("k", "refused") is False
    else:
        kind = FuturesCaller if surface == "futures" else BlockingCaller
        with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as leaving:
            own = kind(leaving)
            await map_of(await begun(own), m.name).put("k", "never")
            assert m.try_put("k", "refused") is False
    assert m.try_put("k", "free at once") is True
    m.destroy()


async def test_a_transaction_is_not_for_another_thread_or_task(caller: Caller) -> None:
    m = await caller.map()
    tx = await begun(caller)
    await map_of(tx, m.name).put("k", "v")

    async def elsewhere() -> None:
        for operation in (tx.commit, tx.rollback):
            with pytest.raises(TransactionError, match="belongs to the thread or task"):
                await operation()
        with pytest.raises(TransactionError, match="belongs to the thread or task"):
            map_of(tx, m.name)

    await caller.elsewhere(elsewhere)
    assert tx.proxy.state == "active"
    await tx.commit()
    assert (tx.proxy.state, await m.get("k")) == ("committed", "v")
