"""The recipes: leaders, limited rates, what is made once, pools with a bound."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import simulated_harness
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from cp_simulation import end_sessions
from hz_core import ClientConfig
from hz_core.client import Client
from hz_core.errors import LockOwnershipLostError
from hz_core.testing.simulation import Simulation
from hz_cp import ATOMIC_LONG, ATOMIC_REFERENCE, FENCED_LOCK, SEMAPHORE
from hz_cp.recipes import BoundedPool, RateLimiter, Term, lead, once

simulation = simulated_harness.simulation


@pytest.fixture
def client() -> Iterator[Client]:
    server = SocketCluster(1)
    with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
        yield client
    server.stop()


def test_who_loses_the_leadership_is_a_candidate_again(simulation: Simulation) -> None:
    lock = simulation.client.get_object(FENCED_LOCK, "leader").blocking()
    fences: list[int] = []

    def work(term: Term) -> str:
        fences.append(term.fence)
        term.check()
        if len(fences) == 1:
            end_sessions(simulation)
            with pytest.raises(LockOwnershipLostError, match=f"fence {term.fence}"):
                term.check()
            term.check()
        return "done"

    assert lead(lock, work) == "done"
    assert len(fences) == 2
    assert fences[1] > fences[0]
    assert lock.is_locked() is False

    def fail(term: Term) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lead(lock, fail)
    assert lock.is_locked() is False


def test_one_leads_at_a_time(client: Client) -> None:
    lock = client.get_object(FENCED_LOCK, "leader").blocking()
    leading: list[int] = []
    most: list[int] = []

    def work(term: Term) -> None:
        leading.append(term.fence)
        most.append(len(leading))
        term.check()
        leading.remove(term.fence)

    with ThreadPoolExecutor(5) as pool:
        for future in [pool.submit(lead, lock, work) for _ in range(20)]:
            future.result(PATIENCE)
    assert most == [1] * 20


def test_a_limited_rate(simulation: Simulation) -> None:
    number = simulation.client.get_object(ATOMIC_LONG, "rate").blocking()
    now = [1_000_000.0]
    first, second = (RateLimiter(number, 3, 6, lambda: now[0]) for _ in range(2))
    assert [first.try_acquire(), second.try_acquire(), first.try_acquire()] == [0, 0, 0]
    assert second.try_acquire() == pytest.approx(2)
    now[0] += 2
    assert first.try_acquire() == 0
    assert second.try_acquire() == pytest.approx(2)
    given = 0
    for _ in range(480):
        now[0] += 0.125
        given += first.try_acquire() == 0
    assert given == 30
    now[0] += 1000
    assert [second.try_acquire() for _ in range(4)] == pytest.approx([0, 0, 0, 2])
    with pytest.raises(AssertionError, match="limit"):
        RateLimiter(number, 0, 1)


def test_many_ask_for_permission_at_once(client: Client) -> None:
    limiter = RateLimiter(client.get_object(ATOMIC_LONG, "rate").blocking(), 10, 1, lambda: 5.0)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: limiter.try_acquire(), range(40)))
    assert answers.count(0.0) == 10


def test_what_is_made_once(client: Client) -> None:
    reference: Any = client.get_object(ATOMIC_REFERENCE, "made").blocking()
    lock = client.get_object(FENCED_LOCK, "making").blocking()
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "value"

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: once(reference, lock, make), range(8)))
    assert (found, len(made)) == (["value"] * 8, 1)
    reference.clear()

    def overtaken() -> str:
        reference.set("other")
        return "value"

    assert once(reference, lock, overtaken) == "other"
    assert lock.is_locked() is False


def test_a_pool_with_a_bound(client: Client) -> None:
    permits = client.get_object(SEMAPHORE, "permits").blocking()
    permits.init(2)
    running: list[int] = []
    counts: list[int] = []
    barrier = threading.Barrier(2)

    def work(number: int) -> int:
        running.append(number)
        counts.append(len(running))
        barrier.wait(PATIENCE)
        running.remove(number)
        return number

    with ThreadPoolExecutor(8) as first, ThreadPoolExecutor(8) as second:
        pools = [BoundedPool(permits, executor) for executor in (first, second)]
        futures = [pools[number % 2].submit(work, number) for number in range(10)]
        assert [future.result(PATIENCE) for future in futures] == list(range(10))
    assert max(counts) == 2
    assert permits.available_permits() == 2
    with pytest.raises(RuntimeError):
        BoundedPool(permits, first).submit(work, 0)
    assert permits.available_permits() == 2
