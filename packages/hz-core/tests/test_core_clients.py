"""Clients that their programs forget to close, and what cancelling means on each surface."""

import asyncio
import gc
import threading
from collections.abc import Iterator

import pytest

from core_selector_thread import PATIENCE
from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster, until
from core_surfaces import Surface, make
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import IllegalStateError
from hz_core.op import Flow, Sleep
from hz_core.testing import Request, codes


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def config(server: SocketCluster, name: str = "forgotten") -> ClientConfig:
    # With a listener there is a thread for callbacks, too.
    return ClientConfig.from_kwargs(
        cluster_members=server.addresses, client_name=name, lifecycle_listeners=[lambda state: None]
    )


def threads(name: str) -> list[str]:
    """Return the names of a client's threads."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(name)]


def sessions(server: SocketCluster) -> int:
    """Return how many connections the members have."""
    return int(server.do(lambda: sum(len(member.sessions) for member in server.cluster.members)))


def keep(server: SocketCluster, method: str) -> list[Request]:
    """Let the member keep the next request of a method."""
    kept: list[Request] = []
    server.cluster.members[0].rule(method, kept.append, times=1)
    return kept


# ---- forgotten clients


def test_forgotten_client_of_threads_warns_and_ends(server: SocketCluster) -> None:
    client = Client(config(server))
    assert sorted(threads("forgotten")) == ["forgotten-callbacks", "forgotten-io"]
    with pytest.warns(ResourceWarning, match=r"Client\('forgotten', connected\) was not closed: .*shutdown"):
        del client
    until(lambda: not threads("forgotten"))
    assert sessions(server) == 0


def test_client_that_is_forgotten_in_its_own_callback_ends(server: SocketCluster) -> None:
    """Its last reference may be dropped by one of its own threads."""
    holder = [Client(config(server))]
    ops = MapOps(holder[0].serialization, server.cluster.partition_count)
    held = server.do(lambda: keep(server, "Map.get"))
    holder[0].futures.call(ops.get(1)).add_done_callback(lambda future: holder.clear())
    until(lambda: held)

    def forget() -> None:
        server.do(lambda: held[0].reply(None))
        until(lambda: not threads("forgotten"))

    with pytest.warns(ResourceWarning, match="was not closed"):
        forget()
    assert holder == []
    assert sessions(server) == 0


def test_forgotten_asyncio_client_warns_and_ends(server: SocketCluster) -> None:
    async def main() -> None:
        client = AsyncioClient(config(server))
        await client.start()
        assert await asyncio.to_thread(sessions, server) == 1
        shown = r"AsyncioClient\('forgotten', connected\) was not closed: call await shutdown\(\)"
        with pytest.warns(ResourceWarning, match=shown):
            del client
        async with asyncio.timeout(PATIENCE):
            while await asyncio.to_thread(sessions, server):
                await asyncio.sleep(0.005)

    asyncio.run(main())


@pytest.mark.filterwarnings("error")
def test_closed_clients_do_not_warn(server: SocketCluster) -> None:
    client = Client(config(server))
    client.shutdown()
    client.shutdown()
    del client

    async def main() -> None:
        async with AsyncioClient(config(server)) as aio_client:
            await asyncio.sleep(0)
        await aio_client.shutdown()
        AsyncioClient(config(server))  # never started: there is nothing to close

    asyncio.run(main())
    with pytest.raises(IllegalStateError):
        Client(ClientConfig.from_kwargs(cluster_members=["127.0.0.1:1"], cluster_connect_timeout=0))
    gc.collect()
    assert not threads("forgotten")


# ---- cancelling, on every surface


@pytest.fixture(params=["threaded", "asyncio", "scripted"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param)
    yield made
    made.close()


def writing(surface: Surface, log: list[str]) -> Flow[None]:
    """Write entries, whatever each write results in; then clean up."""
    try:
        for key in range(100):
            yield [surface.ops.put(key, "x"), Sleep(0)]
    finally:
        yield surface.ops.get(1)
        log.append("clean")


def test_cancelled_flow_stops_writing_and_cleans_up(surface: Surface) -> None:
    member = surface.cluster.members[0]
    surface.do(lambda: member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE)))
    log: list[str] = []
    handle = surface.begin(writing(surface, log))
    surface.until(lambda: member.count("Map.put") > 6)
    surface.cancel(handle)
    surface.until(lambda: log == ["clean"])
    # One more may have been on its way.
    sent = surface.do(lambda: member.count("Map.put"))
    surface.do(member.rules.clear)
    for key in range(50):
        surface.result(surface.submit(surface.ops.get(key)))
    assert surface.do(lambda: member.count("Map.put")) <= sent + 1
    assert surface.do(lambda: len(surface.cluster.puts)) == 0


async def test_asyncio_timeout_around_a_flow_stops_it(server: SocketCluster) -> None:
    server.do(lambda: server.cluster.members[0].rule("Map.put", lambda r: r.error(*codes.RETRYABLE)))
    async with AsyncioClient(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)

        def flow() -> Flow[None]:
            for key in range(100):
                yield ops.put(key, "x")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.operations.run(flow())
        await client.operations.call(ops.get(1))
        member = server.cluster.members[0]
        sent = await asyncio.to_thread(server.do, lambda: member.count("Map.put"))
        for _ in range(20):
            await client.operations.call(ops.get(1))
        assert await asyncio.to_thread(server.do, lambda: member.count("Map.put")) == sent > 3


def test_interrupted_blocking_flow_cleans_up(server: SocketCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a wait; the flow gets it, and may take further steps."""
    with Client(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        log: list[str] = []
        complete = client._driver.complete
        calls: list[object] = []

        def interrupted(call: object) -> object:
            calls.append(call)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return complete(call)  # type: ignore[arg-type]  # what the client passes

        monkeypatch.setattr(client.blocking, "_complete", interrupted)

        def flow() -> Flow[None]:
            try:
                yield ops.get(1)
            finally:
                log.append(str((yield ops.get(2))))

        with pytest.raises(KeyboardInterrupt):
            client.blocking.run(flow())
        assert log == ["None"]


def test_shutdown_from_a_callback_ends_everything(server: SocketCluster) -> None:
    client = Client(config(server, "from-callback"))
    ops = MapOps(client.serialization, server.cluster.partition_count)
    ended = threading.Event()

    def shut_down(future: object) -> None:
        client.shutdown()
        ended.set()

    client.futures.call(ops.get(1)).add_done_callback(shut_down)
    assert ended.wait(PATIENCE)
    until(lambda: not threads("from-callback"))
    assert sessions(server) == 0


def test_requests_kept_by_a_member_end_with_the_shutdown() -> None:
    kept: list[Request] = []
    with Simulation(1) as simulation:
        simulation.cluster.members[0].rule("Map.get", kept.append)
        future = simulation.client.futures.call(simulation.ops.get(1))
        simulation.driver.advance(1)
        simulation.client.shutdown()
        assert type(future.exception()).__name__ == "HazelcastClientNotActiveError"
    assert len(kept) == 1
