"""FencedLock and CP sessions on simulated members, with minutes of virtual time."""

from typing import Any

import pytest

import simulated_harness
from core_forks import in_child
from core_sockets import SocketCluster
from cp_simulation import BEAT, TTL, answer_and_cut, count, end_sessions, rule, sessions
from hz_core import ClientConfig
from hz_core.client import Client
from hz_core.errors import (
    IllegalMonitorStateError,
    LockAcquireLimitReachedError,
    LockOwnershipLostError,
    OperationTimeoutError,
)
from hz_core.op import Flow, Sleep
from hz_core.testing import FencedLockService, Request, codes
from hz_core.testing.simulation import SimulatedClient, Simulation
from hz_cp import FENCED_LOCK, LockOwner
from hz_cp.fenced_lock import BlockingFencedLock, FencedLock

simulation = simulated_harness.simulation


@pytest.fixture
def futures(simulation: Simulation) -> FencedLock:
    return simulation.client.get_object(FENCED_LOCK, "l")


@pytest.fixture
def lock(futures: FencedLock) -> BlockingFencedLock:
    return futures.blocking()


# --- owning ---------------------------------------------------------------------------------------------------


def test_lock_and_unlock(lock: BlockingFencedLock) -> None:
    assert (lock.is_locked(), lock.is_locked_by_current_thread(), lock.get_lock_count()) == (False, False, 0)
    first = lock.lock()
    assert (lock.is_locked(), lock.is_locked_by_current_thread(), lock.get_lock_count()) == (True, True, 1)
    lock.unlock()
    assert (lock.is_locked(), lock.is_locked_by_current_thread(), lock.get_lock_count()) == (False, False, 0)
    assert lock.lock() > first > 0
    lock.unlock()


def test_reentrancy(simulation: Simulation, lock: BlockingFencedLock) -> None:
    fence = lock.lock()
    assert [lock.lock(), lock.try_lock(), lock.try_lock(5)] == [fence] * 3
    for held in (3, 2, 1):
        lock.unlock()
        assert (lock.get_lock_count(), lock.is_locked_by_current_thread()) == (held, True)
    lock.unlock()
    assert lock.is_locked() is False
    assert count(simulation, "CPSession.createSession") == 1
    assert count(simulation, "CPSession.generateThreadId") == 0


def test_another_owner(simulation: Simulation, futures: FencedLock) -> None:
    lock = futures.blocking()
    fence = lock.lock()
    simulation.client.owner = 2
    assert (lock.try_lock(), lock.is_locked_by_current_thread(), lock.is_locked()) == (0, False, True)
    began = simulation.driver.now()
    assert lock.try_lock(10) == 0
    assert simulation.driver.now() - began == pytest.approx(10)
    with pytest.raises(IllegalMonitorStateError):
        lock.unlock()
    waiting = futures.lock()
    simulation.driver.advance(1000)
    assert waiting.done() is False
    simulation.client.owner = 1
    lock.unlock()
    assert waiting.result() > fence
    simulation.client.owner = 2
    lock.unlock()


def test_unlock_without_a_session(lock: BlockingFencedLock) -> None:
    with pytest.raises(IllegalMonitorStateError, match="'l'"):
        lock.unlock()


def test_the_configured_limit(simulation: Simulation, lock: BlockingFencedLock) -> None:
    lock.lock()
    rule(simulation, "FencedLock.lock", lambda request: request.reply(0))
    with pytest.raises(LockAcquireLimitReachedError, match="'l'"):
        lock.lock()
    lock.unlock()
    assert lock.is_locked() is False


def test_a_lock_request_that_is_sent_twice_counts_once(
    simulation: Simulation, lock: BlockingFencedLock
) -> None:
    rule(simulation, "FencedLock.lock", answer_and_cut)
    assert lock.lock() > 0
    assert count(simulation, "FencedLock.lock") == 2
    assert lock.get_lock_count() == 1
    rule(simulation, "FencedLock.unlock", answer_and_cut)
    lock.unlock()
    assert lock.is_locked() is False


def test_the_group_of_a_lock(simulation: Simulation) -> None:
    lock = simulation.client.get_object(FENCED_LOCK, "l@group")
    assert lock.get_group_id().name == "group"


