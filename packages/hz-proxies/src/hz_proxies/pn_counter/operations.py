"""The operations of a PN counter, from which its surfaces are generated."""

from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import UUID

from hz_core.arguments import int64
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.errors import (
    ConsistencyLostError,
    MutationDisallowedError,
    NoDataMemberInClusterError,
    TargetDisconnectedError,
    TargetNotMemberError,
)
from hz_core.invocation.retry import may_retry
from hz_core.op import Flow, Op
from hz_core.operations import ObjectOperations
from hz_proxies.codecs import pn_counter as codec
from hz_proxies.pn_counter.session import Session

_Response: TypeAlias = codec.GetResponse | codec.AddResponse
_Clock: TypeAlias = tuple[tuple[UUID, int], ...]


class PNCounterOperations(ObjectOperations):
    """A counter with replicas on several members, which accept updates without asking each other (a CRDT).

    An update counts at once on the replica that executes it, and reaches the others within moments. So two clients may
    see different values for a while; when the updates end, all replicas get to the same value.

    **What a client may rely on.** The client's counter of one name is a session, on all surfaces: it never sees an
    older value than before, and always sees its own updates. It uses one replica, chosen at random, as long as it can.
    If that is lost, it uses another one that has all updates of the session. If there is none,
    :class:`~hz_core.errors.ConsistencyLostError` is raised: nothing is lost, but the replicas with these updates are
    out of reach. Try again later, or call ``reset`` to begin a new session without them.

    If the connection is lost before the reply to an update, it is unknown whether it was executed, and
    :class:`~hz_core.errors.TargetDisconnectedError` is raised, unless the client is configured with
    ``redo_operation``; then the update may count twice.

    Values have 64 bits; they overflow as Java's ``long`` does. All operations raise NoDataMemberInClusterError if the
    cluster has only lite members.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:PNCounterService"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._session = Session(context.io.mutex())
        self._replica_count = 0
        self._known_replicas: tuple[Any, int, list[UUID]] = None, 0, []
        """The last member list, the number of replicas, and what has them then."""
        self._redo = context.config.redo_operation
        self._smart = context.config.smart_routing

    def get(self) -> Flow[int]:
        """Return the current value.

        Raises:
            ConsistencyLostError: No replica that can be reached has all that this session has seen.
            NoDataMemberInClusterError: The cluster has no data members.

        Source: message ``PNCounter.get``.
        """
        return self._invoke(lambda clock, replica: codec.get(self.name, clock, replica))

    def get_and_add(self, delta: int) -> Flow[int]:
        """Add ``delta`` and return the previous value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError: As ``get``.
            TargetDisconnectedError: The connection was lost before the reply; the update may count.
            TypeError, ValueError: ``delta`` is not an integer of 64 bits.

        Source: message ``PNCounter.add``.
        """
        return self._add(int64(delta, "delta"), True)

    def add_and_get(self, delta: int) -> Flow[int]:
        """Add ``delta`` and return the new value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError, TypeError, ValueError: As
                ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(int64(delta, "delta"), False)

    def get_and_subtract(self, delta: int) -> Flow[int]:
        """Subtract ``delta`` and return the previous value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError, TypeError, ValueError: As
                ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(_negated(delta), True)

    def subtract_and_get(self, delta: int) -> Flow[int]:
        """Subtract ``delta`` and return the new value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError, TypeError, ValueError: As
                ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(_negated(delta), False)

    def get_and_decrement(self) -> Flow[int]:
        """Subtract 1 and return the previous value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError: As ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(-1, True)

    def decrement_and_get(self) -> Flow[int]:
        """Subtract 1 and return the new value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError: As ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(-1, False)

    def get_and_increment(self) -> Flow[int]:
        """Add 1 and return the previous value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError: As ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(1, True)

    def increment_and_get(self) -> Flow[int]:
        """Add 1 and return the new value.

        Raises:
            ConsistencyLostError, NoDataMemberInClusterError, TargetDisconnectedError: As ``get_and_add``.

        Source: message ``PNCounter.add``.
        """
        return self._add(1, False)

    def reset(self) -> None:
        """Begin a new session, which knows nothing of what this client has seen or updated before.

        For use after ConsistencyLostError. What is in progress still belongs to the old session.
        """
        self._session = Session(self._context.io.mutex())

    def _add(self, delta: int, get_before: bool) -> Flow[int]:
        return self._invoke(
            lambda clock, replica: codec.add(self.name, delta, get_before, clock, replica),
        )

    def _invoke(
        self, make: "Callable[[_Clock, UUID], Op[codec.GetResponse] | Op[codec.AddResponse]]"
    ) -> Flow[int]:
        """Send a request to a replica; to another one if that refuses it or is lost."""
        session = self._session
        if not self._replica_count:
            self._replica_count = yield codec.get_configured_replica_count(self.name)
        refused: dict[UUID, Exception] = {}
        lost: set[UUID] = set()

        def observe(response: _Response) -> None:
            # Also if the caller has given up: the update counts.
            session.observe(response.replica_timestamps)
            self._replica_count = response.replica_count or self._replica_count

        while True:
            replica, connection = self._choose(session, refused, lost)
            op = make(session.clock, replica).then(observe)
            op.member = replica
            # On a given connection the request is sent once, and the loop decides what follows. Without one, it
            # waits, as any other operation does, until the member can be reached or is found to have left.
            op.connection = connection
            try:
                response: _Response = yield op
            except (ConsistencyLostError, MutationDisallowedError, TargetNotMemberError) as e:
                refused[replica] = e
            except Exception as e:
                if connection is None or not may_retry(e, op.method, self._redo):
                    raise
                if connection.alive:
                    refused[replica] = e
                else:
                    lost.add(replica)
            else:
                return response.value

    def _choose(
        self, session: Session, refused: dict[UUID, Exception], lost: set[UUID]
    ) -> tuple[UUID, Connection | None]:
        """Return the replica for the next attempt, and the connection to it; None to wait for a connection.

        Raises:
            NoDataMemberInClusterError: There is no replica.
            HazelcastError: All replicas have refused the request.
        """
        replicas = self._replicas()
        if not replicas:
            raise NoDataMemberInClusterError(
                f"PN counter {self.name!r} cannot be used: the cluster has no data members"
            )
        left = [replica for replica in replicas if replica not in refused] if refused else replicas
        if not left:
            errors = list(refused.values())
            raise next((e for e in errors if isinstance(e, ConsistencyLostError)), errors[-1])
        while True:
            current = session.replica
            if current is not None and current in left:
                connection = self._connection_to(current, lost)
                if connection is not None:
                    return current, connection
            left = list(left)
            self._context.io.random.shuffle(left)
            for replica in left:
                connection = self._connection_to(replica, lost)
                if connection is not None:
                    break
            else:
                # None can be reached. The one of before may have what the others lack.
                replica, connection = current if current is not None and current in left else left[0], None
            if session.switch(current, replica):
                return replica, connection

    def _replicas(self) -> list[UUID]:
        """Return the members that have replicas; not to be changed."""
        members, count = self._view.members, self._replica_count
        known, known_count, replicas = self._known_replicas
        if known is not members or known_count != count:
            replicas = [m.uuid for m in members.members if not m.lite_member][:count]
            self._known_replicas = members, count, replicas
        return replicas

    def _connection_to(self, replica: UUID, lost: set[UUID]) -> Connection | None:
        """Return a ready connection over which requests reach a member; None if there is none."""
        if lost and replica in lost:
            return None
        context = self._context
        try:
            return context.member_connection(replica) if self._smart else context.any_connection()
        except TargetDisconnectedError:
            return None


def _negated(delta: int) -> int:
    return int64(-int64(delta, "delta"), "-delta")
