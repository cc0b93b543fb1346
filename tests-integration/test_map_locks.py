"""Locks on the keys of a map, between two threads or two tasks, on all three surfaces."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hz_core.errors import IllegalMonitorStateError
from map_harness import AnyMap, Caller


@asynccontextmanager
async def held_elsewhere(caller: Caller, m: AnyMap, key: str) -> AsyncIterator[Callable[[], None]]:
    """Have another thread or task hold the lock of `key`; what is given lets it go."""
    enough = False

    async def hold() -> None:
        await m.lock(key)
        await caller.until(lambda: enough)
        await m.unlock(key)

    def let_go() -> None:
        nonlocal enough
        enough = True

    holding = caller.elsewhere(hold)
    try:
        await caller.until(lambda: m.is_locked(key))
        yield let_go
    finally:
        let_go()
        await holding


async def test_lock_and_unlock(caller: Caller) -> None:
    m = await caller.map()
    assert await m.is_locked("k") is False
    assert await m.lock("k") is None
    assert await m.is_locked("k") is True
    assert await m.is_locked("other") is False
    assert await m.unlock("k") is None
    assert await m.is_locked("k") is False
    assert await m.contains_key("k") is False


async def test_lock_is_reentrant(caller: Caller) -> None:
    m = await caller.map()
    await m.lock("k")
    await m.lock("k")
    assert await m.try_lock("k") is True
    for still_locked in (True, True, False):
        await m.unlock("k")
        assert await m.is_locked("k") is still_locked


async def test_the_owner_may_change_the_entry(caller: Caller) -> None:
    m = await caller.map()
    await m.lock("k")
    assert await m.put("k", 1) is None
    assert await m.remove("k") == 1
    await m.unlock("k")


async def test_unlock_of_a_lock_that_is_not_ones_own(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(IllegalMonitorStateError):
        await m.unlock("k")
    async with held_elsewhere(caller, m, "k"):
        with pytest.raises(IllegalMonitorStateError, match=r"(?i)owner"):
            await m.unlock("k")
        assert await m.is_locked("k") is True


async def test_others_wait_for_the_lock(caller: Caller) -> None:
    m = await caller.map()
    order: list[str] = []

    async def want() -> None:
        await m.lock("k")
        order.append("other")
        await m.unlock("k")

    await m.lock("k")
    waiting = caller.elsewhere(want)
    assert await m.try_put("unrelated", 1) is True
    await asyncio.sleep(0)  # lets the other task begin
    order.append("first")
    await m.unlock("k")
    await waiting
    assert order == ["first", "other"]


async def test_a_put_of_others_waits_for_the_lock_and_a_read_does_not(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", "before")
    await m.lock("k")
    done: list[Any] = []

    async def read_and_write() -> None:
        done.append(await m.get("k"))
        done.append(await m.put("k", "after"))

    other = caller.elsewhere(read_and_write)
    await caller.until(lambda: done)
    assert done == ["before"]
    assert await m.put("k", "mine") == "before"
    assert done == ["before"]
    await m.unlock("k")
    await other
    assert done == ["before", "mine"]
    assert await m.get("k") == "after"


async def test_try_operations_give_up(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", "v")
    async with held_elsewhere(caller, m, "k"):
        assert await m.try_lock("k") is False
        assert await m.try_put("k", "new") is False
        assert await m.try_remove("k") is False
        began = caller.now()
        assert await m.try_lock("k", timeout=0.05) is False
        assert await m.try_put("k", "new", timeout=0.05) is False
        assert await m.try_remove("k", timeout=0.05) is False
        assert 0.15 <= caller.now() - began < 10
        assert await m.get("k") == "v"


async def test_try_operations_wait_as_long_as_allowed(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", "v")
    for operation, arguments in (("try_put", ("k", "new")), ("try_remove", ("k",)), ("try_lock", ("k",))):
        await m.lock("k")
        results: list[Any] = []

        async def attempt(
            operation: str = operation, arguments: Any = arguments, results: list[Any] = results
        ) -> None:
            results.append(await getattr(m, operation)(*arguments, timeout=20))
            if operation == "try_lock":
                await m.unlock("k")

        other = caller.elsewhere(attempt)
        assert await m.is_locked("k") is True
        assert results == []
        await m.unlock("k")
        await other
        assert results == [True]
    assert await m.is_locked("k") is False


@pytest.mark.parametrize("caller", ["asyncio"], indirect=True)
async def test_lease_time_ends_a_lock(caller: Caller) -> None:
    m = await caller.map()
    await m.lock("lock", lease_time=0.5)
    assert await m.try_lock("try", lease_time=0.5) is True
    assert await m.try_lock("long", lease_time=1000) is True
    assert await m.is_locked("lock") is True
    for key in ("lock", "try"):

        async def is_free(key: str = key) -> bool:
            return not await m.is_locked(key)

        await caller.until(is_free)
    with pytest.raises(IllegalMonitorStateError):
        await m.unlock("lock")
    await m.unlock("long")


async def test_force_unlock_takes_the_lock_away(caller: Caller) -> None:
    m = await caller.map()
    taken = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def take() -> None:
        await m.lock("k")
        await m.lock("k")
        loop.call_soon_threadsafe(taken.set)

    await caller.elsewhere(take)
    await taken.wait()
    assert await m.is_locked("k") is True
    assert await m.force_unlock("k") is None
    assert await m.is_locked("k") is False
    assert await m.put("k", 1) is None
    assert await m.force_unlock("k") is None


async def test_evict_all_leaves_locked_keys(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({"locked": 1, "mine": 2, "free": 3})
    await m.lock("mine")
    async with held_elsewhere(caller, m, "locked"):
        await m.evict_all()
        assert dict(await m.entry_set()) == {"locked": 1, "mine": 2}
    await m.unlock("mine")


async def test_evict_waits_for_the_lock(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", 1)
    await m.lock("k")
    evicted: list[bool] = []

    async def evict() -> None:
        evicted.append(await m.evict("k"))

    other = caller.elsewhere(evict)
    assert await m.put("k", 2) == 1
    assert evicted == []
    await m.unlock("k")
    await other
    assert evicted == [True]