# --- giving up ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_a_lock_that_is_given_up_while_waiting_stays_with_nobody(
    simulation: Simulation, futures: FencedLock, how: str
) -> None:
    lock = futures.blocking()
    lock.lock()
    simulation.client.owner = 2
    if how == "cancel":
        waiting = futures.lock()
        simulation.driver.advance(1)
        assert waiting.cancel() is True
    else:
        with pytest.raises(OperationTimeoutError):
            lock.with_timeout(1).lock()
    simulation.driver.advance()
    simulation.client.owner = 1
    lock.unlock()
    simulation.driver.advance()
    assert lock.is_locked() is False
    assert lock.lock() > 0
    lock.unlock()


def test_a_lock_that_is_granted_while_it_is_given_up_is_released(
    simulation: Simulation, futures: FencedLock
) -> None:
    held: list[Request] = []
    rule(simulation, "FencedLock.lock", held.append)
    waiting = futures.lock()
    simulation.driver.advance()
    held[0].member.answer(held[0])  # granted, and the reply is on its way
    assert waiting.cancel() is True
    simulation.driver.advance()
    assert futures.blocking().is_locked() is False


@pytest.mark.parametrize("timeout", [None, 10])
def test_a_request_that_was_given_up_and_arrives_late_does_not_end_the_waiting(
    simulation: Simulation, futures: FencedLock, timeout: float | None
) -> None:
    lock = futures.blocking()
    lock.lock()
    simulation.client.owner = 2
    held: list[Request] = []
    rule(simulation, "FencedLock.lock", held.append)
    late = futures.lock()
    simulation.driver.advance()
    assert late.cancel() is True
    waiting = futures.lock() if timeout is None else futures.try_lock(timeout)
    simulation.driver.advance(1)
    held[0].member.answer(held[0])
    simulation.driver.advance(1)
    assert waiting.done() is False
    simulation.client.owner = 1
    lock.unlock()
    assert waiting.result() > 0
    simulation.client.owner = 2
    assert (lock.is_locked_by_current_thread(), lock.get_lock_count()) == (True, 1)
    lock.unlock()


def test_two_requests_of_one_owner_do_not_wait_at_once(simulation: Simulation, futures: FencedLock) -> None:
    futures.blocking().lock()
    simulation.client.owner = 2
    first, timed = futures.lock(), futures.try_lock(10)
    simulation.driver.advance(1)
    with pytest.raises(IllegalMonitorStateError, match="another request of the same owner"):
        first.result(0)
    last = futures.lock()
    simulation.driver.advance(1)
    assert timed.result(0) == 0
    assert (last.done(), last.cancel()) == (False, True)


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
def test_owner_keeps_what_it_holds_when_it_gives_up_another_hold(
    simulation: Simulation, futures: FencedLock, how: str
) -> None:
    lock = futures.blocking()
    lock.lock()
    held: list[Request] = []
    rule(simulation, "FencedLock.lock", held.append)
    waiting = (futures if how == "cancelled" else futures.with_timeout(1)).lock()
    simulation.driver.advance(2)
    assert waiting.done() if how == "deadline" else waiting.cancel()
    simulation.driver.advance()
    # Nothing is released before the grant is known.
    assert (count(simulation, "FencedLock.unlock"), lock.get_lock_count()) == (0, 1)
    held[0].member.answer(held[0])
    simulation.driver.advance()
    assert (count(simulation, "FencedLock.unlock"), lock.get_lock_count()) == (1, 1)
    lock.unlock()
    assert lock.is_locked() is False


def test_lock_of_a_flow_that_is_given_up_later_is_released(
    simulation: Simulation, futures: FencedLock
) -> None:
    def flow() -> Flow[None]:
        yield futures._ops.lock()
        yield Sleep(10)

    future = simulation.client.futures.run(flow())
    simulation.driver.advance(1)
    lock = futures.blocking()
    assert lock.is_locked_by_current_thread() is True
    assert future.cancel()
    simulation.driver.advance()
    assert lock.is_locked() is False
    with pytest.raises(IllegalMonitorStateError):
        lock.unlock()
    # The session counts nothing any more, so it expires.
    simulation.driver.advance(2 * TTL)
    assert sessions(simulation).endpoints == {}


