"""A replicated map with its listeners and iterators, on all three surfaces."""

from typing import Any

import pytest

from hz_proxies import REPLICATED_MAP, predicate
from hz_proxies.events import EntryEventType
from hz_serialization import HazelcastJsonValue
from map_harness import AnyObject, Caller


async def replicated(caller: Caller, **entries: Any) -> AnyObject:
    r = await caller.object(REPLICATED_MAP)
    if entries:
        assert await r.put_all(entries) is None
    return r


async def items_of(pages: Any) -> list[Any]:
    """Return all items of an iterator of any surface."""
    if hasattr(pages, "__aiter__"):
        return [item async for item in pages]
    return list(pages)


async def test_one_key(caller: Caller) -> None:
    r = await replicated(caller)
    assert await r.put("k", 1) is None
    assert await r.put("k", 2) == 1
    assert await r.get("k") == 2
    assert await r.get("missing") is None
    assert (await r.contains_key("k"), await r.contains_key("missing")) == (True, False)
    assert await r.remove("k") == 2
    assert await r.remove("k") is None


async def test_all_entries(caller: Caller) -> None:
    r = await replicated(caller)
    assert (await r.size(), await r.is_empty(), await r.entry_set()) == (0, True, [])
    await r.put_all({"a": 1, "b": 2})
    await r.put_all({})
    assert (await r.size(), await r.is_empty()) == (2, False)
    assert sorted(await r.key_set()) == ["a", "b"]
    assert sorted(await r.values()) == [1, 2]
    assert sorted(await r.entry_set()) == [("a", 1), ("b", 2)]
    assert (await r.contains_value(2), await r.contains_value("2")) == (True, False)
    assert await r.clear() is None
    assert await r.is_empty() is True


async def test_entries_expire(caller: Caller) -> None:
    r = await replicated(caller)
    seen = caller.recorder()
    await r.add_entry_listener(evicted_func=seen)
    await r.put("k", 1, ttl=0.2)
    await r.put("kept", 2, ttl=None)
    assert await r.get("k") == 1
    # Each member evicts its own copy, and tells of it.
    for event in await seen.wait_for(1):
        assert (event.key, event.old_value, event.event_type) == ("k", 1, EntryEventType.EVICTED)
    assert await r.entry_set() == [("kept", 2)]


