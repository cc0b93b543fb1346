"""AtomicLong, AtomicReference, CountDownLatch and Semaphore with real members, on all three surfaces."""

import asyncio
from functools import partial
from typing import Any

import pytest

import hazelcast
from cp_harness import CPCluster, Multiply, end_session
from hz_core.errors import DistributedObjectDestroyedError, IllegalStateError, OperationTimeoutError
from hz_cp import ATOMIC_LONG, ATOMIC_REFERENCE, COUNT_DOWN_LATCH, SEMAPHORE
from map_harness import AnyObject, AsyncioCaller, Caller, fresh_name, until_now

# --- AtomicLong -----------------------------------------------------------------------------------------------


async def test_arithmetic(cp_caller: Caller) -> None:
    n = await cp_caller.object(ATOMIC_LONG)
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
    assert await n.compare_and_set(1, 2) is False
    assert await n.compare_and_set(-(2**63), 2) is True
    assert await n.get() == 2


async def test_functions_of_numbers(cp_caller: Caller) -> None:
    n = await cp_caller.object(ATOMIC_LONG)
    await n.set(3)
    assert await n.alter(Multiply(5)) is None
    assert await n.get_and_alter(Multiply(2)) == 15
    assert await n.alter_and_get(Multiply(3)) == 90
    assert await n.apply(Multiply(-1)) == -90
    assert await n.get() == 90


async def test_names_with_a_group(cp_caller: Caller) -> None:
    name = fresh_name("counter")
    first = await cp_caller.object(ATOMIC_LONG, f"{name}@first")
    second = await cp_caller.object(ATOMIC_LONG, f"{name}@second")
    await first.set(1)
    assert (await first.get(), await second.get()) == (1, 0)
    with pytest.raises(ValueError, match="@group"):
        await cp_caller.object(ATOMIC_LONG, "@group")


# --- AtomicReference ------------------------------------------------------------------------------------------


async def test_values(cp_caller: Caller) -> None:
    r = await cp_caller.object(ATOMIC_REFERENCE)
    assert (await r.get(), await r.is_none(), await r.contains(None)) == (None, True, True)
    assert await r.set("a") is None
    assert (await r.get(), await r.is_none(), await r.contains("a"), await r.contains("b")) == (
        "a",
        False,
        True,
        False,
    )
    assert await r.get_and_set({"b": [1, 2.5]}) == "a"
    assert await r.compare_and_set("a", "c") is False
    assert await r.compare_and_set({"b": [1, 2.5]}, "c") is True
    assert await r.get() == "c"
    assert await r.clear() is None
    assert await r.is_none() is True
    assert await r.compare_and_set(None, 5) is True
    assert await r.compare_and_set(5, None) is True
    assert await r.get_and_set(None) is None


async def test_functions_of_values(cp_caller: Caller) -> None:
    r = await cp_caller.object(ATOMIC_REFERENCE)
    await r.set("ab")
    assert await r.alter(Multiply(2)) is None
    assert await r.get_and_alter(Multiply(2)) == "abab"
    assert await r.alter_and_get(Multiply(1)) == "abababab"
    assert await r.apply(Multiply(0)) == ""
    assert await r.get() == "abababab"
    with pytest.raises(AssertionError, match="function"):
        await r.apply(None)


# --- CountDownLatch -------------------------------------------------------------------------------------------


async def test_counting_down(cp_caller: Caller) -> None:
    latch = await cp_caller.object(COUNT_DOWN_LATCH)
    assert await latch.await_latch(0) is True
    assert await latch.try_set_count(2) is True
    assert await latch.try_set_count(5) is False
    assert await latch.count_down() is None
    assert await latch.get_count() == 1
    assert (await latch.await_latch(0.05), await latch.await_latch(-1)) == (False, False)
    await latch.count_down()
    assert (await latch.await_latch(0), await latch.get_count()) == (True, 0)
    await latch.count_down()
    assert await latch.get_count() == 0
    assert await latch.try_set_count(1) is True
    with pytest.raises(AssertionError, match="count must be at least 1, not 0"):
        await latch.try_set_count(0)
    with pytest.raises(TypeError, match="count"):
        await latch.try_set_count("1")


