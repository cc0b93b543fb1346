"""Cached functions with a real member: threads, tasks, processes (as two clients), stale results, failures."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, assert_type

import pytest

import hazelcast
import hazelcast.asyncio
from core_forks import in_child
from hazelcast.errors import OperationTimeoutError
from hz_embedded import Cluster
from hz_frameworks import AsyncCachedFunction, CachedFunction, cached
from map_harness import fresh_name

LIMIT = 30.0


@pytest.fixture
def name() -> str:
    """Return a name for a map."""
    return fresh_name("cached")


@pytest.fixture
def other(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a second client, which stands for a second process."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        yield connected


class Clock:
    """A clock for the policy of a cached function."""

    def __init__(self, *functions: Any) -> None:
        self.now = 1_000_000.0
        for function in functions:
            function._policy = dataclasses.replace(function._policy, now=lambda: self.now, chance=lambda: 0.0)


@pytest.mark.parametrize("in_background", [False, True], ids=["call", "refresh"])
def test_a_forked_child_does_not_wait_for_a_thread_of_the_parent(
    client: hazelcast.HazelcastClient, name: str, in_background: bool
) -> None:
    parent, begun, free = os.getpid(), threading.Event(), threading.Event()
    slow = not in_background

    @cached(client, name, ttl=60, stale=60, across_processes=False)
    def made_by() -> int:
        if slow and os.getpid() == parent:
            begun.set()
            assert free.wait(LIMIT)
        return os.getpid()

    clock = Clock(made_by)
    if in_background:
        made_by()
        clock.now += 90
        slow = True
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(made_by)
        assert begun.wait(LIMIT)

        def use() -> None:
            assert made_by() == (parent if in_background else os.getpid())
            made_by.join()
            assert made_by() == os.getpid()
            client.shutdown()

        in_child(use)
        free.set()
        assert call.result(LIMIT) == parent
    made_by.join(LIMIT)


def test_results_are_kept(
    client: hazelcast.HazelcastClient, other: hazelcast.HazelcastClient, name: str
) -> None:
    calls: list[Any] = []

    def add(a: int, b: int = 1) -> int | None:
        """Add."""
        calls.append((a, b))
        return a + b if a else None

    here, there = cached(client, name, ttl=60)(add), cached(lambda: other, name, ttl=60)(add)
    assert isinstance(here, CachedFunction)
    assert_type(here(1, 2), int | None)
    assert [here(1, b=2), there(a=1, b=2), there(0), here(0)] == [3, 3, None, None]
    assert calls == [(1, 2), (0, 1)]
    assert (here.counts.hits, here.counts.misses, there.counts.hits, there.counts.misses) == (2, 1, 1, 1)
    assert (getattr(here, "__name__", None), here.__doc__) == ("add", "Add.")
    there.invalidate(1, 2)
    assert here(1, 2) == 3
    assert here.refresh(1, 2) == 3
    assert len(calls) == 4


def test_errors_are_not_kept(client: hazelcast.HazelcastClient, name: str) -> None:
    outcomes: list[Any] = [ValueError("no"), 5]

    @cached(client, name, ttl=60)
    def fails_once() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(ValueError, match="no"):
        fails_once()
    assert [fails_once(), fails_once()] == [5, 5]


def test_methods_need_a_key(client: hazelcast.HazelcastClient, name: str) -> None:
    class Shop:
        def __init__(self, number: int) -> None:
            self.number = number

        @cached(client, name, ttl=60, key=lambda shop, sku: f"{shop.number} {sku}")
        def price(self, sku: str) -> str:
            return f"{sku} of {self.number}"

    assert [Shop(1).price("a"), Shop(2).price("a"), Shop(1).price("a")] == ["a of 1", "a of 2", "a of 1"]
    assert Shop.price.counts.hits == 1


@pytest.mark.parametrize("across", [True, False])
def test_one_thread_makes_a_result(
    across: bool, client: hazelcast.HazelcastClient, other: hazelcast.HazelcastClient, name: str
) -> None:
    calls: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow(key: str) -> int:
        calls.append(key)
        begun.set()
        assert go_on.wait(LIMIT)
        return len(calls)

    here = cached(client, name, ttl=60, across_processes=across)(slow)
    there = cached(other, name, ttl=60, across_processes=across)(slow)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(here, "k")
        assert begun.wait(LIMIT)
        others = [pool.submit(here, "k") for _ in range(3)]
        if across:
            others += [pool.submit(there, "k") for _ in range(3)]
        go_on.set()
        assert {future.result(LIMIT) for future in [first, *others]} == {1}
    assert calls == ["k"]
    assert here._calls == there._calls == {}
    assert not client.get_map(name).blocking().is_locked("lock of " + here._key("k"))


def test_a_result_that_was_made_while_it_was_looked_for(
    client: hazelcast.HazelcastClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by another thread: the look finds nothing, and when it is over, so is the call."""
    calls: list[str] = []

    @cached(client, name, ttl=10, stale=5, across_processes=False)
    def count(key: str) -> int:
        calls.append(key)
        return len(calls)

    look = count._look

    def slow_look(key: str) -> Any:
        monkeypatch.setattr(count, "_look", look)
        found = look(key)
        count.refresh("k") if found else count("k")
        return found

    clock = Clock(count)
    monkeypatch.setattr(count, "_look", slow_look)
    assert count("k") == 1
    assert calls == ["k"]
    clock.now += 12
    monkeypatch.setattr(count, "_look", slow_look)
    assert count("k") == 1
    count.join()
    assert count("k") == 2
    assert calls == ["k"] * 2


