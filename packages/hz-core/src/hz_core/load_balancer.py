"""Choice of the member for operations that any member can execute."""

from collections.abc import Callable, Sequence
from itertools import count
from random import randrange
from typing import Protocol

from hz_core.model import MemberInfo


class Members(Protocol):
    """The part of the cluster service that load balancers use."""

    def get_members(self) -> Sequence[MemberInfo]:
        """Return the members, oldest first."""
        ...


class LoadBalancer:
    """Chooses the member for operations without a key (smart routing only).

    Derive a class from it for a custom strategy. The client calls ``init`` once before it starts, then ``next``
    from any of its threads.
    """

    def init(self, cluster_service: Members) -> None:
        """Store the cluster service, which knows the members."""
        raise NotImplementedError(f"{type(self).__name__} must define init(cluster_service)")

    def next(self) -> MemberInfo | None:
        """Return the member for the next operation, or None to let the client choose."""
        raise NotImplementedError(f"{type(self).__name__} must define next()")

    def next_data_member(self) -> MemberInfo | None:
        """Return the member for the next operation that lite members refuse, such as a SQL query.

        None lets the client choose one. A custom strategy need not define it.
        """
        return None


class _ListLB(LoadBalancer):
    """Base class of load balancers that choose from the current list of members.

    Args:
        choose: Returns a number from 0 to below its argument.
    """

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._cluster_service: Members | None = None
        self._choose = choose

    def init(self, cluster_service: Members) -> None:
        """Store the cluster service, which knows the members."""
        self._cluster_service = cluster_service

    def next(self) -> MemberInfo | None:
        """Return the member for the next operation, or None if there is no member."""
        service = self._cluster_service
        return self._chosen(service.get_members() if service is not None else ())

    def next_data_member(self) -> MemberInfo | None:
        """Return the data member for the next operation, or None if there is none."""
        service = self._cluster_service
        members = service.get_members() if service is not None else ()
        return self._chosen([member for member in members if not member.lite_member])

    def _chosen(self, members: Sequence[MemberInfo]) -> MemberInfo | None:
        return members[self._choose(len(members))] if members else None


class RoundRobinLB(_ListLB):
    """Chooses the members in turn (the default)."""

    def __init__(self) -> None:
        turns = count()  # `next` is atomic, so threads never get the same number
        super().__init__(lambda size: next(turns) % size)


class RandomLB(_ListLB):
    """Chooses a random member.

    Args:
        choose: Returns a number from 0 to below its argument; by default ``random.randrange``.
    """

    def __init__(self, choose: Callable[[int], int] = randrange) -> None:
        super().__init__(choose)