def test_session_that_was_created_for_nobody_is_closed(simulation: Simulation, futures: FencedLock) -> None:
    held: list[Request] = []
    rule(simulation, "CPSession.createSession", held.append)
    waiting = futures.lock()
    simulation.driver.advance()
    assert waiting.cancel()
    held[0].member.answer(held[0])
    simulation.driver.advance()
    assert sessions(simulation).endpoints == {}


def test_a_release_that_is_given_up_is_done_all_the_same(simulation: Simulation, futures: FencedLock) -> None:
    lock = futures.blocking()
    lock.lock()
    lock.lock()
    held: list[Request] = []
    rule(simulation, "FencedLock.unlock", held.append)
    releasing = futures.unlock()
    simulation.driver.advance()
    assert releasing.cancel() is True
    simulation.driver.advance()
    assert (lock.get_lock_count(), count(simulation, "FencedLock.unlock")) == (1, 2)
    held[0].member.answer(held[0])
    simulation.driver.advance()
    assert lock.get_lock_count() == 1
    lock.unlock()
    assert lock.is_locked() is False
    simulation.driver.advance(2 * TTL)
    assert sessions(simulation).endpoints == {}


# --- blocks and owners ----------------------------------------------------------------------------------------


def test_blocks(simulation: Simulation, lock: BlockingFencedLock) -> None:
    with lock as same, lock.hold() as fence, lock.hold(5) as again:
        assert (same is lock, fence == again > 0, lock.get_lock_count()) == (True, True, 3)
    assert lock.is_locked() is False
    with pytest.raises(ZeroDivisionError), lock:
        _ = 1 / 0
    assert lock.is_locked() is False
    lock.lock()
    simulation.client.owner = 2
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match="'l' was not acquired within 3 s"), lock.hold(3):
        pytest.fail("the lock was acquired")
    assert simulation.driver.now() - began == pytest.approx(3)
    simulation.client.owner = 1
    with pytest.raises(LockOwnershipLostError), lock:
        end_sessions(simulation)


def test_owners_that_are_no_threads(simulation: Simulation, futures: FencedLock) -> None:
    first, second = futures.owned_by(LockOwner()), futures.owned_by(LockOwner())
    fence = first.lock().result()
    simulation.client.owner = 2
    assert (first.lock().result(), second.try_lock().result()) == (fence, futures.INVALID_FENCE)
    assert first.is_locked_by_current_thread().result() is True
    assert futures.is_locked_by_current_thread().result() is False
    with pytest.raises(IllegalMonitorStateError):
        second.unlock().result()
    waiting = second.lock()
    first.unlock().result()
    first.unlock().result()
    assert waiting.result() > fence
    with second.blocking() as held:
        assert held.get_lock_count() == 2
    second.unlock().result()


def test_a_session_of_another_cluster_with_the_same_id_is_another_session(
    simulation: Simulation, lock: BlockingFencedLock
) -> None:
    lock.lock()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    simulation.client.owner = 2
    lock.lock()
    simulation.client.owner = 1
    with pytest.raises(LockOwnershipLostError):
        lock.unlock()
    simulation.client.owner = 2
    assert lock.is_locked_by_current_thread() is True
    lock.unlock()


def test_groups_are_got_anew_from_a_cluster_that_has_begun_anew(simulation: Simulation) -> None:
    lock = simulation.client.get_object(FENCED_LOCK, "l@g").blocking()
    other = lock.owned_by(LockOwner())
    refused = [3]

    def answer(request: Request) -> None:
        if refused[0]:
            refused[0] -= 1
            request.error(*codes.HAZELCAST, "not yet")
        else:
            request.reply(("g", 7, 1))

    simulation.cluster.restart()
    rule(simulation, "CPGroup.createCPGroup", answer, times=100)
    simulation.driver.advance(60)
    assert (refused, tuple(lock.get_group_id()), tuple(other.get_group_id())) == (
        [0],
        ("g", 7, 1),
        ("g", 7, 1),
    )
    lock.lock()
    assert list(sessions(simulation).endpoints) == [(("g", 7, 1), 1)]
    lock.unlock()


