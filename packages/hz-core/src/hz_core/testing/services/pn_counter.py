"""PN counters: each member has a replica, which accepts updates alone and tells the others."""

from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves

_RANGE = 1 << 64
_HALF = 1 << 63

Replica = dict[UUID, tuple[int, int]]
"""Sum of the updates and timestamp of the last one, by the member that executed them."""

NEVER = -_HALF
"""The timestamp before the first update; each update is one later."""


@serves("PNCounter")
class PNCounterService(Service):
    """Messages of the service ``PNCounter``.

    Attributes:
        replicating: Whether updates reach the other replicas at once; otherwise with ``replicate``.
        replica_count: Number of replicas that the counters are configured with.
    """

    service_name = "hz:impl:PNCounterService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.replicating = True
        self.replica_count = 2**31 - 1
        self._replicas: dict[tuple[str, UUID], Replica] = {}

    def destroy(self, name: str) -> None:
        """Forget a counter."""
        for key in [key for key in self._replicas if key[0] == name]:
            del self._replicas[key]

    def reset(self) -> None:
        """Forget all counters."""
        self._replicas.clear()

    def replica(self, name: str, member: UUID) -> Replica:
        """Return a member's replica of a counter."""
        return self._replicas.setdefault((name, member), {})

    def replicate(self) -> None:
        """Merge the replicas of all members."""
        for name in {name for name, _ in self._replicas}:
            merged: Replica = {}
            for member in self.cluster.members:
                for source, (value, timestamp) in self.replica(name, member.uuid).items():
                    if timestamp > merged.get(source, (0, NEVER))[1]:
                        merged[source] = value, timestamp
            for member in self.cluster.members:
                self._replicas[name, member.uuid] = dict(merged)

    def get(self, request: Request) -> None:
        """Reply the value and the vector clock of the replica."""
        replica = self._checked(request)
        self._reply(request, replica, _value(replica))

    def add(self, request: Request) -> None:
        """Add to the member's own part."""
        replica = self._checked(request)
        before = _value(replica)
        value, timestamp = replica.get(request.member.uuid, (0, NEVER))
        replica[request.member.uuid] = value + request["delta"], timestamp + 1
        if self.replicating:
            self.replicate()
            replica = self.replica(request["name"], request.member.uuid)
        self._reply(request, replica, before if request["getBeforeUpdate"] else _value(replica))

    def get_configured_replica_count(self, request: Request) -> None:
        """Reply the configured number of replicas."""
        request.reply(self.replica_count)

    def _checked(self, request: Request) -> Replica:
        if request["targetReplicaUUID"] != request.member.uuid:
            raise MemberError(codes.NOT_MEMBER, "the request is for another member")
        replica = self.replica(request["name"], request.member.uuid)
        if _is_after(dict(request["replicaTimestamps"]), replica):
            raise MemberError(codes.CONSISTENCY_LOST, "This replica cannot provide the session guarantees")
        return replica

    def _reply(self, request: Request, replica: Replica, value: int) -> None:
        clock = [(source, timestamp) for source, (_, timestamp) in replica.items()]
        request.reply(value, clock, self.replica_count)


def _value(replica: Replica) -> int:
    total = sum(value for value, _ in replica.values())
    return (total + _HALF) % _RANGE - _HALF


def _is_after(observed: dict[UUID, int], replica: Replica) -> bool:
    """Return whether the observed clock is after that of the replica; as in members, two may be beside each other."""
    known = {source: timestamp for source, (_, timestamp) in replica.items()}
    if any(observed.get(source, NEVER) < timestamp for source, timestamp in known.items()):
        return False
    return observed != known
