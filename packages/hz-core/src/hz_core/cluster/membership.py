"""The member list and the partition table, updated by events of the cluster."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from hz_core.cluster.view import MemberList, PartitionTable
from hz_core.connection import Connection
from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.model import Address, EndpointQualifier, MemberInfo, MemberVersion

_logger = get_logger("cluster")

MemberCallback = Callable[[MemberInfo], object] | None


class _Listener:
    """The callbacks of one registration. While it is told the members of the beginning, later events wait."""

    __slots__ = ("added", "id", "removed", "waiting")

    def __init__(self, added: MemberCallback, removed: MemberCallback, registration_id: str) -> None:
        self.added = added
        self.removed = removed
        self.id = registration_id
        self.waiting: list[Callable[[], None]] | None = None

    def call(self, callback: Callable[[MemberInfo], object], member: MemberInfo) -> None:
        """Call the user's function; log its error."""
        try:
            callback(member)
        except Exception:
            _logger.exception("membership listener %s failed", self.id)


class Membership:
    """Owner of the current :class:`MemberList` and :class:`PartitionTable`. Changed on the I/O side only."""

    def __init__(self, io: IO, new_uuid: Callable[[], UUID]) -> None:
        self._io = io
        self._new_uuid = new_uuid
        self._mutex = io.mutex()
        self._listeners: dict[str, _Listener] = {}
        self.members: MemberList = MemberList(-1, ())
        self.partitions: PartitionTable = PartitionTable(-1, 0, ())
        self._partitions_from: Connection | None = None

    def add_listener(
        self, added: MemberCallback, removed: MemberCallback, fire_for_existing: bool = False
    ) -> str:
        """Register callbacks for members that join or leave; see :class:`hz_core.services.ClusterService`."""
        listener = _Listener(added, removed, str(self._new_uuid()))
        with self._mutex:
            # Each member is in this list or in a later event, and in one of them only.
            existing = self.members.members if fire_for_existing else ()
            listener.waiting = []
            self._listeners[listener.id] = listener
        try:
            for member in existing:
                if added is not None:
                    listener.call(added, member)
        finally:
            self._call_waiting(listener)
        return listener.id

    def _call_waiting(self, listener: _Listener) -> None:
        while True:
            with self._mutex:
                waiting = listener.waiting
                listener.waiting = [] if waiting else None
            if not waiting:
                return
            for call in waiting:
                self._io.run_callback(call)

    def remove_listener(self, registration_id: str) -> bool:
        """Remove a listener; return whether it was registered."""
        return self._listeners.pop(registration_id, None) is not None

    def add_all(self, listeners: Iterable[tuple[MemberCallback, MemberCallback]]) -> None:
        """Add the listeners of the configuration."""
        for added, removed in listeners:
            self.add_listener(added, removed, fire_for_existing=True)

    def cluster_changed(self) -> None:
        """Reset the versions, because another cluster, or the same one after a restart, starts with new ones."""
        self.members = MemberList(-1, self.members.members)
        self.partitions = PartitionTable(-1, self.partitions.count, self.partitions.owners)
        self._partitions_from = None

    def set_partition_count(self, count: int) -> None:
        """Set the partition count from the first authentication; owners are unknown until the first table."""
        self.partitions = PartitionTable(-1, count, [None] * count)

    def update_members(self, version: int, infos: Iterable[Any]) -> list[MemberInfo]:
        """Store a member list from the cluster and call listeners with the difference.

        Args:
            version: Version of the list; an older one than the current is ignored.
            infos: ``MemberInfo`` custom types of the protocol.

        Returns:
            The members that left.
        """
        if version <= self.members.version:
            return []
        before = self.members
        after = MemberList(version, (_member(info) for info in infos))
        removed = [m for m in before.members if m.uuid not in after.by_uuid]
        added = [m for m in after.members if m.uuid not in before.by_uuid]
        if added or removed:
            _logger.info(
                "members [%d] {%s}",
                len(after.members),
                ", ".join(f"{m.address} - {m.uuid}" for m in after.members),
            )
        calls: list[Callable[[], None]] = []
        with self._mutex:
            self.members = after
            for listener in list(self._listeners.values()):
                of_listener = calls if listener.waiting is None else listener.waiting
                for callback, members in ((listener.removed, removed), (listener.added, added)):
                    if callback is not None:
                        of_listener.extend(partial(listener.call, callback, member) for member in members)
        for call in calls:
            self._io.run_callback(call)
        return removed

    def update_partitions(self, connection: Connection, version: int, lists: Iterable[Any]) -> bool:
        """Store a partition table from the cluster; return whether it was newer than the current one.

        Versions of different members cannot be compared, so a table from another connection always counts as newer.
        """
        current = self.partitions
        if connection is self._partitions_from and version <= current.version:
            return False
        table = PartitionTable.from_lists(version, current.count, lists)
        if not any(table.owners):
            return False
        self.partitions = table
        self._partitions_from = connection
        return True


def _member(info: Any) -> MemberInfo:
    """Return the MemberInfo for the protocol's custom type; ``address_map`` exists since 4.0.1."""
    addresses = info.address_map if isinstance(info.address_map, list) else []
    return MemberInfo(
        Address(info.address.host, info.address.port),
        info.uuid,
        dict(info.attributes),
        info.lite_member,
        MemberVersion(info.version.major, info.version.minor, info.version.patch),
        None,
        {EndpointQualifier(q.type, q.identifier): Address(a.host, a.port) for q, a in addresses},
    )