async def test_nothing_is_none(caller: Caller) -> None:
    r = await replicated(caller, k=1)
    for name in ("get", "remove", "contains_key"):
        with pytest.raises(AssertionError, match=r"key of .* must not be None"):
            await getattr(r, name)(None)
    with pytest.raises(AssertionError, match=r"key of .* must not be None"):
        await r.put(None, 1)
    with pytest.raises(AssertionError, match=r"value of .* must not be None"):
        await r.put("k", None)
    for wrong in (None, {None: 1}, {"k": None}):
        with pytest.raises(AssertionError, match="must not be None"):
            await r.put_all(wrong)
    for name in ("contains_value", "remove_entry_listener"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(r, name)(None)
    assert await r.entry_set() == [("k", 1)]


async def test_many_entries_in_chunks_and_pages(caller: Caller) -> None:
    r = await replicated(caller)
    entries = {key: -key for key in range(2500)}
    await r.put_all(entries)
    assert await r.size() == len(entries)
    for size in (7, 1000, 2500):
        keys = await items_of(r.proxy.iter_keys(size))
        assert len(keys) == len(entries)
        assert set(keys) == set(entries)
    values = await items_of(r.proxy.iter_values(100))
    assert sorted(values) == sorted(entries.values())
    items = await items_of(r.proxy.iter_items(100))
    assert len(items) == len(entries)
    assert dict(items) == entries


async def test_entry_views(caller: Caller) -> None:
    r = await replicated(caller)
    await r.put("k", 1, ttl=1000)
    await r.put("k", 2, ttl=1000)
    await r.put("other", 3)
    assert await r.get("k") == 2
    views = {view.key: view for view in await items_of(r.proxy.iter_entry_views())}
    assert set(views) == {"k", "other"}
    view = views["k"]
    assert (view.value, view.ttl, views["other"].ttl) == (2, 1_000_000, 0)
    assert view.hits >= 1
    assert abs(view.creation_time / 1000 - caller.now()) < 100
    assert view.creation_time <= view.last_update_time <= view.last_access_time


async def test_an_iteration_that_ends_early(caller: Caller) -> None:
    r = await replicated(caller)
    await r.put_all({key: key for key in range(1500)})
    pages = r.related(r.proxy.iter_keys(2))
    first = await pages.next_page()
    assert set(first) < set(range(1500))
    assert await pages.close() is None
    assert await pages.next_page() == []
    assert await items_of(pages.proxy) == []


@pytest.mark.parametrize("size", [0, -1, 2**31, "10", None, 1.5])
async def test_a_wrong_page_size(caller: Caller, size: Any) -> None:
    r = await replicated(caller)
    for name in ("iter_keys", "iter_values", "iter_items", "iter_entry_views"):
        with pytest.raises((TypeError, ValueError), match=r"^page_size must be "):
            getattr(r.proxy, name)(size)


async def test_entry_listener(caller: Caller) -> None:
    r = await replicated(caller)
    seen, added = caller.recorder(), caller.recorder()
    registration = await r.add_entry_listener(
        added_func=seen, removed_func=seen, updated_func=seen, clear_all_func=seen
    )
    await r.add_entry_listener(added_func=added)
    await r.put("k", 1)
    await r.put("k", 2)
    await r.remove("k")
    await r.put("k", 3)
    await seen.wait_for(4)  # the event of the whole map may overtake those of entries
    await r.clear()
    events = await seen.wait_for(5)
    assert [(event.event_type, event.key, event.value, event.old_value) for event in events] == [
        (EntryEventType.ADDED, "k", 1, None),
        (EntryEventType.UPDATED, "k", 2, 1),
        (EntryEventType.REMOVED, "k", None, 2),
        (EntryEventType.ADDED, "k", 3, None),
        (EntryEventType.CLEAR_ALL, None, None, None),
    ]
    assert events[4].number_of_affected_entries == 1
    assert [event.value for event in await added.wait_for(2)] == [1, 3]
    assert await r.remove_entry_listener(registration) is True
    assert await r.remove_entry_listener(registration) is False
    await r.put("k", 4)
    await added.wait_for(3)
    assert len(seen.events) == 5


async def test_listener_of_a_key(caller: Caller) -> None:
    r = await replicated(caller)
    seen = caller.recorder()
    await r.add_entry_listener("wanted", added_func=seen, updated_func=seen)
    await r.put("other", 1)
    await r.put("wanted", 2)
    await r.put("wanted", 3)
    assert [(event.key, event.value) for event in await seen.wait_for(2)] == [("wanted", 2), ("wanted", 3)]


async def test_listener_with_a_predicate(caller: Caller) -> None:
    r = await replicated(caller)
    seen = caller.recorder()
    old_enough = predicate.greater_or_equal("age", 18)
    await r.add_entry_listener(predicate=old_enough, added_func=seen)
    for age in (17, 18, 3, 40):
        await r.put(age, HazelcastJsonValue({"age": age}))
    found = {event.key: event.value for event in await seen.wait_for(2)}
    assert found == {age: HazelcastJsonValue({"age": age}) for age in (18, 40)}


async def test_listener_of_a_key_with_a_predicate(caller: Caller) -> None:
    r = await replicated(caller)
    seen = caller.recorder()
    await r.add_entry_listener("k", predicate.greater("this", 10), added_func=seen, updated_func=seen)
    await r.put("other", 100)
    await r.put("k", 5)
    await r.put("k", 50)
    assert [(event.key, event.value) for event in await seen.wait_for(1)] == [("k", 50)]


async def test_a_listener_without_functions_or_with_a_paging_predicate_is_refused(caller: Caller) -> None:
    r = await replicated(caller)
    with pytest.raises(ValueError, match="at least one function"):
        await r.add_entry_listener()
    with pytest.raises(AssertionError, match="paging"):
        await r.add_entry_listener(
            predicate=predicate.paging(predicate.true(), 5), added_func=caller.recorder()
        )
