"""AtomicReference, CountDownLatch and Semaphore on simulated members."""

from contextlib import nullcontext
from typing import Any

import pytest

import simulated_harness
from cp_simulation import BEAT, TTL, answer_and_cut, count, end_sessions, rule, sessions
from hz_core import ClientConfig
from hz_core.errors import (
    IllegalStateError,
    OperationTimeoutError,
    SessionExpiredError,
    TargetDisconnectedError,
    UnsupportedOperationError,
)
from hz_core.testing import CountDownLatchService, Request, SemaphoreService, codes
from hz_core.testing.simulation import SimulatedClient, Simulation
from hz_cp import ATOMIC_REFERENCE, COUNT_DOWN_LATCH, SEMAPHORE
from hz_cp.atomic_reference import BlockingAtomicReference
from hz_cp.count_down_latch import BlockingCountDownLatch, CountDownLatch
from hz_cp.cp_object import variant
from hz_cp.semaphore import BlockingSemaphore, Semaphore

simulation = simulated_harness.simulation


@pytest.fixture
def reference(simulation: Simulation) -> BlockingAtomicReference[Any]:
    return simulation.client.get_object(ATOMIC_REFERENCE, "r").blocking()


@pytest.fixture
def latches(simulation: Simulation) -> CountDownLatch:
    return simulation.client.get_object(COUNT_DOWN_LATCH, "c")


@pytest.fixture
def latch(latches: CountDownLatch) -> BlockingCountDownLatch:
    return latches.blocking()


@pytest.fixture(params=["bound", "sessionless"])
def permits(simulation: Simulation, request: pytest.FixtureRequest) -> Semaphore:
    simulation.cluster.service(SemaphoreService).sessionless.add("sessionless")
    made = simulation.client.get_object(SEMAPHORE, request.param)
    made.blocking().init(5)
    return made


@pytest.fixture
def bound(simulation: Simulation) -> BlockingSemaphore:
    made = simulation.client.get_object(SEMAPHORE, "bound").blocking()
    made.init(5)
    return made


# --- AtomicReference ------------------------------------------------------------------------------------------


def test_values(simulation: Simulation, reference: BlockingAtomicReference[Any]) -> None:
    assert (reference.get(), reference.is_none(), reference.contains("a")) == (None, True, False)
    reference.set("a")
    assert (reference.get(), reference.is_none(), reference.contains("a")) == ("a", False, True)
    assert reference.get_and_set([1]) == "a"
    assert reference.compare_and_set("a", None) is False
    assert reference.compare_and_set([1], "b") is True
    reference.clear()
    assert reference.compare_and_set(None, "c") is True
    assert reference.get() == "c"


@pytest.mark.parametrize(
    ("operation", "kind", "alters", "result"),
    [
        ("apply", 2, False, "r"),
        ("alter", 0, True, None),
        ("alter_and_get", 2, True, "r"),
        ("get_and_alter", 1, True, "r"),
    ],
)
def test_functions_of_the_member(
    simulation: Simulation,
    reference: BlockingAtomicReference[Any],
    operation: str,
    kind: int,
    alters: bool,
    result: Any,
) -> None:
    to_data = simulation.client.serialization.to_data
    received: list[Request] = []

    def answer(request: Request) -> None:
        received.append(request)
        request.reply(to_data("r"))

    rule(simulation, "AtomicRef.apply", answer)
    assert getattr(reference, operation)("a function") == result
    (request,) = received
    assert request["function"] == to_data("a function")
    assert (request["returnValueType"], request["alter"]) == (kind, alters)


def test_changes_of_values_are_not_repeated(
    simulation: Simulation, reference: BlockingAtomicReference[Any]
) -> None:
    for change in (lambda: reference.set("x"), lambda: reference.compare_and_set(None, "x")):
        before = count(simulation, "AtomicRef.set") + count(simulation, "AtomicRef.compareAndSet")
        for method in ("AtomicRef.set", "AtomicRef.compareAndSet"):
            rule(simulation, method, answer_and_cut)
        with pytest.raises(TargetDisconnectedError):
            change()
        after = count(simulation, "AtomicRef.set") + count(simulation, "AtomicRef.compareAndSet")
        assert after == before + 1
    rule(simulation, "AtomicRef.get", answer_and_cut)
    assert reference.get() == "x"


# --- CountDownLatch -------------------------------------------------------------------------------------------


