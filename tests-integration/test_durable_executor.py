"""Durable executors: results that stay until they are disposed of, on all three surfaces."""

from __future__ import annotations

import pytest

import hazelcast
from hz_core.errors import HazelcastError, RejectedExecutionError, StaleTaskIdError
from hz_embedded import Cluster
from hz_proxies import DURABLE_EXECUTOR
from map_harness import AnyObject, Caller, fresh_name, until_now
from member_side import MemberSide, Task

CAPACITY = 100
"""Number of tasks that a partition has places for by default."""


async def submitted(e: AnyObject, text: str) -> AnyObject:
    return e.related(await e.submit_to_key_owner("key", Task(text)))


async def test_a_result_stays_until_it_is_disposed_of(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = await submitted(e, "a")
    assert await task.get_result() == "did a"
    assert await task.get_result() == "did a"
    assert await task.dispose() is None
    assert await task.get_result() is None
    assert await task.get_result_and_dispose() is None


async def test_result_and_dispose(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = e.related(await e.submit(Task("b")))
    assert await task.get_result_and_dispose() == "did b"
    assert await task.get_result() is None


async def test_a_place_that_another_task_has(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = await submitted(e, "first")
    number = task.proxy.task_id()
    for _ in range(CAPACITY):
        # Each takes the next place of the partition; at last the one of the first.
        await task.get_result_and_dispose()
        task = await submitted(e, "next")
    first = e.related(e.proxy.get_task(number))
    with pytest.raises(StaleTaskIdError):
        await first.get_result()
    with pytest.raises(StaleTaskIdError):
        await first.get_result_and_dispose()
    with pytest.raises(StaleTaskIdError):
        await first.dispose()


async def test_a_full_partition(caller: Caller, member_side: MemberSide) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    text = fresh_name("wait")
    for _ in range(CAPACITY):
        await submitted(e, text)
    with pytest.raises(RejectedExecutionError, match=str(CAPACITY)):
        await submitted(e, "too many")
    member_side.gates.gate(text).set()


async def test_disposing_of_one_result_leaves_the_others(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    first, second = await submitted(e, "first"), await submitted(e, "second")
    assert await second.get_result() == "did second"
    assert await first.get_result_and_dispose() == "did first"
    third = await submitted(e, "third")
    assert await third.get_result() == "did third"
    assert await second.get_result() == "did second"


async def test_the_handle_by_its_number(caller: Caller, cluster: Cluster) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = await submitted(e, "c")
    number = task.proxy.task_id()
    again = e.related(e.proxy.get_task(number))
    assert again.proxy.task_id() == number
    assert await again.get_result() == "did c"
    # Java's numbers are the same.
    java = cluster.members[0].instance.getDurableExecutorService(e.name)
    assert java.retrieveResult(number).get() == "did c"


@pytest.mark.parametrize("wrong", [-1, 271 << 32, 1 << 31, 2**64])
async def test_wrong_numbers(caller: Caller, wrong: int) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    with pytest.raises(ValueError, match="task_id"):
        e.proxy.get_task(wrong)
    with pytest.raises(TypeError, match="task_id"):
        e.proxy.get_task("1")


async def test_errors(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = await submitted(e, "fail")
    with pytest.raises(HazelcastError, match="refused in the task"):
        await task.get_result()
    with pytest.raises(HazelcastError, match="refused in the task"):
        await task.get_result_and_dispose()
    assert await task.get_result() is None
    with pytest.raises(AssertionError, match="task"):
        await e.submit(None)
    with pytest.raises(AssertionError, match="key"):
        await e.submit_to_key_owner(None, Task())


async def test_waiting_for_a_result(caller: Caller, member_side: MemberSide) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    text = fresh_name("wait")
    task = await submitted(e, text)
    await caller.until(lambda: member_side.gates.executed[text])
    member_side.gates.gate(text).set()
    assert await task.get_result() == f"did {text}"


async def test_shutdown(caller: Caller) -> None:
    e = await caller.object(DURABLE_EXECUTOR)
    task = await submitted(e, "d")
    assert await task.get_result() == "did d"
    assert await e.is_shutdown() is False
    assert await e.shutdown() is None
    assert await e.is_shutdown() is True
    with pytest.raises(RejectedExecutionError):
        await e.submit(Task("e"))
    assert await task.get_result() == "did d"


def test_the_handle_survives_its_client(cluster: Cluster, member_side: MemberSide) -> None:
    name, text = fresh_name("durable"), fresh_name("wait")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        number = client.get_durable_executor(name).blocking().submit(Task(text)).task_id()
        until_now(lambda: member_side.gates.executed[text])
    member_side.gates.gate(text).set()
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        executor = client.get_durable_executor(name).blocking()
        assert executor.get_task(number).get_result_and_dispose() == f"did {text}"
        executor.destroy()
    assert member_side.gates.executed[text] == 1
