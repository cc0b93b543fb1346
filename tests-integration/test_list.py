"""A list with an item listener, on all three surfaces; the blocking one as a Python list."""

from collections.abc import Iterator, MutableSequence
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.errors import IllegalStateError, IndexOutOfBoundsError
from hz_embedded import Cluster
from hz_proxies import LIST
from hz_proxies.events import ItemEventType
from hz_proxies.list import BlockingList
from hz_serialization import HazelcastSerializationError
from map_harness import AnyObject, Caller, fresh_name


async def list_of(caller: Caller, *items: Any) -> AnyObject:
    found = await caller.object(LIST)
    if items:
        assert await found.add_all(items) is True
    return found


async def test_adding(caller: Caller) -> None:
    items = await list_of(caller)
    assert await items.add("b") is True
    assert await items.add("b") is True
    assert await items.add_at(0, "a") is None
    assert await items.add_all_at(1, ["x", "y"]) is True
    assert await items.add_all(["c", "d"]) is True
    assert await items.add_at(7, "end") is None
    assert await items.add_all([]) is False
    assert await items.add_all_at(0, []) is False
    assert await items.get_all() == ["a", "x", "y", "b", "b", "c", "d", "end"]
    assert await items.iterator() == await items.get_all()
    assert (await items.size(), await items.is_empty()) == (8, False)


async def test_an_empty_list(caller: Caller) -> None:
    items = await list_of(caller)
    assert (await items.get_all(), await items.size(), await items.is_empty()) == ([], 0, True)
    assert (await items.index_of("a"), await items.last_index_of("a")) == (-1, -1)
    assert (await items.sub_list(0, 0), await items.list_iterator()) == ([], [])
    assert await items.contains("a") is False
    assert await items.remove("a") is False


async def test_reading(caller: Caller) -> None:
    items = await list_of(caller, "a", "b", "a", "c")
    assert [await items.get(index) for index in range(4)] == ["a", "b", "a", "c"]
    assert (await items.index_of("a"), await items.last_index_of("a")) == (0, 2)
    assert await items.sub_list(1, 3) == ["b", "a"]
    assert await items.sub_list(4, 4) == []
    assert await items.list_iterator(2) == ["a", "c"]
    assert await items.list_iterator(4) == []
    assert await items.contains("c") is True
    assert await items.contains_all(["a", "c"]) is True
    assert await items.contains_all(["a", "d"]) is False


async def test_changing(caller: Caller) -> None:
    items = await list_of(caller, "a", "b", "a", "c", "a")
    assert await items.set_at(1, "B") == "b"
    assert await items.remove_at(3) == "c"
    assert await items.remove("a") is True
    assert await items.get_all() == ["B", "a", "a"]
    assert await items.remove_all(["a", "z"]) is True
    assert await items.remove_all(["z"]) is False
    assert await items.get_all() == ["B"]
    await items.add_all(range(10))
    assert await items.retain_all(range(3)) is True
    assert await items.retain_all(range(3)) is False
    assert await items.get_all() == [0, 1, 2]
    assert await items.clear() is None
    assert await items.is_empty() is True


async def test_items_are_found_by_their_bytes(caller: Caller) -> None:
    items = await list_of(caller, 1, "1", 1.0)
    assert [await items.index_of(item) for item in (1, "1", 1.0, 2)] == [0, 1, 2, -1]


@pytest.mark.parametrize("index", [-1, 3, 2**31, -(2**40)])
async def test_indexes_out_of_bounds(caller: Caller, index: int) -> None:
    items = await list_of(caller, "a", "b")
    for name, arguments in (
        ("get", []), ("set_at", ["x"]), ("remove_at", []), ("add_at", ["x"]), ("add_all_at", [["x"]]),
        ("list_iterator", []),
    ):  # fmt: skip
        with pytest.raises(IndexOutOfBoundsError) as raised:
            await getattr(items, name)(index, *arguments)
        assert isinstance(raised.value, IndexError)
    for start, end in ((0, index), (index, index), (2, 1)):
        with pytest.raises(IndexError):
            await items.sub_list(start, end)
    assert await items.get_all() == ["a", "b"]


