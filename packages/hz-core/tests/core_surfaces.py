"""Clients over each of the drivers, in front of simulated members, behind one interface for tests."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import uvloop

from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.future import Future
from hz_core.invocation.flow import run_flow
from hz_core.invocation.op import Flow, Op

sys.path.insert(0, str(Path(__file__).parent))
from core_simulation import MapOps, Request, SimulatedCluster, Simulation, event_key, listener_spec
from core_sockets import PATIENCE, SocketCluster

FAST = {"retry_initial_backoff": 0.01, "cluster_connect_timeout": 20, "connection_timeout": 10}
DRIVERS = ["threaded", "asyncio", "uvloop", "scripted"]


class Surface(Protocol):
    """A client over one of the drivers, in front of simulated members."""

    cluster: SimulatedCluster
    ops: MapOps

    def submit(self, op: Op[Any]) -> Any:
        """Begin an operation."""

    def begin(self, flow: Flow[Any]) -> Any:
        """Begin a flow."""

    def result(self, handle: Any, timeout: float | None = PATIENCE) -> Any:
        """Wait for what was begun."""

    def cancel(self, handle: Any) -> None:
        """Want what was begun no more."""

    def until(self, condition: Callable[[], object]) -> None:
        """Let things go on until the condition holds."""

    def do(self, action: Callable[[], Any]) -> Any:
        """Do something with the cluster."""

    def listener(self, keys: list[Any]) -> Any:
        """Begin to add a listener that collects keys."""

    def shutdown(self) -> None:
        """Shut the client down."""

    def close(self) -> None:
        """Shut everything down."""


class Scripted:
    """A client on the virtual clock; futures work there, too."""

    def __init__(self, members: int, **options: Any) -> None:
        self.cluster = SimulatedCluster(members)
        options.setdefault("cluster_members", None)
        self.simulation = Simulation(cluster=self.cluster, **{k: v for k, v in options.items() if v})
        self.ops = self.simulation.ops
        self.simulation.start()

    def submit(self, op: Op[Any]) -> Future[Any]:
        future: Future[Any] = Future(self.simulation.driver)
        self.simulation.engine.submit(op, future)
        return future

    def begin(self, flow: Flow[Any]) -> Future[Any]:
        future: Future[Any] = Future(self.simulation.driver)
        run_flow(self.simulation.engine, flow, future)
        return future

    def result(self, handle: Future[Any], timeout: float | None = PATIENCE) -> Any:
        return handle.result(timeout)

    def cancel(self, handle: Future[Any]) -> None:
        assert handle.cancel()

    def until(self, condition: Callable[[], object]) -> None:
        self.simulation.driver.run_until(condition)

    def do(self, action: Callable[[], Any]) -> Any:
        return action()

    def listener(self, keys: list[Any]) -> Future[Any]:
        spec = listener_spec(lambda m: keys.append(event_key(self.simulation.serialization, m)))
        return self.begin(self.simulation.engine.listeners.add(spec))

    def shutdown(self) -> None:
        self.simulation.engine.shutdown()

    def close(self) -> None:
        self.simulation.stop()


class Threaded:
    """A client of threads, and members behind sockets."""

    def __init__(self, members: int, **options: Any) -> None:
        self.server = SocketCluster(members)
        self.cluster = self.server.cluster
        try:
            config = ClientConfig.from_kwargs(**{"cluster_members": self.server.addresses, **FAST, **options})
            self.client = Client(config)
        except BaseException:
            self.server.stop()
            raise
        self.ops = MapOps(self.client.serialization, self.cluster.partition_count)

    def submit(self, op: Op[Any]) -> Future[Any]:
        return self.client.submit(op)

    def begin(self, flow: Flow[Any]) -> Future[Any]:
        return self.client.run(flow)

    def result(self, handle: Future[Any], timeout: float | None = PATIENCE) -> Any:
        return handle.result(timeout)

    def cancel(self, handle: Future[Any]) -> None:
        assert handle.cancel()

    def until(self, condition: Callable[[], object]) -> None:
        tick = threading.Event()
        for _ in range(int(PATIENCE * 200)):
            if condition():
                return
            tick.wait(0.005)
        raise TimeoutError

    def do(self, action: Callable[[], Any]) -> Any:
        return self.server.do(action)

    def listener(self, keys: list[Any]) -> Future[Any]:
        spec = listener_spec(lambda m: keys.append(event_key(self.client.serialization, m)))
        return self.begin(self.client.add_listener(spec))

    def shutdown(self) -> None:
        self.client.shutdown()

    def close(self) -> None:
        self.client.shutdown()
        self.server.stop()


class Asyncio:
    """A client for asyncio on a loop that runs while the test waits, and members behind sockets."""

    def __init__(self, members: int, loop: Callable[[], asyncio.AbstractEventLoop], **options: Any) -> None:
        self.server = SocketCluster(members)
        self.cluster = self.server.cluster
        self.runner = asyncio.Runner(loop_factory=loop)
        try:
            config = ClientConfig.from_kwargs(**{"cluster_members": self.server.addresses, **FAST, **options})
            self.client: AsyncioClient = self.runner.run(self._start(config))
        except BaseException:
            self.runner.close()
            self.server.stop()
            raise
        self.ops = MapOps(self.client.serialization, self.cluster.partition_count)

    async def _start(self, config: ClientConfig) -> AsyncioClient:
        client = AsyncioClient(config)
        await client.start()
        return client

    def submit(self, op: Op[Any]) -> Any:
        async def submit() -> Any:
            return [self.client.call(op)]

        return self.runner.run(submit())[0]

    def begin(self, flow: Flow[Any]) -> Any:
        async def begin() -> Any:
            return [self.client.run(flow)]

        return self.runner.run(begin())[0]

    def result(self, handle: Any, timeout: float | None = PATIENCE) -> Any:
        async def wait() -> Any:
            return await asyncio.wait_for(asyncio.shield(handle), timeout)

        return self.runner.run(wait())

    def cancel(self, handle: Any) -> None:
        assert handle.cancel()

    def until(self, condition: Callable[[], object]) -> None:
        async def wait() -> None:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(0.002)

        self.runner.run(wait())

    def do(self, action: Callable[[], Any]) -> Any:
        return self.server.do(action)

    def listener(self, keys: list[Any]) -> Any:
        spec = listener_spec(lambda m: keys.append(event_key(self.client.serialization, m)))
        return self.begin(self.client.add_listener(spec))

    def shutdown(self) -> None:
        self.runner.run(self.client.shutdown())

    def close(self) -> None:
        self.shutdown()
        self.runner.close()
        self.server.stop()


def make(driver: str, members: int = 1, **options: Any) -> Surface:
    """Make a started client over a driver."""
    if driver == "scripted":
        return Scripted(members, **options)
    if driver == "threaded":
        return Threaded(members, **options)
    return Asyncio(
        members, uvloop.new_event_loop if driver == "uvloop" else asyncio.new_event_loop, **options
    )


def keep(surface: Surface, method: str, times: int = 1) -> list[Request]:
    """Let all members keep the next requests of a method unanswered."""
    kept: list[Request] = []

    def look(request: Request) -> bool:
        if request.method != method or len(kept) >= times:
            return False
        kept.append(request)
        return True

    def install() -> None:
        for member in surface.cluster.members:
            member.rules.append(look)

    surface.do(install)
    return kept
