"""Pipelines of several structures, on all three surfaces."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hz_core.errors import IllegalMonitorStateError, OperationTimeoutError
from hz_proxies import PN_COUNTER, QUEUE
from map_harness import AnyObject, AsyncioCaller, Caller

Call = Callable[..., Awaitable[Any]]
"""Calls an operation of a pipeline, given its name; returns the future of the result."""


@asynccontextmanager
async def pipeline(caller: Caller, found: AnyObject, depth: int) -> AsyncIterator[Call]:
    """Open a pipeline of an object."""
    opened = found.proxy.pipeline(depth=depth)
    if isinstance(caller, AsyncioCaller):
        async with opened as p:

            async def awaited(name: str, *args: Any, within: float | None = None) -> Any:
                return await getattr(p if within is None else p.with_timeout(within), name)(*args)

            yield awaited
    else:
        with opened as p:

            async def called(name: str, *args: Any, within: float | None = None) -> Any:
                return getattr(p if within is None else p.with_timeout(within), name)(*args)

            yield called


async def test_more_calls_than_places(caller: Caller) -> None:
    m = await caller.map()
    most = 0
    unfinished: list[Any] = []
    async with pipeline(caller, m, depth=8) as call:
        for n in range(500):
            unfinished = [future for future in unfinished if not future.done()]
            unfinished.append(await call("set", n, str(n)))
            most = max(most, len(unfinished))
    assert most <= 9  # one more, which was done after the list was made
    assert all(future.done() for future in unfinished)
    assert await m.size() == 500
    assert await m.get(499) == "499"


async def test_results_are_in_the_futures(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({n: n * n for n in range(20)})
    async with pipeline(caller, m, depth=3) as call:
        futures = [await call("get", n) for n in range(20)]
        several = await call("get_all", [1, 2, 3])
    assert [future.result() for future in futures] == [n * n for n in range(20)]
    assert several.result() == {1: 1, 2: 4, 3: 9}


async def test_other_structures(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    async with pipeline(caller, q, depth=4) as call:
        for n in range(50):
            await call("put", n)
    assert await q.size() == 50
    counter = await caller.object(PN_COUNTER)
    async with pipeline(caller, counter, depth=1) as call:
        for _ in range(10):
            await call("add_and_get", 2)
    assert await counter.get() == 20


async def test_the_first_error_is_raised_after_all_calls(caller: Caller) -> None:
    m = await caller.map()
    futures = []

    async def work() -> None:
        async with pipeline(caller, m, depth=2) as call:
            futures.append(await call("set", 1, "one"))
            futures.append(await call("unlock", 1))
            futures.append(await call("set", 2, "two"))

    with pytest.raises(IllegalMonitorStateError) as caught:
        await work()
    errors = [future.exception() for future in futures]
    assert [error is caught.value for error in errors] == [False, True, False]
    assert await m.size() == 2


async def test_a_cancelled_call_frees_its_place(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    async with pipeline(caller, q, depth=1) as call:
        waiting = await call("take")
        waiting.cancel()
        added = await call("put", "x")
    assert waiting.cancelled()
    assert added.done()


async def test_a_time_limit_counts_the_wait_for_a_place(caller: Caller) -> None:
    q = await caller.object(QUEUE)
    async with pipeline(caller, q, depth=1) as call:
        waiting = await call("take")
        with pytest.raises(OperationTimeoutError, match="no place"):
            await call("size", within=0.05)
        waiting.cancel()
