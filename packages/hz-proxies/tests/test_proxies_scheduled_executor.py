"""Resource names of scheduled tasks, where requests go, and what old members lack."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

import simulated_harness
from hz_core.errors import TargetNotMemberError, UnsupportedOperationError
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import DURABLE_EXECUTOR, SCHEDULED_EXECUTOR
from hz_proxies.scheduled_executor import ScheduledExecutor, ScheduledTaskStatistics
from hz_proxies.scheduled_executor.handler import Handler

simulation = simulated_harness.simulation

MEMBER = UUID(int=5)


@pytest.fixture
def executor(simulation: Simulation) -> ScheduledExecutor:
    for member in simulation.cluster.members:
        for method in ("submitToPartition", "submitToMember", "shutdown"):
            member.rule(f"ScheduledExecutor.{method}", lambda request: request.reply())
    return simulation.client.get_object(SCHEDULED_EXECUTOR, "e")


def received(simulation: Simulation, method: str) -> list[Request]:
    """Return the requests for a method of the executor."""
    wanted = f"ScheduledExecutor.{method}"
    return [r for member in simulation.cluster.members for r in member.requests if r.method == wanted]


def answers(simulation: Simulation, method: str, *values: Any) -> None:
    """Let all members answer a method so."""
    reply: Callable[[Request], object] = lambda request: request.reply(*values)  # noqa: E731  # typed, for the rule
    for member in simulation.cluster.members:
        member.rule(f"ScheduledExecutor.{method}", reply)


@pytest.mark.parametrize(
    ("handler", "urn"),
    [
        (Handler(None, 7, "s", "t"), "urn:hzScheduledTaskHandler:-\0007\0s\0t"),
        (Handler(MEMBER, -1, "s", ""), f"urn:hzScheduledTaskHandler:{MEMBER}\0-1\0s\0"),
    ],
)
def test_resource_names(handler: Handler, urn: str) -> None:
    assert handler.urn() == urn
    assert Handler.of_urn(urn) == handler


@pytest.mark.parametrize(
    "urn",
    [
        "",
        "urn:hzScheduledTaskHandler:",
        "urn:hzScheduledTaskHandler:-\0007\0s",
        "urn:hzScheduledTaskHandler:-\0-1\0s\0t",
        "urn:hzScheduledTaskHandler:x\0-1\0s\0t",
        f"urn:hzScheduledTaskHandler:{MEMBER}\0007\0s\0t",
        "-\0007\0s\0t",
    ],
)
def test_what_is_no_resource_name(urn: str) -> None:
    with pytest.raises(ValueError, match="is not the resource name of a scheduled task"):
        Handler.of_urn(urn)


def test_what_is_sent(simulation: Simulation, executor: ScheduledExecutor) -> None:
    executor.schedule("task", 1.5, name="n").result()
    executor.schedule_on_key_owner("task", "key", 0, 2, auto_disposable=True).result()
    first, second = received(simulation, "submitToPartition")[:2]
    by_name = {r["taskName"]: r for r in (first, second)}
    once = by_name.pop("n")
    (rate,) = by_name.values()
    to_data = simulation.serialization.to_data
    assert once.partition_id == simulation.cluster.partition_of(to_data("n"))
    assert rate.partition_id == simulation.cluster.partition_of(to_data("key"))
    names = ("type", "initialDelayInMillis", "periodInMillis", "autoDisposable")
    assert [once[name] for name in names] == [0, 1500, 0, False]
    assert [rate[name] for name in names] == [1, 0, 2000, True]


def test_tasks_of_members_stay_there(simulation: Simulation, executor: ScheduledExecutor) -> None:
    members = simulation.client.cluster_service.get_members()
    handles = executor.schedule_on_all_members("task", 5, name="n").result()
    assert [Handler.of_urn(handle.urn()) for handle in handles] == [
        Handler(member.uuid, -1, "e", "n") for member in members
    ]
    answers(simulation, "isDoneFromMember", True)
    assert [handle.is_done().result() for handle in handles] == [True] * 3
    assert [r["memberUuid"] for r in received(simulation, "isDoneFromMember")] == [m.uuid for m in members]
    simulation.cluster.remove(simulation.cluster.members[1])
    simulation.driver.advance(1)
    with pytest.raises(TargetNotMemberError):
        handles[1].is_done().result()
    assert handles[2].is_done().result() is True


def test_times_are_in_seconds(simulation: Simulation, executor: ScheduledExecutor) -> None:
    task = executor.schedule("task", 1).result()
    answers(simulation, "getDelayFromPartition", -1_500_000_000)
    answers(simulation, "getStatsFromPartition", 1_000_000_000, 2_000_000_000, 3, 4_000_000_000, 500_000_000)
    assert task.get_delay().result() == pytest.approx(-1.5)
    found = task.get_statistics().result()
    assert found == ScheduledTaskStatistics(
        total_runs=3, last_run_duration=0.5, total_run_time=4, last_idle_time=1, total_idle_time=2
    )


def test_members_that_do_not_dispose_of_tasks(simulation: Simulation, executor: ScheduledExecutor) -> None:
    simulation.cluster.version = (4, 0, 3)
    simulation.cluster.publish_view()
    # The version of a member that is known does not change: another one joins.
    simulation.cluster.join()
    simulation.driver.advance(1)
    with pytest.raises(
        UnsupportedOperationError, match=r"auto_disposable need members from 4\.1 on.*4\.0\.3"
    ):
        executor.schedule("task", 1, auto_disposable=True)
    assert not received(simulation, "submitToPartition")


def test_shutdown_reaches_all_members(simulation: Simulation, executor: ScheduledExecutor) -> None:
    executor.shutdown().result()
    assert [r["memberUuid"] for r in received(simulation, "shutdown")] == [
        member.uuid for member in simulation.cluster.members
    ]


def test_a_durable_task_that_nobody_has_is_disposed_of(simulation: Simulation) -> None:
    kept: list[Request] = []
    disposed: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("DurableExecutor.submitToPartition", kept.append)
        member.rule("DurableExecutor.disposeResult", disposed.append)
    executor = simulation.client.get_object(DURABLE_EXECUTOR, "d")
    call = executor.submit_to_key_owner("key", "task")
    simulation.driver.advance()
    call.cancel()
    kept[0].reply(17)
    simulation.driver.advance()
    assert [(r["sequence"], r.partition_id) for r in disposed] == [(17, kept[0].partition_id)]
    disposed[0].reply()
