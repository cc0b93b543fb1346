"""Choice of the connection for an operation."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from hz_core.cluster.group_leaders import GroupLeaders
from hz_core.cluster.membership import Membership
from hz_core.cluster.view import Routes
from hz_core.compiled import RoutingBase, prefer_compiled
from hz_core.connection import Connection
from hz_core.errors import (
    CPLeaderSteppingDownError,
    LeaderDemotedError,
    NotLeaderError,
    StaleAppendRequestError,
)
from hz_core.load_balancer import LoadBalancer
from hz_core.model import MemberInfo
from hz_core.op import Op

_NO_LEADER: Final = (
    NotLeaderError,
    LeaderDemotedError,
    StaleAppendRequestError,
    CPLeaderSteppingDownError,
)
"""Errors of a member that does not lead a CP group, or does not any more."""


class RouteSource(Protocol):
    """Owner of the current routes (the connection manager)."""

    @property
    def routes(self) -> Routes:
        """The current snapshot."""
        ...


def _connected(routes: Routes, member: MemberInfo | None) -> Connection | None:
    """Return the open connection to a member, None if there is none."""
    connection = None if member is None else routes.by_member.get(member.uuid)
    return connection if connection is not None and connection.alive else None


@prefer_compiled
class Routing(RoutingBase):
    """Chooses connections from immutable snapshots, on any thread.

    Operations of CP groups go to their ``leaders``, as far as these are known.

    Args:
        source: Owner of the routes.
        membership: The member list.
        load_balancer: Chooses the member for operations that any member can execute.
        smart: Whether the client connects to all members (``smart_routing``).
    """

    def __init__(
        self,
        source: RouteSource,
        membership: Membership,
        load_balancer: LoadBalancer,
        smart: bool,
    ) -> None:
        self._source = source
        self._membership = membership
        self._load_balancer = load_balancer
        self._smart = smart
        self.leaders: GroupLeaders = GroupLeaders()

    def route(self, op: Op[Any]) -> Connection | None:
        """Return the connection to the op's member, the owner of its partition, the leader of its group, or any."""
        routes = self._source.routes
        if op.member is not None and self._smart:
            return routes.by_member.get(op.member)
        partition_id = op.partition_id
        if 0 <= partition_id < len(routes.by_partition):
            connection = routes.by_partition[partition_id]
            if connection is not None and connection.alive:
                return connection
        if partition_id >= 0 and routes.all:
            # The owner is unknown: a new cluster assigns partitions with the first operation. One member for each
            # partition keeps the order of the operations on a key.
            connection = routes.all[partition_id % len(routes.all)]
            if connection.alive:
                return connection
        if self.leaders.known and op.group is not None:
            leader = self.leaders.leader(op.group)
            connection = None if leader is None else routes.by_member.get(leader)
            if connection is not None and connection.alive:
                return connection
        return self.any_connection()

    def failed(self, op: Op[Any], error: Exception) -> None:
        """Forget the leader of the CP group of ``op`` if it does not lead the group, or does not any more."""
        if op.group is not None and isinstance(error, _NO_LEADER):
            self.leaders.doubt(op.group)

    def any_connection(self) -> Connection | None:
        """Return a connection to the member that the load balancer chooses; None if there is none."""
        routes = self._source.routes
        if self._smart and len(routes.all) > 1:
            connection = _connected(routes, self._load_balancer.next())
            if connection is not None:
                return connection
        for connection in routes.all:
            if connection.alive:
                return connection
        return None

    def any_data_connection(self) -> Connection | None:
        """Return a connection to a member that holds data, if there is one; else to any member."""
        routes = self._source.routes
        if self._smart and len(routes.all) > 1:
            connection = _connected(routes, self._load_balancer.next_data_member())
            if connection is not None:
                return connection
        members = self._membership.members.by_uuid
        for connection in routes.all:
            member = None if connection.member is None else members.get(connection.member)
            if connection.alive and member is not None and not member.lite_member:
                return connection
        return self.any_connection()

    def open_connections(self) -> Sequence[Connection]:
        """Return the ready connections."""
        return self._source.routes.all

    def is_member(self, op: Op[Any]) -> bool:
        """Return whether the member that ``op`` is bound to is in the cluster."""
        return op.member in self._membership.members.by_uuid