async def test_others_wait_for_a_latch(cp_caller: Caller) -> None:
    latch = await cp_caller.object(COUNT_DOWN_LATCH)
    await latch.try_set_count(1)
    found: list[Any] = []

    async def wait() -> None:
        found.append("waiting")
        found.append(await latch.await_latch(20))

    waiting = cp_caller.elsewhere(wait)
    await cp_caller.until(lambda: found)
    await latch.count_down()
    await waiting
    assert found == ["waiting", True]


# --- Semaphore ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["semaphore", "sessionless"])
async def test_permits(cp_caller: Caller, sort: str) -> None:
    s = await cp_caller.object(SEMAPHORE, fresh_name(sort))
    assert await s.available_permits() == 0
    assert await s.init(5) is True
    assert await s.init(7) is False
    assert await s.acquire() is None
    assert await s.acquire(2) is None
    assert await s.available_permits() == 2
    assert await s.try_acquire(3) is False
    assert await s.try_acquire(3, timeout=0.05) is False
    assert await s.try_acquire(permits=2, timeout=5) is True
    assert await s.release(3) is None
    assert await s.drain_permits() == 3
    assert await s.drain_permits() == 0
    await s.release(5)
    assert await s.increase_permits(2) is None
    assert await s.available_permits() == 7
    assert await s.reduce_permits(4) is None
    assert await s.available_permits() == 3
    await s.reduce_permits(0)
    await s.increase_permits(0)
    for operation, number in {"acquire": 0, "release": -1, "try_acquire": 0, "init": -1}.items():
        with pytest.raises(AssertionError, match="permits must be at least"):
            await getattr(s, operation)(number)
    with pytest.raises(AssertionError, match="reduction"):
        await s.reduce_permits(-1)
    with pytest.raises(AssertionError, match="increase"):
        await s.increase_permits(-1)
    with pytest.raises(TypeError, match="permits"):
        await s.acquire(1.5)
    with pytest.raises(TypeError, match="timeout"):
        await s.try_acquire(1, "soon")


async def test_permits_that_were_not_acquired(cp_caller: Caller) -> None:
    bound = await cp_caller.object(SEMAPHORE, fresh_name("semaphore"))
    free = await cp_caller.object(SEMAPHORE, fresh_name("sessionless"))
    await bound.init(1)
    await free.init(1)
    await bound.acquire()
    await bound.release()
    with pytest.raises(IllegalStateError):
        await bound.release()
    await free.release(3)
    assert (await bound.available_permits(), await free.available_permits()) == (1, 4)


@pytest.mark.parametrize("sort", ["semaphore", "sessionless"])
async def test_many_wait_at_once(cp_caller: Caller, sort: str) -> None:
    s = await cp_caller.object(SEMAPHORE, fresh_name(sort))
    await s.init(1)
    await s.acquire()
    found: list[int] = []

    async def wait(number: int) -> None:
        await s.acquire()
        found.append(number)
        await s.release()

    waiting = [cp_caller.elsewhere(partial(wait, number)) for number in range(4)]
    await s.release()
    for one in waiting:
        await one
    assert sorted(found) == [0, 1, 2, 3]
    assert await s.available_permits() == 1


@pytest.mark.parametrize("sort", ["semaphore", "sessionless"])
async def test_permits_that_are_granted_to_nobody_are_released(cp_caller: Caller, sort: str) -> None:
    s = await cp_caller.object(SEMAPHORE, fresh_name(sort))
    await s.init(2)
    await s.acquire()
    if isinstance(cp_caller, AsyncioCaller):
        waiting = asyncio.ensure_future(s.proxy.acquire(2))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    elif cp_caller.surface == "futures":
        assert s.proxy.acquire(2).cancel() is True
    with pytest.raises(OperationTimeoutError):
        await cp_caller.call(s.proxy.with_timeout(0.05).acquire, 2)
    await s.release()

    async def all_are_there() -> bool:
        return bool(await s.available_permits() == 2)

    await cp_caller.until(all_are_there)
    assert await s.drain_permits() == 2
    await s.release(2)


