"""Which member gets an operation that any member can do."""

from collections.abc import Callable, Sequence
from itertools import count
from random import randrange
from typing import Protocol

from hz_core.model import MemberInfo


class Members(Protocol):
    """What a load balancer needs of the cluster service."""

    def get_members(self) -> Sequence[MemberInfo]:
        """Return the members, oldest first."""
        ...


class LoadBalancer:
    """Chooses the member for operations without a key (smart routing only).

    Derive from it for a way of your own. The client calls `init` once before it starts, then `next`
    from any of its threads.
    """

    def init(self, cluster_service: Members) -> None:
        """Take the cluster service, which knows the members."""
        raise NotImplementedError(f"{type(self).__name__} must define init(cluster_service)")

    def next(self) -> MemberInfo | None:
        """Return the member for the next operation; None lets the client choose."""
        raise NotImplementedError(f"{type(self).__name__} must define next()")


class _ListLB(LoadBalancer):
    """Chooses from the present list of members."""

    def __init__(self) -> None:
        self._cluster_service: Members | None = None

    def init(self, cluster_service: Members) -> None:
        """Take the cluster service, which knows the members."""
        self._cluster_service = cluster_service

    def next(self) -> MemberInfo | None:
        """Return the member for the next operation, or None when there is no member."""
        service = self._cluster_service
        members = service.get_members() if service is not None else ()
        return members[self._choose(len(members))] if members else None

    def _choose(self, size: int) -> int:
        raise NotImplementedError


class RoundRobinLB(_ListLB):
    """Takes the members in turn (the default)."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = count()  # one step is atomic, so threads never share a turn

    def _choose(self, size: int) -> int:
        return next(self._turns) % size


class RandomLB(_ListLB):
    """Takes a random member.

    Args:
        choose: Returns a number from 0 to below its argument; by default `random.randrange`.
    """

    def __init__(self, choose: Callable[[int], int] = randrange) -> None:
        super().__init__()
        self._random = choose

    def _choose(self, size: int) -> int:
        return self._random(size)
