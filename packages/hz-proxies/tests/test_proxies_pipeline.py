"""Pipelines on simulated members, on the virtual clock, and over real sockets."""

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
from hz_core.errors import HazelcastClientNotActiveError, IllegalStateError, OperationTimeoutError
from hz_core.op import AnsweredOp
from hz_core.testing import Request, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.map import Map


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(2) as started:
        yield started


@pytest.fixture
def numbers(simulation: Simulation) -> Map[Any, Any]:
    return simulation.client.get_object(MAP, "numbers")


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def keep(simulation: Simulation, method: str, times: int) -> list[Request]:
    """Let the members keep the next requests of a method."""
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule(method, kept.append, times=times)
    return kept


def test_calls_do_not_wait_below_the_depth(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    with numbers.blocking().pipeline(depth=3) as p:
        futures = [p.put(n, n) for n in range(3)]
        assert [future.done() for future in futures] == [False] * 3
        fourth = p.put(3, 3)
        assert any(future.done() for future in futures)
    assert fourth.done()
    assert all(future.done() for future in futures)
    assert numbers.size().result() == 4


def test_no_more_than_the_depth_is_in_progress(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    invocations = simulation.client._engine.invocations
    most = 0
    with numbers.pipeline(depth=5) as p:
        for n in range(100):
            p.set(n, n)
            most = max(most, invocations.pending_count)
    assert most == 5
    assert invocations.pending_count == 0
    assert numbers.size().result() == 100


def test_the_first_error_is_raised_at_the_end(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    for member in simulation.cluster.members:
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_STATE))
    futures = []

    def work() -> None:
        with numbers.pipeline(depth=2) as p:
            futures.extend([p.put(1, 1), p.put(2, 2)])
            p.set(3, 3)
            p.set(4, 4)

    with pytest.raises(IllegalStateError) as caught:
        work()
    assert futures[0].exception() is caught.value
    assert isinstance(futures[1].exception(), IllegalStateError)
    assert numbers.size().result() == 2


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_errors_of_the_block(numbers: Map[Any, Any], error: type[BaseException]) -> None:
    futures = []

    def work() -> None:
        with numbers.pipeline() as p:
            futures.append(p.put(1, 1))
            raise error

    with pytest.raises(error):
        work()
    # An interrupt does not wait for the calls.
    assert futures[0].is_success() is (error is ZeroDivisionError)
    assert futures[0].cancelled() is (error is KeyboardInterrupt)


def test_a_cancelled_call_gives_its_place_back(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    kept = keep(simulation, "Map.put", 1)
    with numbers.pipeline(depth=1) as p:
        waiting = p.put(1, 1)
        simulation.driver.advance()
        assert len(kept) == 1
        assert waiting.cancel()
        began = simulation.driver.now()
        assert p.size().result() == 0
        assert simulation.driver.now() - began < 1


def test_what_needs_no_request_needs_no_place(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    kept = keep(simulation, "Map.put", times=1)
    with numbers.pipeline(depth=1) as p:
        waiting = p.put(1, 1)
        assert p.execute_on_keys([], "processor").result() == []
        assert p._run(AnsweredOp("known")).result() == "known"
        simulation.driver.advance()
        assert not waiting.done()
        waiting.cancel()
    assert len(kept) == 1
    with pytest.raises(IllegalStateError, match="has ended"):
        p.execute_on_keys([], "processor")


def test_a_time_limit_counts_the_wait_for_a_place(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    keep(simulation, "Map.put", 1)
    with numbers.pipeline(depth=1) as p:
        waiting = p.put(1, 1)
        began = simulation.driver.now()
        with pytest.raises(OperationTimeoutError, match="no place"):
            p.with_timeout(5).size()
        assert simulation.driver.now() - began == pytest.approx(5)
        waiting.cancel()


def test_the_rest_of_the_time_limit_is_for_the_call(simulation: Simulation, numbers: Map[Any, Any]) -> None:
    keep(simulation, "Map.put", 1)
    keep(simulation, "Map.size", 1)
    began = simulation.driver.now()
    waits = []

    def work() -> None:
        with numbers.pipeline(depth=1) as p:
            p.with_timeout(3).put(1, 1)
            late = p.with_timeout(5).size()
            waits.append(simulation.driver.now() - began)
            assert isinstance(late.exception(), OperationTimeoutError)
            waits.append(simulation.driver.now() - began)

    with pytest.raises(OperationTimeoutError):
        work()
    assert waits == pytest.approx([3, 5])


@pytest.mark.parametrize("depth", [0, -1, 2**31])
def test_refused_depths(numbers: Map[Any, Any], depth: int) -> None:
    with pytest.raises(ValueError, match="depth"):
        numbers.pipeline(depth)
    with pytest.raises(ValueError, match="depth"):
        numbers.blocking().pipeline(depth)


def test_nothing_is_called_after_the_end(numbers: Map[Any, Any]) -> None:
    with numbers.pipeline() as p:
        p.put(1, 1)
    with pytest.raises(IllegalStateError, match="has ended"):
        p.put(2, 2)


# ---- over real sockets


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses)


def test_threads(server: SocketCluster) -> None:
    with Client(config(server)) as client:
        numbers = client.get_object(MAP, "numbers").blocking()
        with numbers.pipeline(depth=8) as p:
            for n in range(1000):
                p.set(n, n)
        assert numbers.size() == 1000


def test_a_closed_client_wakes_who_waits_for_a_place(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda request: None))
    client = Client(config(server))
    numbers = client.get_object(MAP, "numbers")
    errors: list[BaseException] = []
    begun = threading.Event()

    def work() -> None:
        try:
            with numbers.pipeline(depth=1) as p:
                p.put(1, 1)
                begun.set()
                p.put(2, 2)
        except HazelcastClientNotActiveError as e:
            errors.append(e)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(PATIENCE)
    client.shutdown()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert len(errors) == 1


def test_a_pipeline_in_a_callback(server: SocketCluster) -> None:
    with Client(config(server)) as client:
        numbers = client.get_object(MAP, "numbers")
        done = threading.Event()

        def more(future: object) -> None:
            with numbers.pipeline(depth=2) as p:
                for n in range(50):
                    p.set(n, n)
            done.set()

        numbers.put("first", 1).add_done_callback(more)
        assert done.wait(PATIENCE)
        assert numbers.size().result() == 51


def test_asyncio(server: SocketCluster) -> None:
    async def main() -> None:
        async with AsyncioClient(config(server)) as client:
            numbers = await client.get_object(MAP, "numbers")
            async with numbers.pipeline(depth=4) as p:
                futures = [await p.put(n, n) for n in range(100)]
                assert sum(not future.done() for future in futures) <= 4
            assert all(future.done() for future in futures)
            assert await numbers.size() == 100
            with pytest.raises(IllegalStateError, match="has ended"):
                await p.size()

    asyncio.run(main())


def test_asyncio_places(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda request: None))

    async def main() -> None:
        async with AsyncioClient(config(server)) as client:
            numbers = await client.get_object(MAP, "numbers")
            async with numbers.pipeline(depth=1) as p:
                first = await p.put(1, 1)
                assert await (await p.execute_on_keys([], "processor")) == []
                assert await (await p._run(AnsweredOp("known"))) == "known"
                with pytest.raises(OperationTimeoutError, match="no place"):
                    await p.with_timeout(0.01).size()
                waiting = asyncio.ensure_future(p.size())
                await asyncio.sleep(0)
                assert not waiting.done()
                first.cancel()
                assert await (await waiting) == 0

    asyncio.run(main())
