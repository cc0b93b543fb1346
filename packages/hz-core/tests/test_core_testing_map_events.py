"""Entry events of the simulated map, and its listeners."""

from collections.abc import Callable
from typing import Any

import pytest

from hz_core.testing import ManualClock, MemberError, RawClient, SimulatedCluster, codes
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
KEY, OTHER = data("k"), data("other")
V1, V2 = data("one"), data("two")

ADDED, REMOVED, UPDATED, EVICTED, EXPIRED, EVICT_ALL, CLEAR_ALL = (1 << bit for bit in range(7))
ALL = 1023


class Listening:
    """A client of one member that has put nothing yet, and listens to the map."""

    def __init__(self, method: str = "addEntryListener", **named: Any) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(clock=self.clock)
        self.client = RawClient(self.cluster.members[0])
        self.cluster.matches = lambda predicate, key, value: value == V2
        named = {"includeValue": True, "listenerFlags": ALL, "localOnly": True, **named}
        self.registration = self(method, **named)

    def __call__(self, method: str, **named: Any) -> Any:
        return self.client.call(f"Map.{method}", name="m", **named)

    def events(self) -> list[tuple[Any, ...]]:
        """Return type, key, value and old value of the events since the last look."""
        found = [(m["eventType"], m["key"], m["value"], m["oldValue"]) for m in self.client.events]
        self.client.events.clear()
        return found


def test_an_event_says_where_it_happened() -> None:
    m = Listening()
    m("put", key=KEY, value=V1)
    (event,) = m.client.events
    assert event.shape.title == "Map.addEntryListener event Entry"
    assert event.place == m.cluster.partition_of(KEY)
    assert event["uuid"] == m.cluster.members[0].uuid
    assert (event["numberOfAffectedEntries"], event["mergingValue"]) == (1, None)


STORES = ["put", "set", "putTransient", "putWithMaxIdle", "setWithMaxIdle", "putTransientWithMaxIdle"]


@pytest.mark.parametrize("method", STORES)
def test_stores_add_and_update(method: str) -> None:
    m = Listening()
    for value in (V1, V2):
        m(method, key=KEY, value=value)
    assert m.events() == [(ADDED, KEY, V1, None), (UPDATED, KEY, V2, V1)]


def test_some_stores_say_added_whatever_was_there() -> None:
    m = Listening()
    m("set", key=KEY, value=V1)
    m("tryPut", key=KEY, value=V2)
    m("putAll", entries=[(KEY, V1)], partition=m.cluster.partition_of(KEY))
    assert m.events() == [(ADDED, KEY, V1, None), (ADDED, KEY, V2, None), (ADDED, KEY, V1, None)]


def test_what_changes_nothing_is_no_event() -> None:
    m = Listening()
    m("replace", key=KEY, value=V1)
    m("replaceIfSame", key=KEY, testValue=V1, value=V2)
    m("removeIfSame", key=KEY, value=V1)
    m("setTtl", key=KEY, ttl=1)
    for method in ("remove", "delete", "evict", "tryRemove"):
        m(method, key=KEY)
    m("clear")
    m("evictAll")
    m("set", key=KEY, value=V1)
    m.events()
    m("putIfAbsent", key=KEY, value=V2)
    m("setTtl", key=KEY, ttl=100_000)
    m("get", key=KEY)
    assert m.events() == []


@pytest.mark.parametrize(
    ("method", "event"),
    [
        ("remove", (REMOVED, KEY, None, V1)),
        ("tryRemove", (REMOVED, KEY, None, V1)),
        ("removeIfSame", (REMOVED, KEY, None, V1)),
        ("delete", (REMOVED, KEY, None, None)),
        ("evict", (EVICTED, KEY, None, V1)),
    ],
)
def test_removals(method: str, event: tuple[Any, ...]) -> None:
    m = Listening()
    m("set", key=KEY, value=V1)
    m.events()
    m(method, key=KEY, **({"value": V1} if method == "removeIfSame" else {}))
    assert m.events() == [event]


def test_replacements() -> None:
    m = Listening()
    m("set", key=KEY, value=V1)
    m.events()
    m("replace", key=KEY, value=V2)
    m("replaceIfSame", key=KEY, testValue=V2, value=V1)
    assert m.events() == [(UPDATED, KEY, V2, V1), (UPDATED, KEY, V1, V2)]