async def test_permits_end_with_the_session(cp_caller: Caller, cp: CPCluster) -> None:
    s = await cp_caller.object(SEMAPHORE, f"{fresh_name('semaphore')}@first")
    await s.init(3)
    await s.acquire(2)
    end_session(cp.client, cp_caller.client, s.proxy.get_group_id())
    assert await s.available_permits() == 3
    with pytest.raises(IllegalStateError, match="has released them"):
        await s.release(2)
    await s.acquire(3)
    end_session(cp.client, cp_caller.client, s.proxy.get_group_id())
    assert await s.try_acquire(3) is True
    await s.release(3)


async def test_permits_of_a_client_that_leaves(cp_caller: Caller, cp: CPCluster) -> None:
    bound = await cp_caller.object(SEMAPHORE, fresh_name("semaphore"))
    free = await cp_caller.object(SEMAPHORE, fresh_name("sessionless"))
    with hazelcast.HazelcastClient(cluster_members=cp.members.addresses) as leaving:
        for s in (bound, free):
            await s.init(2)
            leaving.cp_subsystem.get_semaphore(s.name).blocking().acquire()
    assert (await bound.available_permits(), await free.available_permits()) == (2, 1)


async def test_the_caller_says_whether_there_is_a_session(cp: CPCluster) -> None:
    """Against the members' configuration, which says the opposite of each name."""
    free, bound = fresh_name("semaphore"), fresh_name("sessionless")
    subsystem = cp.client.cp_subsystem
    with hazelcast.HazelcastClient(cluster_members=cp.members.addresses) as leaving:
        for name, sessionless in ((free, True), (bound, False)):
            s = subsystem.get_semaphore(name, sessionless=sessionless).blocking()
            assert s.init(2) is True
            other = leaving.cp_subsystem.get_semaphore(name, sessionless=sessionless)
            other.acquire().result()
            s.acquire()
            s.release()
            if sessionless:
                s.release()
                other.acquire().result()
            else:
                with pytest.raises(IllegalStateError):
                    s.release()
    left = [subsystem.get_semaphore(name).blocking().available_permits() for name in (free, bound)]
    assert left == [1, 2]  # of the client that has left: only what was bound to its session is released
    async with AsyncioCaller(cluster_members=cp.members.addresses) as caller:
        made = await caller.client.cp_subsystem.get_semaphore(free, sessionless=True)
        await made.release(3)
        assert await made.drain_permits() == 4
        strict = await caller.client.cp_subsystem.get_semaphore(free)
        with pytest.raises(IllegalStateError):
            await strict.release()


# --- all ------------------------------------------------------------------------------------------------------


async def test_destroyed_objects(cp_caller: Caller) -> None:
    kinds: dict[Any, str] = {
        ATOMIC_LONG: "get",
        ATOMIC_REFERENCE: "get",
        COUNT_DOWN_LATCH: "get_count",
        SEMAPHORE: "available_permits",
    }
    for kind, operation in kinds.items():
        made: AnyObject = await cp_caller.object(kind)
        await cp_caller.destroy(made)
        with pytest.raises(DistributedObjectDestroyedError):
            await getattr(made, operation)()


async def test_the_subsystem_of_a_client(cp_caller: Caller) -> None:
    subsystem = cp_caller.client.cp_subsystem
    for get, service in {
        subsystem.get_atomic_long: "hz:raft:atomicLongService",
        subsystem.get_atomic_reference: "hz:raft:atomicRefService",
        subsystem.get_count_down_latch: "hz:raft:countDownLatchService",
        subsystem.get_lock: "hz:raft:lockService",
        subsystem.get_semaphore: "hz:raft:semaphoreService",
    }.items():
        found = get("of the subsystem@sub")
        if cp_caller.surface == "asyncio":
            found = await found
        assert (found.name, found.service_name) == ("of the subsystem@sub", service)
        assert found.get_group_id().name == "sub"


# --- leaders --------------------------------------------------------------------------------------------------


def test_members_that_tell_no_leaders(cp: CPCluster, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "hazelcast.cp")
    with hazelcast.HazelcastClient(
        cluster_members=cp.members.addresses, cp_direct_to_leader_routing=True
    ) as client:
        n = client.cp_subsystem.get_atomic_long(fresh_name("n")).blocking()
        assert [n.increment_and_get() for _ in range(3)] == [1, 2, 3]
        until_now(lambda: "only Enterprise members from version 5.5 on tell them" in caplog.text)
