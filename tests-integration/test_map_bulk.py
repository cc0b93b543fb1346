"""Operations of a map on many entries, on all three surfaces."""

import pytest

from hz_proxies import predicate
from map_harness import Caller

ENTRIES = {f"key {n}": n for n in range(2000)}


async def test_put_all_and_get_all_over_all_partitions(caller: Caller) -> None:
    m = await caller.map()
    assert await m.put_all(ENTRIES) is None
    assert await m.size() == len(ENTRIES)
    assert await m.get_all(ENTRIES) == ENTRIES
    some = ["key 7", "missing", "key 9", "key 7"]
    assert await m.get_all(some) == {"key 7": 7, "key 9": 9}
    assert await m.get_all(key for key in some) == {"key 7": 7, "key 9": 9}
    await m.put_all({"key 7": -7, "more": 1})
    assert await m.get_all(["key 7", "more"]) == {"key 7": -7, "more": 1}


async def test_results_have_the_keys_of_the_caller(caller: Caller) -> None:
    m = await caller.map()
    keys = [("a", n) for n in range(5)]
    for key in keys:
        await m.put(key, list(key))
    found = await m.get_all([*keys, ("a", 7)])
    assert found == {key: list(key) for key in keys}
    assert all(any(key is own for own in keys) for key in found)
    assert (await m.get_entry_view(keys[0])).key is keys[0]


async def test_nothing_at_all(caller: Caller) -> None:
    m = await caller.map()
    assert await m.put_all({}) is None
    assert await m.get_all([]) == {}
    assert await m.load_all([]) is None


async def test_put_all_refuses_a_none_inside_and_stores_nothing(caller: Caller) -> None:
    m = await caller.map()
    for entries in ({"a": 1, "b": None}, {"a": 1, None: 2}):
        with pytest.raises(AssertionError, match="must not be None"):
            await m.put_all(entries)
    with pytest.raises(AssertionError, match="must not be None"):
        await m.get_all(["a", None])
    assert await m.is_empty() is True


async def test_contains_value(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({1: "one", 2: "two"})
    assert await m.contains_value("two") is True
    assert await m.contains_value("three") is False


async def test_size_and_is_empty(caller: Caller) -> None:
    m = await caller.map()
    assert (await m.size(), await m.is_empty()) == (0, True)
    await m.put(1, 1)
    assert (await m.size(), await m.is_empty()) == (1, False)


async def test_clear(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all(ENTRIES)
    assert await m.clear() is None
    assert await m.is_empty() is True


async def test_evict_all(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all(ENTRIES)
    assert await m.evict_all() is None
    assert await m.size() == 0


async def test_remove_all(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all(ENTRIES)
    assert await m.remove_all(predicate.greater_or_equal("this", 10)) is None
    assert await m.entry_set() != []
    assert dict(await m.entry_set()) == {f"key {n}": n for n in range(10)}
    with pytest.raises(AssertionError, match="predicate"):
        await m.remove_all(None)


async def test_key_set_values_and_entry_set_of_all(caller: Caller) -> None:
    m = await caller.map()
    assert (await m.key_set(), await m.values(), await m.entry_set()) == ([], [], [])
    await m.put_all(ENTRIES)
    assert sorted(await m.key_set()) == sorted(ENTRIES)
    assert sorted(await m.values()) == sorted(ENTRIES.values())
    assert dict(await m.entry_set()) == ENTRIES
