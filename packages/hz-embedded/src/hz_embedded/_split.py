"""Parting the members of a cluster from each other by the proxies before them, and joining them again."""

from __future__ import annotations

from collections.abc import Sequence

from hz_embedded._waiting import await_state
from hz_embedded.errors import ConfigurationError, MemberStateError
from hz_embedded.fault_proxy import Fault
from hz_embedded.member import Member


def grouped(members: Sequence[Member], groups: Sequence[Sequence[int | Member]]) -> list[list[Member]]:
    """The running members that each group names, by index among all members or as such.

    Raises:
        ConfigurationError: fewer than two groups, an empty one, or a running member that is not in exactly one.
    """
    try:
        named = [[members[one] if isinstance(one, int) else one for one in group] for group in groups]
    except IndexError:
        raise ConfigurationError(f"the cluster has {len(members)} members, counted from 0") from None
    running = [member for member in members if member.running]
    flat = [member for group in named for member in group]
    if len(named) < 2 or not all(named) or len(flat) != len(running) or set(flat) != set(running):
        raise ConfigurationError(
            f"the groups must be two or more, none empty, and name each of the {len(running)} running members "
            f"once; got {[[member.address for member in group] for group in named]}"
        )
    return named


def part(groups: list[list[Member]]) -> list[Fault]:
    """Let nothing pass between members of different groups; returns the faults to heal.

    A connection between two members goes through the proxy of the one that it was opened to, and may have been
    opened by either.
    """
    return [
        member.proxy.drop(source=other.address)
        for group in groups
        for member in group
        for far_group in groups
        if far_group is not group
        for other in far_group
    ]


def await_views(groups: list[list[Member]], seconds: float) -> None:
    """Wait until each member sees the members of its own group and no others.

    Raises:
        MemberStateError: not in time.
    """

    def seen() -> list[list[int]]:
        return [
            [int(member.instance.getCluster().getMembers().size()) for member in group] for group in groups
        ]

    wanted = [[len(group)] * len(group) for group in groups]
    if not await_state(lambda: seen() == wanted, seconds):
        raise MemberStateError(
            f"after {seconds:g} s the members see clusters of {seen()} members instead of {wanted}; see their logs"
        )
