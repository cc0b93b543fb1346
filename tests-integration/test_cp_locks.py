"""FencedLock with real members, without CP members and with three of them, on all three surfaces."""

import asyncio
from typing import Any

import pytest

import hazelcast
from cp_harness import CPCluster, end_session
from hz_core.errors import (
    IllegalMonitorStateError,
    LockAcquireLimitReachedError,
    LockOwnershipLostError,
    OperationTimeoutError,
)
from hz_cp import FENCED_LOCK, LockOwner
from map_harness import AnyObject, AsyncioCaller, Caller, fresh_name


async def test_lock_and_unlock(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
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


async def test_the_owner_may_take_it_again(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
    fence = await lock.lock()
    assert await lock.lock() == fence
    assert await lock.try_lock(timeout=1) == fence
    assert await lock.get_lock_count() == 3
    for still_locked in (True, True, False):
        await lock.unlock()
        assert await lock.is_locked() is still_locked


async def test_another_owner_waits(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
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

    waiting = cp_caller.elsewhere(want)
    await cp_caller.until(lambda: len(found) == 3)
    assert found == [0, 0, False]
    await lock.unlock()
    await waiting
    assert found[3] > fence


async def is_free(lock: AnyObject) -> bool:
    return not await lock.is_locked()


async def test_a_lock_that_is_given_up_while_waiting_stays_with_nobody(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
    held: list[Any] = []
    enough: list[bool] = []

    async def hold() -> None:
        await lock.lock()
        held.append(True)
        await cp_caller.until(lambda: enough)
        await lock.unlock()

    holding = cp_caller.elsewhere(hold)
    await cp_caller.until(lambda: held)
    if isinstance(cp_caller, AsyncioCaller):
        waiting = asyncio.ensure_future(lock.proxy.lock())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    elif cp_caller.surface == "futures":
        future = lock.proxy.lock()
        assert future.cancel() is True
    with pytest.raises(OperationTimeoutError):
        await cp_caller.call(lock.proxy.with_timeout(0.05).lock)
    enough.append(True)
    await holding
    await cp_caller.until(lambda: is_free(lock))
    assert await lock.try_lock() > 0
    await lock.unlock()


async def test_a_client_that_leaves_gives_its_locks_back(cp_caller: Caller, cp: CPCluster) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
    with hazelcast.HazelcastClient(cluster_members=cp.members.addresses) as leaving:
        leaving.get_object(FENCED_LOCK, lock.name).blocking().lock()
        assert await lock.try_lock() == 0
    assert await lock.try_lock() > 0
    await lock.unlock()


async def test_an_asyncio_client_that_leaves_gives_its_locks_back(
    cp: CPCluster,
) -> None:
    lock = cp.client.get_object(FENCED_LOCK, "left by asyncio").blocking()
    async with AsyncioCaller(cluster_members=cp.members.addresses) as leaving:
        await (await leaving.client.get_object(FENCED_LOCK, "left by asyncio")).lock()
        assert lock.try_lock() == 0
    assert lock.try_lock() > 0
    lock.unlock()


async def test_blocks(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK, fresh_name("lock"))
    proxy = lock.proxy if cp_caller.surface != "futures" else lock.proxy.blocking()
    if cp_caller.surface == "asyncio":
        async with proxy as same, proxy.hold() as fence, proxy.hold(timeout=5) as again:
            assert (same is proxy, fence == again > 0, await lock.get_lock_count()) == (True, True, 3)
            assert await proxy.is_locked_by_current_task() is True
    else:
        with proxy as same, proxy.hold() as fence, proxy.hold(timeout=5) as again:
            assert (same is proxy, fence == again > 0, await lock.get_lock_count()) == (True, True, 3)
    assert await lock.is_locked() is False
    assert lock.proxy.INVALID_FENCE == 0


async def test_owners_that_are_neither_threads_nor_tasks(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK)
    first, second = (lock.related(lock.proxy.owned_by(LockOwner())) for _ in range(2))
    fence = await first.lock()
    assert (await second.try_lock(), await lock.try_lock()) == (0, 0)
    assert await first.lock() == fence
    for owned, held in ((first, True), (second, False), (lock, False)):
        assert await owned.is_locked_by_current_thread() is held
    await first.unlock()
    await first.unlock()
    assert await second.lock() > fence
    await second.unlock()


async def test_the_limit_of_acquisitions(cp_caller: Caller) -> None:
    lock = await cp_caller.object(FENCED_LOCK, fresh_name("twice"))
    fence = await lock.lock()
    assert await lock.try_lock() == fence
    assert await lock.try_lock() == 0
    with pytest.raises(LockAcquireLimitReachedError, match="twice"):
        await lock.lock()
    await lock.unlock()
    await lock.unlock()


@pytest.mark.parametrize("operation", ["lock", "try_lock", "unlock", "is_locked_by_current_thread"])
async def test_ownership_is_lost_with_the_session(cp_caller: Caller, cp: CPCluster, operation: str) -> None:
    lock = await cp_caller.object(FENCED_LOCK, f"{fresh_name('lock')}@locks")
    fence = await lock.lock()
    end_session(cp.client, cp_caller.client, lock.proxy.get_group_id())
    if operation == "is_locked_by_current_thread":
        assert await lock.is_locked_by_current_thread() is False
    else:
        with pytest.raises(LockOwnershipLostError, match="is lost: CP session"):
            await getattr(lock, operation)()
        assert await lock.lock() > fence
        await lock.unlock()
