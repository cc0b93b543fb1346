"""Transactions with queues, lists and sets, on all three surfaces."""

from typing import Any

import pytest

import hazelcast
from hz_core.errors import TransactionError, TransactionNotActiveError, TransactionTimedOutError
from hz_core.kinds import ObjectKind
from hz_proxies import LIST, QUEUE, SET
from hz_proxies.transaction import TransactionType
from map_harness import AnyObject, Caller, fresh_name
from object_harness import object_of, transaction

KINDS: dict[str, ObjectKind[Any, Any]] = {"list": LIST, "queue": QUEUE, "set": SET}


async def begun(caller: Caller, **options: Any) -> AnyObject:
    tx = transaction(caller, **options)
    await tx.begin()
    return tx


# --- lists and sets -------------------------------------------------------------------------------------------


async def changed(caller: Caller, kind: str) -> tuple[AnyObject, AnyObject]:
    """Return a list or set and a transaction that has changed it."""
    found = await caller.object(KINDS[kind])
    await found.add_all(["a", "b"])
    tx = await begun(caller)
    within = object_of(tx, kind, found.name)
    assert await within.add("c") is True
    assert await within.remove("a") is True
    assert await within.remove("missing") is False
    assert await within.size() == 2
    # What is removed is gone for others, too; what is added is not there yet.
    assert await found.get_all() == ["b"]
    return found, tx


async def test_a_list_after_the_commit(caller: Caller) -> None:
    items, tx = await changed(caller, "list")
    await tx.commit()
    assert await items.get_all() == ["b", "c"]


async def test_a_set_after_the_commit(caller: Caller) -> None:
    s, tx = await changed(caller, "set")
    await tx.commit()
    assert sorted(await s.get_all()) == ["b", "c"]


async def test_a_list_after_a_rollback(caller: Caller) -> None:
    items, tx = await changed(caller, "list")
    await tx.rollback()
    assert await items.get_all() == ["a", "b"]
    assert await items.remove("a") is True


async def test_a_set_after_a_rollback(caller: Caller) -> None:
    s, tx = await changed(caller, "set")
    await tx.rollback()
    assert sorted(await s.get_all()) == ["a", "b"]
    assert await s.remove("a") is True


async def test_a_set_does_not_remove_what_its_transaction_has_added(caller: Caller) -> None:
    s = await caller.object(SET)
    await s.add("there")
    tx = await begun(caller)
    within = object_of(tx, "set", s.name)
    assert await within.add("new") is True
    assert await within.remove("new") is False
    # Once tried, an item is not added, even if it was removed since.
    assert await within.add("there") is False
    assert await within.remove("there") is True
    assert await within.add("there") is False
    await tx.commit()
    assert await s.get_all() == ["new"]


async def test_a_set_adds_nothing_twice(caller: Caller) -> None:
    s = await caller.object(SET)
    await s.add("a")
    tx = await begun(caller, transaction_type=TransactionType.ONE_PHASE)
    within = object_of(tx, "set", s.name)
    assert (await within.add("a"), await within.add("b"), await within.add("b")) == (False, True, False)
    await tx.commit()
    assert sorted(await s.get_all()) == ["a", "b"]


# --- queues ---------------------------------------------------------------------------------------------------


