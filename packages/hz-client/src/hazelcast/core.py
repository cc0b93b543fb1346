"""Value objects: members, addresses, versions, events, entry views, JSON values."""

from hz_core.model import (
    Address,
    DistributedObjectEvent,
    DistributedObjectEventType,
    DistributedObjectInfo,
    DistributedObjectType,
    EndpointQualifier,
    MemberInfo,
    MemberVersion,
    ProtocolType,
    SimpleEntryView,
)
from hz_serialization import HazelcastJsonValue, MapEntry

__all__ = [
    "Address",
    "DistributedObjectEvent",
    "DistributedObjectEventType",
    "DistributedObjectInfo",
    "DistributedObjectType",
    "EndpointQualifier",
    "HazelcastJsonValue",
    "MapEntry",
    "MemberInfo",
    "MemberVersion",
    "ProtocolType",
    "SimpleEntryView",
]
