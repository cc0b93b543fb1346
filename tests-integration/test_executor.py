"""Executors: tasks on the owner of a key, on members, and their cancellation, on all three surfaces."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

import hazelcast
from hz_core.errors import (
    CancellationError,
    HazelcastError,
    OperationTimeoutError,
    RejectedExecutionError,
    TargetNotMemberError,
)
from hz_core.model import Address, MemberInfo, MemberVersion
from hz_embedded import Cluster
from hz_proxies import EXECUTOR
from hz_serialization import HazelcastSerializationError
from map_harness import AnyObject, AsyncioCaller, Caller, fresh_name, until_now
from member_side import MemberSide, Task
from test_map_processing import Unknown


def members_of(caller: Caller) -> list[MemberInfo]:
    members: list[MemberInfo] = caller.client.cluster_service.get_members()
    return members


async def test_results(caller: Caller) -> None:
    e = await caller.object(EXECUTOR)
    (member,) = members_of(caller)
    assert await e.execute_on_key_owner("key", Task("a")) == "did a"
    assert await e.execute_on_member(member, Task("b")) == "did b"
    assert await e.execute_on_members([member, member], Task("c")) == ["did c", "did c"]
    assert await e.execute_on_members([], Task("d")) == []
    assert await e.execute_on_all_members(Task("e")) == ["did e"]


async def test_errors_of_tasks(caller: Caller) -> None:
    e = await caller.object(EXECUTOR)
    (member,) = members_of(caller)
    for call in (
        e.execute_on_key_owner("key", Task("fail")),
        e.execute_on_member(member, Task("fail")),
        e.execute_on_members([member], Task("fail")),
        e.execute_on_all_members(Task("fail")),
    ):
        with pytest.raises(HazelcastError, match="refused in the task"):
            await call
    with pytest.raises(HazelcastSerializationError, match="4711"):
        await e.execute_on_key_owner("key", Unknown())


async def test_wrong_arguments(caller: Caller) -> None:
    e = await caller.object(EXECUTOR)
    (member,) = members_of(caller)
    with pytest.raises(AssertionError, match="task"):
        await e.execute_on_key_owner("key", None)
    with pytest.raises(AssertionError, match="key"):
        await e.execute_on_key_owner(None, Task())
    with pytest.raises(AssertionError, match="task"):
        await e.execute_on_member(member, None)
    with pytest.raises(AssertionError, match="members"):
        await e.execute_on_members(None, Task())
    with pytest.raises(TypeError, match="member must be a MemberInfo"):
        await e.execute_on_member("127.0.0.1", Task())
    stranger = MemberInfo(
        Address("127.0.0.1", 1), caller.client._engine.new_uuid(), None, False, MemberVersion(5, 7, 0)
    )
    with pytest.raises(TargetNotMemberError):
        await e.execute_on_member(stranger, Task())


async def test_shutdown(caller: Caller) -> None:
    e = await caller.object(EXECUTOR)
    assert await e.is_shutdown() is False
    assert await e.shutdown() is None
    await caller.until(e.is_shutdown)
    (member,) = members_of(caller)
    with pytest.raises(RejectedExecutionError, match=e.name):
        await e.execute_on_key_owner("key", Task())
    with pytest.raises(RejectedExecutionError):
        await e.execute_on_all_members(Task())
    with pytest.raises(RejectedExecutionError):
        e.proxy.submit_to_member(member, Task())


def test_another_client_learns_of_the_shutdown(client: hazelcast.HazelcastClient, cluster: Cluster) -> None:
    mine = client.get_executor(fresh_name("executor")).blocking()
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as other:
        theirs = other.get_executor(mine.name).blocking()
        theirs.shutdown()
        assert mine.execute_on_key_owner("key", Task("a")) == "did a", "members reject nothing"
        until_now(mine.is_shutdown)
        with pytest.raises(RejectedExecutionError):
            mine.execute_on_key_owner("key", Task("a"))
    mine.destroy()


async def handles(caller: Caller, e: AnyObject, text: str) -> list[AnyObject]:
    """Return a handle for each way to submit a task, which waits for its gate."""
    (member,) = members_of(caller)
    return [
        e.related(e.proxy.submit_to_key_owner("key", Task(f"{text}-key"))),
        e.related(e.proxy.submit_to_member(member, Task(f"{text}-member"))),
    ]


async def test_handles(caller: Caller, member_side: MemberSide) -> None:
    e = await caller.object(EXECUTOR)
    text = fresh_name("wait")
    found = await handles(caller, e, text)
    assert [handle.proxy.is_done() for handle in found] == [False, False]
    for end in ("key", "member"):
        member_side.gates.gate(f"{text}-{end}").set()
    assert [await handle.get_result() for handle in found] == [f"did {text}-key", f"did {text}-member"]
    assert [handle.proxy.is_done() for handle in found] == [True, True]
    assert [await handle.get_result() for handle in found] == [f"did {text}-key", f"did {text}-member"]
    assert [await handle.cancel() for handle in found] == [False, False]


async def test_cancel(caller: Caller, member_side: MemberSide) -> None:
    e = await caller.object(EXECUTOR)
    text = fresh_name("wait")
    found = await handles(caller, e, text)
    for end, handle in zip(("key", "member"), found, strict=True):
        await caller.until(partial(member_side.gates.executed.__getitem__, f"{text}-{end}"))
        assert await handle.cancel() is True
        with pytest.raises(CancellationError):
            await handle.get_result()
        assert handle.proxy.is_done() is True
        member_side.gates.gate(f"{text}-{end}").set()


async def test_the_task_of_a_caller_out_of_time_is_cancelled(
    caller: Caller, member_side: MemberSide, cluster: Cluster
) -> None:
    e = await caller.object(EXECUTOR)
    text = fresh_name("wait")
    limited = e.related(e.proxy.with_timeout(0.5))
    with pytest.raises(OperationTimeoutError):
        await limited.execute_on_key_owner("key", Task(text))
    # The statistics of the member tell that it was cancelled.
    service = cluster.members[0].instance.getExecutorService(e.name)
    await caller.until(lambda: service.getLocalExecutorStats().getCancelledTaskCount() == 1)
    member_side.gates.gate(text).set()


def test_a_cancelled_future_cancels_its_task(
    client: hazelcast.HazelcastClient, member_side: MemberSide, cluster: Cluster
) -> None:
    e = client.get_executor(fresh_name("executor"))
    text = fresh_name("wait")
    (member,) = client.cluster_service.get_members()
    futures: list[Any] = [
        e.execute_on_key_owner("key", Task(text)),
        e.execute_on_member(member, Task(text)),
        e.execute_on_all_members(Task(text)),
    ]
    until_now(lambda: member_side.gates.executed[text] == 3)
    for future in futures:
        assert future.cancel() is True
    service = cluster.members[0].instance.getExecutorService(e.name)
    until_now(lambda: service.getLocalExecutorStats().getCancelledTaskCount() == 3)
    member_side.gates.gate(text).set()
    e.destroy()


async def test_a_cancelled_asyncio_task_cancels_its_task(member_side: MemberSide, cluster: Cluster) -> None:
    async with AsyncioCaller(cluster_members=cluster.addresses) as caller:
        e = await caller.object(EXECUTOR)
        text = fresh_name("wait")
        running = asyncio.get_running_loop().create_task(e.proxy.execute_on_key_owner("key", Task(text)))
        await caller.until(lambda: member_side.gates.executed[text])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        service = cluster.members[0].instance.getExecutorService(e.name)
        await caller.until(lambda: service.getLocalExecutorStats().getCancelledTaskCount() == 1)
        member_side.gates.gate(text).set()
