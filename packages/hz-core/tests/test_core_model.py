"""Value objects: equality, order, hash and text."""

from uuid import UUID

from hz_core.model import (
    PUBLIC_CLIENT_ENDPOINT,
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

ID = UUID(int=7)
V5 = MemberVersion(5, 7, 0)


def test_address() -> None:
    address = Address("10.0.0.1", 5701)
    assert (address.host, address.port) == ("10.0.0.1", 5701)
    assert address == Address(host="10.0.0.1", port=5701)
    assert address != Address("10.0.0.1", 5702)
    assert len({address, Address("10.0.0.1", 5701), Address("::1", 5701)}) == 2
    assert str(address) == "10.0.0.1:5701"
    assert str(Address("::1", 5701)) == "[::1]:5701"
    assert repr(Address("::1", 5701)) == "Address(host='::1', port=5701)"
    assert f"{address}" == "10.0.0.1:5701"


def test_member_version_is_ordered() -> None:
    assert MemberVersion(5, 10, 0) > V5 >= (5, 7)
    assert str(V5) == "5.7.0"
    assert repr(V5) == "MemberVersion(major=5, minor=7, patch=0)"


def test_member_info_as_documented() -> None:
    member = MemberInfo(Address("h", 1), ID, {"zone": "a"}, False, V5)
    assert (member.address, member.uuid, member.lite_member, member.version) == (
        Address("h", 1),
        ID,
        False,
        V5,
    )
    assert member.attributes == {"zone": "a"}
    assert member.address_map == {}
    assert member.public_address is None
    assert str(member) == f"Member h:1 - {ID}"
    assert str(MemberInfo(Address("::1", 1), ID, None, True, V5)) == f"Member [::1]:1 - {ID} lite"
    assert "zone" in repr(member)


def test_member_info_takes_what_newer_members_send() -> None:
    public = {EndpointQualifier(ProtocolType.CLIENT, "public"): Address("1.2.3.4", 9)}
    by_position = MemberInfo(Address("h", 1), ID, None, False, V5, True, public)
    by_name = MemberInfo(Address("h", 1), ID, None, False, V5, address_map=public)
    assert by_position.public_address == by_name.public_address == Address("1.2.3.4", 9)
    assert MemberInfo(Address("h", 1), ID, None, False, V5, False, {}).public_address is None


def test_member_info_equality_is_by_uuid_and_address() -> None:
    member = MemberInfo(Address("h", 1), ID, {}, False, V5)
    assert member == MemberInfo(Address("h", 1), ID, {"a": "b"}, True, V5)
    assert member != MemberInfo(Address("h", 2), ID, {}, False, V5)
    assert member != MemberInfo(Address("h", 1), UUID(int=8), {}, False, V5)
    assert member != "member"
    assert len({member, MemberInfo(Address("h", 1), ID, {"a": "b"}, True, V5)}) == 1


def test_endpoint_qualifier() -> None:
    assert EndpointQualifier(1, "public") == PUBLIC_CLIENT_ENDPOINT
    assert hash(EndpointQualifier(1, "public")) == hash(PUBLIC_CLIENT_ENDPOINT)
    assert [t.value for t in ProtocolType] == [0, 1, 2, 3, 4]


def test_distributed_object_events() -> None:
    assert DistributedObjectType is DistributedObjectEventType
    assert DistributedObjectEventType.CREATED == "CREATED"
    assert DistributedObjectEventType.DESTROYED == "DESTROYED"
    event = DistributedObjectEvent("m", "hz:impl:mapService", DistributedObjectEventType.CREATED, ID)
    assert (event.name, event.service_name, event.event_type, event.source) == (
        "m",
        "hz:impl:mapService",
        "CREATED",
        ID,
    )
    assert DistributedObjectInfo("s", "n") == DistributedObjectInfo(service_name="s", name="n")


def test_entry_view_takes_the_documented_arguments_in_order() -> None:
    view = SimpleEntryView("k", [1], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    assert view.key == "k"
    assert view.value == [1]
    assert (view.cost, view.creation_time, view.expiration_time, view.hits) == (1, 2, 3, 4)
    assert (view.last_access_time, view.last_stored_time, view.last_update_time) == (5, 6, 7)
    assert (view.version, view.ttl, view.max_idle) == (8, 9, 10)
    assert repr(view).startswith("SimpleEntryView(key='k', value=[1], cost=1,")
