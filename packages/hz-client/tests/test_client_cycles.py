"""What operations leave is freed at once: nothing of it refers to itself, so the garbage collector finds none of it."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

import hazelcast
from core_sockets import SocketCluster, until
from hazelcast.asyncio import HazelcastClient as AsyncioClient

TIMES = 5
ENTRIES = {f"key-{number}": number for number in range(20)}


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    made = SocketCluster(1)
    made.cluster.strict = False
    yield made
    made.stop()


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Fail if the block leaves objects of the client that only the garbage collector can free."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        left = {type(one).__qualname__ for one in gc.garbage if type(one).__module__.startswith("hz_")}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == set()


def cancelled(client: Any) -> None:
    future = client.get_map("m").get("key")
    future.cancel()


def pipelined(client: Any) -> None:
    with client.get_map("m").pipeline(4) as values:
        for key in ENTRIES:
            values.get(key)


def unreadable(future: Any) -> None:
    raise ValueError(future)


CALLS: dict[str, Callable[[Any], object]] = {
    "get": lambda client: client.get_map("m").get("key").result(),
    "callback": lambda client: client.get_map("m").get("key").add_done_callback(id),
    "in flight": lambda client: [one.result() for one in [client.get_map("m").get(key) for key in ENTRIES]],
    "continued": lambda client: client.get_map("m").get("key").continue_with(id).result(),
    "error": lambda client: client.get_map("m").get("key").continue_with(unreadable).exception(),
    "put_all": lambda client: client.get_map("m").put_all(ENTRIES).result(),
    "get_all": lambda client: client.get_map("m").get_all(list(ENTRIES)).result(),
    "offer": lambda client: client.get_queue("q").offer(1).result(),
    "poll": lambda client: client.get_queue("q").poll().result(),
    "cancelled": cancelled,
    "limited": lambda client: client.get_map("m").with_timeout(60).get("key").result(),
    "pipeline": pipelined,
    "near cache": lambda client: [client.get_map("near").get(key).result() for key in ENTRIES],
    "blocking get": lambda client: client.get_map("m").blocking().get("key"),
    "blocking put_all": lambda client: client.get_map("m").blocking().put_all(ENTRIES),
}


@pytest.mark.parametrize("name", CALLS)
def test_threads_leave_nothing_to_the_garbage_collector(server: SocketCluster, name: str) -> None:
    call = CALLS[name]
    with hazelcast.HazelcastClient(cluster_members=server.addresses, near_caches={"near": {}}) as client:

        def several() -> None:
            for _ in range(TIMES):
                call(client)
            until(lambda: client.diagnostics().pending_count == 0)

        several()  # makes what lives as long as the client
        with nothing_to_collect():
            several()


async def awaited_get(client: Any) -> None:
    values = await client.get_map("m")
    await values.get("key")


async def awaited_gets(client: Any) -> None:
    values = await client.get_map("m")
    await asyncio.gather(*(values.get(key) for key in ENTRIES))


async def awaited_put_all(client: Any) -> None:
    values = await client.get_map("m")
    await values.put_all(ENTRIES)


async def awaited_cancel(client: Any) -> None:
    values = await client.get_map("m")
    task = asyncio.ensure_future(values.get("key"))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def awaited_pipeline(client: Any) -> None:
    values = await client.get_map("m")
    async with values.pipeline(4) as pipeline:
        for key in ENTRIES:
            await pipeline.get(key)


AWAITED: dict[str, Callable[[Any], Awaitable[None]]] = {
    "get": awaited_get,
    "in flight": awaited_gets,
    "put_all": awaited_put_all,
    "cancelled": awaited_cancel,
    "pipeline": awaited_pipeline,
}


@pytest.mark.parametrize("name", AWAITED)
def test_tasks_leave_nothing_to_the_garbage_collector(server: SocketCluster, name: str) -> None:
    call = AWAITED[name]

    async def main() -> None:
        async with AsyncioClient(cluster_members=server.addresses) as client:

            async def several() -> None:
                for _ in range(TIMES):
                    await call(client)
                await (await client.get_map("m")).size()

            await several()
            with nothing_to_collect():
                await several()

    asyncio.run(main())
