"""Transactions on simulated members: their connection, how they end, what becomes of them when things go wrong."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import simulated_harness
from hz_core.errors import (
    OperationTimeoutError,
    TargetDisconnectedError,
    TransactionError,
    TransactionNotActiveError,
    TransactionTimedOutError,
)
from hz_core.testing import MapService, Refuse, Request, TransactionService
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.transaction import TransactionType
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations
from hz_proxies.transaction.state import LATE, TRANSACTION_TRANSITIONS, TransactionState
from hz_proxies.transaction.state import TransactionService as OwnTransactions

T = TypeVar("T")

simulation = simulated_harness.simulation


def transaction(simulation: Simulation, **options: Any) -> Transaction:
    return Transaction(simulation.client.futures, TransactionOperations(simulation.engine, **options))


def begun(simulation: Simulation, **options: Any) -> Transaction:
    made = transaction(simulation, **options)
    made.begin().result()
    return made


def active(simulation: Simulation) -> int:
    return len(simulation.cluster.service(TransactionService).active)


def values(simulation: Simulation, name: str = "m") -> list[Any]:
    read = simulation.client.serialization.to_object
    return [read(value) for value in simulation.cluster.service(MapService).state(name).values().values()]


def rule(simulation: Simulation, method: str, action: Callable[[Request], object]) -> None:
    for member in simulation.cluster.members:
        member.rule(method, action, times=1)


def test_all_messages_go_over_one_connection(simulation: Simulation) -> None:
    tx = begun(simulation)
    m = tx.get_map("m")
    for key in range(20):
        m.put(key, key).result()
    tx.commit().result()
    sent = [
        (member, request)
        for member in simulation.cluster.members
        for request in member.requests
        if request.method.startswith("Transaction")
    ]
    assert len(sent) == 22
    assert len({request.session.pipe for _, request in sent}) == 1
    assert sorted(values(simulation)) == list(range(20))


def test_transactions_are_spread_over_the_members(simulation: Simulation) -> None:
    made = [(owner, begun_by(simulation, owner)) for owner in range(6)]
    assert [member.count("Transaction.create") for member in simulation.cluster.members] == [2, 2, 2]
    for owner, tx in made:
        by_owner(simulation, owner, tx.rollback).result()
    assert active(simulation) == 0


def test_transactions_are_not_nested(simulation: Simulation) -> None:
    outer = begun(simulation, timeout=30)
    with pytest.raises(TransactionError, match="cannot be nested"):
        begun(simulation)
    outer.rollback().result()
    begun(simulation).commit().result()
    begun(simulation, timeout=30)  # forgotten; the member rolls it back after 30 s
    simulation.driver.advance(29)
    with pytest.raises(TransactionError, match="cannot be nested"):
        begun(simulation)
    simulation.driver.advance(2)
    begun(simulation).commit().result()


def test_a_transaction_shares_no_locks_with_one_that_may_end_late(simulation: Simulation) -> None:
    owner = simulation.engine.lock_owner()
    assert begun(simulation, timeout=30).thread_id == owner  # forgotten
    simulation.driver.advance(31)
    others = set()
    for _ in range(3):
        tx = begun(simulation)
        others.add(tx.thread_id)
        tx.commit().result()
    assert len(others) == 3
    assert owner not in others
    simulation.driver.advance(LATE)
    assert begun(simulation).thread_id == owner


def test_a_long_transaction_does_not_keep_the_owners_of_short_ones(simulation: Simulation) -> None:
    service = simulation.engine.service(OwnTransactions)

    def begin(owner: int, timeout: float) -> None:
        tx = TransactionOperations(simulation.engine)
        tx._begun_by = owner
        service.begun(tx, owner, timeout)

    begin(1001, 10_000)
    begin(1002, 10)
    assert service.lock_owner(1002) != 1002
    simulation.driver.advance(10 + LATE)
    assert service.lock_owner(1002) == 1002
    assert service.lock_owner(1001) != 1001
    service.active.clear()


@pytest.mark.parametrize(("kind", "number"), [(TransactionType.TWO_PHASE, 2), (TransactionType.ONE_PHASE, 1)])
def test_options(simulation: Simulation, kind: TransactionType, number: int) -> None:
    tx = begun(simulation, timeout=1.5, durability=3, transaction_type=kind)
    (create,) = [
        request
        for member in simulation.cluster.members
        for request in member.requests
        if request.method == "Transaction.create"
    ]
    assert create.named == {"timeout": 1500, "durability": 3, "transactionType": number, "threadId": 1}
    tx.rollback().result()


def test_a_wrong_type(simulation: Simulation) -> None:
    with pytest.raises(ValueError, match="3"):
        transaction(simulation, transaction_type=3)


def test_time_to_live(simulation: Simulation) -> None:
    tx = begun(simulation)
    tx.get_map("m").put("k", "v", ttl=60).result()
    simulation.driver.advance(50)
    tx.commit().result()
    simulation.driver.advance(59)
    assert values(simulation) == ["v"]
    simulation.driver.advance(2)
    assert values(simulation) == []


def test_a_lost_connection_ends_the_transaction(simulation: Simulation) -> None:
    tx = begun(simulation)
    tx.get_map("m").put("k", "v").result()
    simulation.cluster.cut_all()
    simulation.driver.advance(10)
    assert active(simulation) == 0
    with pytest.raises(TargetDisconnectedError):
        tx.get_map("m").put("k", "v").result()
    with pytest.raises(TargetDisconnectedError):
        tx.commit().result()
    with pytest.raises(TransactionNotActiveError, match="unknown"):
        tx.rollback().result()
    assert values(simulation) == []


def test_a_transaction_begins_when_there_is_a_connection_again(simulation: Simulation) -> None:
    cluster = simulation.cluster
    cluster.down = {member.address: Refuse() for member in cluster.members}
    cluster.cut_all()
    simulation.driver.advance(1)
    beginning = transaction(simulation)
    begins = beginning.begin()
    simulation.driver.advance(20)
    assert (begins.done(), beginning.state) == (False, "not_started")
    cluster.down = {}
    begins.result()
    beginning.get_map("m").put("k", "v").result()
    beginning.commit().result()
    assert values(simulation) == ["v"]


def test_a_transaction_does_not_wait_for_a_connection_without_end() -> None:
    with Simulation(2, invocation_timeout=20) as simulation:
        cluster = simulation.cluster
        cluster.down = {member.address: Refuse() for member in cluster.members}
        cluster.cut_all()
        simulation.driver.advance(1)
        before = simulation.driver.now()
        with pytest.raises(
            OperationTimeoutError, match="ping did not succeed within the invocation_timeout of 20 s"
        ):
            transaction(simulation).begin().result()
        assert 20 <= simulation.driver.now() - before <= 21


def test_a_commit_without_a_reply_is_not_repeated(simulation: Simulation) -> None:
    tx = begun(simulation)
    tx.get_map("m").put("k", "v").result()

    def commit_and_cut(request: Request) -> None:
        request.member.answer(request)
        request.member.cut_all()

    rule(simulation, "Transaction.commit", commit_and_cut)
    with pytest.raises(TargetDisconnectedError):
        tx.commit().result()
    assert values(simulation) == ["v"]
    with pytest.raises(TransactionNotActiveError, match="unknown"):
        tx.commit().result()
    simulation.driver.advance(10)


def test_a_transaction_that_takes_too_long(simulation: Simulation) -> None:
    tx = begun(simulation, timeout=10)
    tx.get_map("m").put("k", "v").result()
    simulation.driver.advance(11)
    with pytest.raises(TransactionTimedOutError):
        tx.commit().result()
    assert values(simulation) == []


def test_two_transactions_want_the_same_key(simulation: Simulation) -> None:
    first, second = begun(simulation), begun_by(simulation, 2)
    first.get_map("m").put("k", 1).result()
    waiting = by_owner(simulation, 2, lambda: second.get_map("m").put("k", 2))
    simulation.driver.advance(1)
    assert waiting.done() is False
    first.commit().result()
    assert waiting.result() == 1
    by_owner(simulation, 2, lambda: second.commit().result())
    assert values(simulation) == [2]


def by_owner(simulation: Simulation, owner: int, call: Callable[[], T]) -> T:
    simulation.client.owner, before = owner, simulation.client.owner
    try:
        return call()
    finally:
        simulation.client.owner = before


def begun_by(simulation: Simulation, owner: int) -> Transaction:
    return by_owner(simulation, owner, lambda: begun(simulation))


def test_a_cancelled_commit_leaves_the_outcome_open(simulation: Simulation) -> None:
    tx = begun(simulation)
    tx.get_map("m").put("k", "v").result()
    held: list[Request] = []
    rule(simulation, "Transaction.commit", held.append)
    committing = tx.commit()
    simulation.driver.advance()
    assert committing.cancel() is True
    simulation.driver.advance()
    with pytest.raises(TransactionNotActiveError, match="unknown"):
        tx.rollback().result()
    held[0].member.answer(held[0])
    simulation.driver.advance()
    assert values(simulation) == ["v"]


# --- as a block -----------------------------------------------------------------------------------------------


def test_a_block_commits(simulation: Simulation) -> None:
    with transaction(simulation).blocking() as tx:
        tx.get_map("m").put("k", "v")
        assert values(simulation) == []
    assert (values(simulation), active(simulation)) == (["v"], 0)


def fail_in_a_block(simulation: Simulation, error: BaseException, before: Callable[[], object]) -> None:
    with transaction(simulation).blocking() as tx:
        tx.get_map("m").put("k", "v")
        before()
        raise error


@pytest.mark.parametrize("error", [ValueError("in the block"), KeyboardInterrupt("in the block")], ids=repr)
def test_an_error_in_a_block_rolls_back(simulation: Simulation, error: BaseException) -> None:
    with pytest.raises(type(error), match="in the block"):
        fail_in_a_block(simulation, error, lambda: None)
    assert (values(simulation), active(simulation)) == ([], 0)


def test_the_error_of_a_block_is_not_hidden_by_a_rollback_that_fails(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ValueError, match="in the block"):
        fail_in_a_block(simulation, ValueError("in the block"), simulation.cluster.cut_all)
    assert "could not be rolled back after ValueError('in the block')" in caplog.text
    simulation.driver.advance(10)


def test_a_block_that_has_ended_its_transaction(simulation: Simulation) -> None:
    with transaction(simulation).blocking() as tx:
        tx.get_map("m").put("k", "v")
        tx.rollback()
    assert (values(simulation), active(simulation)) == ([], 0)


# --- shutdown -------------------------------------------------------------------------------------------------


def test_shutdown_rolls_back_before_the_connections_are_closed(simulation: Simulation) -> None:
    made = []
    for owner in range(3):
        simulation.client.owner = owner
        made.append(begun(simulation))
        made[-1].get_map(f"m{owner}").put("k", "v").result()
    made.pop().commit().result()
    simulation.client.shutdown()
    assert sum(member.count("Transaction.rollback") for member in simulation.cluster.members) == 2
    with pytest.raises(TransactionNotActiveError, match="rolled_back"):
        made[0].commit().result()


def test_shutdown_rolls_back_what_it_can(simulation: Simulation) -> None:
    for owner in range(3):
        simulation.client.owner = owner
        begun(simulation).get_map("m").size().result()
    lost = simulation.cluster.members[1]
    assert lost.count("Transaction.create") == 1
    simulation.cluster.remove(lost)
    simulation.driver.advance()
    simulation.client.shutdown()
    assert [member.count("Transaction.rollback") for member in simulation.cluster.members] == [1, 1]


def test_shutdown_does_not_wait_long_for_a_rollback(simulation: Simulation) -> None:
    begun(simulation)
    rule(simulation, "Transaction.rollback", lambda request: None)
    before = simulation.driver.now()
    simulation.client.shutdown()
    assert 1 <= simulation.driver.now() - before <= 10


# --- states ---------------------------------------------------------------------------------------------------


def test_every_state_is_reached_and_refuses_what_does_not_belong_there(simulation: Simulation) -> None:
    reached = {
        TransactionState.NOT_STARTED,
        *(s for after in TRANSACTION_TRANSITIONS.values() for s in after),
    }
    assert reached == set(TRANSACTION_TRANSITIONS)
    m = simulation.client.get_object(MAP, "m").blocking()
    tx = begun(simulation)
    in_tx = tx.get_map("m")
    tx.commit().result()
    for operation in (tx.commit, tx.rollback):
        with pytest.raises(TransactionNotActiveError, match="committed"):
            operation().result()
    with pytest.raises(TransactionError, match="committed"):
        tx.begin().result()
    with pytest.raises(TransactionError, match="No transaction context"):
        in_tx.put("k", "v").result()
    assert m.is_empty() is True


def test_what_a_transaction_tells_about_itself(simulation: Simulation) -> None:
    made = transaction(simulation)
    assert (made.state, made.id, made.start_time, made.thread_id) == ("not_started", None, None, None)
    simulation.client.owner = 7
    made.begin().result()
    (known,) = simulation.cluster.service(TransactionService).active
    assert (made.state, made.id, made.thread_id) == ("active", known, 7)
    assert made.start_time == simulation.driver.now()
    assert made.blocking().id == made.id
    made.commit().result()
    assert made.state == "committed"


def test_a_transaction_is_not_for_another_thread(simulation: Simulation) -> None:
    tx = begun(simulation)
    tx.get_map("m").put("k", "v").result()
    uses: list[Callable[[], object]] = [
        lambda: tx.commit().result(),
        lambda: tx.rollback().result(),
        lambda: tx.get_map("m"),
    ]
    for use in uses:
        with pytest.raises(TransactionError, match="belongs to the thread or task that began it"):
            by_owner(simulation, 99, use)
    assert (tx.state, active(simulation)) == ("active", 1)
    tx.commit().result()
    assert values(simulation) == ["v"]
