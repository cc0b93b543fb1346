"""Iterators of a map on all three surfaces: keys, values and entries in pages, and the event journal."""

from typing import Any

import pytest

from hz_core.errors import UnsupportedOperationError
from hz_proxies import predicate
from hz_proxies.events import EntryEventType
from map_harness import AnyObject, Caller, fresh_name
from member_side import JOURNAL

ENTRIES = {key: str(key) for key in range(2000)}


async def items_of(pages: Any) -> list[Any]:
    """Return all items of an iterator of any surface."""
    if hasattr(pages, "__aiter__"):
        return [item async for item in pages]
    return list(pages)


async def first_of(pages: Any, count: int) -> list[Any]:
    """Return the first items of an iterator of any surface."""
    found: list[Any] = []
    if hasattr(pages, "__aiter__"):
        while len(found) < count:
            found.append(await anext(pages))
    else:
        while len(found) < count:
            found.append(next(pages))
    return found


async def full(caller: Caller) -> AnyObject:
    m = await caller.map()
    await m.put_all(ENTRIES)
    return m


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_everything(caller: Caller, size: int) -> None:
    m = await full(caller)
    keys = await items_of(m.proxy.iter_keys(size))
    assert (len(keys), set(keys)) == (len(ENTRIES), set(ENTRIES))
    values = await items_of(m.proxy.iter_values(size))
    assert sorted(values) == sorted(ENTRIES.values())
    items = await items_of(m.proxy.iter_items(size))
    assert (len(items), dict(items)) == (len(ENTRIES), ENTRIES)


@pytest.mark.parametrize("size", [1, 1000])
async def test_with_a_predicate(caller: Caller, size: int) -> None:
    m = await full(caller)
    query = predicate.less("__key", 700)
    wanted = {key: value for key, value in ENTRIES.items() if key < 700}
    keys = await items_of(m.proxy.iter_keys(size, query))
    assert (len(keys), set(keys)) == (len(wanted), set(wanted))
    values = await items_of(m.proxy.iter_values(predicate=query, page_size=size))
    assert sorted(values) == sorted(wanted.values())
    items = await items_of(m.proxy.iter_items(size, query))
    assert (len(items), dict(items)) == (len(wanted), wanted)
    assert await items_of(m.proxy.iter_items(size, predicate.false())) == []


async def test_in_one_partition(caller: Caller) -> None:
    m = await full(caller)
    query = predicate.partition(7, predicate.true())
    keys = await items_of(m.proxy.iter_keys(2, query))
    assert sorted(keys) == sorted(await m.key_set(query))
    assert 7 in keys
    assert len(keys) < len(ENTRIES) / 10


async def test_in_some_partitions(caller: Caller) -> None:
    m = await full(caller)
    some, others = range(0, 100), range(100, 271)
    parts = [await items_of(m.proxy.iter_items(partitions=partitions)) for partitions in (some, others)]
    assert 0 < len(parts[0]) < len(parts[1])
    assert (sum(map(len, parts)), dict(parts[0] + parts[1])) == (len(ENTRIES), ENTRIES)
    assert set(await items_of(m.proxy.iter_keys(partitions=some))) == {key for key, _ in parts[0]}
    few = await items_of(m.proxy.iter_values(predicate=predicate.less("__key", 700), partitions=others))
    assert sorted(few) == sorted(value for key, value in parts[1] if key < 700)
    only = predicate.partition(parts[0][0][0], predicate.true())
    assert await items_of(m.proxy.iter_keys(predicate=only, partitions=others)) == []
    assert await items_of(m.proxy.iter_keys(partitions=[])) == []


async def test_pages_one_by_one(caller: Caller) -> None:
    m = await full(caller)
    pages = m.related(m.proxy.iter_keys(5))
    seen: list[int] = []
    while page := await pages.next_page():
        assert len(page) < len(ENTRIES) / 5
        seen += page
    assert (len(seen), set(seen)) == (len(ENTRIES), set(ENTRIES))
    assert await pages.next_page() == []
    started = m.related(m.proxy.iter_keys(5))
    assert await started.next_page() != []
    assert await started.close() is None
    assert await items_of(started.proxy) == []


