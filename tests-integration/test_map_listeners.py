"""Entry listeners of a map: every filter, every kind of event, on all three surfaces."""

import uuid
from typing import Any

import pytest

from hz_embedded import Cluster
from hz_proxies import predicate
from hz_proxies.events import EntryEvent, EntryEventType
from hz_serialization import HazelcastJsonValue
from map_harness import Caller, fresh_name
from member_side import MemberSide


async def test_added_updated_removed_with_values(caller: Caller, cluster: Cluster) -> None:
    m = await caller.map()
    seen = caller.recorder()
    registration = await m.add_entry_listener(True, added_func=seen, updated_func=seen, removed_func=seen)
    assert str(uuid.UUID(registration)) == registration
    await m.put("k", "one")
    await m.put("k", "two")
    await m.remove("k")
    added, updated, removed = await seen.wait_for(3)
    assert isinstance(added, EntryEvent)
    assert (added.event_type, added.key, added.value, added.old_value) == (
        EntryEventType.ADDED, "k", "one", None,
    )  # fmt: skip
    assert (updated.event_type, updated.key, updated.value, updated.old_value) == (
        EntryEventType.UPDATED, "k", "two", "one",
    )  # fmt: skip
    assert (removed.event_type, removed.key, removed.value, removed.old_value) == (
        EntryEventType.REMOVED, "k", None, "two",
    )  # fmt: skip
    assert {event.merging_value for event in seen.events} == {None}
    assert {event.number_of_affected_entries for event in seen.events} == {1}
    assert {str(event.uuid) for event in seen.events} == {cluster.members[0].uuid}


async def test_without_include_value_only_keys_come(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(added_func=seen, updated_func=seen, removed_func=seen)
    await m.put("k", "one")
    await m.put("k", "two")
    await m.remove("k")
    events = await seen.wait_for(3)
    assert [(event.key, event.value, event.old_value) for event in events] == [("k", None, None)] * 3


async def test_each_function_gets_its_own_kind(caller: Caller) -> None:
    m = await caller.map()
    added, removed, updated = caller.recorder(), caller.recorder(), caller.recorder()
    await m.add_entry_listener(added_func=added, removed_func=removed, updated_func=updated)
    for value in range(3):
        await m.put("k", value)
    await m.delete("k")
    await removed.wait_for(1)
    assert [len(recorder.events) for recorder in (added, updated, removed)] == [1, 2, 1]


async def test_a_kind_that_nobody_asked_for_does_not_come(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(removed_func=seen)
    await m.put("k", 1)
    await m.put("k", 2)
    await m.remove("k")
    await seen.wait_for(1)
    assert [event.event_type for event in seen.events] == [EntryEventType.REMOVED]


async def test_filter_by_key(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(True, key="wanted", added_func=seen)
    await m.put("other", 1)
    await m.put("wanted", 2)
    await m.put("another", 3)
    await m.remove("wanted")
    await m.put("wanted", 4)
    assert [(event.key, event.value) for event in await seen.wait_for(2)] == [("wanted", 2), ("wanted", 4)]


async def test_filter_by_predicate(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    old_enough = predicate.greater_or_equal("age", 18)
    await m.add_entry_listener(True, predicate=old_enough, added_func=seen)
    for age in (17, 18, 3, 40):
        await m.put(age, HazelcastJsonValue({"age": age}))
    # Events of different partitions may overtake each other.
    found = {event.key: event.value for event in await seen.wait_for(2)}
    assert found == {age: HazelcastJsonValue({"age": age}) for age in (18, 40)}


async def test_filter_by_key_and_predicate(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(
        True, key="k", predicate=predicate.greater("this", 10), added_func=seen, updated_func=seen
    )
    await m.put("other", 100)
    await m.put("k", 5)
    await m.put("k", 50)
    assert [(event.key, event.value) for event in await seen.wait_for(1)] == [("k", 50)]


async def test_evicted(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(True, evicted_func=seen)
    await m.put("k", "v")
    await m.evict("k")
    (event,) = await seen.wait_for(1)
    assert (event.event_type, event.key, event.old_value) == (EntryEventType.EVICTED, "k", "v")


async def test_expired(caller: Caller) -> None:
    m = await caller.map()
    expired, evicted = caller.recorder(), caller.recorder()
    await m.add_entry_listener(True, expired_func=expired, evicted_func=evicted)
    await m.put("k", "v", ttl=1)

    async def looked_at() -> bool:
        return bool(await m.get("k") is None and expired.events)

    await caller.until(looked_at)
    (event,) = expired.events
    assert (event.event_type, event.key, event.old_value) == (EntryEventType.EXPIRED, "k", "v")
    await m.put("k2", "v")
    await m.evict("k2")
    assert [event.key for event in await evicted.wait_for(1)] == ["k2"]


@pytest.mark.parametrize(
    ("operation", "option", "event_type"),
    [
        ("clear", "clear_all_func", EntryEventType.CLEAR_ALL),
        ("evict_all", "evict_all_func", EntryEventType.EVICT_ALL),
    ],
)
async def test_events_of_the_whole_map(caller: Caller, operation: str, option: str, event_type: int) -> None:
    m = await caller.map()
    seen, removed = caller.recorder(), caller.recorder()
    functions: dict[str, Any] = {option: seen, "removed_func": removed, "evicted_func": removed}
    await m.add_entry_listener(True, **functions)
    await m.put_all({1: 1, 2: 2, 3: 3})
    await getattr(m, operation)()
    (event,) = await seen.wait_for(1)
    assert (event.event_type, event.key, event.value) == (event_type, None, None)
    assert event.number_of_affected_entries == 3
    assert removed.events == []


async def test_loaded(caller: Caller, member_side: MemberSide) -> None:
    m = await caller.map(fresh_name("stored"))
    await m.size()
    member_side.stores[m.name].rows["k"] = "stored"
    seen, added = caller.recorder(), caller.recorder()
    await m.add_entry_listener(True, loaded_func=seen, added_func=added)
    assert await m.get("k") == "stored"
    (event,) = await seen.wait_for(1)
    assert (event.event_type, event.key, event.value) == (EntryEventType.LOADED, "k", "stored")
    assert added.events == []


async def test_a_removed_listener_is_not_called(caller: Caller) -> None:
    m = await caller.map()
    removed, staying = caller.recorder(), caller.recorder()
    registration = await m.add_entry_listener(added_func=removed)
    await m.add_entry_listener(added_func=staying)
    await m.put(1, 1)
    await removed.wait_for(1)
    assert await m.remove_entry_listener(registration) is True
    assert await m.remove_entry_listener(registration) is False
    assert await m.remove_entry_listener("no such id") is False
    await m.put(2, 2)
    await staying.wait_for(2)
    assert len(removed.events) == 1


async def test_a_listener_without_functions_is_refused(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(ValueError, match="at least one function"):
        await m.add_entry_listener(True)


async def test_an_error_of_a_listener_harms_nobody(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    m = await caller.map()
    good = caller.recorder()

    def bad(event: EntryEvent[Any, Any]) -> None:
        raise ValueError(f"no use for {event.key}")

    await m.add_entry_listener(added_func=bad)
    await m.add_entry_listener(added_func=good)
    for key in range(3):
        await m.put(key, key)
    await good.wait_for(3)
    await caller.until(lambda: "no use for 2" in caplog.text)
    assert await m.size() == 3


async def test_events_come_in_order(caller: Caller) -> None:
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(True, added_func=seen, updated_func=seen)
    for value in range(500):
        await m.set("k", value)
    assert [event.value for event in await seen.wait_for(500)] == list(range(500))
