"""Immutable snapshots of the cluster: its members, and the owner of each partition."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from hz_core.connection import Connection
from hz_core.model import MemberInfo


class MemberList:
    """The members, oldest first, as the cluster listed them under `version`."""

    __slots__ = ("by_uuid", "members", "version")

    def __init__(self, version: int, members: Iterable[MemberInfo]) -> None:
        self.version = version
        self.members = tuple(members)
        self.by_uuid: Mapping[UUID, MemberInfo] = MappingProxyType({m.uuid: m for m in self.members})


class PartitionTable:
    """Owner of each partition, as listed under `version`; `count` is 0 until the first authentication."""

    __slots__ = ("count", "owners", "version")

    def __init__(self, version: int, count: int, owners: Sequence[UUID | None]) -> None:
        self.version = version
        self.count = count
        self.owners = tuple(owners)

    @classmethod
    def from_lists(
        cls, version: int, count: int, lists: Iterable[tuple[UUID, Sequence[int]]]
    ) -> "PartitionTable":
        """Make the table from the form of the protocol: each member with the ids of its partitions.

        Ids outside of 0 … count-1 are ignored, so that an invalid table cannot break routing.
        """
        owners: list[UUID | None] = [None] * count
        for member, partition_ids in lists:
            for partition_id in partition_ids:
                if 0 <= partition_id < count:
                    owners[partition_id] = member
        return cls(version, count, owners)


class Routes:
    """Which connection serves what; replaced as a whole whenever connections or partitions change.

    Attributes:
        all: Authenticated connections, in the order of their making.
        by_member: Connection by member UUID.
        by_partition: Connection by partition id, None where the owner isn't connected. Empty without
            smart routing.
    """

    __slots__ = ("all", "by_member", "by_partition")

    def __init__(
        self,
        connections: Sequence[Connection],
        partitions: PartitionTable,
        smart: bool,
    ) -> None:
        self.all = tuple(connections)
        self.by_member: Mapping[UUID, Connection] = {c.member: c for c in connections if c.member is not None}
        self.by_partition: tuple[Connection | None, ...] = ()
        if smart:
            find = self.by_member.get
            self.by_partition = tuple(None if owner is None else find(owner) for owner in partitions.owners)