async def test_an_index_is_an_integer(caller: Caller) -> None:
    items = await list_of(caller, "a", "b")
    wrong: Any
    for wrong in ("0", 0.0, None):
        with pytest.raises(TypeError, match="index must be an integer"):
            await items.get(wrong)


async def test_item_listener(caller: Caller) -> None:
    items = await list_of(caller)
    both = caller.recorder()
    registration = await items.add_listener(True, item_added_func=both, item_removed_func=both)
    await items.add("a")
    await items.add_at(0, "b")
    await items.remove_at(0)
    await items.remove("a")
    added, removed = ItemEventType.ADDED, ItemEventType.REMOVED
    assert [(event.name, event.item, event.event_type) for event in await both.wait_for(4)] == [
        (items.name, "a", added), (items.name, "b", added),
        (items.name, None, removed),  # members leave out what was at an index
        (items.name, "a", removed),
    ]  # fmt: skip
    assert {event.member for event in both.events} <= {
        member.uuid for member in caller.client.cluster_service.get_members()
    }
    assert await items.remove_listener(registration) is True
    assert await items.remove_listener(registration) is False
    with pytest.raises(ValueError, match="at least one function"):
        await items.add_listener()
    with pytest.raises(AssertionError, match="must not be None"):
        await items.remove_listener(None)


