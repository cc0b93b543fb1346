"""Immutable snapshots of the cluster: its members, and the owner of each partition."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from hz_core.connection import Connection
from hz_core.model import MemberInfo


class MemberList:
    """The member list with a version; the oldest member is first."""

    __slots__ = ("by_uuid", "members", "version")

    def __init__(self, version: int, members: Iterable[MemberInfo]) -> None:
        self.version: int = version
        self.members: tuple[MemberInfo, ...] = tuple(members)
        self.by_uuid: Mapping[UUID, MemberInfo] = MappingProxyType({m.uuid: m for m in self.members})


class PartitionTable:
    """The partition table with a version; ``count`` is 0 until the first authentication.

    Attributes:
        version: Its version.
        count: The number of partitions.
        owners: UUID of the owner by partition id, None where it is not known.
        distinct: The different owners.
        places: The place in ``distinct`` by partition id. Routes are built for each connection, and the hash of a UUID
            is computed by Python code: this makes them three to four times as fast.
    """

    __slots__ = ("count", "distinct", "owners", "places", "version")

    def __init__(self, version: int, count: int, owners: Sequence[UUID | None]) -> None:
        self.version: int = version
        self.count: int = count
        self.owners: tuple[UUID | None, ...] = tuple(owners)
        places: dict[UUID | None, int] = {}
        self.places: tuple[int, ...] = tuple(places.setdefault(owner, len(places)) for owner in self.owners)
        self.distinct: tuple[UUID | None, ...] = tuple(places)

    @classmethod
    def from_lists(
        cls, version: int, count: int, lists: Iterable[tuple[UUID, Sequence[int]]]
    ) -> "PartitionTable":
        """Return the table for the protocol's lists of partition ids by member.

        Ids outside of 0 … count-1 are ignored, so that an invalid table cannot break the routing.
        """
        owners: list[UUID | None] = [None] * count
        for member, partition_ids in lists:
            for partition_id in partition_ids:
                if 0 <= partition_id < count:
                    owners[partition_id] = member
        return cls(version, count, owners)


class Routes:
    """The connections by member and partition; replaced as a whole when connections or partitions change.

    Attributes:
        all: Authenticated connections, in the order of their creation.
        by_member: Connection by member UUID.
        by_partition: Connection by partition id, None if the owner is not connected. Empty without
            smart routing.
    """

    __slots__ = ("all", "by_member", "by_partition")

    def __init__(
        self,
        connections: Sequence[Connection],
        partitions: PartitionTable,
        smart: bool,
    ) -> None:
        self.all: tuple[Connection, ...] = tuple(connections)
        self.by_member: Mapping[UUID, Connection] = {c.member: c for c in connections if c.member is not None}
        self.by_partition: tuple[Connection | None, ...] = ()
        if smart:
            find = self.by_member.get
            found = [None if owner is None else find(owner) for owner in partitions.distinct]
            self.by_partition = tuple(map(found.__getitem__, partitions.places))