def test_expiry() -> None:
    m = Listening()
    m("set", key=KEY, value=V1, ttl=1000)
    m.events()
    m.clock.advance(0.9)
    assert m.events() == []
    m.clock.advance(0.1)
    assert m.events() == [(EXPIRED, KEY, None, V1)]
    m.clock.advance(10)
    assert m.events() == []


@pytest.mark.parametrize(("method", "event_type"), [("clear", CLEAR_ALL), ("evictAll", EVICT_ALL)])
def test_events_of_the_whole_map(method: str, event_type: int) -> None:
    m = Listening()
    for number in range(5):
        m("set", key=data(number), value=V1)
    m("lock", key=data(0), referenceId=1)
    m.client.events.clear()
    m(method)
    (event,) = m.client.events
    assert event.place == -1
    assert event.values == [None, None, None, None, event_type, m.cluster.members[0].uuid, 4]
    # Locked keys stay, even for their owner.
    assert m("keySet") == [data(0)]


def test_predicate_removals_are_single_events() -> None:
    m = Listening()
    for key in (KEY, OTHER):
        m("set", key=key, value=V2)
    m("set", key=data("stays"), value=V1)
    m.events()
    m("removeAll", predicate=b"any")
    assert sorted(m.events()) == sorted([(REMOVED, KEY, None, V2), (REMOVED, OTHER, None, V2)])


def test_only_the_wanted_kinds_come() -> None:
    m = Listening(listenerFlags=REMOVED | CLEAR_ALL)
    m("set", key=KEY, value=V1)
    m("set", key=KEY, value=V2)
    m("remove", key=KEY)
    m("set", key=KEY, value=V1)
    m("clear")
    assert [event[0] for event in m.events()] == [REMOVED, CLEAR_ALL]


def test_without_values() -> None:
    m = Listening(includeValue=False)
    m("set", key=KEY, value=V1)
    m("set", key=KEY, value=V2)
    m("remove", key=KEY)
    assert m.events() == [(kind, KEY, None, None) for kind in (ADDED, UPDATED, REMOVED)]


def test_a_key_filter_lets_events_of_the_map_pass() -> None:
    m = Listening("addEntryListenerToKey", key=KEY)
    m("set", key=OTHER, value=V1)
    m("set", key=KEY, value=V2)
    m("clear")
    assert m.events() == [(ADDED, KEY, V2, None), (CLEAR_ALL, None, None, None)]


def test_a_predicate_filter_looks_at_the_value_that_there_is() -> None:
    m = Listening("addEntryListenerWithPredicate", predicate=b"any")
    m("set", key=KEY, value=V1)
    m("set", key=KEY, value=V2)
    m("remove", key=KEY)
    m("set", key=KEY, value=V1)
    m("remove", key=KEY)
    assert m.events() == [(UPDATED, KEY, V2, V1), (REMOVED, KEY, None, V2)]


def test_both_filters() -> None:
    m = Listening("addEntryListenerToKeyWithPredicate", key=KEY, predicate=b"any")
    m("set", key=OTHER, value=V2)
    m("set", key=KEY, value=V1)
    m("set", key=KEY, value=V2)
    assert m.events() == [(UPDATED, KEY, V2, V1)]
    m.cluster.matches = None
    with pytest.raises(MemberError, match="matches") as caught:
        m("addEntryListenerWithPredicate", predicate=b"any")
    assert caught.value.error == codes.UNSUPPORTED


def test_a_removed_listener_gets_nothing() -> None:
    m = Listening()
    assert m("removeEntryListener", registrationId=m.registration) is True
    assert m("removeEntryListener", registrationId=m.registration) is False
    m("set", key=KEY, value=V1)
    assert m.events() == []


def test_other_maps_are_not_told() -> None:
    m = Listening()
    m.client.call("Map.set", name="other", key=KEY, value=V1)
    m.client.call("Map.clear", name="other")
    assert m.events() == []


