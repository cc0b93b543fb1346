"""Value objects of the public API: members, addresses, versions, events, entry views."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

K = TypeVar("K")
V = TypeVar("V")


class Address(NamedTuple):
    """Host and port of a member; a tuple ``(host, port)``."""

    host: str
    """Host name, IPv4 or IPv6 address (without brackets)."""

    port: int
    """TCP port."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Address(host={self.host!r}, port={self.port})"


class ProtocolType(IntEnum):
    """The purpose of a member's socket."""

    MEMBER = 0
    CLIENT = 1
    WAN = 2
    REST = 3
    MEMCACHE = 4


class EndpointQualifier(NamedTuple):
    """Identifies one of a member's sockets; the public address for clients is ``(CLIENT, "public")``."""

    protocol_type: ProtocolType | int
    """The purpose of the socket."""

    identifier: str | None = None
    """Distinguishes sockets of the same type."""


PUBLIC_CLIENT_ENDPOINT: Final = EndpointQualifier(ProtocolType.CLIENT, "public")
"""The key of a member's address map for clients outside of its network."""


class MemberVersion(NamedTuple):
    """The Hazelcast version of a member. Ordered as a tuple, so ``version >= (5, 4)`` works."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def __repr__(self) -> str:
        return f"MemberVersion(major={self.major}, minor={self.minor}, patch={self.patch})"


class MemberInfo:
    """A member of the cluster. Compared and hashed by UUID and address; immutable by convention.

    Args:
        address: Address of the member.
        uuid: UUID of the member.
        attributes: Attributes from the member's configuration; None for none.
        lite_member: Whether the member owns no partitions.
        version: Hazelcast version of the member.
        more: Further fields, as newer members send them: whether the map of addresses is known, then that map.
        address_map: Addresses by :class:`EndpointQualifier`.
    """

    __slots__ = ("address", "address_map", "attributes", "lite_member", "uuid", "version")

    def __init__(
        self,
        address: Address,
        uuid: UUID,
        attributes: Mapping[str, str] | None,
        lite_member: bool,
        version: MemberVersion,
        *more: Any,
        address_map: Mapping[EndpointQualifier, Address] | None = None,
    ) -> None:
        self.address: Address = address
        self.uuid: UUID = uuid
        self.attributes: dict[str, str] = dict(attributes or {})
        self.lite_member: bool = lite_member
        self.version: MemberVersion = version
        if address_map is None and len(more) > 1:
            address_map = more[1]
        self.address_map: dict[EndpointQualifier, Address] = dict(address_map or {})

    @property
    def public_address(self) -> Address | None:
        """The address for clients outside of the member's network; None if the member has none."""
        return self.address_map.get(PUBLIC_CLIENT_ENDPOINT)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MemberInfo):
            return NotImplemented
        return self.uuid == other.uuid and self.address == other.address

    def __hash__(self) -> int:
        return hash((self.uuid, self.address))

    def __str__(self) -> str:
        lite = " lite" if self.lite_member else ""
        return f"Member {self.address} - {self.uuid}{lite}"

    def __repr__(self) -> str:
        return (
            f"MemberInfo(address={self.address!r}, uuid={self.uuid}, attributes={self.attributes},"
            f" lite_member={self.lite_member}, version={self.version!r})"
        )


class DistributedObjectEventType:
    """The types of :class:`DistributedObjectEvent`."""

    CREATED: Final = "CREATED"
    """The object was created."""

    DESTROYED: Final = "DESTROYED"
    """The object was destroyed."""


# The name in the documentation of client 4.0.
DistributedObjectType = DistributedObjectEventType


class DistributedObjectEvent(NamedTuple):
    """The creation or destruction of a distributed object."""

    name: str
    """Name of the object."""

    service_name: str
    """Service of the object, such as ``hz:impl:mapService``."""

    event_type: str
    """One of :class:`DistributedObjectEventType`."""

    source: UUID
    """UUID of the member that sent the event."""


class DistributedObjectInfo(NamedTuple):
    """Identifies a distributed object in the cluster."""

    service_name: str
    """Service of the object, such as ``hz:impl:mapService``."""

    name: str
    """Name of the object."""


class PartitionLostEvent(NamedTuple):
    """The loss of data of a partition: too many members were lost at once."""

    partition_id: int
    """Id of the partition."""

    lost_backup_count: int
    """Number of backups that were lost together with the primary: 0 if objects without backups have lost data."""

    source: UUID | None
    """UUID of the member that sent the event."""


class MigrationState(NamedTuple):
    """The progress of a migration of partitions between members."""

    start_time: int
    """When it began, in milliseconds since the epoch."""

    planned_migrations: int
    """Number of replicas to move."""

    completed_migrations: int
    """Number of replicas that were moved, or failed to."""

    total_elapsed_time: int
    """Milliseconds that the completed migrations took together."""


class ReplicaMigrationEvent(NamedTuple):
    """The end of the migration of one replica of a partition."""

    migration_state: MigrationState
    """The progress of the whole migration."""

    partition_id: int
    """Id of the partition."""

    replica_index: int
    """0 for the primary, 1 for the first backup, and so on."""

    source_uuid: UUID | None
    """UUID of the member that had the replica; None if there was none."""

    dest_uuid: UUID | None
    """UUID of the member that has the replica now."""

    success: bool
    """Whether the migration succeeded."""

    elapsed_time: int
    """Milliseconds that it took."""


class SimpleEntryView(NamedTuple, Generic[K, V]):
    """Snapshot of one map entry with its statistics. Times are milliseconds since the epoch."""

    key: K
    """The key."""

    value: V
    """The value."""

    cost: int
    """Memory of the entry on the member, in bytes."""

    creation_time: int
    """Time of its creation."""

    expiration_time: int
    """Time of its expiration."""

    hits: int
    """Number of reads."""

    last_access_time: int
    """Time of the last read."""

    last_stored_time: int
    """Time of the last write to the map's store."""

    last_update_time: int
    """Time of the last change of the value."""

    version: int
    """Number of changes of the value."""

    ttl: int
    """Time to live, in milliseconds."""

    max_idle: int
    """Maximum time without access, in milliseconds."""
