"""Durable executors on simulated members: waiting results, lost connections, full partitions."""

import pytest

import simulated_harness
from hz_core.errors import RejectedExecutionError, StaleTaskIdError
from hz_core.testing import DurableExecutorService, Request
from hz_core.testing.simulation import Simulation
from hz_proxies import DURABLE_EXECUTOR
from hz_proxies.durable_executor import DurableExecutor

simulation = simulated_harness.simulation


@pytest.fixture
def executor(simulation: Simulation) -> DurableExecutor:
    return simulation.client.get_object(DURABLE_EXECUTOR, "e")


def service(simulation: Simulation) -> DurableExecutorService:
    return simulation.cluster.service(DurableExecutorService)


def finish(simulation: Simulation, result: object) -> None:
    simulation.driver.advance()
    service(simulation).finish(lambda task: simulation.serialization.to_data(result))


@pytest.mark.parametrize("dispose", [False, True], ids=["get", "get and dispose"])
def test_who_waits_for_a_result_gets_it_over_another_connection(
    simulation: Simulation, executor: DurableExecutor, dispose: bool
) -> None:
    task = executor.submit("task").result()
    waiting = task.get_result_and_dispose() if dispose else task.get_result()
    simulation.driver.advance()
    for _ in range(3):
        simulation.cluster.cut_all()
        simulation.driver.advance(30)
    assert not waiting.done()
    finish(simulation, 7)
    assert waiting.result() == 7
    assert task.get_result().result() == (None if dispose else 7)


def test_a_task_may_be_executed_twice_if_its_answer_is_lost(
    simulation: Simulation, executor: DurableExecutor
) -> None:
    def answer_and_cut(request: Request) -> None:
        request.member.answer(request)
        request.member.cut_all()

    for member in simulation.cluster.members:
        member.rule("DurableExecutor.submitToPartition", answer_and_cut, times=1)
    task = executor.submit_to_key_owner("key", "task").result()
    assert len(service(simulation).running) == 2
    finish(simulation, 7)
    assert task.get_result().result() == 7


def test_a_full_partition(simulation: Simulation, executor: DurableExecutor) -> None:
    service(simulation).capacity = 2
    first = executor.submit_to_key_owner("key", "task").result()
    executor.submit_to_key_owner("key", "task").result()
    with pytest.raises(RejectedExecutionError, match="Capacity"):
        executor.submit_to_key_owner("key", "task").result()
    finish(simulation, 7)
    executor.submit_to_key_owner("key", "task").result()
    with pytest.raises(StaleTaskIdError):
        first.get_result().result()
    assert executor.is_shutdown().result() is False