# --- sessions -------------------------------------------------------------------------------------------------


def test_heartbeats_keep_a_session_alive_while_something_is_held(
    simulation: Simulation, lock: BlockingFencedLock
) -> None:
    lock.lock()
    simulation.driver.advance(3 * TTL)
    beats = sessions(simulation).heartbeats
    assert 3 * TTL / BEAT - 2 <= beats <= 3 * TTL / BEAT + 1
    assert lock.is_locked_by_current_thread() is True
    lock.unlock()
    simulation.driver.advance(TTL - BEAT)
    assert sessions(simulation).heartbeats <= beats + 1
    simulation.driver.advance(2 * BEAT)
    assert sessions(simulation).endpoints == {}


def test_a_session_that_expired_unused_is_replaced(simulation: Simulation, lock: BlockingFencedLock) -> None:
    first = lock.lock()
    lock.unlock()
    simulation.driver.advance(2 * TTL)
    assert sessions(simulation).endpoints == {}
    assert lock.lock() > first
    assert list(sessions(simulation).endpoints.values()) == ["client"]
    lock.unlock()


@pytest.mark.parametrize("operation", ["lock", "try_lock", "unlock"])
def test_ownership_is_lost_with_the_session(
    simulation: Simulation, lock: BlockingFencedLock, operation: str
) -> None:
    lock.lock()
    lock.lock()
    end_sessions(simulation)
    with pytest.raises(LockOwnershipLostError, match="'l'"):
        getattr(lock, operation)()
    assert lock.is_locked_by_current_thread() is False
    assert lock.lock() > 0
    assert lock.get_lock_count() == 1
    lock.unlock()


@pytest.mark.parametrize("operation", ["lock", "try_lock", "unlock", "is_locked_by_current_thread"])
@pytest.mark.parametrize("error", [codes.SESSION_EXPIRED, codes.ILLEGAL_STATE], ids=["expired", "unknown"])
def test_ownership_is_lost_when_a_heartbeat_finds_no_session(
    simulation: Simulation, lock: BlockingFencedLock, operation: str, error: tuple[int, str]
) -> None:
    lock.lock()
    end_sessions(simulation)
    rule(simulation, "CPSession.heartbeatSession", lambda request: request.error(*error))
    simulation.driver.advance(BEAT + 1)
    with pytest.raises(LockOwnershipLostError, match="'l'"):
        getattr(lock, operation)()
    simulation.driver.advance(10 * BEAT)
    assert count(simulation, "CPSession.heartbeatSession") == 1
    assert lock.lock() > 0
    lock.unlock()


def test_a_heartbeat_that_fails_is_repeated(
    simulation: Simulation, lock: BlockingFencedLock, caplog: pytest.LogCaptureFixture
) -> None:
    lock.lock()
    rule(simulation, "CPSession.heartbeatSession", lambda request: request.error(*codes.HAZELCAST, "not now"))
    simulation.driver.advance(2 * TTL)
    assert lock.is_locked_by_current_thread() is True
    assert caplog.text.count("not now") == 1
    lock.unlock()


def test_who_waits_when_the_session_expires_waits_on_in_another(
    simulation: Simulation, futures: FencedLock
) -> None:
    lock = futures.blocking()
    lock.lock()
    simulation.client.owner = 2
    waiting = futures.lock()
    simulation.driver.advance()
    end_sessions(simulation)
    assert waiting.result() > 0
    assert lock.is_locked_by_current_thread() is True
    simulation.client.owner = 1
    with pytest.raises(LockOwnershipLostError):
        lock.unlock()
    simulation.client.owner = 2
    lock.unlock()


def test_the_time_to_wait_goes_on_in_another_session(simulation: Simulation, futures: FencedLock) -> None:
    addresses = [str(member.address) for member in simulation.cluster.members]
    config = ClientConfig.from_kwargs(cluster_members=addresses, client_name="other")
    other = SimulatedClient(simulation.driver, config)
    other.start()
    other.get_object(FENCED_LOCK, "l").blocking().lock()
    waiting = futures.try_lock(50)
    simulation.driver.advance(20)
    for key, name in list(sessions(simulation).endpoints.items()):
        if name == simulation.client.name:
            sessions(simulation).close(*key)
    simulation.driver.advance(29)
    assert waiting.done() is False
    simulation.driver.advance(2)
    assert waiting.result(0) == 0
    other.shutdown()


