"""The member list, the partition table and membership listeners: what mutation testing found untested."""

import logging
from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from hz_core import model
from hz_core.cluster.membership import Membership
from hz_core.codecs.types import EndpointQualifier, MemberInfo, MemberVersion
from hz_core.model import Address
from hz_core.wire.types import ABSENT

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))
FIRST: Any = object()
SECOND: Any = object()


def info(uuid: UUID, address_map: Any = ABSENT) -> MemberInfo:
    """Make the protocol's type for a member, with a different value in each field."""
    address: Any = Address(f"10.0.0.{uuid.int}", 5700 + uuid.int)
    return MemberInfo(address, uuid, [("rack", "r1")], uuid == TWO, MemberVersion(5, 7, 1), address_map)


@pytest.fixture
def membership() -> Membership:
    io: Any = SimpleNamespace(run_callback=lambda call: call(), mutex=nullcontext)
    numbers = iter(range(100, 200))
    return Membership(io, lambda: UUID(int=next(numbers)))


def note(heard: list[tuple[str, UUID]], word: str) -> Callable[[model.MemberInfo], None]:
    """Return a listener's function that notes the members it is given."""
    return lambda member: heard.append((word, member.uuid))


def test_a_member_has_what_the_protocol_says(membership: Membership) -> None:
    public: Any = Address("1.2.3.4", 99)
    membership.update_members(0, [info(ONE, [(EndpointQualifier(1, "public"), public)]), info(TWO)])
    one, two = membership.members.members
    assert (one.address, one.uuid, one.attributes) == (Address("10.0.0.1", 5701), ONE, {"rack": "r1"})
    assert (one.version.major, one.version.minor, one.version.patch) == (5, 7, 1)
    assert [one.lite_member, two.lite_member] == [False, True]
    assert one.address_map == {model.EndpointQualifier(1, "public"): Address("1.2.3.4", 99)}
    assert two.address_map == {}


def test_versions_begin_anew_with_another_cluster(membership: Membership) -> None:
    membership.set_partition_count(2)
    for version in (0, 5):
        membership.update_members(version, [info(ONE)])
        assert membership.update_partitions(FIRST, version, [(ONE, [0, 1])])
    assert (membership.members.version, membership.partitions.version) == (5, 5)
    membership.cluster_changed()
    assert membership.partitions.owners == (ONE, ONE)
    assert [member.uuid for member in membership.members.members] == [ONE]
    assert membership.update_partitions(FIRST, 0, [(TWO, [0])])
    assert [member.uuid for member in membership.update_members(0, [info(TWO)])] == [ONE]
    assert (membership.members.version, membership.partitions.version) == (0, 0)


def test_a_member_list_of_the_same_version_is_ignored(membership: Membership) -> None:
    membership.update_members(3, [info(ONE)])
    assert membership.update_members(3, [info(TWO)]) == []
    assert membership.update_members(2, [info(TWO)]) == []
    assert [member.uuid for member in membership.members.members] == [ONE]


def test_partition_tables_of_one_connection_only_go_forward(membership: Membership) -> None:
    assert (membership.partitions.count, membership.partitions.version) == (0, -1)
    membership.set_partition_count(3)
    assert (list(membership.partitions.owners), membership.partitions.version) == ([None] * 3, -1)
    assert membership.update_partitions(FIRST, 4, [(ONE, [0, 1])])
    assert not membership.update_partitions(FIRST, 4, [(TWO, [0, 1])])
    assert not membership.update_partitions(FIRST, 3, [(TWO, [0, 1])])
    assert list(membership.partitions.owners) == [ONE, ONE, None]
    # Versions of another member cannot be compared with these.
    assert membership.update_partitions(SECOND, 1, [(TWO, [2])])
    assert list(membership.partitions.owners) == [None, None, TWO]
    assert not membership.update_partitions(SECOND, 1, [(ONE, [2])])
    # A table without owners, or with impossible partitions only, is no table.
    assert not membership.update_partitions(SECOND, 2, [(ONE, [-1, 3])])
    assert membership.partitions.version == 1


