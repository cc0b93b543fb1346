"""Operations of CP groups go to the leader, where members tell who that is, on simulated members."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core_forks import in_child
from core_sockets import SocketCluster, until
from cp_simulation import answer_and_cut, count
from hz_core import ClientConfig
from hz_core.client import Client
from hz_core.cluster.group_leaders import ASK_AGAIN_AFTER
from hz_core.errors import LeaderDemotedError, TargetDisconnectedError
from hz_core.testing import Request, SimulatedMember, codes
from hz_core.testing.members import SimulatedCluster
from hz_core.testing.services.cp import AtomicLongService, GroupService
from hz_core.testing.simulation import Simulation
from hz_cp import ATOMIC_LONG, FENCED_LOCK
from hz_cp.atomic_long import BlockingAtomicLong

FOLLOW = "Client.addCPGroupViewListener"
ADD = "AtomicLong.addAndGet"
GROUP = ("g", 0, 0)


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(3, cp_direct_to_leader_routing=True)
    groups(made).leaders = {}
    with made:
        yield made


@pytest.fixture
def number(simulation: Simulation) -> BlockingAtomicLong:
    return simulation.client.get_object(ATOMIC_LONG, "n@g").blocking()


def groups(simulation: Simulation) -> GroupService:
    return simulation.cluster.service(GroupService)


def lead(simulation: Simulation, member: SimulatedMember | None) -> None:
    group = ("g", 0, simulation.cluster.partition_of_name("n@g"))
    groups(simulation).lead(group, member)
    simulation.driver.advance()


def counts(simulation: Simulation, method: str) -> list[int]:
    return [member.count(method) for member in simulation.cluster.members]


def new_counts(simulation: Simulation, action: Callable[[], object], method: str = ADD) -> list[int]:
    before = counts(simulation, method)
    action()
    return [after - one for after, one in zip(counts(simulation, method), before, strict=True)]


def six(number: BlockingAtomicLong) -> Callable[[], object]:
    return lambda: [number.increment_and_get() for _ in range(6)]


def grant_silently(request: Request) -> None:
    """Do what a request wants, without a reply."""
    silent = Request(request.session, request.message)
    silent.reply = lambda *values, acks=0: None  # type: ignore[method-assign]  # the reply gets lost
    silent.member.answer(silent)


def refuse_as(simulation: Simulation, member: SimulatedMember, error: tuple[int, str], *, done: bool) -> None:
    """Let a member refuse one addition or lock, which it has done or not."""

    def action(request: Request) -> None:
        if done:
            grant_silently(request)
        request.error(*error)

    for method in (ADD, "FencedLock.lock"):
        member.rule(method, action, 1)


# --- who is asked ----------------------------------------------------------------------------------------------


def test_operations_go_to_the_leader_wherever_it_moves(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    members = simulation.cluster.members
    assert new_counts(simulation, six(number)) == [2, 2, 2]  # unknown: any member
    for leader in (members[1], members[2], members[0]):
        lead(simulation, leader)
        expected = [6 * (member is leader) for member in members]
        assert new_counts(simulation, six(number)) == expected
    lock = simulation.client.get_object(FENCED_LOCK, "n@g").blocking()
    for method in ("CPSession.createSession", "FencedLock.lock", "FencedLock.unlock"):
        assert counts(simulation, method) == [0, 0, 0]
    with lock:
        pass
    for method in ("CPSession.createSession", "FencedLock.lock", "FencedLock.unlock"):
        assert counts(simulation, method) == [1, 0, 0]
    lead(simulation, None)
    assert new_counts(simulation, six(number)) == [2, 2, 2]
    assert number.get() == 30
    assert counts(simulation, FOLLOW).count(1) == 1
    assert sum(counts(simulation, FOLLOW)) == 1


def test_groups_have_leaders_of_their_own(simulation: Simulation, number: BlockingAtomicLong) -> None:
    lead(simulation, simulation.cluster.members[1])
    other = simulation.client.get_object(ATOMIC_LONG, "n@other").blocking()
    assert new_counts(simulation, six(other)) == [2, 2, 2]
    assert new_counts(simulation, six(number)) == [0, 6, 0]


def test_a_leader_that_is_no_member_of_the_cluster(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    groups(simulation).hidden.add(simulation.cluster.members[1])
    lead(simulation, simulation.cluster.members[1])
    assert new_counts(simulation, six(number)) == [2, 2, 2]
    groups(simulation).hidden.clear()
    lead(simulation, SimulatedCluster(1, seed=9).members[0])
    assert new_counts(simulation, six(number)) == [2, 2, 2]


def test_members_are_told_whether_the_option_is_set(simulation: Simulation) -> None:
    for member in simulation.cluster.members:
        (request,) = [r for r in member.requests if r.method == "Client.authentication"]
        assert request["cpDirectToLeaderRouting"] is True


@pytest.mark.parametrize("options", [{}, {"cp_direct_to_leader_routing": True, "smart_routing": False}])
def test_nobody_asks_without_the_option_or_with_one_connection(options: dict[str, Any]) -> None:
    with Simulation(3, **options) as simulation:
        groups(simulation).leaders = {}
        number = simulation.client.get_object(ATOMIC_LONG, "n@g").blocking()
        lead(simulation, simulation.cluster.members[1])
        number.increment_and_get()
        assert sum(counts(simulation, FOLLOW)) == 0
        flags = [
            r["cpDirectToLeaderRouting"]
            for m in simulation.cluster.members
            for r in m.requests
            if r.method == "Client.authentication"
        ]
        assert set(flags) == {options.get("cp_direct_to_leader_routing", False)}


def test_who_uses_no_cp_objects_asks_for_no_leaders(simulation: Simulation) -> None:
    simulation.driver.advance(100)
    assert sum(counts(simulation, FOLLOW)) == 0


# --- members that tell nothing ---------------------------------------------------------------------------------


def test_open_source_members_refuse(
    simulation: Simulation, number: BlockingAtomicLong, caplog: pytest.LogCaptureFixture
) -> None:
    groups(simulation).leaders = None
    caplog.set_level(logging.INFO, "hazelcast.cp")
    assert simulation.client.get_object(ATOMIC_LONG, "m@g").blocking().increment_and_get() == 1
    assert new_counts(simulation, six(number)) == [2, 2, 2]
    simulation.driver.advance(10 * ASK_AGAIN_AFTER)
    simulation.cluster.members[0].cut_all()
    simulation.driver.advance(10 * ASK_AGAIN_AFTER)
    # Each once over each connection, since a member may come back as another one.
    assert sorted(counts(simulation, FOLLOW)) == [1, 1, 2]


@pytest.fixture
def refusing() -> Iterator[Simulation]:
    made = Simulation(3, cp_direct_to_leader_routing=True)
    with made:
        yield made


def test_refusals_are_said(refusing: Simulation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    refusing.client.get_object(ATOMIC_LONG, "n@g")
    refusing.driver.advance(5)
    said = [record.getMessage() for record in caplog.records if "leaders of CP groups" in record.getMessage()]
    assert len(said) == 3
    assert all("only Enterprise members from version 5.5 on" in text for text in said)


def test_a_member_that_cannot_tell_now_is_asked_again(refusing: Simulation) -> None:
    def fail(request: Request) -> None:
        request.error(*codes.HAZELCAST, "not now")

    for member in refusing.cluster.members:
        member.rule(FOLLOW, fail, 1)
    groups(refusing).leaders = {}
    number = refusing.client.get_object(ATOMIC_LONG, "n@g").blocking()
    refusing.driver.advance(5)
    assert counts(refusing, FOLLOW) == [1, 1, 1]
    refusing.driver.advance(ASK_AGAIN_AFTER + 1)
    lead(refusing, refusing.cluster.members[2])
    assert new_counts(refusing, six(number)) == [0, 0, 6]
    assert sum(counts(refusing, FOLLOW)) == 4


def test_a_view_that_cannot_be_read_changes_nothing(
    simulation: Simulation, number: BlockingAtomicLong, caplog: pytest.LogCaptureFixture
) -> None:
    lead(simulation, simulation.cluster.members[1])
    leaders = simulation.engine.leaders
    (connection,) = [c for c in simulation.connections if c is leaders._connection]
    (handler,) = [h for h in connection.event_handlers.values() if "LeaderSubscription" in repr(h)]
    whole = bytearray(60)
    whole[6:10] = (0x1702).to_bytes(4, "little")
    handler(bytes(whole))
    simulation.driver.advance()
    assert "cannot be read" in caplog.text
    assert new_counts(simulation, six(number)) == [0, 6, 0]


def test_what_is_older_than_what_is_known_changes_nothing(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    lead(simulation, simulation.cluster.members[1])
    groups(simulation)._version = -5
    lead(simulation, simulation.cluster.members[2])
    assert new_counts(simulation, six(number)) == [0, 6, 0]


# --- faults ----------------------------------------------------------------------------------------------------


def test_another_member_tells_when_the_first_is_gone(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    (teller,) = groups(simulation).followers()
    leader = next(m for m in simulation.cluster.members if m is not teller)
    lead(simulation, leader)
    simulation.cluster.remove(teller)
    simulation.driver.advance()  # at once
    assert len(groups(simulation).followers()) == 1
    assert new_counts(simulation, six(number)) == [6 * (m is leader) for m in simulation.cluster.members]
    moved = next(m for m in simulation.cluster.members if m is not leader)
    lead(simulation, moved)
    assert new_counts(simulation, six(number)) == [6 * (m is moved) for m in simulation.cluster.members]


def test_a_dead_leader_costs_nothing_but_what_it_was_doing(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    leader = simulation.cluster.members[1]
    lead(simulation, leader)
    leader.rule(ADD, answer_and_cut, 1)
    with pytest.raises(TargetDisconnectedError):
        number.increment_and_get()
    simulation.cluster.remove(leader)
    simulation.driver.advance(1)
    assert number.get() == 1  # it was done, and not sent again
    assert new_counts(simulation, six(number)) == [3, 3]
    assert number.get() == 7


def test_a_leader_that_dies_grants_a_lock_once(simulation: Simulation) -> None:
    leader = simulation.cluster.members[1]
    lock = simulation.client.get_object(FENCED_LOCK, "n@g").blocking()
    lead(simulation, leader)
    with lock:
        pass
    leader.rule("FencedLock.lock", answer_and_cut, 1)
    before = counts(simulation, "FencedLock.lock")
    fence = lock.lock()
    assert (fence, lock.get_lock_count()) == (2, 1)
    assert sum(counts(simulation, "FencedLock.lock")) == sum(before) + 2
    sent = [
        r["invocationUid"]
        for m in simulation.cluster.members
        for r in m.requests
        if r.method == "FencedLock.lock"
    ]
    assert len(sent) - len(set(sent)) == 1  # the same one twice, which counts once
    lock.unlock()
    assert lock.is_locked() is False


def test_a_member_that_does_not_lead_is_asked_once(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    member = simulation.cluster.members[1]
    lead(simulation, member)

    def refuse(request: Request) -> None:
        request.error(*codes.NOT_LEADER)

    for method in (ADD, "AtomicLong.get"):
        for other in simulation.cluster.members[1:]:
            other.rule(method, refuse)
    # It was not done there, so it may be sent again; whoever leads is not known until the members tell.
    assert number.increment_and_get() == 1
    assert counts(simulation, ADD)[1] >= 1
    lead(simulation, simulation.cluster.members[0])
    assert new_counts(simulation, six(number)) == [6, 0, 0]
    assert number.get() == 7


def test_nobody_knows_whether_a_leader_that_was_demoted_has_added(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    lead(simulation, simulation.cluster.members[1])
    for done in (True, False):
        refuse_as(simulation, simulation.cluster.members[1], codes.LEADER_DEMOTED, done=done)
        lead(simulation, simulation.cluster.members[1])
        before = number.get()
        sent = sum(counts(simulation, ADD))
        with pytest.raises(LeaderDemotedError):
            number.increment_and_get()
        assert number.get() == before + done
        assert sum(counts(simulation, ADD)) == sent + 1
        assert simulation.engine.routing.leaders.known == {}


@pytest.mark.parametrize("done", [True, False])
def test_a_lock_of_a_leader_that_was_demoted_is_granted_once(simulation: Simulation, done: bool) -> None:
    lock = simulation.client.get_object(FENCED_LOCK, "n@g").blocking()
    with lock:
        pass
    lead(simulation, simulation.cluster.members[1])
    refuse_as(simulation, simulation.cluster.members[1], codes.LEADER_DEMOTED, done=done)
    assert (lock.lock(), lock.get_lock_count()) == (2, 1)
    lock.unlock()
    assert lock.is_locked() is False
    assert count(simulation, "CPSession.createSession") == 1


def test_a_lock_for_a_caller_who_gave_up_is_not_left_with_a_leader_that_was_demoted(
    simulation: Simulation,
) -> None:
    futures = simulation.client.get_object(FENCED_LOCK, "n@g")
    with futures.blocking():
        pass
    leader = simulation.cluster.members[1]
    lead(simulation, leader)
    held: list[Request] = []
    leader.rule("FencedLock.lock", held.append, 1)
    waiting = futures.lock()
    simulation.driver.advance()
    waiting.cancel()
    (request,) = held
    grant_silently(request)
    request.error(*codes.LEADER_DEMOTED)
    simulation.driver.advance(5)
    assert futures.blocking().is_locked() is False


def test_a_cluster_that_began_anew_has_other_leaders(
    simulation: Simulation, number: BlockingAtomicLong
) -> None:
    lead(simulation, simulation.cluster.members[1])
    simulation.cluster.restart()
    simulation.driver.advance(60)
    assert simulation.engine.routing.leaders.known == {}
    assert new_counts(simulation, six(number)) == [2, 2, 2]
    lead(simulation, simulation.cluster.members[2])
    assert new_counts(simulation, six(number)) == [0, 0, 6]
    groups(simulation).leaders = None
    simulation.cluster.restart()
    simulation.driver.advance(60)
    assert simulation.engine.routing.leaders.known == {}


def test_a_forked_child_asks_for_itself() -> None:
    server = SocketCluster(2)
    try:
        service = server.cluster.service(GroupService)
        server.do(lambda: service.lead(GROUP, server.cluster.members[1]))
        options: dict[str, Any] = {"cluster_members": server.addresses, "cp_direct_to_leader_routing": True}
        with Client(ClientConfig.from_kwargs(**options)) as client:
            number = client.get_object(ATOMIC_LONG, "n@g").blocking()
            assert number.get() == 0
            until(lambda: client._engine.routing.leaders.known)

            def use() -> None:
                assert client._engine.routing.leaders.known == {}
                assert number.increment_and_get() == 1
                until(lambda: client._engine.routing.leaders.known)
                client.shutdown()

            in_child(use)
            assert number.get() == 1
            held = server.cluster.service(AtomicLongService).numbers
            assert [name for _, name in held] == ["n"]
            assert len(service.followers()) == 1
    finally:
        server.stop()