async def test_what_is_no_item(caller: Caller) -> None:
    items = await list_of(caller)
    for name in ("add", "contains", "remove", "add_all", "contains_all", "index_of", "last_index_of"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(items, name)(None)
    for name in ("add_at", "set_at", "add_all_at"):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(items, name)(0, None)
    with pytest.raises(HazelcastSerializationError, match="generator"):
        await items.add(item for item in "abc")
    assert await items.is_empty() is True


async def test_a_bounded_list(caller: Caller) -> None:
    items = await caller.object(LIST, fresh_name("bounded"))
    assert await items.add_all(["a", "b", "c"]) is False
    assert await items.add_all(["a", "b"]) is True
    assert await items.add("c") is False
    assert await items.add_at(0, "c") is None
    assert await items.add_all_at(0, ["c"]) is False
    assert await items.get_all() == ["a", "b"]


# --- as a Python list -----------------------------------------------------------------------------------------

MANY = 2500
"""More items than two pages have."""


@pytest.fixture
def items(client: hazelcast.HazelcastClient) -> Iterator[BlockingList[Any]]:
    """An empty list."""
    found = client.get_list(fresh_name("list")).blocking()
    yield found
    found.destroy()


def test_it_is_a_mutable_sequence(items: Any) -> None:
    assert isinstance(items, MutableSequence)
    assert not items
    items.append("a")
    assert items


def test_places(items: BlockingList[Any]) -> None:
    items.extend("abcd")
    assert (items[0], items[3], items[-1], items[-4]) == ("a", "d", "d", "a")
    items[1], items[-1] = "B", "D"
    assert list(items) == ["a", "B", "c", "D"]
    del items[0]
    del items[-1]
    assert list(items) == ["B", "c"]
    for index in (2, -3):
        with pytest.raises(IndexError):
            items[index]
        with pytest.raises(IndexError):
            items[index] = "x"
        with pytest.raises(IndexError):
            del items[index]
        with pytest.raises(IndexError):
            items.pop(index)
    wrong: Any = "0"
    with pytest.raises(TypeError):
        items[wrong]


SLICES = [
    slice(None), slice(1, 3), slice(-2, None), slice(None, None, 2), slice(None, None, -1), slice(4, 1, -2),
    slice(2, 2), slice(5, 99), slice(99, None), slice(-99, 2), slice(3, 1),
]  # fmt: skip


@pytest.mark.parametrize("places", SLICES, ids=str)
def test_slices(items: BlockingList[Any], places: slice) -> None:
    model: list[Any] = list(range(6))
    items.extend(model)
    assert items[places] == model[places]
    new = ["x"] * len(model[places])
    items[places], model[places] = new, new
    assert list(items) == model
    del items[places], model[places]
    assert list(items) == model


def test_a_slice_of_another_length(items: BlockingList[Any]) -> None:
    items.extend(range(6))
    items[1:3] = "abc"
    items[0:0] = ["first"]
    items[-1:] = []
    assert list(items) == ["first", 0, "a", "b", "c", 3, 4]
    with pytest.raises(ValueError, match="extended slice"):
        items[::2] = [1]
    items[:] = items[::-1]
    assert list(items) == [4, 3, "c", "b", "a", 0, "first"]


def test_looking(items: BlockingList[Any]) -> None:
    items.extend(["a", "b", "a", 1, 1.0])
    assert "a" in items
    assert "c" not in items
    assert None not in items
    assert len(items) == 5
    assert (items.count("a"), items.count(1), items.count("c")) == (2, 1, 0)
    assert (items.index("a"), items.index("a", 1), items.index("b", 0, 2), items.index(1.0, -2)) == (
        0,
        2,
        1,
        4,
    )
    for arguments in (("c",), ("b", 2), ("a", 0, 0)):
        with pytest.raises(ValueError, match="is not in list"):
            items.index(*arguments)


def test_changes(items: BlockingList[Any]) -> None:
    items.append(1)
    items += [2, 3]
    items.insert(0, "first")
    items.insert(99, "last")
    items.insert(-1, "before")
    items.insert(-99, "front")
    assert list(items) == ["front", "first", 1, 2, 3, "before", "last"]
    items.reverse()
    assert list(reversed(items)) == ["front", "first", 1, 2, 3, "before", "last"]
    assert (items.pop(), items.pop(0), items.pop(-2)) == ("front", "last", 1)
    items.extend(items)
    assert len(items) == 8
    items.extend([])
    items.clear()
    with pytest.raises(IndexError):
        items.pop()


def test_pages(items: BlockingList[Any]) -> None:
    items.extend(range(MANY))
    assert list(items) == list(range(MANY))
    assert list(reversed(items)) == list(range(MANY))[::-1]
    assert items[5:MANY:7] == list(range(5, MANY, 7))
    assert items.index(MANY - 1, 3) == MANY - 1
    iterator = iter(items)
    next(iterator)
    items.clear()
    assert len(list(iterator)) == 999


@pytest.mark.parametrize("page_size", [1, 3, 10, 11])
def test_pages_of_any_size(items: BlockingList[Any], page_size: int) -> None:
    items.extend(range(10))
    assert list(items.iter_items(page_size)) == list(range(10))
    pages = items.iter_items(page_size)
    assert next(pages) == 0
    assert pages.next_page() == list(range(page_size, min(2 * page_size, 10)))
    pages.close()
    assert pages.next_page() == []
    items.clear()
    assert list(items.iter_items(page_size)) == []


def test_the_size_of_a_page(items: BlockingList[Any]) -> None:
    with pytest.raises(ValueError, match="page_size"):
        items.iter_items(0)
    wrong: Any = "1"
    with pytest.raises(TypeError, match="page_size"):
        items.iter_items(wrong)


def test_pages_of_futures(client: hazelcast.HazelcastClient) -> None:
    items = client.get_list(fresh_name("list"), item=int)
    items.add_all(range(10)).result()
    assert items.iter_items(4).next_page().result() == [0, 1, 2, 3]
    assert list(items.iter_items(4)) == list(range(10))
    items.destroy()


def test_a_full_list_says_so(client: hazelcast.HazelcastClient) -> None:
    items = client.get_list(fresh_name("bounded"), item=str).blocking()
    items.extend(["a", "b"])
    with pytest.raises(IllegalStateError, match="full"):
        items.append("c")
    with pytest.raises(IllegalStateError, match="full"):
        items.extend(["c"])
    with pytest.raises(IllegalStateError, match="full"):
        items.insert(0, "c")
    with pytest.raises(IllegalStateError, match="full"):
        items[0:1] = ["x"]
    assert list(items) == ["a", "b"]
    items.destroy()


async def test_asyncio_iteration(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        items = await client.get_list(fresh_name("list"), item=int)
        await items.add_all(range(MANY))
        assert [item async for item in items] == list(range(MANY))
        assert [item async for item in items.iter_items(700)] == list(range(MANY))
        await items.destroy()
