"""A multimap with its listeners and locks, on all three surfaces."""

from typing import Any

import pytest

from hz_core.errors import IllegalMonitorStateError
from hz_proxies import MULTI_MAP
from hz_proxies.events import EntryEventType
from map_harness import AnyObject, Caller, fresh_name


async def multi_map(caller: Caller, **values: list[Any]) -> AnyObject:
    mm = await caller.object(MULTI_MAP)
    if values:
        assert await mm.put_all(values) is None
    return mm


async def test_the_values_of_a_key(caller: Caller) -> None:
    mm = await multi_map(caller)
    assert await mm.put("k", 1) is True
    assert await mm.put("k", 2) is True
    assert await mm.put("k", 1) is False
    assert sorted(await mm.get("k")) == [1, 2]
    assert await mm.value_count("k") == 2
    assert (await mm.contains_key("k"), await mm.contains_entry("k", 2)) == (True, True)
    assert (await mm.contains_key("other"), await mm.contains_entry("k", 3)) == (False, False)
    assert await mm.remove("k", 3) is False
    assert await mm.remove("k", 1) is True
    assert await mm.get("k") == [2]
    assert await mm.remove_all("k") == [2]
    assert (await mm.get("k"), await mm.remove_all("k"), await mm.value_count("k")) == ([], [], 0)


async def test_all_keys(caller: Caller) -> None:
    mm = await multi_map(caller, a=[1, 2], b=[2, 3], c=[])
    assert await mm.size() == 4
    assert sorted(await mm.key_set()) == ["a", "b"]
    assert sorted(await mm.values()) == [1, 2, 2, 3]
    assert sorted(await mm.entry_set()) == [("a", 1), ("a", 2), ("b", 2), ("b", 3)]
    assert (await mm.contains_value(3), await mm.contains_value("3")) == (True, False)
    assert await mm.delete("a") is None
    assert sorted(await mm.entry_set()) == [("b", 2), ("b", 3)]
    assert await mm.clear() is None
    assert (await mm.size(), await mm.entry_set()) == (0, [])


async def test_put_all_over_all_partitions(caller: Caller) -> None:
    mm = await multi_map(caller)
    entries = {key: [key, -key, key] for key in range(1, 800)}
    await mm.put_all(entries)
    await mm.put_all({})
    assert await mm.size() == 2 * len(entries)
    found: dict[int, set[int]] = {}
    for key, value in await mm.entry_set():
        found.setdefault(key, set()).add(value)
    assert found == {key: {key, -key} for key in entries}


async def test_a_multimap_of_lists(caller: Caller) -> None:
    mm = await caller.object(MULTI_MAP, fresh_name("listed"))
    for value in (3, 1, 3):
        assert await mm.put("k", value) is True
    await mm.put_all({"k": [3, 2]})
    assert await mm.get("k") == [3, 1, 3, 3, 2]
    assert await mm.remove("k", 3) is True
    assert await mm.get("k") == [1, 3, 3, 2]


