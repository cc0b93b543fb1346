"""Scheduled executors: tasks once and at a fixed rate, in partitions and on members, on all three surfaces."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import hazelcast
from hz_core.errors import (
    CancellationError,
    DuplicateTaskError,
    HazelcastError,
    RejectedExecutionError,
    StaleTaskError,
)
from hz_core.model import MemberInfo
from hz_embedded import Cluster
from hz_proxies import SCHEDULED_EXECUTOR
from map_harness import AnyObject, Caller, fresh_name, until_now
from member_side import MemberSide, Task

LATER = 3600.0


def the_member(caller: Caller) -> MemberInfo:
    found: MemberInfo = caller.client.cluster_service.get_members()[0]
    return found


async def everywhere(
    caller: Caller, e: AnyObject, text: str, *when: float, **options: Any
) -> list[AnyObject]:
    """Schedule a task in each of the ways; return the handles."""
    member = the_member(caller)
    found = [
        await e.schedule(Task(text), *when, **options),
        await e.schedule_on_key_owner(Task(text), "key", *when, **options),
        await e.schedule_on_member(Task(text), member, *when, **options),
        *(await e.schedule_on_members(Task(text), [member], *when, **options)),
        *(await e.schedule_on_all_members(Task(text), *when, **options)),
    ]
    return [e.related(proxy) for proxy in found]


async def test_once(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    tasks = await everywhere(caller, e, "a", 0.01)
    assert len(tasks) == 5
    for task in tasks:
        assert await task.get_result() == "did a"
        assert await task.get_result() == "did a"
        assert await task.is_done() is True
        assert await task.is_cancelled() is False
        assert await task.cancel() is False
        found = await task.get_statistics()
        assert found.total_runs == 1
        assert 0 <= found.last_run_duration == found.total_run_time < 30
        assert 0 <= found.last_idle_time <= found.total_idle_time < 30


def _more_than(member_side: MemberSide, text: str, count: int) -> bool:
    return member_side.gates.executed[text] > count


async def test_at_a_fixed_rate(caller: Caller, member_side: MemberSide) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    text = fresh_name("rate")
    for task in await everywhere(caller, e, text, 0, 0.02):
        before = member_side.gates.executed[text]
        await caller.until(partial(_more_than, member_side, text, before + 2))
        assert (await task.get_statistics()).total_runs > 0
        assert await task.is_done() is False
        assert await task.cancel() is True
        assert await task.is_done() is True
        with pytest.raises(CancellationError):
            await task.get_result()


async def test_delay_and_cancel(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    for task in await everywhere(caller, e, "later", LATER):
        assert LATER - 60 < await task.get_delay() <= LATER
        assert await task.is_done() is False
        assert await task.cancel() is True
        assert await task.is_cancelled() is True
        assert await task.is_done() is True
        assert await task.cancel() is False
        with pytest.raises(CancellationError):
            await task.get_result()


async def test_dispose(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    for task in await everywhere(caller, e, "later", LATER):
        assert await task.dispose() is None
        for call in (
            task.dispose,
            task.get_result,
            task.get_delay,
            task.is_done,
            task.is_cancelled,
            task.get_statistics,
            task.cancel,
        ):
            with pytest.raises(StaleTaskError):
                await call()


async def test_names(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    first = e.related(await e.schedule(Task("later"), LATER, name="report"))
    assert first.proxy.task_name() == "report"
    with pytest.raises(DuplicateTaskError):
        await e.schedule(Task("later"), LATER, name="report")
    await first.dispose()
    again = e.related(await e.schedule(Task("now"), 0, name="report"))
    assert await again.get_result() == "did now"
    one, other = [e.related(await e.schedule(Task("later"), LATER)) for _ in range(2)]
    assert one.proxy.task_name() != other.proxy.task_name()


async def test_all_tasks_and_their_resource_names(caller: Caller, cluster: Cluster) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    tasks = await everywhere(caller, e, "later", LATER)
    urns = {task.proxy.urn() for task in tasks}
    assert {proxy.urn() for proxy in await e.get_all_scheduled_futures()} == urns
    java = cluster.members[0].instance.getScheduledExecutorService(e.name)
    theirs = {
        future.getHandler().toUrn()
        for futures in java.getAllScheduledFutures().values()
        for future in futures
    }
    assert theirs == urns
    for urn in urns:
        again = e.related(e.proxy.get_scheduled_future(urn))
        assert again.proxy.urn() == urn
        await again.dispose()
    assert await e.get_all_scheduled_futures() == []


async def test_tasks_that_are_disposed_of_by_themselves(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    await everywhere(caller, e, "gone", 0.01, auto_disposable=True)

    async def none_left() -> bool:
        return not await e.get_all_scheduled_futures()

    await caller.until(none_left)


async def test_errors(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    member = the_member(caller)
    for task in await everywhere(caller, e, "fail", 0):
        with pytest.raises(HazelcastError, match="refused in the task"):
            await task.get_result()
    with pytest.raises(AssertionError, match="task"):
        await e.schedule(None, 1)
    with pytest.raises(AssertionError, match="key"):
        await e.schedule_on_key_owner(Task(), None, 1)
    with pytest.raises(AssertionError, match="members"):
        await e.schedule_on_members(Task(), None, 1)
    with pytest.raises(TypeError, match="MemberInfo"):
        await e.schedule_on_member(Task(), "here", 1)
    with pytest.raises(ValueError, match="delay"):
        await e.schedule(Task(), -1)
    with pytest.raises(TypeError, match="delay"):
        await e.schedule_on_member(Task(), member, "soon")
    with pytest.raises(ValueError, match="period"):
        await e.schedule(Task(), 1, 0)
    with pytest.raises(ValueError, match="name"):
        await e.schedule(Task(), 1, name="")
    with pytest.raises(ValueError, match="resource name"):
        e.proxy.get_scheduled_future("urn:something")
    with pytest.raises(TypeError, match="urn"):
        e.proxy.get_scheduled_future(None)
    other = await caller.object(SCHEDULED_EXECUTOR)
    task = await other.schedule(Task("later"), LATER)
    with pytest.raises(ValueError, match="belongs to the executor"):
        e.proxy.get_scheduled_future(task.urn())


async def test_shutdown(caller: Caller) -> None:
    e = await caller.object(SCHEDULED_EXECUTOR)
    assert await e.shutdown() is None
    with pytest.raises(RejectedExecutionError):
        await e.schedule(Task("late"), 0)


def test_the_handle_survives_its_client(cluster: Cluster, member_side: MemberSide) -> None:
    name, text = fresh_name("scheduled"), fresh_name("wait")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        urn = client.get_scheduled_executor(name).blocking().schedule(Task(text), 0).urn()
        until_now(lambda: member_side.gates.executed[text])
    member_side.gates.gate(text).set()
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        executor = client.get_scheduled_executor(name).blocking()
        assert executor.get_scheduled_future(urn).get_result() == f"did {text}"
        executor.destroy()
