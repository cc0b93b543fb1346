"""Functions that run in a transaction: when they run again, with simulated members."""

from functools import partial
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import HazelcastError, TargetDisconnectedError, TransactionError
from hz_core.testing import MapService, Request, TransactionService, codes
from hz_core.testing.simulation import Simulation
from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.operations import TransactionOperations
from hz_proxies.transaction.repeating import BlockingTransactions, Repetition

simulation = simulated_harness.simulation


def active(simulation: Simulation) -> int:
    return len(simulation.cluster.service(TransactionService).active)


def values(simulation: Simulation, name: str = "m") -> list[Any]:
    read = simulation.client.serialization.to_object
    return [read(value) for value in simulation.cluster.service(MapService).state(name).values().values()]


def decorator(simulation: Simulation, retries: int = 3) -> BlockingTransactions:
    caller = simulation.client.blocking
    make = partial(_new, simulation)
    return BlockingTransactions(caller, make, Repetition(simulation.engine, retries))


def _new(simulation: Simulation) -> BlockingTransaction:
    return BlockingTransaction(simulation.client.blocking, TransactionOperations(simulation.engine))


def failing(simulation: Simulation, times: int, error: Exception) -> list[BlockingTransaction]:
    """Return the transactions of a function that puts a value, and raises an error so many times."""
    seen: list[BlockingTransaction] = []

    @decorator(simulation)
    def put(transaction: BlockingTransaction, value: str, *, key: str) -> str:
        seen.append(transaction)
        transaction.get_map("m").put(key, value)
        if len(seen) <= times:
            raise error
        return value.upper()

    assert put("v", key="k") == "V"
    return seen


def test_it_commits_and_returns_the_result(simulation: Simulation) -> None:
    assert [tx.state for tx in failing(simulation, 0, ValueError())] == ["committed"]
    assert (values(simulation), active(simulation)) == (["v"], 0)


@pytest.mark.parametrize("error", [TransactionError("conflict"), TargetDisconnectedError("lost")])
def test_a_conflict_runs_it_again_in_a_new_transaction(simulation: Simulation, error: HazelcastError) -> None:
    before = simulation.driver.now()
    seen = failing(simulation, 3, error)
    assert [tx.state for tx in seen] == ["rolled_back"] * 3 + ["committed"]
    assert len({tx.id for tx in seen}) == 4
    assert 0 < simulation.driver.now() - before < 0.1
    assert (values(simulation), active(simulation)) == (["v"], 0)


def test_no_more_often_than_it_may(simulation: Simulation) -> None:
    with pytest.raises(TransactionError, match="conflict"):
        failing(simulation, 4, TransactionError("conflict"))
    assert (values(simulation), active(simulation)) == ([], 0)


def test_another_error_is_not_repeated(simulation: Simulation) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(simulation, 1, ZeroDivisionError())
    assert sum(member.count("Transaction.create") for member in simulation.cluster.members) == 1
    assert (values(simulation), active(simulation)) == ([], 0)


def test_a_commit_that_failed_is_not_repeated(simulation: Simulation) -> None:
    def refuse(request: Request) -> None:
        request.error(*codes.TRANSACTION, "half way")

    for member in simulation.cluster.members:
        member.rule("Transaction.commit", refuse, times=1)
    with pytest.raises(TransactionError, match="half way"):
        failing(simulation, 0, ValueError())
    assert sum(member.count("Transaction.create") for member in simulation.cluster.members) == 1


def test_a_commit_that_came_too_late_is_repeated(simulation: Simulation) -> None:
    def refuse(request: Request) -> None:
        request.error(*codes.TRANSACTION_TIMED_OUT, "Transaction is timed-out!")

    for member in simulation.cluster.members:
        member.rule("Transaction.commit", refuse, times=1)
    seen = failing(simulation, 0, ValueError())
    assert [tx.state for tx in seen][-1] == "committed"
    assert len(seen) == 4
    assert (values(simulation), active(simulation)) == (["v"], 0)


@pytest.mark.parametrize(("retries", "kind"), [(-1, ValueError), ("2", TypeError)])
def test_a_wrong_number(simulation: Simulation, retries: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="retries"):
        decorator(simulation, retries)


def test_it_keeps_name_and_documentation(simulation: Simulation) -> None:
    @decorator(simulation)
    def documented(transaction: BlockingTransaction) -> None:
        """Say something."""

    assert (documented.__name__, documented.__doc__) == ("documented", "Say something.")
