"""The asyncio client on loops that are closed, stopped or blocked, in a child process, and with odd serializers."""

import asyncio
import gc
import os
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvloop

from core_selector_thread import PATIENCE
from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster, until
from core_surfaces import collecting
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import HazelcastClientNotActiveError, TargetDisconnectedError
from hz_core.lifecycle import LifecycleState
from hz_core.op import Flow, Sleep, Within
from hz_core.testing import Request
from hz_serialization import HazelcastSerializationError
from hz_serialization.api import StreamSerializer


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    made: asyncio.AbstractEventLoop = request.param()
    yield made
    if not made.is_closed():
        made.close()


def config(server: SocketCluster, **options: Any) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses, **options)


def sessions(server: SocketCluster) -> int:
    return int(server.do(lambda: sum(len(member.sessions) for member in server.cluster.members)))


def keep(server: SocketCluster, method: str) -> list[Request]:
    kept: list[Request] = []
    server.cluster.members[0].rule(method, kept.append, times=1)
    return kept


# ---- loops that do not run


# uvloop closes and reports what is open when a loop is closed.
@pytest.mark.filterwarnings("ignore:unclosed resource:ResourceWarning")
@pytest.mark.parametrize("waiting", [False, True], ids=["idle", "waiting"])
def test_shutdown_after_the_loop_was_closed(
    server: SocketCluster, loop: asyncio.AbstractEventLoop, waiting: bool
) -> None:
    states: list[str] = []
    server.do(lambda: keep(server, "Map.get"))
    futures: list[asyncio.Future[Any]] = []

    async def main() -> AsyncioClient:
        client = AsyncioClient(config(server, lifecycle_listeners=[states.append]))
        await client.start()
        if waiting:
            ops = MapOps(client.serialization, server.cluster.partition_count)
            futures.append(client._operations.call(ops.get(1)))
            futures.append(client._operations.run(client._engine.add_listener(collecting([]))))
            futures.append(client._operations.run(sleeping()))
            for future in futures:
                future.add_done_callback(lambda _: None)
            await asyncio.sleep(0)
        return client

    def sleeping() -> Flow[None]:
        yield Within(1000, Sleep(1000))

    client = loop.run_until_complete(main())
    loop.close()
    asyncio.run(client.shutdown())
    asyncio.run(client.shutdown())
    assert states[-1] == LifecycleState.SHUTDOWN
    assert all(future.done() for future in futures)
    for future in futures:
        if not future.cancelled():
            future.exception()
    until(lambda: sessions(server) == 0)
    with pytest.raises(HazelcastClientNotActiveError):
        asyncio.run(client.start())