def test_counting_down(simulation: Simulation, latches: CountDownLatch) -> None:
    latch = latches.blocking()
    assert (latch.get_count(), latch.await_latch(0)) == (0, True)
    assert (latch.try_set_count(2), latch.try_set_count(3)) == (True, False)
    waiting = latches.await_latch(100)
    began = simulation.driver.now()
    assert (latch.await_latch(7), latch.await_latch(-1)) == (False, False)
    assert simulation.driver.now() - began == pytest.approx(7)
    latch.count_down()
    assert (latch.get_count(), waiting.done()) == (1, False)
    latch.count_down()
    assert waiting.result() is True
    latch.count_down()
    assert latch.get_count() == 0


def test_a_count_that_is_sent_twice_counts_once(
    simulation: Simulation, latch: BlockingCountDownLatch
) -> None:
    latch.try_set_count(5)
    rule(simulation, "CountDownLatch.countDown", answer_and_cut)
    latch.count_down()
    assert count(simulation, "CountDownLatch.countDown") == 2
    assert latch.get_count() == 4


def test_a_count_of_an_earlier_round_does_not_count(simulation: Simulation, latches: CountDownLatch) -> None:
    latch = latches.blocking()
    latch.try_set_count(1)
    held: list[Request] = []
    rule(simulation, "CountDownLatch.countDown", held.append)
    late = latches.count_down()
    simulation.driver.advance()
    latch.count_down()
    assert latch.try_set_count(3) is True
    held[0].member.answer(held[0])
    late.result()
    assert latch.get_count() == 3


def test_a_count_is_repeated_until_it_is_known(simulation: Simulation, latch: BlockingCountDownLatch) -> None:
    latch.try_set_count(5)

    uids: set[Any] = set()

    def note(request: Request) -> None:
        uids.add(request["invocationUid"])
        if simulation.driver.now() < ends:
            request.error(*codes.RETRYABLE)
        else:
            request.member.answer(request)

    ends = simulation.driver.now() + 3 * 120
    rule(simulation, "CountDownLatch.countDown", note, times=10**9)
    latch.count_down()
    assert simulation.driver.now() >= ends
    assert (len(uids), latch.get_count()) == (1, 4)


def test_waiting_goes_on_over_another_connection(simulation: Simulation, latches: CountDownLatch) -> None:
    latch = latches.blocking()
    latch.try_set_count(1)
    waiting = latches.await_latch(1000)
    simulation.driver.advance(1)
    simulation.cluster.cut_all()
    simulation.driver.advance(30)
    latch.count_down()
    assert waiting.result() is True


def test_a_destroyed_latch(simulation: Simulation, latches: CountDownLatch) -> None:
    latches.blocking().try_set_count(1)
    group: Any = latches.get_group_id()
    latches.destroy()
    assert simulation.cluster.service(CountDownLatchService).state(tuple(group), "c").count == 0


# --- Semaphore ------------------------------------------------------------------------------------------------


def test_permits(simulation: Simulation, permits: Semaphore) -> None:
    s = permits.blocking()
    assert s.init(9) is False
    s.acquire()
    s.acquire(3)
    assert (s.available_permits(), s.try_acquire(2), s.drain_permits()) == (1, False, 1)
    began = simulation.driver.now()
    assert s.try_acquire(1, 10) is False
    assert simulation.driver.now() - began == pytest.approx(10)
    s.release(5)
    s.increase_permits(4)
    s.reduce_permits(2)
    assert s.available_permits() == 7
    before = count(simulation, "Semaphore.change")
    s.increase_permits(0)
    s.reduce_permits(0)
    assert count(simulation, "Semaphore.change") == before


def test_waiting_for_permits(simulation: Simulation, permits: Semaphore) -> None:
    s = permits.blocking()
    s.acquire(5)
    waiting: list[Any] = [permits.acquire(2), permits.try_acquire(2, 1000), permits.acquire(3)]
    simulation.driver.advance(10)
    assert [one.done() for one in waiting] == [False, False, False]
    s.release(4)
    assert (waiting[0].result(0), waiting[1].result(0), waiting[2].done()) == (None, True, False)
    s.release(1)
    s.release(2)
    assert waiting[2].result(0) is None
    # A thread id for each request at a time, and those that are free are used again.
    used = count(simulation, "CPSession.generateThreadId")
    assert used <= 4
    for _ in range(5):
        assert s.try_acquire(9) is False
    assert count(simulation, "CPSession.generateThreadId") == used


