"""What is granted to a caller who has given up is given back: locks, items of queues, transactions, listeners."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import OperationTimeoutError, TransactionNotActiveError
from hz_core.flow import run_flow
from hz_core.future import Future
from hz_core.op import Flow, Sleep, WaitFor
from hz_core.testing import QueueService, Refuse, Request, codes
from hz_core.testing.scripted import Outcome
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP, QUEUE
from hz_proxies.map import BlockingMap, Map
from hz_proxies.queue import Queue
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations

simulation = simulated_harness.simulation

OTHER = 2
"""Another owner of locks than the usual one."""


@pytest.fixture
def futures(simulation: Simulation) -> Map[Any, Any]:
    return simulation.client.get_object(MAP, "m")


@pytest.fixture
def m(futures: Map[Any, Any]) -> BlockingMap[Any, Any]:
    return futures.blocking()


@pytest.fixture
def queue(simulation: Simulation) -> Queue[Any]:
    return simulation.client.get_object(QUEUE, "q")


def count(simulation: Simulation, method: str) -> int:
    return sum(member.count(method) for member in simulation.cluster.members)


def keep(simulation: Simulation, method: str) -> list[Request]:
    """Let the members keep the next request of a method, whichever of them gets it."""
    kept: list[Request] = []

    def look(request: Request) -> None:
        if kept:
            request.member.answer(request)
        else:
            kept.append(request)

    for member in simulation.cluster.members:
        member.rule(method, look)
    return kept


def as_other(simulation: Simulation, call: Callable[[], Any]) -> Any:
    """Call something as another owner."""
    simulation.client.owner = OTHER
    try:
        return call()
    finally:
        simulation.client.owner = 1


def waiting_lock(futures: Map[Any, Any], how: str) -> Future[Any]:
    match how:
        case "lock":
            return futures.lock("k")
        case "try_lock":
            return futures.try_lock("k", timeout=60)
        case "with lease":
            return futures.lock("k", 1000)
        case _:
            return futures.with_timeout(1).lock("k")


# --- locks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["lock", "try_lock", "with lease", "deadline"])
def test_lock_that_is_granted_after_its_caller_has_given_up_is_released(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any], how: str
) -> None:
    m.lock("k")
    waiting = as_other(simulation, lambda: waiting_lock(futures, how))
    simulation.driver.advance(2)
    if how == "deadline":
        assert isinstance(waiting.exception(), OperationTimeoutError)
    else:
        assert waiting.cancel()
    m.unlock("k")
    simulation.driver.advance()
    assert not m.is_locked("k")
    assert count(simulation, "Map.unlock") == 2


@pytest.mark.parametrize("how", ["lock", "try_lock"])
def test_lock_that_was_granted_while_its_caller_gave_up_is_released(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any], how: str
) -> None:
    kept = keep(simulation, "Map.lock" if how == "lock" else "Map.tryLock")
    waiting = waiting_lock(futures, how)
    simulation.driver.advance()
    kept[0].member.answer(kept[0])
    assert m.is_locked("k") or waiting.done()
    if not waiting.cancel():
        # The blocking look at the lock has let the reply come: cancelled too late, so it is the caller's.
        m.unlock("k")
    simulation.driver.advance()
    assert not m.is_locked("k")


def test_try_lock_that_finds_the_lock_taken_gives_nothing_back(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any]
) -> None:
    m.lock("k")
    waiting = as_other(simulation, lambda: futures.try_lock("k", timeout=5))
    simulation.driver.advance(1)
    waiting.cancel()
    simulation.driver.advance(10)
    assert m.is_locked("k")
    assert count(simulation, "Map.unlock") == 0


def test_owner_keeps_what_it_holds_when_it_gives_up_another_hold(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any]
) -> None:
    m.lock("k")
    kept = keep(simulation, "Map.lock")
    second = futures.lock("k")
    simulation.driver.advance()
    second.cancel()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert m.is_locked("k")
    assert as_other(simulation, lambda: m.try_lock("k")) is False
    m.unlock("k")
    assert not m.is_locked("k")


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "lost on its way"])
@pytest.mark.parametrize("before", [True, False], ids=["given up before", "given up after"])
@pytest.mark.parametrize("limit", [None, 2], ids=["cancelled", "deadline"])
@pytest.mark.parametrize("held", [True, False], ids=["reentrant", "free"])
def test_lock_in_doubt_after_a_lost_connection_is_released_once(
    simulation: Simulation,
    futures: Map[Any, Any],
    m: BlockingMap[Any, Any],
    granted: bool,
    before: bool,
    limit: float | None,
    held: bool,
) -> None:
    if held:
        m.lock("k")
    kept = keep(simulation, "Map.lock")
    waiting = (futures if limit is None else futures.with_timeout(limit)).lock("k")
    simulation.driver.advance()

    def give_up() -> None:
        if limit is None:
            assert waiting.cancel()
        else:
            simulation.driver.advance(limit)
            assert isinstance(waiting.exception(), OperationTimeoutError)

    if before:
        give_up()
    if granted:
        kept[0].member.answer(kept[0])
    down = simulation.cluster.down = {member.address: Refuse() for member in simulation.cluster.members}
    simulation.cluster.cut_all()
    simulation.driver.advance(0.5)
    if not before:
        give_up()
    down.clear()
    simulation.driver.advance(30)
    assert m.is_locked("k") is held
    assert as_other(simulation, lambda: m.try_lock("k")) is not held
    if held:
        m.unlock("k")
        assert not m.is_locked("k")


def test_lock_that_was_refused_is_not_asked_for_again_when_nobody_waits(
    simulation: Simulation, futures: Map[Any, Any]
) -> None:
    for member in simulation.cluster.members:
        member.rule("Map.lock", lambda request: request.error(*codes.RETRYABLE))
    waiting = futures.lock("k")
    simulation.driver.advance(1)
    waiting.cancel()
    asked = count(simulation, "Map.lock")
    simulation.driver.advance(60)
    assert count(simulation, "Map.lock") == asked > 5


def test_lock_that_cannot_be_given_back_is_reported(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    m.lock("k")
    waiting = as_other(simulation, lambda: futures.lock("k"))
    simulation.driver.advance()
    waiting.cancel()
    for member in simulation.cluster.members:
        member.rule("Map.unlock", lambda request: request.error(*codes.ILLEGAL_ARGUMENT), times=1)
    with caplog.at_level(logging.WARNING, "hazelcast"):
        m.force_unlock("k")
        simulation.driver.advance()
    assert "giving back the result of Map.lock, whose caller has given up, failed" in caplog.text


# --- items of queues ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["take", "poll", "deadline"])
def test_item_that_arrives_for_nobody_is_put_back(
    simulation: Simulation, queue: Queue[Any], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    blocking = queue.blocking()
    limited = queue.with_timeout(1)
    waiting = {"take": queue.take, "poll": lambda: queue.poll(60), "deadline": limited.take}[how]()
    simulation.driver.advance(2)
    assert waiting.done() if how == "deadline" else waiting.cancel()
    with caplog.at_level(logging.WARNING, "hazelcast"):
        blocking.add_all(["a", "b"])
        simulation.driver.advance()
    assert blocking.iterator() == ["b", "a"]
    assert "queue 'q' arrived for a caller that had given up" in caplog.text


def test_poll_without_an_item_puts_nothing_back(simulation: Simulation, queue: Queue[Any]) -> None:
    waiting = queue.poll(5)
    simulation.driver.advance(1)
    waiting.cancel()
    simulation.driver.advance(10)
    assert queue.size().result() == 0


def test_item_is_put_back_as_it_was(simulation: Simulation, queue: Queue[Any]) -> None:
    """Even what would be serialized in another form again."""
    kept = keep(simulation, "Queue.take")
    waiting = queue.take()
    simulation.driver.advance()
    state = simulation.cluster.service(QueueService).state("q")
    int_array = bytes.fromhex("00000000 fffffff4 00000001 00000007".replace(" ", ""))
    state.items.append(int_array)
    waiting.cancel()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert list(state.items) == [int_array]


def test_put_back_waits_for_room(simulation: Simulation, queue: Queue[Any]) -> None:
    simulation.cluster.service(QueueService).state("q").capacity = 1
    waiting = queue.take()
    simulation.driver.advance()
    waiting.cancel()
    kept = keep(simulation, "Queue.put")
    queue.offer("a").result()
    simulation.driver.advance()
    queue.offer("b").result()
    kept[0].member.answer(kept[0])
    simulation.driver.advance(5)
    assert queue.take().result() == "b"
    assert queue.take().result() == "a"


def test_items_that_cannot_be_put_back_are_reported(
    simulation: Simulation, queue: Queue[Any], caplog: pytest.LogCaptureFixture
) -> None:
    waiting = queue.take()
    simulation.driver.advance()
    waiting.cancel()
    for member in simulation.cluster.members:
        member.rule("Queue.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    with caplog.at_level(logging.ERROR, "hazelcast"):
        queue.offer("a").result()
        simulation.driver.advance()
    assert "1 items of queue 'q' are lost" in caplog.text


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
def test_drained_items_are_put_back(simulation: Simulation, queue: Queue[Any], how: str) -> None:
    blocking = queue.blocking()
    blocking.add_all(["a", "b", "c"])
    kept = keep(simulation, "Queue.drainTo")
    target: list[str] = []
    waiting = (queue if how == "cancelled" else queue.with_timeout(1)).drain_to(target)
    simulation.driver.advance(2)
    assert waiting.done() if how == "deadline" else waiting.cancel()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert blocking.iterator() == ["a", "b", "c"]
    assert target == []


@pytest.mark.parametrize("how", ["take", "poll", "deadline"])
def test_item_that_arrives_for_nobody_in_a_transaction_is_offered_again(
    simulation: Simulation, queue: Queue[Any], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    tx = Transaction(simulation.client.futures, TransactionOperations(simulation.engine))
    tx.begin().result()
    within = tx.get_queue("q")
    limited = within.with_timeout(1)
    waiting = {"take": within.take, "poll": lambda: within.poll(60), "deadline": limited.take}[how]()
    simulation.driver.advance(2)
    assert waiting.done() if how == "deadline" else waiting.cancel()
    with caplog.at_level(logging.WARNING, "hazelcast"):
        queue.add("a").result()
        simulation.driver.advance()
    assert (queue.size().result(), within.size().result()) == (0, 1)
    tx.commit().result()
    assert queue.iterator().result() == ["a"]
    assert "queue 'q' arrived for a caller that had given up" in caplog.text


def test_item_of_a_transaction_that_has_no_room_any_more_is_reported(
    simulation: Simulation, queue: Queue[Any], caplog: pytest.LogCaptureFixture
) -> None:
    simulation.cluster.service(QueueService).state("q").capacity = 1
    tx = Transaction(simulation.client.futures, TransactionOperations(simulation.engine))
    tx.begin().result()
    waiting = tx.get_queue("q").take()
    simulation.driver.advance(2)
    kept = keep(simulation, "TransactionalQueue.offer")
    waiting.cancel()
    queue.add("a").result()
    simulation.driver.advance()
    queue.add("b").result()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert "1 items of queue 'q' are lost" in caplog.text
    tx.rollback().result()
    assert queue.iterator().result() == ["a", "b"]


# --- transactions, listeners ----------------------------------------------------------------------------------


def test_transaction_that_was_begun_for_nobody_is_rolled_back(simulation: Simulation) -> None:
    transaction = Transaction(simulation.client.futures, TransactionOperations(simulation.engine))
    kept = keep(simulation, "Transaction.create")
    begun = transaction.begin()
    simulation.driver.advance()
    begun.cancel()
    kept[0].member.answer(kept[0])
    simulation.driver.advance()
    assert count(simulation, "Transaction.rollback") == 1


@pytest.mark.parametrize("limit", [None, 1], ids=["cancelled", "time limit"])
def test_transaction_that_nobody_gets_is_rolled_back(simulation: Simulation, limit: float | None) -> None:
    """Its flow has a step after the transaction has begun, where it is given up."""
    operations = TransactionOperations(simulation.engine)

    def flow() -> Flow[None]:
        yield [operations.begin()]
        yield Sleep(10)

    callers = simulation.client.futures
    future = (callers if limit is None else callers.within(limit)).run(flow())
    simulation.driver.advance(2)
    if limit is None:
        assert future.cancel()
    else:
        assert isinstance(future.exception(), OperationTimeoutError)
    simulation.driver.advance()
    assert count(simulation, "Transaction.rollback") == 1
    with pytest.raises(TransactionNotActiveError, match="rolled_back"):
        operations.get_map("m")


def test_result_of_a_flow_that_is_cancelled_as_it_ends_is_given_back(
    simulation: Simulation, futures: Map[Any, Any]
) -> None:
    """A future may be cancelled by the last step of its flow."""
    heard: list[Any] = []
    operations = futures._ops
    future: Future[Any] = Future(simulation.driver)

    def flow() -> Flow[str]:
        registration: str = yield operations.add_entry_listener(added_func=heard.append)
        yield WaitFor(lambda promise: (future.cancel(), promise.set_result(None)))
        return registration

    run_flow(simulation.engine, flow(), future)
    simulation.driver.advance()
    assert future.cancelled()
    assert simulation.engine.listeners._registrations == {}
    simulation.client.blocking.call(operations.set("k", "v"))
    simulation.driver.advance()
    assert heard == []


def test_result_of_a_flow_that_its_promise_refuses_is_given_back(
    simulation: Simulation, futures: Map[Any, Any], m: BlockingMap[Any, Any]
) -> None:
    """The future was cancelled between the last look at it and its result."""

    class Refusing(Outcome):
        def set_result(self, result: Any, /) -> bool:  # type: ignore[override]  # tells that it is refused
            super().set_result(result)
            return False

    def flow() -> Flow[None]:
        yield futures._ops.lock("k")

    refusing = Refusing()
    run_flow(simulation.engine, flow(), refusing)
    simulation.driver.advance()
    assert refusing.times == 1
    assert not m.is_locked("k")


# --- lock_context ---------------------------------------------------------------------------------------------


def test_lock_context(m: BlockingMap[Any, Any]) -> None:
    with m.lock_context("k"):
        assert m.is_locked("k")
    assert not m.is_locked("k")
    with pytest.raises(LookupError), m.lock_context("k"):
        raise LookupError
    assert not m.is_locked("k")