async def test_a_queue_after_the_commit(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    await q.add_all(["a", "b", "c"])
    tx = await begun(caller)
    within = object_of(tx, "queue", q.name)
    assert await within.peek() == "a"
    assert await within.take() == "a"
    assert await within.poll() == "b"
    assert await within.poll(timeout=0.01) == "c"
    assert (await within.poll(), await within.peek(0.01)) == (None, None)
    assert await within.offer("d") is True
    assert await within.offer("e", timeout=0.01) is True
    # What is taken is gone for others, too; what is offered is not there yet.
    assert (await q.size(), await q.poll()) == (0, None)
    await tx.commit()
    assert await q.iterator() == ["d", "e"]


async def test_a_queue_after_a_rollback(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    await q.add_all(["a", "b"])
    tx = await begun(caller)
    within = object_of(tx, "queue", q.name)
    assert await within.take() == "a"
    assert await within.offer("never") is True
    await tx.rollback()
    assert await q.iterator() == ["a", "b"]


async def test_the_size_of_a_queue(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    await q.add_all(["a", "b"])
    tx = await begun(caller)
    within = object_of(tx, "queue", q.name)
    await within.offer("c")
    assert await within.size() == 3
    await within.poll()
    assert await within.size() == 2
    await tx.rollback()


async def test_a_transaction_takes_what_it_has_offered_itself(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    tx = await begun(caller)
    within = object_of(tx, "queue", q.name)
    assert await within.offer("own") is True
    assert (await within.peek(), await within.take(), await within.poll()) == ("own", "own", None)
    await tx.commit()
    assert await q.is_empty() is True


async def test_take_in_a_transaction_waits_for_an_item(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    taken: list[Any] = []

    async def take() -> None:
        tx = await begun(caller)
        taken.append(await object_of(tx, "queue", q.name).take())
        await tx.commit()

    waiting = caller.elsewhere(take)
    await q.put("a")
    await waiting
    assert taken == ["a"]
    assert await q.is_empty() is True


async def test_a_full_queue_in_a_transaction(caller: Caller) -> None:
    q = await caller.object(QUEUE, fresh_name("bounded"))
    await q.add("a")
    tx = await begun(caller)
    within = object_of(tx, "queue", q.name)
    assert (await within.offer("b"), await within.offer("c"), await within.offer("c", 0.01)) == (
        True,
        False,
        False,
    )
    await tx.commit()
    assert await q.iterator() == ["a", "b"]


# --- all ------------------------------------------------------------------------------------------------------


async def test_what_collections_in_transactions_refuse(caller: Caller) -> None:
    tx = await begun(caller)
    within = {kind: object_of(tx, kind, f"refused-{kind}") for kind in KINDS}
    for kind, name in (
        ("list", "add"),
        ("list", "remove"),
        ("set", "add"),
        ("set", "remove"),
        ("queue", "offer"),
    ):
        with pytest.raises(AssertionError, match="must not be None"):
            await getattr(within[kind], name)(None)
    wrong: Any = "1"
    for operation, arguments in (("offer", ["a"]), ("poll", []), ("peek", [])):
        with pytest.raises(ValueError, match="timeout"):
            await getattr(within["queue"], operation)(*arguments, -1)
        with pytest.raises(TypeError, match="timeout"):
            await getattr(within["queue"], operation)(*arguments, wrong)
    for kind in KINDS:
        with pytest.raises(ValueError, match="non-empty"):
            object_of(tx, kind, "")
    await tx.rollback()
    for kind, found in within.items():
        with pytest.raises(TransactionNotActiveError, match="rolled_back"):
            object_of(tx, kind, f"refused-{kind}")
        with pytest.raises(TransactionError, match=r"(?i)transaction"):
            await found.size()


def test_all_of_them_in_one_transaction(client: hazelcast.HazelcastClient) -> None:
    names = {kind: fresh_name(kind) for kind in (*KINDS, "map")}
    with client.new_transaction() as tx:
        tx.get_list(names["list"]).add("l")
        tx.get_map(names["map"]).put("k", "m")
        tx.get_queue(names["queue"]).offer("q")
        tx.get_set(names["set"]).add("s")
    items, m = client.get_list(names["list"]).blocking(), client.get_map(names["map"]).blocking()
    q, s = client.get_queue(names["queue"]).blocking(), client.get_set(names["set"]).blocking()
    assert (items.get_all(), m.get("k"), q.poll(), s.get_all()) == (["l"], "m", "q", ["s"])
    for found in (items, m, q, s):
        found.destroy()


async def test_what_a_transaction_held_whose_commit_came_too_late_is_free_again(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    await q.add_all(["a", "b"])
    tx = await begun(caller, timeout=0.2)
    assert await object_of(tx, "queue", q.name).poll() == "a"
    began = caller.now()
    await caller.until(lambda: caller.now() > began + 0.3)
    with pytest.raises(TransactionTimedOutError):
        await tx.commit()
    assert tx.proxy.state == "rolled_back"
    assert await q.iterator() == ["a", "b"]
