"""Splitting the network between the members of a cluster with the proxies in front of them."""

from collections.abc import Sequence

from hz_embedded._waiting import await_state
from hz_embedded.errors import ConfigurationError, MemberStateError
from hz_embedded.fault_proxy import Fault
from hz_embedded.member import Member


def resolve_groups(members: Sequence[Member], groups: Sequence[Sequence[int | Member]]) -> list[list[Member]]:
    """Return the members of each group, which are given as members or as indices in ``members``.

    Raises:
        ConfigurationError: There are fewer than two groups, a group is empty, or a running member is not in exactly
            one group.
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


def split_network(groups: list[list[Member]]) -> list[Fault]:
    """Drop everything between members of different groups, and return the faults.

    A connection between two members goes through the proxy of the member that accepted it. Either member may have
    opened it, so both proxies need a fault.
    """
    return [
        member.proxy.drop(source=other.address)
        for group in groups
        for member in group
        for other_group in groups
        if other_group is not group
        for other in other_group
    ]


def await_views(groups: list[list[Member]], seconds: float) -> None:
    """Wait until each member sees the members of its own group and no others.

    Raises:
        MemberStateError: That did not happen in time.
    """

    def visible_members() -> list[list[int]]:
        return [
            [int(member.instance.getCluster().getMembers().size()) for member in group] for group in groups
        ]

    wanted = [[len(group)] * len(group) for group in groups]
    if not await_state(lambda: visible_members() == wanted, seconds):
        raise MemberStateError(
            f"after {seconds:g} s the members see clusters of {visible_members()} members instead of {wanted}; "
            "see their logs"
        )
