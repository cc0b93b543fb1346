"""The recipes of asyncio programs; those of threads are made from the same source."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core_sockets import SocketCluster
from hz_core import ClientConfig
from hz_core.aio_client import AsyncioClient
from hz_core.errors import LockOwnershipLostError
from hz_core.testing import SessionService
from hz_cp import ATOMIC_LONG, ATOMIC_REFERENCE, FENCED_LOCK, SEMAPHORE
from hz_cp.aio_recipes import BoundedPool, RateLimiter, Term, lead, once


@pytest.fixture
async def members() -> AsyncIterator[SocketCluster]:
    server = SocketCluster(1)
    yield server
    server.stop()


@pytest.fixture
async def client(members: SocketCluster) -> AsyncIterator[AsyncioClient]:
    async with AsyncioClient(ClientConfig.from_kwargs(cluster_members=members.addresses)) as client:
        yield client


async def test_one_task_leads_at_a_time(client: AsyncioClient, members: SocketCluster) -> None:
    lock = await client.get_object(FENCED_LOCK, "leader")
    leading: list[int] = []
    fences: list[int] = []

    async def work(term: Term) -> int:
        leading.append(term.fence)
        assert len(leading) == 1
        await term.check()
        fences.append(leading.pop())
        return term.fence

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lead(lock, work)) for _ in range(20)]
    assert sorted(task.result() for task in tasks) == fences
    assert len(set(fences)) == 20

    async def lose(term: Term) -> str:
        fences.append(term.fence)
        if len(fences) == 21:
            service = members.cluster.service(SessionService)
            members.do(lambda: [service.close(*place) for place in list(service.endpoints)])
            with pytest.raises(LockOwnershipLostError, match=f"fence {term.fence}"):
                await term.check()
            await term.check()
        return "done"

    assert await lead(lock, lose) == "done"
    assert len(fences) == 22
    assert fences[-1] > fences[-2]

    async def fail(term: Term) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await lead(lock, fail)
    assert await lock.is_locked() is False


async def test_a_candidate_that_is_cancelled(client: AsyncioClient) -> None:
    lock = await client.get_object(FENCED_LOCK, "leader")
    begun = asyncio.Event()

    async def wait(term: Term) -> None:
        begun.set()
        await asyncio.Event().wait()

    leader, candidate = (asyncio.ensure_future(lead(lock, wait)) for _ in range(2))
    await begun.wait()
    for task in (candidate, leader):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def work(term: Term) -> int:
        return term.fence

    assert await lead(lock, work) > 0


async def test_a_limited_rate(client: AsyncioClient) -> None:
    number = await client.get_object(ATOMIC_LONG, "rate")
    now = [1_000_000.0]
    limiter = RateLimiter(number, 10, 20, lambda: now[0])
    answers = await asyncio.gather(*[limiter.try_acquire() for _ in range(40)])
    assert answers.count(0.0) == 10
    assert await limiter.try_acquire() == pytest.approx(2)
    now[0] += 2
    assert [await limiter.try_acquire() for _ in range(2)] == pytest.approx([0, 2])


async def test_what_is_made_once(client: AsyncioClient) -> None:
    reference: Any = await client.get_object(ATOMIC_REFERENCE, "made")
    lock = await client.get_object(FENCED_LOCK, "making")
    made: list[int] = []

    async def make() -> str:
        made.append(1)
        await asyncio.sleep(0)
        return "value"

    found = await asyncio.gather(*[once(reference, lock, make) for _ in range(8)])
    assert (found, len(made)) == (["value"] * 8, 1)
    await reference.clear()

    async def overtaken() -> str:
        await reference.set("other")
        return "value"

    assert await once(reference, lock, overtaken) == "other"
    assert await lock.is_locked() is False


async def test_a_pool_with_a_bound(client: AsyncioClient) -> None:
    permits = await client.get_object(SEMAPHORE, "permits")
    await permits.init(2)
    running: list[int] = []
    counts: list[int] = []

    async def work(number: int, *, factor: int) -> int:
        running.append(number)
        counts.append(len(running))
        await asyncio.sleep(0.001)
        running.remove(number)
        return number * factor

    async with asyncio.TaskGroup() as group:
        pools = [BoundedPool(permits, group), BoundedPool(permits)]
        tasks = [await pools[number % 2].submit(work, number, factor=3) for number in range(10)]
    assert [await task for task in tasks] == [3 * number for number in range(10)]
    assert max(counts) <= 2
    await permits.acquire(
        2
    )  # they come back, also those of tasks that fail or are cancelled before they begin
    await permits.release(2)
    never = await pools[1].submit(work, 0, factor=1)
    never.cancel()
    broken = await pools[1].submit(work, 1, factor=None)
    outcomes = await asyncio.gather(never, broken, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, TypeError]
    with pytest.raises(TypeError):
        await pools[1].submit(work)
    await permits.acquire(2)
    assert await permits.available_permits() == 0
    await permits.release(2)