async def test_nothing_is_none(caller: Caller) -> None:
    mm = await multi_map(caller, k=[1])
    for name in ("get", "remove_all", "delete", "contains_key", "value_count", "lock", "unlock", "is_locked"):
        with pytest.raises(AssertionError, match=r"key of .* must not be None"):
            await getattr(mm, name)(None)
    for name in ("put", "remove", "contains_entry"):
        with pytest.raises(AssertionError, match=r"key of .* must not be None"):
            await getattr(mm, name)(None, 1)
        with pytest.raises(AssertionError, match=r"value of .* must not be None"):
            await getattr(mm, name)("k", None)
    for wrong in (None, {None: [1]}, {"k": None}, {"k": [None]}):
        with pytest.raises(AssertionError, match="must not be None"):
            await mm.put_all(wrong)
    for name in ("contains_value", "remove_entry_listener"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(mm, name)(None)
    assert await mm.entry_set() == [("k", 1)]


async def test_entry_listener(caller: Caller) -> None:
    mm = await multi_map(caller)
    added, removed, bare = caller.recorder(), caller.recorder(), caller.recorder()
    first = await mm.add_entry_listener(True, added_func=added)
    await mm.add_entry_listener(True, removed_func=removed)
    await mm.add_entry_listener(added_func=bare, removed_func=bare)
    await mm.put("k", 1)
    await mm.put("k", 2)
    await mm.put("k", 2)
    await mm.remove("k", 1)
    await mm.remove_all("k")
    assert [(event.key, event.value, event.old_value) for event in await added.wait_for(2)] == [
        ("k", 1, None),
        ("k", 2, None),
    ]
    assert [(event.key, event.value, event.old_value) for event in await removed.wait_for(2)] == [
        ("k", None, 1),
        ("k", None, 2),
    ]
    assert [
        (event.event_type, event.key, event.value, event.old_value) for event in await bare.wait_for(4)
    ] == [
        (kind, "k", None, None)
        for kind in (
            EntryEventType.ADDED,
            EntryEventType.ADDED,
            EntryEventType.REMOVED,
            EntryEventType.REMOVED,
        )
    ]
    assert await mm.remove_entry_listener(first) is True
    assert await mm.remove_entry_listener(first) is False
    await mm.put("k", 3)
    await bare.wait_for(5)
    assert len(added.events) == 2


async def test_listener_of_a_key(caller: Caller) -> None:
    mm = await multi_map(caller)
    seen = caller.recorder()
    await mm.add_entry_listener(True, key="wanted", added_func=seen, removed_func=seen, clear_all_func=seen)
    await mm.put_all({"other": [1], "wanted": [2]})
    await mm.remove("other", 1)
    await mm.remove("wanted", 2)
    await mm.put("other", 3)
    await seen.wait_for(2)  # the event of the whole multimap may overtake those of keys
    await mm.clear()
    events = await seen.wait_for(3)
    assert [(event.event_type, event.key) for event in events] == [
        (EntryEventType.ADDED, "wanted"),
        (EntryEventType.REMOVED, "wanted"),
        (EntryEventType.CLEAR_ALL, None),
    ]
    assert events[2].number_of_affected_entries == 1


async def test_a_listener_without_functions_is_refused(caller: Caller) -> None:
    mm = await multi_map(caller)
    with pytest.raises(ValueError, match="at least one function"):
        await mm.add_entry_listener(True)


async def test_locks(caller: Caller) -> None:
    mm = await multi_map(caller, k=[1])
    await mm.lock("k")
    assert await mm.try_lock("k") is True
    done: list[Any] = []

    async def elsewhere() -> None:
        done.append(await mm.get("k"))
        done.append(await mm.try_lock("k"))
        done.append(await mm.try_lock("k", timeout=0.01))
        with pytest.raises(IllegalMonitorStateError):
            await mm.unlock("k")
        done.append(await mm.put("k", 3))

    other = caller.elsewhere(elsewhere)
    await caller.until(lambda: len(done) == 3)
    assert await mm.put("k", 2) is True
    await mm.unlock("k")
    assert await mm.is_locked("k") is True
    assert done == [[1], False, False]
    await mm.unlock("k")
    await other
    assert done == [[1], False, False, True]
    assert await mm.is_locked("k") is False
    assert sorted(await mm.get("k")) == [1, 2, 3]


async def test_a_lease_and_a_forced_unlock(caller: Caller) -> None:
    mm = await multi_map(caller)
    assert await mm.try_lock("k", lease_time=0.05) is True

    async def is_free() -> bool:
        return not await mm.is_locked("k")

    await caller.until(is_free)
    await mm.lock("k", 1000)

    async def force() -> None:
        assert await mm.force_unlock("k") is None

    await caller.elsewhere(force)
    assert await mm.is_locked("k") is False