@pytest.mark.parametrize(
    ("method", "operation", "left"),
    [
        ("Semaphore.acquire", "acquire", 4),
        ("Semaphore.drain", "drain_permits", 0),
        ("Semaphore.release", "release", 5),
        ("Semaphore.change", "increase_permits", 6),
    ],
)
def test_a_request_of_a_session_that_is_sent_twice_counts_once(
    simulation: Simulation, bound: BlockingSemaphore, method: str, operation: str, left: int
) -> None:
    if operation == "release":
        bound.acquire()
    before = count(simulation, method)
    rule(simulation, method, answer_and_cut)
    getattr(bound, operation)(*(() if operation == "drain_permits" else (1,)))
    assert count(simulation, method) == before + 2
    assert bound.available_permits() == left


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_permits_that_are_granted_to_nobody_are_released(
    simulation: Simulation, permits: Semaphore, how: str
) -> None:
    s = permits.blocking()
    s.acquire(5)
    if how == "cancel":
        waiting = permits.acquire(3)
        simulation.driver.advance(1)
        assert waiting.cancel() is True
    else:
        with pytest.raises(OperationTimeoutError):
            s.with_timeout(1).acquire(3)
    s.release(4)
    simulation.driver.advance()
    assert s.available_permits() == 4
    s.release(1)
    with pytest.raises(IllegalStateError) if permits.name == "bound" else nullcontext():
        s.release(1)


def test_permits_that_are_drained_for_nobody_are_released(simulation: Simulation, permits: Semaphore) -> None:
    held: list[Request] = []
    rule(simulation, "Semaphore.drain", held.append)
    draining = permits.drain_permits()
    simulation.driver.advance()
    assert draining.cancel() is True
    held[0].member.answer(held[0])
    simulation.driver.advance()
    assert permits.blocking().available_permits() == 5


def test_heartbeats_go_on_while_permits_are_held(simulation: Simulation, bound: BlockingSemaphore) -> None:
    assert bound.drain_permits() == 5
    simulation.driver.advance(3 * TTL)
    assert sessions(simulation).heartbeats >= 3 * TTL / BEAT - 2
    bound.release(4)
    before = sessions(simulation).heartbeats
    simulation.driver.advance(3 * BEAT)
    assert sessions(simulation).heartbeats > before
    bound.release(1)
    simulation.driver.advance(2 * TTL)
    assert sessions(simulation).endpoints == {}
    bound.acquire()
    simulation.driver.advance(2 * TTL)
    assert len(sessions(simulation).endpoints) == 1
    bound.release()


def test_no_timer_runs_while_nothing_is_held(simulation: Simulation, bound: BlockingSemaphore) -> None:
    bound.acquire()
    bound.release()
    simulation.driver.advance(2 * BEAT)
    assert simulation.client._engine._sleeping == {}
    bound.acquire()
    assert len(simulation.client._engine._sleeping) == 1
    bound.acquire(2)
    assert len(simulation.client._engine._sleeping) == 1
    bound.release(3)
    simulation.driver.advance(2 * BEAT)
    assert simulation.client._engine._sleeping == {}


def test_permits_end_with_the_session(simulation: Simulation, bound: BlockingSemaphore) -> None:
    bound.acquire(3)
    end_sessions(simulation)
    assert bound.available_permits() == 5
    with pytest.raises(IllegalStateError, match=r"'bound'.*has released them") as raised:
        bound.release(3)
    assert isinstance(raised.value.__cause__, SessionExpiredError)
    with pytest.raises(IllegalStateError, match="has released them"):
        bound.release(3)
    bound.acquire(5)
    end_sessions(simulation)
    with pytest.raises(IllegalStateError, match="nobody knows"):
        bound.increase_permits(1)
    bound.increase_permits(1)
    assert bound.drain_permits() == 6
    end_sessions(simulation)
    assert bound.drain_permits() == 6