def test_sessions_that_are_created_at_once_are_one(simulation: Simulation, futures: FencedLock) -> None:
    waiting = []
    for owner in range(1, 4):
        simulation.client.owner = owner
        waiting.append(futures.try_lock())
    simulation.driver.advance()
    fences = [future.result(0) for future in waiting]
    assert sorted(fences)[:2] == [0, 0]
    assert count(simulation, "CPSession.createSession") == 3
    assert len(sessions(simulation).endpoints) == 1


def test_each_group_has_its_session(simulation: Simulation) -> None:
    for name in ("a@first", "b@first", "c@second"):
        simulation.client.get_object(FENCED_LOCK, name).blocking().lock()
    assert sorted(group[0] for group, _ in sessions(simulation).endpoints) == ["first", "second"]


def test_shutdown_gives_locks_to_others(simulation: Simulation, futures: FencedLock) -> None:
    addresses = [str(member.address) for member in simulation.cluster.members]
    leaving = SimulatedClient(simulation.driver, ClientConfig.from_kwargs(cluster_members=addresses))
    leaving.start()
    leaving.get_object(FENCED_LOCK, "l").blocking().lock()
    waiting = futures.lock()
    simulation.driver.advance(1)
    assert waiting.done() is False
    leaving.shutdown()
    simulation.driver.advance(1)  # much less than the session's time to live
    assert waiting.result(0) > 0
    assert list(sessions(simulation).endpoints.values()) == ["client"]


def test_a_client_that_vanishes_loses_its_locks_after_a_while(
    simulation: Simulation, futures: FencedLock
) -> None:
    addresses = [str(member.address) for member in simulation.cluster.members]
    config = ClientConfig.from_kwargs(cluster_members=addresses, cluster_connect_timeout=5 * TTL)
    before = len(simulation.driver.links)
    vanishing = SimulatedClient(simulation.driver, config)
    vanishing.start()
    held = vanishing.get_object(FENCED_LOCK, "l").blocking()
    held.lock()
    waiting = futures.lock()
    rule(simulation, "CPSession.heartbeatSession", lambda request: None, times=1000)
    simulation.driver.advance(TTL - 2 * BEAT)
    assert waiting.done() is False
    assert len(simulation.driver.links) > before
    simulation.driver.advance(3 * BEAT)
    assert waiting.result(0) > 0
    with pytest.raises(LockOwnershipLostError):
        held.unlock()
    vanishing.shutdown()


def test_another_cluster_knows_no_sessions(simulation: Simulation, lock: BlockingFencedLock) -> None:
    lock.lock()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    with pytest.raises(LockOwnershipLostError):
        lock.unlock()
    assert lock.is_locked() is False
    assert lock.lock() > 0
    assert len(sessions(simulation).endpoints) == 1
    lock.unlock()


def test_a_forked_child_owns_nothing_of_its_parent() -> None:
    server = SocketCluster(1)
    try:
        with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
            lock = client.get_object(FENCED_LOCK, "l").blocking()
            fence = lock.lock()

            def use() -> None:
                assert not lock.is_locked_by_current_thread()
                assert lock.try_lock() == 0
                with pytest.raises(IllegalMonitorStateError):
                    lock.unlock()
                client.shutdown()

            in_child(use)
            assert lock.is_locked_by_current_thread()
            lock.unlock()

            def lock_again() -> None:
                assert lock.try_lock() > fence
                client.shutdown()

            in_child(lock_again)
            assert lock.try_lock() > fence
    finally:
        server.stop()


def test_a_destroyed_lock(simulation: Simulation, futures: FencedLock) -> None:
    futures.blocking().lock()
    group: Any = futures.get_group_id()
    futures.destroy()
    assert simulation.cluster.service(FencedLockService).state(tuple(group), "l").owner is None
