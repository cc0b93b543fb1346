"""What is granted to a caller who has given up is given back, on the blocking and the asyncio surface."""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

import core_sockets
import simulated_harness
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import OperationTimeoutError
from hz_core.future import Future
from hz_core.op import Flow
from hz_core.testing import MapService, Request
from hz_proxies import MAP

simulation = simulated_harness.simulation


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses)


def lock_waits(server: SocketCluster) -> bool:
    """Return whether a request waits for the lock."""
    locks = server.cluster.service(MapService).state("m").locks
    return any(lock.waiters for lock in locks._locks.values())


def until(server: SocketCluster, condition: Callable[[], object]) -> None:
    core_sockets.until(lambda: server.do(condition))


async def test_asyncio_task_that_is_cancelled_leaves_no_lock(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        m = await client.get_object(MAP, "m")
        await m.lock("k")
        waiting = asyncio.create_task(m.lock("k"))
        while not server.do(lambda: lock_waits(server)):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await m.unlock("k")
        while await m.is_locked("k"):
            await asyncio.sleep(0)
        assert await m.try_lock("k")


@pytest.mark.parametrize("flow", [False, True], ids=["operation", "flow"])
async def test_asyncio_task_that_is_cancelled_after_the_reply_has_come_leaves_nothing(
    server: SocketCluster, flow: bool
) -> None:
    """Its future is done, but the task has not run yet: it gets the CancelledError and not the result."""
    async with AsyncioClient(config(server)) as client:
        m = await client.get_object(MAP, "m")
        futures: list[asyncio.Future[Any]] = []
        call, run = m._call, m._run

        def noting(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
            def noted(what: Any) -> Any:
                future = method(what)
                # The first callback: it runs before the task is woken.
                future.add_done_callback(lambda _: waiting.cancel())
                futures.append(future)
                return future

            return noted

        m.__dict__.update(_call=noting(call), _run=noting(run))
        waiting = asyncio.create_task(m.add_entry_listener(added_func=print) if flow else m.lock("k"))
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert futures[0].done()
        assert not futures[0].cancelled()
        m.__dict__.update(_call=call, _run=run)
        while await m.is_locked("k") or client._engine.listeners._registrations:
            await asyncio.sleep(0)


class Interrupt(BaseException):
    pass


def test_interrupted_blocking_call_leaves_no_lock(server: SocketCluster) -> None:
    def interrupt(*_: object) -> None:
        raise Interrupt

    with Client(config(server)) as client, Client(config(server)) as other:
        theirs = other.get_object(MAP, "m").blocking()
        ours = client.get_object(MAP, "m").blocking()
        theirs.lock("k")

        def interrupt_when_waiting() -> None:
            until(server, lambda: lock_waits(server))
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, interrupt)
        helper = threading.Thread(target=interrupt_when_waiting)
        helper.start()
        try:
            with pytest.raises(Interrupt):
                ours.lock("k")
        finally:
            helper.join()
            signal.signal(signal.SIGUSR1, before)
        theirs.unlock("k")
        state = server.cluster.service(MapService).state("m")
        until(server, lambda: not any(lock.owner for lock in state.locks._locks.values()))


@pytest.mark.parametrize("when", ["before the reply", "after the reply"])
@pytest.mark.parametrize("how", ["operation", "flow", "list of a flow"])
def test_blocking_call_that_is_interrupted_on_a_connection_that_lives_leaves_no_lock(
    server: SocketCluster, when: str, how: str
) -> None:
    with Client(config(server)) as client:
        m = client.get_object(MAP, "m").blocking()
        blocking: Any = client.blocking
        complete = blocking._complete

        def interrupted(call: Any) -> Any:
            if when == "after the reply":
                complete(call)
            raise Interrupt

        def flow() -> Flow[None]:
            yield m._ops.lock("k")

        def failing() -> Flow[None]:
            yield [m._ops.lock("k"), m._ops.lock("other")]
            raise Interrupt

        if how == "list of a flow":
            with pytest.raises(Interrupt):
                blocking.run(failing())
        else:
            blocking._complete = interrupted
            with pytest.raises(Interrupt):
                blocking.call(m._ops.lock("k")) if how == "operation" else blocking.run(flow())
            blocking._complete = complete
        m.size()  # the request for the lock has reached the member before
        until(server, lambda: free(server))
        assert len(client._engine.routing.open_connections()) == 1


def test_blocking_flow_that_fails_after_it_has_acquired_something_gives_it_back(
    server: SocketCluster,
) -> None:
    with Client(config(server)) as client:
        m = client.get_object(MAP, "m").blocking()

        def flow() -> Flow[None]:
            yield m._ops.lock("k")
            raise LookupError

        with pytest.raises(LookupError):
            client.blocking.run(flow())
        until(server, lambda: free(server))


def test_blocking_call_whose_deadline_passes_leaves_no_lock(server: SocketCluster) -> None:
    with Client(config(server)) as client, Client(config(server)) as other:
        theirs = other.get_object(MAP, "m").blocking()
        ours = client.get_object(MAP, "m").blocking()
        theirs.lock("k")
        with pytest.raises(OperationTimeoutError):
            ours.with_timeout(0.05).lock("k")
        theirs.unlock("k")
        state = server.cluster.service(MapService).state("m")
        until(server, lambda: not any(lock.owner for lock in state.locks._locks.values()))


@pytest.mark.parametrize("what", ["operation", "flow", "nothing"])
async def test_future_that_is_awaited_in_a_task_that_is_cancelled_late_leaves_nothing(
    server: SocketCluster, what: str
) -> None:
    with Client(config(server)) as client:
        m = client.get_object(MAP, "m")
        futures: dict[str, Callable[[], Future[Any]]] = {
            "operation": lambda: m.lock("k"),
            "flow": lambda: m.add_entry_listener(added_func=print),
            "nothing": lambda: m.put_all({1: 1}),
        }
        member = server.cluster.members[0]
        kept: list[Request] = []
        for method in ("Map.lock", "Map.addEntryListener", "Map.putAll"):
            server.do(partial(member.rule, method, kept.append, times=1))
        future = futures[what]()

        async def wait() -> None:
            await future

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        until(server, lambda: kept)
        server.do(lambda: member.answer(kept[0]))
        while not future.done():
            pass  # the loop must not run: the task is woken and cancelled in the same turn
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        # Whoever asks later does not believe to have what was given back.
        assert future.cancelled() is (what != "nothing")
        until(server, lambda: free(server))
        until(server, lambda: not client._engine.listeners._registrations)


def free(server: SocketCluster) -> bool:
    """Return whether nobody owns a lock or waits for one."""
    locks = server.cluster.service(MapService).state("m").locks._locks.values()
    return not any(lock.owner or lock.waiters for lock in locks)


@pytest.mark.parametrize("limited", [False, True], ids=["operation", "flow"])
def test_race_of_cancelling_and_the_grant(server: SocketCluster, limited: bool) -> None:
    """Whoever wins: a future that could be cancelled leaves no lock, another one has it."""
    cancelled = 0
    with Client(config(server)) as client:
        m = client.get_object(MAP, "m")
        for turn in range(200):

            def flow() -> Flow[None]:
                yield m._ops.lock("k")
                yield []

            future: Future[None] = client.futures.run(flow()) if limited else m.lock("k")
            if turn % 20 == 0:
                future.cancel()  # the timer's thread may always come too late
            canceller = threading.Timer(turn % 20 * 1e-5, future.cancel)
            canceller.start()
            if turn % 2:
                with suppress(CancelledError):
                    future.result(PATIENCE)
            canceller.join()
            if future.cancel():
                cancelled += 1
            else:
                future.result(PATIENCE)
                m.unlock("k").result(PATIENCE)
            until(server, lambda: free(server))
    assert cancelled > 0


async def test_asyncio_race_of_cancelling_and_the_grant(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        m = await client.get_object(MAP, "m")
        for turn in range(100):
            holds = False

            async def hold() -> None:
                nonlocal holds
                await m.lock("k")
                holds = True
                await m.unlock("k")
                holds = False

            holding = asyncio.create_task(hold())
            for _ in range(turn % 8):
                await asyncio.sleep(0)
            holding.cancel()
            await asyncio.wait([holding])
            if holds:
                await m.force_unlock("k")
            while not server.do(lambda: free(server)):
                await asyncio.sleep(0)


async def test_asyncio_lock_context(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        m = await client.get_object(MAP, "m")
        async with m.lock_context("k"):
            assert await m.is_locked("k")
        assert not await m.is_locked("k")

        entered = asyncio.Event()

        async def hold() -> None:
            async with m.lock_context("k"):
                entered.set()
                await asyncio.Event().wait()

        holding = asyncio.create_task(hold())
        await entered.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert not await m.is_locked("k")
