"""Flake id generators: batches of unique ids."""

from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves

INCREMENT = 1 << 16
"""The difference of two ids of a member, whose lower bits are its node id."""


@serves("FlakeIdGenerator")
class FlakeIdGeneratorService(Service):
    """Messages of the service ``FlakeIdGenerator``.

    Attributes:
        out_of_range: UUIDs of the members whose node id is out of range.
    """

    service_name = "hz:impl:flakeIdGeneratorService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.out_of_range: set[UUID] = set()
        self._next: dict[UUID, int] = {}

    def new_id_batch(self, request: Request) -> None:
        """Reply the first id of a new batch."""
        member, size = request.member, request["batchSize"]
        if member.uuid in self.out_of_range:
            raise MemberError(codes.NODE_ID_OUT_OF_RANGE, "Node ID is out of range")
        number = self._next.get(member.uuid, 0)
        self._next[member.uuid] = number + size
        node = self.cluster.members.index(member)
        request.reply(number * INCREMENT + node, INCREMENT, size)