async def test_a_result_that_was_made_while_a_task_looked_for_it(
    cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:

        @cached(client, name, ttl=10, stale=5, across_processes=False)
        async def count(key: str) -> int:
            calls.append(key)
            return len(calls)

        look = count._look

        async def slow_look(key: str) -> Any:
            monkeypatch.setattr(count, "_look", look)
            found = await look(key)
            await (count.refresh("k") if found else count("k"))
            return found

        clock = Clock(count)
        monkeypatch.setattr(count, "_look", slow_look)
        assert await count("k") == 1
        assert calls == ["k"]
        clock.now += 12
        monkeypatch.setattr(count, "_look", slow_look)
        assert await count("k") == 1
        await count.join()
        assert await count("k") == 2
        assert calls == ["k"] * 2


def test_a_stale_result_is_returned_and_refreshed(client: hazelcast.HazelcastClient, name: str) -> None:
    values = iter("abc")
    begun, go_on = threading.Event(), threading.Event()

    @cached(client, name, ttl=10, stale=5)
    def letter() -> str:
        begun.set()
        assert go_on.wait(LIMIT)
        return next(values)

    clock = Clock(letter)
    go_on.set()
    assert letter() == "a"
    go_on.clear()
    begun.clear()
    clock.now += 12
    # Old, and at once, although a new one takes its time; one thread makes it.
    assert [letter(), letter()] == ["a", "a"]
    assert begun.wait(LIMIT)
    go_on.set()
    letter.join()
    assert letter() == "b"
    assert (letter.counts.stale, letter.counts.refreshes, letter.counts.misses) == (2, 1, 1)
    clock.now += 16
    assert letter() == "c"
    assert letter.counts.misses == 2


def test_a_failed_refresh_keeps_the_stale_result(
    client: hazelcast.HazelcastClient, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[Any] = ["a", OSError("down"), "b"]

    @cached(client, name, ttl=10, stale=5)
    def letter() -> Any:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    clock = Clock(letter)
    letter()
    clock.now += 12
    for expected in ("a", "a", "b"):
        assert letter() == expected
        letter.join()
    assert "is not refreshed, and stays stale" in caplog.text


def test_a_cluster_that_fails_is_no_failure_of_the_function(
    client: hazelcast.HazelcastClient,
    name: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @cached(client, name, ttl=60, timeout=0.5)
    def five() -> int:
        return 5

    def fails(*arguments: Any, **named: Any) -> Any:
        raise OperationTimeoutError("too slow")

    with monkeypatch.context() as patch:
        patch.setattr(client, "get_map", fails)
        assert five() == 5
    assert five.counts.errors == 3  # look, lock, keep
    assert "was not looked at in map" in caplog.text
    assert five() == 5
    assert five.counts.errors == 3


async def test_coroutine_functions(cluster: Cluster, name: str) -> None:
    calls: list[str] = []
    go_on = asyncio.Event()

    async with (
        hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client,
        hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as other,
    ):

        async def slow(key: str) -> int:
            calls.append(key)
            await go_on.wait()
            return len(calls)

        here, there = (
            cached(client, name, ttl=10, stale=5)(slow),
            cached(lambda: other, name, ttl=10, stale=5)(slow),
        )
        assert isinstance(here, AsyncCachedFunction)
        clock = Clock(here, there)
        waiting = [asyncio.create_task(function("k")) for function in (here, here, there, here)]
        while not calls:
            await asyncio.sleep(0)
        # A caller that gives up does not take the result from the others.
        waiting[0].cancel()
        go_on.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert results[1:] == [1, 1, 1]
        assert_type(await here("k"), int)
        clock.now += 12
        assert [await here("k"), await here("k")] == [1, 1]
        await here.join()
        assert [await here("k"), await there("k")] == [2, 2]
        await there.invalidate("k")
        assert await here("k") == 3
        assert await here.refresh("k") == 4
        assert calls == ["k"] * 4
        assert (here.counts.stale, here.counts.refreshes) == (2, 1)

        with pytest.raises(TypeError, match="cannot be cached by its argument key"):
            await here(object())  # type: ignore[arg-type]  # that is the point
