"""A ringbuffer on all three surfaces."""

from typing import Any

import pytest

from hz_core.errors import IllegalArgumentError, StaleSequenceError
from hz_proxies import RINGBUFFER
from hz_proxies.ringbuffer import OVERFLOW_POLICY_FAIL
from map_harness import AnyObject, Caller, fresh_name
from member_side import SMALL


async def ringbuffer_of(caller: Caller, *items: Any) -> AnyObject:
    r = await caller.object(RINGBUFFER, fresh_name("ring"))
    if items:
        assert await r.add_all(items) == len(items) - 1
    return r


async def items_of(r: AnyObject, *arguments: Any, **options: Any) -> list[Any]:
    found = r.proxy.iter(*arguments, **options)
    return [item async for item in found] if hasattr(found, "__aiter__") else list(found)


async def test_items_have_sequences(caller: Caller) -> None:
    r = await ringbuffer_of(caller)
    assert (await r.size(), await r.tail_sequence(), await r.head_sequence()) == (0, -1, 0)
    assert await r.add("a") == 0
    assert await r.add("b", OVERFLOW_POLICY_FAIL) == 1
    assert await r.add_all([3, {"four": 4}]) == 3
    assert (await r.size(), await r.tail_sequence(), await r.head_sequence()) == (4, 3, 0)
    assert await r.capacity() == await r.remaining_capacity() == 10_000
    assert [await r.read_one(sequence) for sequence in range(4)] == ["a", "b", 3, {"four": 4}]


async def test_batches(caller: Caller) -> None:
    r = await ringbuffer_of(caller, *range(20))
    found = await r.read_many(5, 1, 10)
    assert list(found) == list(range(5, 15))
    assert (found.read_count, found.size, found.next_sequence_to_read_from) == (10, 10, 15)
    assert [found.get_sequence(index) for index in (0, 9)] == [5, 14]
    assert list(await r.read_many(20, 0, 10)) == []
    assert await items_of(r, page_size=7) == list(range(20))
    assert await items_of(r, 18) == [18, 19]


async def test_sequences_out_of_bounds(caller: Caller) -> None:
    r = await ringbuffer_of(caller, "a")
    with pytest.raises(IllegalArgumentError):
        await r.read_one(2)
    with pytest.raises(AssertionError, match="must not be negative"):
        await r.read_one(-1)
    with pytest.raises(AssertionError, match="less than"):
        await r.read_many(0, 2, 1)


async def test_reading_waits_for_items(caller: Caller) -> None:
    r = await ringbuffer_of(caller)
    read: list[Any] = []

    async def read_some() -> None:
        read.append(await r.read_one(0))
        read.extend(await r.read_many(1, 2, 10))

    waiting = caller.elsewhere(read_some)
    await r.add("a")
    await caller.until(lambda: read == ["a"])
    await r.add_all(["b", "c"])
    await waiting
    assert read == ["a", "b", "c"]


async def test_what_was_overwritten(caller: Caller) -> None:
    r = await caller.object(RINGBUFFER, fresh_name("small"))
    assert await r.add_all(range(SMALL + 2)) == SMALL + 1
    assert (await r.head_sequence(), await r.size(), await r.capacity()) == (2, SMALL, SMALL)
    assert await r.add("never full", OVERFLOW_POLICY_FAIL) == SMALL + 2
    with pytest.raises(StaleSequenceError):
        await r.read_one(0)
    found = await r.read_many(0, 1, 2)
    assert (list(found), found.get_sequence(0), found.next_sequence_to_read_from) == ([3, 4], 3, 5)
    with pytest.raises(StaleSequenceError, match="lost the items from 0 to 2"):
        await items_of(r, 0)
    with pytest.raises(AssertionError, match=f"capacity of '{r.name}', {SMALL}, not 6"):
        await r.read_many(0, SMALL + 1, 10)


async def test_a_full_ringbuffer(caller: Caller) -> None:
    r = await caller.object(RINGBUFFER, fresh_name("expiring"))
    assert await r.add_all("abc", OVERFLOW_POLICY_FAIL) == 2
    assert await r.remaining_capacity() == SMALL - 3
    assert await r.add_all("def", OVERFLOW_POLICY_FAIL) == -1
    assert await r.add_all("de", OVERFLOW_POLICY_FAIL) == 4
    assert await r.add("f", OVERFLOW_POLICY_FAIL) == -1
    assert await items_of(r) == list("abcde")
    assert await r.add("f") == 5
    assert await items_of(r) == list("bcdef")


async def test_an_iteration_that_follows(caller: Caller) -> None:
    r = await ringbuffer_of(caller, "a")
    found: list[Any] = []

    async def follow() -> None:
        items = r.proxy.iter(follow=True)
        if hasattr(items, "__aiter__"):
            async for item in items:
                found.append(item)
                if item == "end":
                    break
        else:
            for item in items:
                found.append(item)
                if item == "end":
                    break

    following = caller.elsewhere(follow)
    await caller.until(lambda: found == ["a"])
    await r.add_all(["b", "end"])
    await following
    assert found == ["a", "b", "end"]