def test_shutdown_while_the_loop_is_stopped(server: SocketCluster, loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> AsyncioClient:
        client = AsyncioClient(config(server))
        await client.start()
        return client

    client = loop.run_until_complete(main())
    asyncio.run(client.shutdown())
    assert not client.lifecycle_service.is_running()
    loop.run_until_complete(asyncio.sleep(0))  # asyncio closes sockets in a later turn
    until(lambda: sessions(server) == 0)


async def test_shutdown_on_another_loop_waits_for_the_client_s_own(server: SocketCluster) -> None:
    client = AsyncioClient(config(server))
    await client.start()
    await asyncio.to_thread(asyncio.run, client.shutdown())
    assert not client.lifecycle_service.is_running()
    assert await asyncio.to_thread(sessions, server) == 0


def test_forgotten_client_of_a_closed_loop_closes_its_connections(server: SocketCluster) -> None:
    async def main() -> AsyncioClient:
        client = AsyncioClient(config(server))
        await client.start()
        return client

    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(main())
    loop.close()
    holder = [client]
    del client
    with pytest.warns(ResourceWarning, match="was not closed"):
        holder.clear()
    until(lambda: sessions(server) == 0)


# ---- timers


async def test_nothing_keeps_a_client_alive_after_its_end(server: SocketCluster) -> None:
    client = AsyncioClient(config(server))
    await client.start()
    ops = MapOps(client.serialization, server.cluster.partition_count)
    limited = client._operations.within(1000)

    def flow() -> Flow[None]:
        yield Within(1000, ops.get(1))
        yield Within(1000, [Sleep(0)])

    await limited.call(ops.put(1, "x"))
    await limited.run(flow())
    waiting = limited.run(sleep_long())
    await asyncio.sleep(0)
    waiting.cancel()
    await client.shutdown()
    await asyncio.sleep(0)
    gone: list[weakref.ref[Any]] = [weakref.ref(o) for o in (client, client._engine, client._driver)]
    del client, limited, waiting, flow
    gc.collect()
    assert [ref() for ref in gone] == [None, None, None]


def sleep_long() -> Flow[None]:
    yield Sleep(1000)


def test_limit_that_was_not_needed_keeps_no_timer() -> None:
    with Simulation(1) as simulation:
        operations = simulation.client.futures.within(1000)

        def flow() -> Flow[None]:
            yield simulation.ops.put(1, "x")
            yield Sleep(0.5)

        operations.run(flow()).result()
        given_up = operations.run(sleep_long())
        simulation.driver.advance()
        assert len(simulation.engine._sleeping) == 2
        given_up.cancel()
        simulation.driver.advance()
        assert simulation.engine._sleeping == {}


# ---- a loop that is blocked


def test_blocked_loop_costs_no_connection(
    server: SocketCluster,
    loop: asyncio.AbstractEventLoop,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hz_core.engine.TICK", 0.2)

    async def main() -> None:
        async with AsyncioClient(config(server, heartbeat_interval=0.5, heartbeat_timeout=1.1)) as client:
            ops = MapOps(client.serialization, server.cluster.partition_count)
            put = client.operations.call(ops.put(1, "x"))
            await asyncio.sleep(0)
            # What is tested: a program that blocks the loop for longer than heartbeat_timeout.
            time.sleep(1.6)
            await put
            # The next tick judges, and the one after it.
            engine = client._engine
            for _ in range(2):
                before = engine._next_tick
                while engine._next_tick == before:
                    await asyncio.sleep(0.01)
            assert await client.operations.call(ops.get(1)) == "x"

    loop.run_until_complete(main())
    assert "nothing was received" not in caplog.text


def test_silent_member_is_noticed_after_the_loop_was_blocked() -> None:
    with Simulation(1, heartbeat_interval=1, heartbeat_timeout=5) as simulation:
        get = simulation.submit(simulation.ops.put(1, "x"))
        simulation.driver.advance()
        assert get.done
        silent = simulation.submit(simulation.ops.put(1, "y"))
        for link in simulation.driver.links:
            link.deaf = True
        # The clock moves, but nothing happens: as when the loop is blocked.
        simulation.driver._now += 60
        simulation.driver.advance(3)
        assert not silent.done
        simulation.driver.advance(10)
        assert isinstance(silent.error, TargetDisconnectedError)


# ---- serializers that raise anything


class Odd(BaseException):
    pass


class Value:
    pass


ERRORS = [Odd, asyncio.CancelledError, GeneratorExit, StopIteration, StopAsyncIteration, ValueError]


def raising(error: type[BaseException]) -> type[StreamSerializer]:
    class Raising(StreamSerializer):
        def get_type_id(self) -> int:
            return 7

        def write(self, out: Any, obj: Any) -> None:
            pass

        def read(self, inp: Any) -> Any:
            raise error("from the serializer")

        def destroy(self) -> None:
            pass

    return Raising


@pytest.mark.parametrize("error", ERRORS, ids=[error.__name__ for error in ERRORS])
def test_any_error_of_a_deserializer_concerns_its_caller_only(
    server: SocketCluster, loop: asyncio.AbstractEventLoop, error: type[BaseException]
) -> None:
    async def main() -> None:
        options = {"custom_serializers": {Value: raising(error)}}
        async with AsyncioClient(config(server, **options)) as client:
            ops = MapOps(client.serialization, server.cluster.partition_count)
            await client.operations.call(ops.put(1, Value()))
            await client.operations.call(ops.put(2, "two"))
            connection = client._engine.any_connection()
            kept = server.do(lambda: keep(server, "Map.get"))
            gets = [client.operations.call(ops.get(key)) for key in (2, 1, 2, 1, 2)]
            while not server.do(lambda: kept):
                await asyncio.sleep(0)
            server.do(lambda: kept[0].member.answer(kept[0]))
            found = await asyncio.gather(*gets, return_exceptions=True)
            assert [found[0], found[2], found[4]] == ["two"] * 3
            for failed in (found[1], found[3]):
                assert isinstance(failed, HazelcastSerializationError)
                assert error.__name__ in str(failed)
            assert client._engine.any_connection() is connection

    loop.run_until_complete(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_end_of_the_program_in_a_deserializer_loses_no_other_reply(
    server: SocketCluster, error: type[BaseException]
) -> None:
    clients: list[AsyncioClient] = []
    gets: list[asyncio.Future[Any]] = []

    async def begin() -> None:
        client = AsyncioClient(config(server, custom_serializers={Value: raising(error)}))
        await client.start()
        ops = MapOps(client.serialization, server.cluster.partition_count)
        await client.operations.call(ops.put(1, Value()))
        await client.operations.call(ops.put(2, "two"))
        clients.append(client)
        gets.extend(client._operations.call(ops.get(key)) for key in (1, 2))
        await asyncio.sleep(0)
        # Both replies are read at once.
        until(lambda: server.do(lambda: server.cluster.members[0].count("Map.get")) == 2)

    loop = asyncio.new_event_loop()
    with pytest.raises(error):
        loop.run_until_complete(begin())
    # The loop goes on, and with it what was received.
    loop.run_until_complete(asyncio.wait(gets, timeout=PATIENCE))
    assert isinstance(gets[0].exception(), HazelcastSerializationError)
    assert gets[1].result() == "two"
    loop.run_until_complete(clients[0].shutdown())
    loop.close()


# ---- fork


def in_child(use: Callable[[], None]) -> int:
    """Run a function in a child process; return its exit status."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            use()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
async def test_client_in_a_child_process_refuses_and_disturbs_nothing(server: SocketCluster) -> None:
    client = AsyncioClient(config(server))
    await client.start()
    ops = MapOps(client.serialization, server.cluster.partition_count)
    await client.operations.call(ops.put(1, "x"))
    pending = client.operations.call(ops.get(1))

    def use() -> None:
        async def in_the_child() -> None:
            with pytest.raises(HazelcastClientNotActiveError, match="forked"):
                await client.operations.call(ops.get(1))
            with pytest.raises(HazelcastClientNotActiveError, match="forked"):
                await client.operations.run(client._engine.add_listener(collecting([])))
            assert not client.lifecycle_service.is_running()
            await client.shutdown()
            async with AsyncioClient(config(server)) as own:
                assert await own.operations.call(ops.get(1)) == "x"

        asyncio.run(in_the_child())

    assert in_child(use) == 0
    assert await pending == "x"
    for key in range(20):
        await client.operations.call(ops.put(key, key))
        assert await client.operations.call(ops.get(key)) == key
    await client.shutdown()


# ---- services


async def test_services_of_the_asyncio_client(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        found = await client.partition_service.get_partition_id("key")
        assert 0 <= found < client.partition_service.get_partition_count()
        told: list[Any] = []
        client.cluster_service.add_listener(member_added=told.append, fire_for_existing=True)
        assert told == client.cluster_service.get_members()


def test_existing_members_are_told_in_the_thread_that_asks(server: SocketCluster) -> None:
    told: list[tuple[Any, int]] = []
    with Client(config(server)) as client:
        client.cluster_service.add_listener(
            member_added=lambda member: told.append((member, threading.get_ident())), fire_for_existing=True
        )
        members = client.cluster_service.get_members()
    assert told == [(member, threading.get_ident()) for member in members]
