"""Clients over each of the drivers, in front of simulated members, behind one interface for tests."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import pytest
import uvloop

from core_selector_thread import PATIENCE
from core_simulation import MapOps, Simulation, listener_spec
from core_sockets import SocketCluster, until
from core_tls import client_context, server_context
from core_tls_relay import TlsRelay
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import IllegalStateError
from hz_core.future import Future
from hz_core.listener import ListenerSpec
from hz_core.op import Flow, Op
from hz_core.testing import Refuse, Request, SimulatedCluster

FAST = {"retry_initial_backoff": 0.01, "cluster_connect_timeout": 20, "connection_timeout": 10}
DRIVERS = ["threaded", "asyncio", "uvloop", "scripted", "threaded-tls", "asyncio-tls", "uvloop-tls"]

# libuv opens a pipe that it keeps as long as the process lives: now, and not in a test.
uvloop.new_event_loop().close()


def collecting(keys: list[Any]) -> ListenerSpec:
    """Return the registration of a listener that collects the keys of events."""
    return listener_spec(lambda event: keys.append(event.key))


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
        """Cancel what was begun."""

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until the condition holds."""

    def do(self, action: Callable[[], Any]) -> Any:
        """Do something with the cluster."""

    def refuse(self) -> None:
        """Let the members break all connections and refuse new ones."""

    def accept(self) -> None:
        """Let the members accept connections again."""

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
        return self.simulation.client.futures.call(op)

    def begin(self, flow: Flow[Any]) -> Future[Any]:
        return self.simulation.client.futures.run(flow)

    def result(self, handle: Future[Any], timeout: float | None = PATIENCE) -> Any:
        return handle.result(timeout)

    def cancel(self, handle: Future[Any]) -> None:
        assert handle.cancel()

    def until(self, condition: Callable[[], object]) -> None:
        self.simulation.driver.run_until(condition)

    def do(self, action: Callable[[], Any]) -> Any:
        return action()

    def refuse(self) -> None:
        self.cluster.down = {member.address: Refuse() for member in self.cluster.members}
        self.cluster.cut_all()

    def accept(self) -> None:
        self.cluster.down = {}

    def listener(self, keys: list[Any]) -> Future[Any]:
        return self.begin(self.simulation.engine.add_listener(collecting(keys)))

    def shutdown(self) -> None:
        self.simulation.client.shutdown()

    def close(self) -> None:
        self.simulation.stop()


class Threaded:
    """A client of threads, and members behind sockets."""

    def __init__(self, members: int, tls_name: str | None = None, **options: Any) -> None:
        self.server = _members(members, tls_name)
        self.cluster = self.server.cluster
        try:
            self.client = Client(_config(self.server, tls_name, options))
        except BaseException:
            self.server.stop()
            raise
        self.ops = MapOps(self.client.serialization, self.cluster.partition_count)

    def submit(self, op: Op[Any]) -> Future[Any]:
        return self.client.futures.call(op)

    def begin(self, flow: Flow[Any]) -> Future[Any]:
        return self.client.futures.run(flow)

    def result(self, handle: Future[Any], timeout: float | None = PATIENCE) -> Any:
        return handle.result(timeout)

    def cancel(self, handle: Future[Any]) -> None:
        assert handle.cancel()

    def until(self, condition: Callable[[], object]) -> None:
        until(condition)

    def do(self, action: Callable[[], Any]) -> Any:
        return self.server.do(action)

    def refuse(self) -> None:
        self.server.do(self.server.refuse)

    def accept(self) -> None:
        self.server.do(self.server.accept)

    def listener(self, keys: list[Any]) -> Future[Any]:
        return self.begin(self.client._engine.add_listener(collecting(keys)))

    def shutdown(self) -> None:
        self.client.shutdown()

    def close(self) -> None:
        self.client.shutdown()
        self.server.stop()


class Asyncio:
    """A client for asyncio on a loop that runs while the test waits, and members behind sockets."""

    def __init__(
        self,
        members: int,
        loop: Callable[[], asyncio.AbstractEventLoop],
        tls_name: str | None = None,
        **options: Any,
    ) -> None:
        self.server = _members(members, tls_name)
        self.cluster = self.server.cluster
        self.runner = asyncio.Runner(loop_factory=loop)
        try:
            config = _config(self.server, tls_name, options)
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
            return [self.client.operations.call(op)]

        return self.runner.run(submit())[0]

    def begin(self, flow: Flow[Any]) -> Any:
        async def begin() -> Any:
            return [self.client.operations.run(flow)]

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

    def refuse(self) -> None:
        self.server.do(self.server.refuse)

    def accept(self) -> None:
        self.server.do(self.server.accept)

    def listener(self, keys: list[Any]) -> Any:
        return self.begin(self.client._engine.add_listener(collecting(keys)))

    def shutdown(self) -> None:
        self.runner.run(self.client.shutdown())

    def close(self) -> None:
        self.shutdown()
        self.runner.close()
        self.server.stop()


def _config(server: SocketCluster, tls_name: str | None, options: dict[str, Any]) -> ClientConfig:
    options = {"cluster_members": server.addresses, **FAST, **options}
    if tls_name and not options.get("ssl_enabled"):
        options["ssl_context"] = client_context(tls_name)
    return ClientConfig.from_kwargs(**options)


def _members(count: int, tls_name: str | None) -> SocketCluster:
    return SocketCluster(count, TlsRelay(server_context(tls_name)) if tls_name else None)


def make(driver: str, members: int = 1, **options: Any) -> Surface:
    """Make a started client over a driver; with the suffix `-tls`, in front of members that demand TLS."""
    if driver == "scripted":
        return Scripted(members, **options)
    driver, _, tls = driver.partition("-")
    if tls:
        options.setdefault("tls_name", "127.0.0.1")
    if driver == "threaded":
        return Threaded(members, **options)
    return Asyncio(
        members, uvloop.new_event_loop if driver == "uvloop" else asyncio.new_event_loop, **options
    )


def why_not(driver: str, address: str, limit: float = 10.0, **options: Any) -> str:
    """Return why there is no connection."""
    with pytest.raises(IllegalStateError) as caught:
        make(
            driver,
            0,
            cluster_members=[address],
            connection_timeout=limit,
            cluster_connect_timeout=0,
            **options,
        )
    return str(caught.value)


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
