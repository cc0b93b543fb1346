"""CPMap, CP members, groups and sessions, and listeners for them, on simulated members."""

from typing import Any
from uuid import UUID

import pytest

import simulated_harness
from cp_simulation import count, rule
from hz_core.codecs.types import CPMember, RaftGroupId
from hz_core.errors import TargetDisconnectedError, UnsupportedOperationError
from hz_core.testing import CPMapService, Request, codes
from hz_core.testing.simulation import Simulation
from hz_cp import CP_MAP
from hz_cp.cp_management import (
    BlockingCPManagement,
    CPGroupAvailabilityEvent,
    CPMembershipEvent,
    CPMembershipEventType,
)
from hz_cp.cp_management.events import Recent
from hz_cp.cp_management.operations import CPManagementOperations
from hz_cp.cp_map import BlockingCPMap

simulation = simulated_harness.simulation

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
GROUP = ("g", 0, 7)


@pytest.fixture
def entries(simulation: Simulation) -> BlockingCPMap[Any, Any]:
    return simulation.client.get_object(CP_MAP, "m@g").blocking()


@pytest.fixture
def management(simulation: Simulation) -> BlockingCPManagement:
    client = simulation.client
    return BlockingCPManagement(client.futures.blocking(), CPManagementOperations(client._engine))


# --- CPMap ----------------------------------------------------------------------------------------------------


def test_entries(simulation: Simulation, entries: BlockingCPMap[Any, Any]) -> None:
    assert entries.get("k") is None
    assert entries.put("k", 1) is None
    assert entries.put("k", {"a": 2}) == 1
    assert entries.put_if_absent("k", 3) == {"a": 2}
    assert entries.put_if_absent("l", 3) is None
    assert entries.compare_and_set("k", 1, 4) is False
    assert entries.compare_and_set("k", {"a": 2}, 4) is True
    assert entries.set("l", 5) is None  # type: ignore[func-returns-value]  # the result is what is tested
    assert (entries.get("k"), entries.get("l")) == (4, 5)
    assert (entries.remove("k"), entries.remove("k")) == (4, None)
    assert entries.delete("l") is None  # type: ignore[func-returns-value]  # the result is what is tested
    assert entries.get("l") is None
    held = simulation.cluster.service(CPMapService).entries
    assert [(group[0], name) for group, name in held] == [("g", "m")]
    entries.destroy()
    assert held == {}


def test_nothing_is_none(entries: BlockingCPMap[Any, Any]) -> None:
    for operation, arguments, what in (
        ("get", (None,), "key"),
        ("put", ("k", None), "value"),
        ("compare_and_set", ("k", None, 1), "expected_value"),
        ("compare_and_set", ("k", 1, None), "new_value"),
    ):
        with pytest.raises(AssertionError, match=what):
            getattr(entries, operation)(*arguments)


def test_changes_are_not_repeated(simulation: Simulation, entries: BlockingCPMap[Any, Any]) -> None:
    def answer_and_cut(request: Request) -> None:
        request.member.answer(request)
        request.member.cut_all()

    rule(simulation, "CPMap.put", answer_and_cut)
    with pytest.raises(TargetDisconnectedError):
        entries.put("k", 1)
    assert (entries.get("k"), count(simulation, "CPMap.put")) == (1, 1)


# --- management -----------------------------------------------------------------------------------------------


def test_members_and_groups(simulation: Simulation, management: BlockingCPManagement) -> None:
    rule(simulation, "MC.getCPMembers", lambda request: request.reply([(FIRST, SECOND)]))
    assert management.get_cp_members() == {FIRST: SECOND}
    rule(simulation, "CPSubsystem.getCPGroupIds", lambda request: request.reply([GROUP]))
    (group,) = management.get_group_ids()
    assert tuple(group) == GROUP
    asked: list[Request] = []

    def names(request: Request) -> None:
        asked.append(request)
        request.reply(["a", "b"])

    rule(simulation, "CPSubsystem.getCPObjectInfos", names, times=2)
    assert management.get_object_names(group, "FencedLock") == ["a", "b"]
    assert management.get_object_names(group, "CPMap", destroyed=True) == ["a", "b"]
    assert [(r["groupId"], r["serviceName"], r["tombstone"]) for r in asked] == [
        (GROUP, "hz:raft:lockService", False),
        (GROUP, "hz:raft:mapService", True),
    ]
    with pytest.raises(ValueError, match=r"one of AtomicLong, .*not 'Map'"):
        management.get_object_names(group, "Map")


def test_changes_of_members(simulation: Simulation, management: BlockingCPManagement) -> None:
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)
        request.reply()

    for method in ("MC.promoteToCPMember", "MC.removeCPMember", "MC.resetCPSubsystem"):
        rule(simulation, method, note, times=5)
    oldest, younger = simulation.cluster.members[:2]
    for member in (oldest, younger):
        management.promote_to_cp_member(member.uuid)
    management.remove_cp_member(THIRD)
    management.reset()
    assert [request.member for request in asked[:2]] == [oldest, younger]
    assert asked[2]["cpMemberUuid"] == THIRD
    assert asked[3].member is oldest