def test_local_listeners_get_events_of_their_member_alone() -> None:
    cluster = SimulatedCluster(3)
    local = [RawClient(member) for member in cluster.members]
    everywhere = RawClient(cluster.members[0])
    for client in (*local, everywhere):
        client.call(
            "Map.addEntryListener",
            name="m",
            includeValue=False,
            listenerFlags=ALL,
            localOnly=client is not everywhere,
        )
    keys = [data(number) for number in range(30)]
    for key in keys:
        owner = cluster.members.index(cluster.owner(cluster.partition_of(key)))
        local[owner].call("Map.set", name="m", key=key, value=V1)
    for member, client in zip(cluster.members, local, strict=True):
        owned = [key for key in keys if cluster.owner(cluster.partition_of(key)) is member]
        assert [event["key"] for event in client.events] == owned
        assert {event["uuid"] for event in client.events} == {member.uuid}
        assert owned
    assert [event["key"] for event in everywhere.events] == keys


def test_a_closed_connection_has_no_listeners() -> None:
    m = Listening()
    m.client.cut()
    other = RawClient(m.cluster.members[0])
    other.call("Map.set", name="m", key=KEY, value=V1)
    assert m.events() == []
    assert [session.listeners for session in m.cluster.members[0].sessions.values()] == [{}]


# --- invalidations of near caches ---------------------------------------------------------------------------------


@pytest.fixture
def near() -> Listening:
    m = Listening(listenerFlags=0)
    m.registration = m("addNearCacheInvalidationListener", listenerFlags=256, localOnly=True)
    return m


def invalidations(m: Listening) -> list[tuple[Any, ...]]:
    """Return partition, key, source and number of the invalidations since the last look."""
    found = [(e.place, e["key"], e["sourceUuid"], e["sequence"]) for e in m.client.events]
    m.client.events.clear()
    return found


def test_each_change_invalidates_with_its_source(near: Listening) -> None:
    place = near.cluster.partition_of(KEY)
    other = RawClient(near.cluster.members[0])
    other.call("Map.set", name="m", key=KEY, value=V1)
    near("set", key=KEY, value=V1)
    near("setTtl", key=KEY, ttl=1000)
    near.clock.advance(1)
    near("putAll", entries=[(KEY, V1)], partition=place)
    near("remove", key=KEY)
    own, member = near.client.uuid, near.cluster.members[0].uuid
    sources = [other.uuid, own, own, member, own, own]
    assert invalidations(near) == [(place, KEY, source, n) for n, source in enumerate(sources, 1)]
    for method in ("remove", "evict", "delete", "get"):
        near(method, key=KEY)
    assert invalidations(near) == []


@pytest.mark.parametrize("method", ["clear", "evictAll"])
def test_a_change_of_the_whole_map_counts_in_every_partition(near: Listening, method: str) -> None:
    near("set", key=KEY, value=V1)
    near(method)
    near("set", key=KEY, value=V1)
    assert [(event[1], event[3]) for event in invalidations(near)] == [
        (KEY, 1),
        (None, 2 if near.cluster.partition_of(KEY) == near.cluster.partition_of_name("m") else 1),
        (KEY, 3),
    ]


def test_the_numbers_of_invalidations_can_be_asked_for(near: Listening) -> None:
    cluster, member = near.cluster, near.cluster.members[0]
    near("set", key=KEY, value=V1)
    number = near.client.start(
        "Map.fetchNearCacheInvalidationMetadata", names=["m", "none"], uuid=member.uuid
    )
    place = cluster.partition_of(KEY)
    assert near.client.answer(number) == [
        [("m", [(place, 1)]), ("none", [])],
        [(partition, cluster.partition_uuid(partition)) for partition in range(7)],
    ]
    assert near.client.events[0]["partitionUuid"] == cluster.partition_uuid(place)
    with pytest.raises(MemberError) as caught:
        near.client.call("Map.fetchNearCacheInvalidationMetadata", names=["m"], uuid=near.client.uuid)
    assert caught.value.error == codes.NOT_MEMBER
    before = cluster.partition_uuid(place)
    cluster.restart()
    assert cluster.partition_uuid(place) != before


def test_a_removed_near_cache_listener_gets_nothing(near: Listening) -> None:
    assert near("removeEntryListener", registrationId=near.registration) is True
    near("set", key=KEY, value=V1)
    assert near.client.events == []
