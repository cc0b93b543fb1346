"""Worker for the asyncio surface of a contender.

Run as ``python -m hzbench.coroutines CONTENDER HOST:PORT``. Requests are read on another thread, so the event loop
always runs and the client can keep its connection alive between two tasks.
"""

import asyncio
import importlib
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Any

from hzbench.channel import Channel
from hzbench.task import Outcome, Task

# Either client may be imported here, so there is no common type to check.
hazelcast: Any = importlib.import_module("hazelcast")
hazelcast_asyncio: Any = importlib.import_module("hazelcast.asyncio")


class CoroutinesWorker:
    """A connected asyncio client that runs tasks."""

    def __init__(self, contender: str, client: Any) -> None:
        self._contender = contender
        self._client = client
        self._prepared: set[str] = set()

    async def work(self, task: Task, seconds: float) -> Outcome:
        """Fill the map, then run ``task`` for ``seconds``."""
        name = f"bench-{self._contender}-{task.map_suffix}"
        proxy = await self._client.get_map(name)
        if name not in self._prepared:
            await _fill(proxy, name, task)
            self._prepared.add(name)
        return await _measure(_call(proxy, task), task, seconds)


async def _fill(proxy: Any, name: str, task: Task) -> None:
    keys, value = task.key_names(), task.value()
    if task.entries:
        await proxy.put_all(dict.fromkeys(keys, value))
    else:
        for key in keys:
            await proxy.set(key, value)
    if await proxy.get(keys[-1]) != value or await proxy.size() != len(keys):
        raise RuntimeError(f"Map {name!r} does not hold what was stored in it: figures would mean nothing.")


def _call(proxy: Any, task: Task) -> Callable[[str], Awaitable[Any]]:
    """Return the call for a key. Calls for a whole map ignore the key."""
    if task.action == "get":
        get: Callable[[str], Awaitable[Any]] = proxy.get
        return get
    value = task.value()
    if task.action == "set":
        return lambda key: proxy.set(key, value)
    entries = dict.fromkeys(task.key_names(), value)

    async def put_all(_key: str) -> None:
        await proxy.put_all(entries)

    async def values(_key: str) -> None:
        seen = sum(1 for _ in await proxy.values())
        if seen != task.entries:
            raise RuntimeError(f"values() gave {seen} values where the map holds {task.entries}.")

    return put_all if task.action == "put_all" else values


async def _measure(call: Callable[[str], Awaitable[Any]], task: Task, seconds: float) -> Outcome:
    keys = cycle(task.key_names())
    clock = time.perf_counter_ns
    cpu, start = time.process_time(), clock()
    deadline = start + int(seconds * 1e9)

    async def chain() -> int:
        ops = 0
        while True:
            await call(next(keys))
            ops += 1
            if clock() >= deadline:
                return ops

    ops = sum(await asyncio.gather(*(chain() for _ in range(task.concurrency))))
    return Outcome(ops, (clock() - start) / 1e9, time.process_time() - cpu)


async def main(contender: str, address: str) -> None:
    """Connect, then process requests of the driver."""
    channel = Channel()
    client = await hazelcast_asyncio.HazelcastClient.create_and_start(cluster_members=[address])
    worker = CoroutinesWorker(contender, client)
    channel.ready(str(hazelcast.__version__))
    try:
        while (request := await asyncio.to_thread(channel.request)) is not None:
            try:
                outcome = await worker.work(*request)
            except Exception:
                channel.fail()
            else:
                channel.reply(outcome)
    finally:
        await client.shutdown()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
