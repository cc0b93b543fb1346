"""PN counters: every operation on three surfaces, sessions of two clients, threads, and lost replicas."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

import hazelcast
from hz_core.errors import ConsistencyLostError
from hz_embedded import Cluster
from hz_proxies import PN_COUNTER
from map_harness import Caller, fresh_name, until_now

_DELTAS = st.integers(-(2**40), 2**40)


async def test_all_operations(caller: Caller) -> None:
    c = await caller.object(PN_COUNTER)
    assert await c.get() == 0
    assert await c.add_and_get(5) == 5
    assert await c.get_and_add(3) == 5
    assert await c.get_and_subtract(2) == 8
    assert await c.subtract_and_get(7) == -1
    assert await c.get_and_increment() == -1
    assert await c.increment_and_get() == 1
    assert await c.get_and_decrement() == 1
    assert await c.decrement_and_get() == -1
    assert await c.get() == -1
    assert c.proxy.reset() is None
    assert await c.get() == -1


async def test_overflow(caller: Caller) -> None:
    c = await caller.object(PN_COUNTER)
    assert await c.add_and_get(2**63 - 1) == 2**63 - 1
    assert await c.increment_and_get() == -(2**63)


async def test_wrong_deltas(caller: Caller) -> None:
    c = await caller.object(PN_COUNTER)
    for operation in (c.add_and_get, c.get_and_add, c.subtract_and_get, c.get_and_subtract):
        with pytest.raises(ValueError, match="delta"):
            await operation(2**63)
        with pytest.raises(TypeError, match="delta"):
            await operation("1")
    assert await c.get() == 0


async def test_destroy_begins_anew(caller: Caller) -> None:
    c = await caller.object(PN_COUNTER)
    await c.add_and_get(5)
    await caller.destroy(c)
    again = await caller.object(PN_COUNTER, c.name)
    assert again.proxy is not c.proxy
    assert await again.get() == 0


def test_threads_see_their_own_updates(trio: Cluster) -> None:
    with hazelcast.HazelcastClient(cluster_members=trio.addresses) as client:
        counter = client.get_pn_counter(fresh_name("pn")).blocking()
        wrong: list[tuple[int, int]] = []

        def work() -> None:
            seen = 0
            for _ in range(200):
                value = counter.increment_and_get()
                after = counter.get()
                if not seen < value <= after:
                    wrong.append((value, after))
                seen = after

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not wrong
        assert counter.get() == 8 * 200


def test_two_clients_converge(trio: Cluster) -> None:
    name = fresh_name("pn")
    with (
        hazelcast.HazelcastClient(cluster_members=trio.addresses) as one,
        hazelcast.HazelcastClient(cluster_members=trio.addresses) as other,
    ):
        first, second = one.get_pn_counter(name).blocking(), other.get_pn_counter(name).blocking()
        for n in range(50):
            first.add_and_get(n)
            second.subtract_and_get(2 * n)
        expected = -sum(range(50))
        until_now(lambda: first.get() == second.get() == expected)


def test_a_lost_replica(hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    """The session goes on with another replica, or is told that it cannot; it never sees an older value."""
    cluster = hazelcast_cluster_factory(members=2)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        counter = client.get_pn_counter(fresh_name("pn")).blocking()
        counter.add_and_get(10)
        # Java's own counter tells when the update has reached both members.
        until_now(lambda: all(m.instance.getPNCounter(counter.name).get() == 10 for m in cluster.members))
        session = counter._ops._session
        next(member for member in cluster.members if member.uuid == str(session.replica)).terminate()
        assert counter.get() == 10
        assert counter.add_and_get(1) == 11
        # An update that no member that is left can have: as if its replica had been lost before it told the others.
        replica = session.replica
        assert replica is not None
        session.observe([(replica, 0)])
        with pytest.raises(ConsistencyLostError):
            counter.get()
        counter.reset()
        assert counter.get() == 11


def test_model(client: hazelcast.HazelcastClient) -> None:
    """The counter of one member against an integer."""

    class Model(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.counter = client.get_pn_counter(fresh_name("pn")).blocking()
            self.value = 0
            self.updates = 0

        def teardown(self) -> None:
            self.counter.destroy()

        @rule(delta=_DELTAS, sign=st.sampled_from((1, -1)), before=st.booleans())
        def add(self, delta: int, sign: int, before: bool) -> None:
            c = self.counter
            if sign == 1:
                result = (c.get_and_add if before else c.add_and_get)(delta)
            else:
                result = (c.get_and_subtract if before else c.subtract_and_get)(delta)
            previous, self.value = self.value, self.value + sign * delta
            self.updates += 1
            assert result == (previous if before else self.value)

        @rule()
        def read(self) -> None:
            assert self.counter.get() == self.value

        @precondition(lambda self: self.updates)
        @rule()
        def reset(self) -> None:
            self.counter.reset()
            self.updates = 0

    run_state_machine_as_test(
        Model, settings=settings(max_examples=15, stateful_step_count=20, deadline=None)
    )
