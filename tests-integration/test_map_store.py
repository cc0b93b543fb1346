"""Maps with a map store behind them, on all three surfaces."""

from map_harness import Caller, fresh_name
from member_side import MemberSide


async def test_load_all(caller: Caller, member_side: MemberSide) -> None:
    m = await caller.map(fresh_name("stored"))
    assert await m.size() == 0
    rows = member_side.stores[m.name].rows
    rows.update({1: "one", 2: "two", 3: "three"})
    assert await m.load_all() is None
    assert dict(await m.entry_set()) == rows
    rows.update({1: "ONE", 2: "TWO"})
    await m.load_all([1])
    assert await m.get_all([1, 2, 3]) == {1: "ONE", 2: "two", 3: "three"}
    await m.load_all(replace_existing_values=False)
    assert await m.get(2) == "two"
    await m.load_all((key for key in (2, 3)), replace_existing_values=False)
    assert await m.get(2) == "two"
    await m.load_all([2, 3], True)
    assert await m.get(2) == "TWO"


async def test_a_missing_entry_is_read_from_the_store(caller: Caller, member_side: MemberSide) -> None:
    m = await caller.map(fresh_name("stored"))
    await m.size()
    member_side.stores[m.name].rows["k"] = "stored"
    assert await m.get("k") == "stored"


async def test_what_the_store_is_told(caller: Caller, member_side: MemberSide) -> None:
    m = await caller.map(fresh_name("stored"))
    await m.put("put", 1)
    await m.set("set", 2)
    await m.put_all({"a": 3, "b": 4})
    await m.put_transient("transient", 5)
    store = member_side.stores[m.name]
    assert store.rows == {"put": 1, "set": 2, "a": 3, "b": 4}
    await m.remove("put")
    await m.delete("set")
    assert store.rows == {"a": 3, "b": 4}
    # Eviction takes entries out of memory alone.
    await m.evict("a")
    await m.evict_all()
    assert store.rows == {"a": 3, "b": 4}
    assert await m.get("a") == 3
    # What is not in memory stays in the store.
    await m.clear()
    assert store.rows == {"b": 4}


async def test_flush_writes_what_was_put_off(caller: Caller, member_side: MemberSide) -> None:
    m = await caller.map(fresh_name("behind"))
    await m.put_all({"a": 1, "b": 2})
    await m.put("c", 3)
    store = member_side.stores[m.name]
    assert store.rows == {}
    assert await m.flush() is None
    assert store.rows == {"a": 1, "b": 2, "c": 3}
