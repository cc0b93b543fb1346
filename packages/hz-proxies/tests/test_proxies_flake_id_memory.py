"""Flake ids that are in memory: taken in one step, without an operation, on each surface and in pipelines."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from core_interrupts import interrupted as interrupted_at
from core_selector_thread import PATIENCE
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import HazelcastClientNotActiveError, IllegalStateError
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import FLAKE_ID_GENERATOR
from hz_proxies.flake_id_generator import FlakeIdGenerator

BATCH = "FlakeIdGenerator.newIdBatch"
TAKING = ("take", "_replace")
"""The functions that take an id which is in memory."""

STEPS = 100
"""More steps of the interpreter than these have."""


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def generator_of(simulation: Simulation, ids: int = 1) -> FlakeIdGenerator:
    """Return a generator that has handed out some ids of its first batch."""
    generator = simulation.client.get_object(FLAKE_ID_GENERATOR, "f")
    for _ in range(ids):
        generator.blocking().new_id()
    return generator


def keep(simulation: Simulation) -> list[Request]:
    """Let the members keep the requests of ids."""
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule(BATCH, kept.append)
    return kept


class Interruption(BaseException):
    """Raised by a signal handler."""


def interrupted(call: Callable[[], int | None], taken: list[int | None], step: int, error: bool) -> bool:
    """Call a function as if a signal handler ran before a step of the interpreter; return False if it has fewer.

    The handler calls the function itself, too, as another thread would, and may raise an error.
    """
    steps = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal steps
        if frame.f_code.co_name not in TAKING:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == step:
                taken.append(call())
                if error:
                    raise Interruption
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        taken.append(call())
    except Interruption:
        pass
    finally:
        sys.settrace(before)
    return steps >= step


@pytest.mark.parametrize("error", [False, True])
@pytest.mark.parametrize("ahead", [False, True])
def test_no_interruption_gives_an_id_twice(ahead: bool, error: bool) -> None:
    options = {"prefetch_count": 7, "prefetch_ahead": ahead}
    with Simulation(1, flake_id_generators={"f": options}) as simulation:
        generator = generator_of(simulation)
        taken: list[int | None] = []
        reached = []
        for step in range(1, STEPS):
            # Several times each, so that some calls are the last ones of a batch, or those in its middle.
            for _ in range(10):
                reached.append(interrupted(generator._ops._take_if_active, taken, step, error))
                taken.append(generator.blocking().new_id())
        # Python 3.12 may trace the steps of a function from its second call on.
        assert any(reached[:10])
        assert not reached[-1]
        ids = [one for one in taken if one is not None]
        assert len(set(ids)) == len(ids) > STEPS


def test_no_surface_gives_an_id_of_a_closed_client() -> None:
    with Simulation(1) as simulation:
        generator = generator_of(simulation)
        simulation.client.shutdown()
        for surface in (generator, generator.blocking(), generator.with_timeout(1).blocking()):
            with pytest.raises(HazelcastClientNotActiveError):
                surface.new_id()


def test_those_who_wait_get_ids_that_have_come_although_the_client_is_closed_meanwhile() -> None:
    with Simulation(1) as simulation:
        generator = generator_of(simulation, ids=100)
        kept = keep(simulation)
        calls = [generator.new_id() for _ in range(4)]
        calls[1].add_done_callback_inline(lambda call: simulation.client.shutdown())
        simulation.driver.advance()
        kept[0].reply(1000, 1, 10)
        assert [call.result() for call in calls] == [1000, 1001, 1002, 1003]


def test_an_id_in_memory_needs_no_room_of_the_limit_and_no_place_in_a_pipeline() -> None:
    with Simulation(1, max_in_flight=1) as simulation:
        generator = generator_of(simulation)
        other = simulation.client.get_object(FLAKE_ID_GENERATOR, "other")
        kept = keep(simulation)
        waiting = other.new_id()  # the only operation that may be in flight
        simulation.driver.advance()
        assert len(kept) == 1
        ids = [generator.new_id().result(), generator.blocking().new_id()]
        with generator.with_timeout(1).blocking().pipeline(depth=1) as p:
            calls = [p.new_id(), p.new_id(), p.with_timeout(1).new_id()]
            assert all(call.done() for call in calls)
        ids += [call.result() for call in calls]
        assert len(set(ids)) == 5
        with pytest.raises(IllegalStateError, match="the pipeline has ended"):
            p.new_id()
        waiting.cancel()


def test_a_future_of_an_id_in_memory_is_done(server: SocketCluster) -> None:
    with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
        generator = client.get_object(FLAKE_ID_GENERATOR, "f")
        first = generator.new_id().result()
        second, third = generator.new_id(), generator.with_timeout(1).new_id()
        assert second.done()
        assert third.done()
        assert first < second.result() < third.result() < generator.blocking().new_id()


def at_once(awaitable: Awaitable[Any]) -> Any:
    """Return the result of a coroutine that does not wait for anything."""
    with pytest.raises(StopIteration) as stopped:
        awaitable.__await__().send(None)
    return stopped.value.value


@pytest.mark.parametrize("most", [None, 100])
def test_asyncio_does_not_wait_for_an_id_in_memory(server: SocketCluster, most: int | None) -> None:
    config = ClientConfig.from_kwargs(cluster_members=server.addresses, max_in_flight=most)

    async def main() -> None:
        async with AsyncioClient(config) as client:
            generator = await client.get_object(FLAKE_ID_GENERATOR, "f")
            ids = [await generator.new_id()]
            ids += [at_once(generator.new_id()), at_once(generator.with_timeout(1).new_id())]
            async with generator.pipeline(depth=1) as p:
                calls = [at_once(p.new_id()), at_once(p.new_id())]
                assert all(call.done() for call in calls)
                ids += [await call for call in calls]
            assert len(set(ids)) == 5
            with pytest.raises(IllegalStateError, match="the pipeline has ended"):
                await p.new_id()
        with pytest.raises(HazelcastClientNotActiveError):
            await generator.new_id()

    asyncio.run(main())


def test_asyncio_refuses_another_loop_also_for_an_id_in_memory(server: SocketCluster) -> None:
    config = ClientConfig.from_kwargs(cluster_members=server.addresses)

    async def main() -> None:
        async with AsyncioClient(config) as client:
            generator = await client.get_object(FLAKE_ID_GENERATOR, "f")
            await generator.new_id()
            async with generator.pipeline() as p:
                for surface in (generator, generator.with_timeout(1), p):
                    with pytest.raises(IllegalStateError, match="on another event loop"):
                        await asyncio.to_thread(asyncio.run, surface.new_id())

    asyncio.run(main())


@pytest.mark.parametrize(("count", "ahead"), [(1, False), (2, True), (3, True)])
def test_an_interrupted_fetch_holds_up_nobody(server: SocketCluster, count: int, ahead: bool) -> None:
    options = {"prefetch_count": count, "prefetch_ahead": ahead}
    config = ClientConfig.from_kwargs(cluster_members=server.addresses, flake_id_generators={"f": options})
    taken = []
    with Client(config) as client:
        generator = client.get_object(FLAKE_ID_GENERATOR, "f").blocking()
        generator.new_id()
        number, longest = 1, 0
        while number < longest + 5:
            for _ in range(2 * count + 1):  # not each of them fetches ids
                if interrupted_at(number, generator.new_id, ("hz_core.", "hz_proxies.")):
                    longest = number
                taken.append(generator.with_timeout(PATIENCE).new_id())
            number += 1
    assert len(set(taken)) == len(taken) > 100
