"""The CP Subsystem of a 5.4.0 member, the last whose open-source build has it, on all three surfaces."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import hazelcast
from hz_core.errors import IllegalMonitorStateError, OperationTimeoutError
from hz_cp import ATOMIC_LONG, FENCED_LOCK
from hz_embedded import Cluster
from map_harness import AnyObject, AsyncioCaller, Caller, fresh_name


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Yield a member that serves CP objects without a CP group of three."""
    with Cluster(version="5.4.0") as started:
        yield started


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        yield connected


# --- AtomicLong -----------------------------------------------------------------------------------------------


async def test_arithmetic(caller: Caller) -> None:
    n = await caller.object(ATOMIC_LONG)
    assert await n.get() == 0
    assert await n.increment_and_get() == 1
    assert await n.decrement_and_get() == 0
    assert await n.get_and_increment() == 0
    assert await n.get_and_decrement() == 1
    assert await n.add_and_get(-5) == -5
    assert await n.get_and_add(2**62) == -5
    assert await n.get_and_set(7) == 2**62 - 5
    assert await n.set(-(2**63)) is None
    assert await n.get() == -(2**63)


async def test_compare_and_set(caller: Caller) -> None:
    n = await caller.object(ATOMIC_LONG)
    assert await n.compare_and_set(1, 2) is False
    assert await n.compare_and_set(0, 2) is True
    assert await n.get() == 2


async def test_names_with_a_group(caller: Caller) -> None:
    name = fresh_name("counter")
    first = await caller.object(ATOMIC_LONG, f"{name}@first")
    second = await caller.object(ATOMIC_LONG, f"{name}@second")
    await first.set(1)
    assert (await first.get(), await second.get()) == (1, 0)
    with pytest.raises(ValueError, match="@group"):
        await caller.object(ATOMIC_LONG, "@group")


# --- FencedLock -----------------------------------------------------------------------------------------------


async def test_lock_and_unlock(caller: Caller) -> None:
    lock = await caller.object(FENCED_LOCK)
    assert await lock.is_locked() is False
    fence = await lock.lock()
    assert (await lock.is_locked(), await lock.get_lock_count()) == (True, 1)
    assert await lock.is_locked_by_current_thread() is True
    assert await lock.unlock() is None
    assert await lock.is_locked() is False
    assert await lock.try_lock() > fence > 0
    await lock.unlock()
    with pytest.raises(IllegalMonitorStateError):
        await lock.unlock()


async def test_the_owner_may_take_it_again(caller: Caller) -> None:
    lock = await caller.object(FENCED_LOCK)
    fence = await lock.lock()
    assert await lock.lock() == fence
    assert await lock.try_lock(timeout=1) == fence
    assert await lock.get_lock_count() == 3
    for still_locked in (True, True, False):
        await lock.unlock()
        assert await lock.is_locked() is still_locked


async def test_another_owner_waits(caller: Caller) -> None:
    lock = await caller.object(FENCED_LOCK)
    fence = await lock.lock()
    found: list[Any] = []

    async def want() -> None:
        found.append(await lock.try_lock())
        found.append(await lock.try_lock(timeout=0.05))
        found.append(await lock.is_locked_by_current_thread())
        with pytest.raises(IllegalMonitorStateError):
            await lock.unlock()
        found.append(await lock.lock())
        await lock.unlock()

    waiting = caller.elsewhere(want)
    await caller.until(lambda: len(found) == 3)
    assert found == [0, 0, False]
    await lock.unlock()
    await waiting
    assert found[3] > fence


async def is_free(lock: AnyObject) -> bool:
    return not await lock.is_locked()


async def test_a_lock_that_is_given_up_while_waiting_stays_with_nobody(caller: Caller) -> None:
    lock = await caller.object(FENCED_LOCK)
    held: list[Any] = []
    enough: list[bool] = []

    async def hold() -> None:
        await lock.lock()
        held.append(True)
        await caller.until(lambda: enough)
        await lock.unlock()

    holding = caller.elsewhere(hold)
    await caller.until(lambda: held)
    if isinstance(caller, AsyncioCaller):
        waiting = asyncio.ensure_future(lock.proxy.lock())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    elif caller.surface == "futures":
        future = lock.proxy.lock()
        assert future.cancel() is True
    with pytest.raises(OperationTimeoutError):
        await caller.call(lock.proxy.with_timeout(0.05).lock)
    enough.append(True)
    await holding
    await caller.until(lambda: is_free(lock))
    assert await lock.try_lock() > 0
    await lock.unlock()


async def test_a_client_that_leaves_gives_its_locks_back(caller: Caller, cluster: Cluster) -> None:
    lock = await caller.object(FENCED_LOCK)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as leaving:
        leaving.get_object(FENCED_LOCK, lock.name).blocking().lock()
        assert await lock.try_lock() == 0
    assert await lock.try_lock() > 0
    await lock.unlock()


async def test_an_asyncio_client_that_leaves_gives_its_locks_back(
    client: hazelcast.HazelcastClient, cluster: Cluster
) -> None:
    lock = client.get_object(FENCED_LOCK, "left by asyncio").blocking()
    async with AsyncioCaller(cluster_members=cluster.addresses) as leaving:
        await (await leaving.client.get_object(FENCED_LOCK, "left by asyncio")).lock()
        assert lock.try_lock() == 0
    assert lock.try_lock() > 0
    lock.unlock()