def test_sessions_are_closed_by_force(simulation: Simulation, management: BlockingCPManagement) -> None:
    asked: list[Request] = []

    def close(request: Request) -> None:
        asked.append(request)
        request.reply(True)

    rule(simulation, "MC.forceCloseCPSession", close)
    assert management.force_close_session("g", 5) is True
    assert (asked[0]["groupName"], asked[0]["sessionId"]) == ("g", 5)
    with pytest.raises(TypeError, match="session_id"):
        management.force_close_session("g", "5")  # type: ignore[arg-type]  # of a wrong type on purpose


def test_members_without_the_subsystem(simulation: Simulation, management: BlockingCPManagement) -> None:
    rule(simulation, "MC.getCPMembers", lambda request: request.error(*codes.UNSUPPORTED, "Enterprise"))
    with pytest.raises(UnsupportedOperationError, match="no CP Subsystem"):
        management.get_cp_members()


# --- listeners ------------------------------------------------------------------------------------------------


def _registered(simulation: Simulation, method: str) -> list[Request]:
    """Let the members register listeners; return the requests, to which events are sent."""
    found: list[Request] = []

    def register(request: Request) -> None:
        found.append(request)
        request.reply(UUID(int=100 + len(found)))

    rule(simulation, method, register, times=100)
    return found


def _report(request: Request, event: str, *values: Any) -> None:
    request.session.event(f"{request.method} event {event}", request.correlation_id, *values)


def _member(uuid: UUID) -> tuple[Any, ...]:
    return (uuid, ("127.0.0.1", 5701), True)


def test_a_membership_listener(simulation: Simulation, management: BlockingCPManagement) -> None:
    registered = _registered(simulation, "CPSubsystem.addMembershipListener")
    events: list[CPMembershipEvent] = []
    registration = management.add_membership_listener(events.append)
    assert len(registered) == len(simulation.cluster.members) > 1
    for uuid, kind in ((FIRST, 1), (SECOND, 1), (FIRST, 2)):
        for request in registered:  # each member reports it
            _report(request, "Membership", _member(uuid), kind)
        simulation.driver.advance(1)
    assert [(event.member.uuid, event.type) for event in events] == [
        (FIRST, CPMembershipEventType.ADDED),
        (SECOND, CPMembershipEventType.ADDED),
        (FIRST, CPMembershipEventType.REMOVED),
    ]
    rule(simulation, "CPSubsystem.removeMembershipListener", lambda request: request.reply(True), times=10)
    assert (management.remove_listener(registration), management.remove_listener(registration)) == (
        True,
        False,
    )
    with pytest.raises(TypeError, match="function"):
        management.add_membership_listener("no function")  # type: ignore[arg-type]  # of a wrong type on purpose


def test_an_availability_listener(simulation: Simulation, management: BlockingCPManagement) -> None:
    registered = _registered(simulation, "CPSubsystem.addGroupAvailabilityListener")
    events: list[CPGroupAvailabilityEvent] = []
    management.add_group_availability_listener(events.append)
    everybody = [_member(uuid) for uuid in (FIRST, SECOND, THIRD)]
    for gone in (1, 2):
        for request in registered:
            _report(request, "GroupAvailability", GROUP, everybody, everybody[:gone], False)
    simulation.driver.advance(120)
    for request in registered:
        _report(request, "GroupAvailability", GROUP, everybody, everybody[:2], True)
    simulation.driver.advance(1)
    assert [(len(e.unavailable_members), e.is_majority_available, e.is_shutdown) for e in events] == [
        (1, True, False),
        (2, False, False),
        (2, False, True),
    ]
    assert tuple(events[0].group_id) == GROUP
    assert [member.uuid for member in events[0].members] == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize(
    ("members", "gone", "available"), [(3, 1, True), (3, 2, False), (2, 1, False), (7, 3, True)]
)
def test_majorities(members: int, gone: int, available: bool) -> None:
    everybody = tuple(CPMember(UUID(int=n), None, True) for n in range(members))  # type: ignore[arg-type]  # of a wrong type on purpose
    event = CPGroupAvailabilityEvent(RaftGroupId(*GROUP), everybody, everybody[:gone], False)
    assert event.is_majority_available is available


def test_what_was_seen_is_forgotten() -> None:
    now = [0.0]
    recent = Recent(lambda: now[0])
    assert (recent.is_new("a"), recent.is_new("a")) == (True, False)
    now[0] = 59
    assert (recent.is_new("b"), recent.is_new("a")) == (True, False)
    now[0] = 61
    assert (recent.is_new("a"), recent.is_new("b")) == (True, False)
    for number in range(20_000):
        recent.is_new(number)
    assert len(recent._seen) <= 10_000