async def test_wrong_arguments(caller: Caller) -> None:
    m = await caller.map()
    for name in ("iter_keys", "iter_values", "iter_items"):
        for size in (0, -1, 2**31, "10", None):
            with pytest.raises((TypeError, ValueError), match=r"^page_size must be "):
                getattr(m.proxy, name)(size)
        with pytest.raises(AssertionError, match="paging"):
            getattr(m.proxy, name)(predicate=predicate.paging(predicate.true(), 5))
        for partition in (-1, 271, "0"):
            with pytest.raises(ValueError, match=f"^partitions must be from 0 to 270, not {partition!r}"):
                getattr(m.proxy, name)(partitions=[0, partition])


# --- the event journal ----------------------------------------------------------------------------------------


async def journaled(caller: Caller) -> tuple[AnyObject, int]:
    m = await caller.map(fresh_name("journal"))
    partition = caller.client.partition_service.get_partition_id("k")
    return m, (await partition) if hasattr(partition, "__await__") else partition


async def test_the_journal_from_its_oldest_event(caller: Caller) -> None:
    m, partition = await journaled(caller)
    assert await m.subscribe_to_event_journal(partition) == (0, -1)
    assert await items_of(m.proxy.iter_event_journal(partition, follow=False)) == []
    await m.put("k", {"a": 1})
    await m.put("k", "two")
    await m.remove("k")
    state = await m.subscribe_to_event_journal(partition)
    assert (state.oldest_sequence, state.newest_sequence) == (0, 2)
    events = await items_of(m.proxy.iter_event_journal(partition, follow=False))
    assert events == [
        (0, EntryEventType.ADDED, "k", {"a": 1}, None),
        (1, EntryEventType.UPDATED, "k", "two", {"a": 1}),
        (2, EntryEventType.REMOVED, "k", None, "two"),
    ]
    assert (events[1].sequence, events[1].key, events[1].new_value) == (1, "k", "two")


async def test_the_journal_from_a_sequence(caller: Caller) -> None:
    m, partition = await journaled(caller)
    for value in range(6):
        await m.put("k", value)
    for size in (1, 2, 100):
        events = await items_of(m.proxy.iter_event_journal(partition, 2, size, follow=False))
        assert [(event.sequence, event.new_value) for event in events] == [(n, n) for n in range(2, 6)]
    assert await items_of(m.proxy.iter_event_journal(partition, 6, follow=False)) == []


async def test_a_journal_that_has_overwritten_events(caller: Caller) -> None:
    m, partition = await journaled(caller)
    for value in range(JOURNAL + 5):
        await m.put("k", value)
    assert await m.subscribe_to_event_journal(partition) == (5, JOURNAL + 4)
    events = await items_of(m.proxy.iter_event_journal(partition, 0, follow=False))
    assert [event.sequence for event in events] == list(range(5, JOURNAL + 5))


async def test_the_journal_as_it_grows(caller: Caller) -> None:
    m, partition = await journaled(caller)
    await m.put("k", 1)
    pages = m.proxy.iter_event_journal(partition)
    (first,) = await first_of(pages, 1)
    assert first.new_value == 1

    async def put() -> None:
        for value in (2, 3):
            await m.put("k", value)

    writing = caller.elsewhere(put)
    found = await first_of(pages, 2)
    await writing
    assert [(event.sequence, event.new_value) for event in found] == [(1, 2), (2, 3)]


async def test_a_map_without_a_journal(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(UnsupportedOperationError, match="event journal"):
        await m.subscribe_to_event_journal(0)
    with pytest.raises(UnsupportedOperationError, match="event journal"):
        await items_of(m.proxy.iter_event_journal(0))


async def test_wrong_arguments_of_the_journal(caller: Caller) -> None:
    m, partition = await journaled(caller)
    for wrong in (-1, 271, "1", None, 2**40):
        with pytest.raises((TypeError, ValueError), match=r"^partition_id must be "):
            await m.subscribe_to_event_journal(wrong)
        with pytest.raises((TypeError, ValueError), match=r"^partition_id must be "):
            m.proxy.iter_event_journal(wrong)
    with pytest.raises(ValueError, match=r"^start_sequence must be "):
        m.proxy.iter_event_journal(partition, -1)
    with pytest.raises(ValueError, match=r"^page_size must be "):
        m.proxy.iter_event_journal(partition, 0, 0)
