"""The option ``max_in_flight`` on simulated members, on the virtual clock, and over real sockets."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import HazelcastClientNotActiveError, HazelcastOverloadError, OperationTimeoutError
from hz_core.future import Future
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.map import Map


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(2, max_in_flight=3, invocation_timeout=20.0) as started:
        yield started


@pytest.fixture
def numbers(simulation: Simulation) -> Map[Any, Any]:
    return simulation.client.get_object(MAP, "numbers")


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def keep(simulation: Simulation, method: str) -> list[Request]:
    """Let the members keep the requests of a method."""
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule(method, kept.append)
    return kept


def cancel(future: Future[Any]) -> None:
    assert future.cancel()


def test_no_more_than_the_limit_is_in_flight(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    invocations = simulation.client._engine.invocations
    most = 0
    for n in range(100):
        numbers.set(n, n)
        most = max(most, invocations.pending_count)
    assert most == 3
    assert numbers.size().result() == 100


def test_blocking_calls_wait_too(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    kept = keep(simulation, "Map.put")
    waiting = [numbers.put(n, n) for n in range(3)]
    simulation.driver.call_later(5, lambda: cancel(waiting[0]))
    began = simulation.driver.now()
    assert numbers.blocking().size() == 0
    assert simulation.driver.now() - began == pytest.approx(5, abs=0.01)
    assert len(kept) == 3


def test_operations_of_several_steps_wait_once(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    # Many more requests than the limit: one for each partition.
    numbers.blocking().put_all({n: n for n in range(1000)})
    assert numbers.put_all({n: n for n in range(1000)}).result() is None
    assert numbers.size().result() == 1000


@pytest.mark.parametrize("surface", ["futures", "blocking"])
def test_who_finds_no_room_gives_up(simulation: Simulation, numbers: Map[Any, Any], surface: str) -> None:
    keep(simulation, "Map.put")
    for n in range(3):
        numbers.put(n, n)
    called: Any = numbers if surface == "futures" else numbers.blocking()
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match=r"within its time limit of 5 s.*max_in_flight"):
        called.with_timeout(5).size()
    assert simulation.driver.now() - began == pytest.approx(5)
    with pytest.raises(HazelcastOverloadError, match=r"for 20 s \(invocation_timeout\)"):
        called.size()
    assert simulation.driver.now() - began == pytest.approx(25)


@pytest.mark.parametrize("surface", ["futures", "blocking"])
def test_the_rest_of_the_time_limit_is_for_the_call(
    simulation: Simulation, numbers: Map[Any, Any], surface: str
) -> None:
    keep(simulation, "Map.put")
    keep(simulation, "Map.size")
    waiting = [numbers.put(n, n) for n in range(3)]
    simulation.driver.call_later(3, lambda: cancel(waiting[0]))
    began = simulation.driver.now()
    if surface == "futures":
        size = numbers.with_timeout(5).size()
        assert simulation.driver.now() - began == pytest.approx(3)
        assert isinstance(size.exception(), OperationTimeoutError)
    else:
        with pytest.raises(OperationTimeoutError):
            numbers.blocking().with_timeout(5).size()
    assert simulation.driver.now() - began == pytest.approx(5)


def test_objects_of_each_other_surface_have_the_limit(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    keep(simulation, "Map.put")
    for n in range(3):
        numbers.put(n, n)
    for called in (
        numbers.with_timeout(1).blocking(),
        numbers.blocking().with_timeout(1),
        numbers.blocking(),
    ):
        with pytest.raises((OperationTimeoutError, HazelcastOverloadError), match="max_in_flight"):
            called.size()
        with (
            called.pipeline() as p,
            pytest.raises((OperationTimeoutError, HazelcastOverloadError), match="max_in_flight"),
        ):
            p.size()


def test_who_gives_up_frees_the_entry_at_once(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    keep(simulation, "Map.put")
    invocations = simulation.client._engine.invocations
    cancelled, late, _ = numbers.put(1, 1), numbers.with_timeout(1).put(2, 2), numbers.put(3, 3)
    assert invocations.pending_count == 3
    cancelled.cancel()
    assert invocations.pending_count == 2
    assert isinstance(late.exception(), OperationTimeoutError)
    assert invocations.pending_count == 1


def test_refused_limits() -> None:
    with pytest.raises(ValueError, match="max_in_flight must be at least 1"):
        ClientConfig.from_kwargs(max_in_flight=0)
    assert ClientConfig().max_in_flight is None


# ---- over real sockets


def config(server: SocketCluster, most: int) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses, max_in_flight=most)


def test_threads_and_callbacks(server: SocketCluster) -> None:
    with Client(config(server, 4)) as client:
        numbers = client.get_object(MAP, "numbers")
        invocations = client._engine.invocations
        most = 0
        ended = threading.Semaphore(0)

        def work(number: int) -> None:
            nonlocal most
            for n in range(200):
                if n % 2:
                    numbers.blocking().set((number * 1000) + n, n)
                else:
                    numbers.set((number * 1000) + n, n).add_done_callback(lambda f: numbers.set(-number, 0))
                most = max(most, invocations.pending_count)
            ended.release()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        # Threads that look at the same time may each be admitted.
        assert 1 < most <= 4 + 5
        assert numbers.size().result(PATIENCE) >= 800


def test_a_closed_client_wakes_who_waits(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda request: None))
    client = Client(config(server, 1))
    numbers = client.get_object(MAP, "numbers")
    numbers.put(1, 1)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            numbers.blocking().size()
        except HazelcastClientNotActiveError as e:
            errors.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    while not client._engine.invocations.waitlist:
        thread.join(0.001)
    client.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(errors) == 1


def test_asyncio(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.remove", lambda request: None))

    async def main() -> None:
        async with AsyncioClient(config(server, 3)) as client:
            numbers = await client.get_object(MAP, "numbers")
            invocations = client._engine.invocations
            most = 0

            async def work(n: int) -> None:
                nonlocal most
                await numbers.set(n, n)
                most = max(most, invocations.pending_count)

            await asyncio.gather(*(work(n) for n in range(200)))
            assert most <= 3
            assert await numbers.size() == 200
            await numbers.put_all({n: n for n in range(100)})
            async with numbers.pipeline(depth=100) as p:
                for n in range(100):
                    await p.set(n, n)
                    assert invocations.pending_count <= 3
            kept = [asyncio.ensure_future(numbers.remove(n)) for n in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(OperationTimeoutError, match="max_in_flight"):
                await numbers.with_timeout(0.01).size()
            late = asyncio.ensure_future(numbers.size())
            await asyncio.sleep(0)
            assert not late.done()
            kept[0].cancel()
            assert await late == 200
            for one in kept[1:]:
                one.cancel()

    asyncio.run(main())


def test_cancelled_while_waiting(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda request: None))

    async def main() -> None:
        async with AsyncioClient(config(server, 1)) as client:
            numbers = await client.get_object(MAP, "numbers")
            kept = asyncio.ensure_future(numbers.put(1, 1))
            await asyncio.sleep(0)
            given_up, waiting = (asyncio.ensure_future(numbers.size()) for _ in range(2))
            await asyncio.sleep(0)
            given_up.cancel()
            kept.cancel()
            assert await waiting == 0
            assert not client._engine.invocations.waitlist

    asyncio.run(main())


@pytest.mark.parametrize("most", [None, 100])
def test_cancelled_tasks_leave_no_entries(server: SocketCluster, most: int | None) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda request: None))

    async def main() -> None:
        options = ClientConfig.from_kwargs(cluster_members=server.addresses, max_in_flight=most)
        async with AsyncioClient(options) as client:
            numbers = await client.get_object(MAP, "numbers")
            invocations = client._engine.invocations
            highest = 0
            for _ in range(100):
                tasks = [asyncio.ensure_future(numbers.put(n, n)) for n in range(100)]
                await asyncio.sleep(0)
                highest = max(highest, invocations.pending_count)
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
            # Without a limit, they are forgotten when there are many.
            assert highest <= (most or 1200)

    asyncio.run(main())