def test_listeners_are_told_of_existing_members_only_if_they_ask(membership: Membership) -> None:
    membership.update_members(0, [info(ONE)])
    quiet: list[tuple[str, UUID]] = []
    asking: list[tuple[str, UUID]] = []
    configured: list[tuple[str, UUID]] = []
    membership.add_listener(note(quiet, "added"), note(quiet, "removed"))
    membership.add_listener(note(asking, "added"), None, fire_for_existing=True)
    membership.add_listener(None, note(asking, "removed"), fire_for_existing=True)
    membership.add_all([(note(configured, "added"), note(configured, "removed"))])
    assert (quiet, asking, configured) == ([], [("added", ONE)], [("added", ONE)])
    membership.update_members(1, [info(TWO)])
    assert quiet == [("removed", ONE), ("added", TWO)]
    assert asking == [("added", ONE), ("added", TWO), ("removed", ONE)]
    assert configured == [("added", ONE), ("removed", ONE), ("added", TWO)]


def test_changes_wait_until_a_listener_knows_the_existing_members(membership: Membership) -> None:
    membership.update_members(0, [info(ONE), info(TWO)])
    heard: list[tuple[str, UUID]] = []

    def added(member: model.MemberInfo) -> None:
        heard.append(("added", member.uuid))
        if member.uuid == ONE:
            membership.update_members(1, [info(TWO)])
        if member.uuid == TWO:
            membership.update_members(2, [info(TWO), info(THREE)])

    membership.add_listener(added, note(heard, "removed"), fire_for_existing=True)
    assert heard == [("added", ONE), ("added", TWO), ("removed", ONE), ("added", THREE)]
    membership.update_members(3, [info(TWO)])
    assert heard[4:] == [("removed", THREE)]


def test_interrupt_while_a_listener_is_told_the_existing_members_loses_no_change(
    membership: Membership,
) -> None:
    membership.update_members(0, [info(ONE)])
    heard: list[tuple[str, UUID]] = []

    def added(member: model.MemberInfo) -> None:
        if member.uuid == ONE:
            membership.update_members(1, [info(ONE), info(TWO)])
            raise KeyboardInterrupt
        heard.append(("added", member.uuid))

    with pytest.raises(KeyboardInterrupt):
        membership.add_listener(added, None, fire_for_existing=True)
    assert heard == [("added", TWO)]


def test_a_removed_listener_is_told_nothing(membership: Membership) -> None:
    heard: list[tuple[str, UUID]] = []
    staying = membership.add_listener(note(heard, "staying"), None)
    leaving = membership.add_listener(note(heard, "leaving"), None)
    assert staying != leaving == str(UUID(int=101))
    assert membership.remove_listener(leaving) is True
    assert membership.remove_listener(leaving) is False
    membership.update_members(0, [info(ONE)])
    assert heard == [("staying", ONE)]


def test_a_listener_that_fails_is_named_and_harms_no_other(
    membership: Membership, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[tuple[str, UUID]] = []

    def fail(member: model.MemberInfo) -> None:
        raise ValueError("no use")

    membership.update_members(0, [info(ONE)])
    failing = membership.add_listener(fail, fail, fire_for_existing=True)
    membership.add_listener(note(heard, "added"), note(heard, "removed"))
    membership.update_members(1, [info(TWO)])
    assert heard == [("removed", ONE), ("added", TWO)]
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        f"membership listener {failing} failed"
    ] * 3


def test_changes_of_members_are_logged(membership: Membership, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        membership.update_members(0, [info(ONE), info(TWO)])
        membership.update_members(1, [info(ONE), info(TWO)])
        membership.update_members(2, [info(ONE)])
    first = f"10.0.0.1:5701 - {ONE}"
    assert [record.getMessage() for record in caplog.records] == [
        f"members [2] {{{first}, 10.0.0.2:5702 - {TWO}}}",
        f"members [1] {{{first}}}",
    ]
