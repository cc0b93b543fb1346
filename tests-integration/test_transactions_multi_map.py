"""Multimaps in transactions, on all three surfaces."""

from typing import Any

import pytest

from hz_proxies import MULTI_MAP
from map_harness import AnyObject, Caller
from object_harness import transaction


def multi_map_of(tx: AnyObject, name: str) -> AnyObject:
    """Return a multimap in a transaction."""
    return tx.related(tx.proxy.get_multi_map(name))


async def begun(caller: Caller) -> AnyObject:
    tx = transaction(caller)
    await tx.begin()
    return tx


async def test_a_commit_applies_all_changes_at_once(caller: Caller) -> None:
    mm = await caller.object(MULTI_MAP)
    await mm.put_all({"a": [1, 2], "b": [3], "c": [4]})
    tx = await begun(caller)
    in_tx = multi_map_of(tx, mm.name)
    assert await in_tx.put("a", 5) is True
    assert await in_tx.put("a", 1) is False
    assert await in_tx.remove("a", 2) is True
    assert await in_tx.remove("a", 2) is False
    assert await in_tx.remove_all("b") == [3]
    assert sorted(await in_tx.get("a")) == [1, 5]
    assert (await in_tx.get("b"), await in_tx.get("c")) == ([], [4])
    assert (await in_tx.value_count("a"), await in_tx.value_count("b")) == (2, 0)
    assert await in_tx.size() == 3
    assert sorted(await mm.entry_set()) == [("a", 1), ("a", 2), ("b", 3), ("c", 4)]
    await tx.commit()
    assert sorted(await mm.entry_set()) == [("a", 1), ("a", 5), ("c", 4)]


async def test_a_rollback_drops_all_changes_and_frees_the_keys(caller: Caller) -> None:
    mm = await caller.object(MULTI_MAP)
    await mm.put("k", 1)
    tx = await begun(caller)
    await multi_map_of(tx, mm.name).put("k", 2)
    tried: list[Any] = []

    async def try_lock() -> None:
        tried.append(await mm.try_lock("k", lease_time=100))

    await caller.elsewhere(try_lock)
    await tx.rollback()
    await caller.elsewhere(try_lock)
    assert tried == [False, True]
    assert await mm.get("k") == [1]


async def test_none_is_refused(caller: Caller) -> None:
    tx = await begun(caller)
    in_tx = multi_map_of(tx, "mm")
    for operation, arguments in (
        (in_tx.get, [None]), (in_tx.put, [None, 1]), (in_tx.put, ["k", None]), (in_tx.remove, [None, 1]),
        (in_tx.remove, ["k", None]), (in_tx.remove_all, [None]), (in_tx.value_count, [None]),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="must not be None"):
            await operation(*arguments)
    await tx.rollback()
