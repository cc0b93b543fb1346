"""An executor on simulated members: where tasks go, who cancels them, and lost members."""

import pytest

import simulated_harness
from hz_core.errors import (
    CancellationError,
    HazelcastClientNotActiveError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_core.future import Future
from hz_core.testing import ExecutorService
from hz_core.testing.simulation import Simulation
from hz_proxies import EXECUTOR
from hz_proxies.executor import Executor

simulation = simulated_harness.simulation


@pytest.fixture
def executor(simulation: Simulation) -> Executor:
    return simulation.client.get_object(EXECUTOR, "e")


def service(simulation: Simulation) -> ExecutorService:
    return simulation.cluster.service(ExecutorService)


def finish(simulation: Simulation, result: object) -> None:
    simulation.driver.advance()
    service(simulation).finish(bytes(simulation.serialization.to_data(result)))


def test_a_task_goes_to_the_owner_of_the_key(simulation: Simulation, executor: Executor) -> None:
    calls = [executor.execute_on_key_owner(key, "task") for key in range(10)]
    simulation.driver.advance()
    requests = list(service(simulation).running.values())
    to_data = simulation.serialization.to_data
    wanted = [simulation.cluster.partition_of(to_data(key)) for key in range(10)]
    assert [request.partition_id for request in requests] == wanted
    finish(simulation, 7)
    assert [call.result() for call in calls] == [7] * 10


def test_a_task_goes_to_its_member(simulation: Simulation, executor: Executor) -> None:
    members = simulation.client.cluster_service.get_members()
    call = executor.execute_on_members(members[1:], "task")
    everywhere = executor.execute_on_all_members("task")
    finish(simulation, 7)
    assert call.result() == [7, 7]
    assert everywhere.result() == [7, 7, 7]
    method = "ExecutorService.submitToMember"
    assert [m.count(method) for m in simulation.cluster.members] == [1, 2, 2]


def submitted(simulation: Simulation, executor: Executor) -> list[Future[object]]:
    member = simulation.client.cluster_service.get_members()[1]
    return [
        executor.execute_on_key_owner(1, "task"),
        executor.execute_on_member(member, "task"),
        executor.execute_on_members([member], "task"),
        executor.execute_on_all_members("task"),
    ]


def test_cancelled_futures_cancel_their_tasks(simulation: Simulation, executor: Executor) -> None:
    calls = submitted(simulation, executor)
    simulation.driver.advance()
    ids = set(service(simulation).running)
    assert len(ids) == 6
    for call in calls:
        assert call.cancel()
    simulation.driver.advance()
    assert service(simulation).running == {}
    assert set(service(simulation).cancelled) == {(task, True) for task in ids}


def test_a_task_that_ended_is_not_cancelled(simulation: Simulation, executor: Executor) -> None:
    calls = submitted(simulation, executor)
    finish(simulation, 7)
    simulation.driver.advance()
    assert not any(call.cancel() for call in calls)
    simulation.driver.advance()
    assert service(simulation).cancelled == []


def test_a_time_limit_cancels_the_task(simulation: Simulation, executor: Executor) -> None:
    with pytest.raises(OperationTimeoutError):
        executor.with_timeout(5).execute_on_key_owner(1, "task").result()
    simulation.driver.advance()
    assert len(service(simulation).cancelled) == 1


def test_a_lost_member_fails_the_task(simulation: Simulation, executor: Executor) -> None:
    member = simulation.client.cluster_service.get_members()[1]
    call = executor.execute_on_member(member, "task")
    handle = executor.submit_to_member(member, "task")
    simulation.driver.advance()
    simulation.cluster.members[1].cut_all()
    with pytest.raises(TargetDisconnectedError):
        call.result()
    with pytest.raises(TargetDisconnectedError):
        handle.get_result().result()
    assert simulation.cluster.members[1].count("ExecutorService.submitToMember") == 2, "not executed again"


def test_a_handle_is_awaited_by_many_and_cancelled_by_one(simulation: Simulation, executor: Executor) -> None:
    member = simulation.client.cluster_service.get_members()[1]
    for interrupt in (False, True):
        for handle in (executor.submit_to_key_owner(1, "task"), executor.submit_to_member(member, "task")):
            waiting = [handle.get_result() for _ in range(3)]
            simulation.driver.advance()
            waiting[0].cancel()
            simulation.driver.advance()
            assert handle.is_done() is False
            assert handle.cancel(interrupt).result() is True
            for call in waiting[1:]:
                with pytest.raises(CancellationError):
                    call.result()
            assert handle.is_done() is True
            assert service(simulation).cancelled[-1][1] is interrupt
            assert handle.cancel().result() is False


def test_a_handle_and_the_end_of_the_client(simulation: Simulation, executor: Executor) -> None:
    handle = executor.submit_to_key_owner(1, "task")
    waiting = handle.get_result()
    simulation.driver.advance()
    simulation.client.shutdown()
    with pytest.raises(HazelcastClientNotActiveError):
        waiting.result()
    with pytest.raises(HazelcastClientNotActiveError):
        executor.submit_to_key_owner(1, "task").get_result().result()
    assert handle.is_done()