def test_who_waits_when_the_session_expires_waits_on_in_another(
    simulation: Simulation, permits: Semaphore
) -> None:
    s = permits.blocking()
    other = _other_client(simulation)
    theirs = other.get_object(SEMAPHORE, permits.name).blocking()
    theirs.acquire(5)
    waiting, timed = permits.acquire(2), permits.try_acquire(4, 50)
    simulation.driver.advance(20)
    for group, session_id in list(sessions(simulation).endpoints):
        if sessions(simulation).endpoints[group, session_id] == simulation.client.name:
            sessions(simulation).close(group, session_id)
    simulation.driver.advance(29)
    assert (waiting.done(), timed.done()) == (False, False)
    simulation.driver.advance(2)
    assert timed.result(0) is False
    theirs.release(5)
    assert waiting.result() is None
    assert s.available_permits() == 3
    other.shutdown()


def _other_client(simulation: Simulation) -> Any:
    addresses = [str(member.address) for member in simulation.cluster.members]
    made = SimulatedClient(
        simulation.driver, ClientConfig.from_kwargs(cluster_members=addresses, client_name="other")
    )
    made.start()
    return made


def test_shutdown_gives_bound_permits_to_others(simulation: Simulation, permits: Semaphore) -> None:
    leaving = _other_client(simulation)
    leaving.get_object(SEMAPHORE, permits.name).blocking().acquire(5)
    waiting = permits.acquire()
    simulation.driver.advance(1)
    leaving.shutdown()
    simulation.driver.advance(1)
    assert waiting.done() is (permits.name == "bound")
    waiting.cancel()


def test_a_wait_that_the_members_end(simulation: Simulation, permits: Semaphore) -> None:
    rule(simulation, "Semaphore.acquire", lambda request: request.error(*codes.WAIT_KEY_CANCELLED))
    with pytest.raises(IllegalStateError, match="waiting for 2 permits"):
        permits.blocking().acquire(2)
    assert permits.blocking().available_permits() == 5


def test_another_cluster_knows_no_permits(simulation: Simulation, bound: BlockingSemaphore) -> None:
    bound.acquire(5)
    simulation.cluster.restart()
    simulation.driver.advance(60)
    with pytest.raises(IllegalStateError):
        bound.release(5)
    assert bound.init(2) is True
    bound.acquire(2)
    assert bound.try_acquire() is False


def test_destroyed_permits(simulation: Simulation, permits: Semaphore) -> None:
    group: Any = permits.get_group_id()
    permits.destroy()
    state = simulation.cluster.service(SemaphoreService).state(tuple(group), permits.name)
    assert (state.initialized, state.permits) == (False, 0)


# --- members without the CP Subsystem ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ATOMIC_REFERENCE, COUNT_DOWN_LATCH, SEMAPHORE])
def test_members_without_the_subsystem(simulation: Simulation, kind: Any) -> None:
    def refuse(request: Request) -> None:
        request.error(*codes.UNSUPPORTED, "CP subsystem is a licensed feature.")

    rule(simulation, "CPGroup.createCPGroup", refuse)
    with pytest.raises(
        UnsupportedOperationError, match=r"needs Hazelcast Enterprise members.*CP subsystem is a licensed"
    ):
        simulation.client.get_object(kind, "n")


# --- who says whether there is a session ------------------------------------------------------------------------


@pytest.mark.parametrize(("configured", "sessionless"), [(True, False), (False, True)])
def test_a_semaphore_of_the_sort_that_the_caller_wants(
    simulation: Simulation, configured: bool, sessionless: bool
) -> None:
    if configured:
        simulation.cluster.service(SemaphoreService).sessionless.add("s")
    client = simulation.client
    usual = client.get_object(SEMAPHORE, "s")
    assert usual._ops._sessionless is configured
    other = variant(usual, sessionless=sessionless)
    assert variant(usual, sessionless=configured) is variant(usual, sessionless=None) is usual
    assert usual.blocking().init(3)
    other.blocking().acquire(2)
    assert count(simulation, "CPSession.createSession") == (not sessionless)
    assert count(simulation, "CPSession.generateThreadId") == sessionless
    with nullcontext() if sessionless else pytest.raises(IllegalStateError):
        other.blocking().release(3)
    assert usual.blocking().available_permits() == (4 if sessionless else 1)
    for wrong in (1, "yes", 0):
        with pytest.raises(TypeError, match="sessionless must be a bool"):
            variant(usual, sessionless=wrong)
    # A cluster that has begun anew has other groups, for this one, too.
    simulation.cluster.restart()
    simulation.driver.advance(60)
    assert other.get_group_id() == usual.get_group_id()
    assert other.blocking().available_permits() == 0
