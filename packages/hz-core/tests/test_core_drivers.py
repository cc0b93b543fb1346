"""One suite over all drivers: threads, asyncio (its own loop and uvloop) and the scripted one."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any, Protocol

import pytest
import uvloop

from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.drivers.scripted import Refuse, byte_by_byte
from hz_core.errors import HazelcastClientNotActiveError, IllegalStateError, TargetDisconnectedError
from hz_core.future import Future
from hz_core.invocation.flow import run_flow
from hz_core.invocation.op import Flow, Op
from hz_core.wire.frames import HazelcastProtocolError

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


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


@pytest.fixture(params=DRIVERS)
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param, 2)
    yield made
    made.close()


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


def test_put_and_get(surface: Surface) -> None:
    for key in range(10):
        assert surface.result(surface.submit(surface.ops.put(key, f"value {key}"))) is None
    assert [surface.result(surface.submit(surface.ops.get(key))) for key in range(10)] == [
        f"value {key}" for key in range(10)
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_nobody_there(driver: str) -> None:
    with pytest.raises(IllegalStateError, match=r"127\.0\.0\.1:1: .*Refused"):
        make(driver, 0, cluster_members=["127.0.0.1:1"], cluster_connect_timeout=0.1)


@pytest.mark.parametrize("driver", DRIVERS)
def test_host_that_is_no_name(driver: str) -> None:
    host = "x" * 70
    if driver == "scripted":
        cluster = SimulatedCluster(0)
        with pytest.raises(IllegalStateError, match=host):
            Simulation(cluster=cluster, cluster_members=[f"{host}:5701"], cluster_connect_timeout=0.1).start()
        return
    with pytest.raises(IllegalStateError, match=host):
        make(driver, 0, cluster_members=[f"{host}:5701"], cluster_connect_timeout=0.1)


def test_refused_connection_is_tried_again(surface: Surface) -> None:
    surface.result(surface.submit(surface.ops.put(1, "x")))
    surface.do(lambda: [member.cut_all() for member in surface.cluster.members])
    assert surface.result(surface.submit(surface.ops.get(1))) == "x"


def test_requests_arrive_in_the_order_of_their_calls(surface: Surface) -> None:
    handles = [surface.submit(surface.ops.put(7, number)) for number in range(300)]
    results = [surface.result(handle) for handle in handles]
    assert results == [None, *range(299)]
    to_data = surface.ops._to_data
    assert surface.do(lambda: [value for _, value in surface.cluster.puts]) == [
        to_data(n) for n in range(300)
    ]


def test_big_values_both_ways(surface: Surface) -> None:
    value = bytes(range(256)) * (16 << 12)
    handles = [surface.submit(surface.ops.put(1, value)), surface.submit(surface.ops.put(8, "small"))]
    assert [surface.result(handle) for handle in handles] == [None, None]
    handles = [surface.submit(surface.ops.get(1)), surface.submit(surface.ops.get(8))]
    assert surface.result(handles[0]) == value
    assert surface.result(handles[1]) == "small"


def test_replies_in_small_pieces(surface: Surface) -> None:
    def slice_up() -> None:
        for member in surface.cluster.members:
            for pipe in member.sessions:
                if hasattr(pipe, "piece"):
                    pipe.piece = 1
                else:
                    vars(pipe)["cut_up"] = byte_by_byte

    surface.do(slice_up)
    assert surface.result(surface.submit(surface.ops.put(1, "in pieces" * 50))) is None
    assert surface.result(surface.submit(surface.ops.get(1))) == "in pieces" * 50


def test_peer_that_closes(surface: Surface) -> None:
    kept = keep(surface, "Map.put")
    handle = surface.submit(surface.ops.put(1, "x"))
    surface.until(lambda: kept)
    surface.do(kept[0].session.pipe.cut)
    with pytest.raises(TargetDisconnectedError):
        surface.result(handle)
    assert surface.result(surface.submit(surface.ops.put(1, "y"))) is None
    assert surface.result(surface.submit(surface.ops.get(1))) == "y"


def test_garbage_closes_the_connection_and_every_waiter_is_told(surface: Surface) -> None:
    kept = keep(surface, "Map.put", times=5)
    handles = [surface.submit(surface.ops.put(1, number)) for number in range(5)]
    surface.until(lambda: len(kept) == 5)
    surface.do(lambda: kept[0].session.pipe.send(b"\x03\x00\x00\x00 this is not the protocol"))
    for handle in handles:
        with pytest.raises(TargetDisconnectedError) as caught:
            surface.result(handle)
        root: BaseException = caught.value
        while root.__cause__ is not None:
            root = root.__cause__
        assert isinstance(root, HazelcastProtocolError)
    assert surface.result(surface.submit(surface.ops.put(1, "y"))) is None


def test_cancelled_operation_leaves_its_reply_to_nobody(surface: Surface) -> None:
    surface.result(surface.submit(surface.ops.put(1, "old")))
    kept = keep(surface, "Map.get")
    given_up = surface.submit(surface.ops.get(1))
    surface.until(lambda: kept)
    surface.cancel(given_up)
    surface.do(lambda: kept[0].reply(surface.ops._to_data("late")))
    assert surface.result(surface.submit(surface.ops.get(1))) == "old"
    with pytest.raises((CancelledError, asyncio.CancelledError)):
        surface.result(given_up)


def test_result_with_a_timeout_leaves_the_operation_under_way(surface: Surface) -> None:
    kept = keep(surface, "Map.get")
    handle = surface.submit(surface.ops.get(1))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            surface.result(handle, 0.02)
    surface.until(lambda: kept)
    surface.do(lambda: kept[0].reply(surface.ops._to_data("late")))
    assert surface.result(handle) == "late"


def test_flow_in_steps(surface: Surface) -> None:
    def flow() -> Flow[list[Any]]:
        yield [surface.ops.put(key, key) for key in range(20)]
        values: list[Any] = yield [surface.ops.get(key) for key in range(20)]
        return values

    assert surface.result(surface.begin(flow())) == list(range(20))


def test_listener_hears_of_all_members(surface: Surface) -> None:
    keys: list[Any] = []
    surface.result(surface.listener(keys))
    for key in range(7):
        surface.result(surface.submit(surface.ops.put(key, key)))
    surface.until(lambda: len(keys) == 7)
    assert sorted(keys) == list(range(7))


def test_shutdown_fails_what_is_under_way(surface: Surface) -> None:
    kept = keep(surface, "Map.put", times=4)
    handles = [surface.submit(surface.ops.put(key, "x")) for key in range(4)]
    surface.until(lambda: len(kept) == 4)
    surface.shutdown()
    for handle in handles:
        with pytest.raises(HazelcastClientNotActiveError):
            surface.result(handle)
    with pytest.raises(HazelcastClientNotActiveError):
        surface.result(surface.submit(surface.ops.get(1)))
    surface.shutdown()


# ---- threads alone


@pytest.fixture
def threaded() -> Iterator[Threaded]:
    made = Threaded(2)
    yield made
    made.close()


def in_threads(count: int, work: Callable[[int], object]) -> None:
    """Run `work` in threads; raise the first error."""
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    if errors:
        raise errors[0]


def test_many_threads_get_their_own_replies(threaded: Threaded) -> None:
    def work(number: int) -> None:
        for turn in range(30):
            threaded.client.call(threaded.ops.put(number, [number, turn]))
            assert threaded.client.call(threaded.ops.get(number)) == [number, turn]

    in_threads(16, work)


def test_no_wake_up_is_lost(threaded: Threaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a storm of threads, calls of one thread need the I/O thread no more than without the storm."""
    for count in (1, 2, 3, 8, 32, 2, 1):
        in_threads(
            count,
            lambda number: [
                threaded.client.call(threaded.ops.get(number + turn)) for turn in range(600 // count)
            ],
        )
    driver = threaded.client._driver
    looks = [0]
    take_back = driver._take_back

    def counting() -> None:
        looks[0] += 1
        take_back()

    monkeypatch.setattr(driver, "_take_back", counting)
    for turn in range(400):
        threaded.client.call(threaded.ops.get(turn))
    # A stall costs each call at least one look of the I/O thread.
    assert looks[0] < 200


def test_threads_and_futures_mixed_with_reconnects(threaded: Threaded) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            futures = [threaded.client.submit(threaded.ops.get(key)) for key in range(4)]
            threaded.client.call(threaded.ops.get(number))
            assert [future.result(PATIENCE) for future in futures] == [None] * 4
            if number == 0 and turn % 5 == 0:
                threaded.do(lambda: [member.cut_all() for member in threaded.cluster.members])

    in_threads(6, work)


def test_writes_of_many_threads_are_not_mixed_up(threaded: Threaded) -> None:
    """Large and small requests over the same sockets, which take only a part at a time."""
    blob = b"z" * 600_000

    def work(number: int) -> None:
        for turn in range(6):
            value = blob if (number + turn) % 3 == 0 else [number, turn]
            threaded.client.call(threaded.ops.put(number, value))
            assert threaded.client.call(threaded.ops.get(number)) == value

    in_threads(8, work)


def test_callback_may_block_on_the_same_client(threaded: Threaded) -> None:
    done = threading.Event()
    found: list[Any] = []

    def callback(future: Future[Any]) -> None:
        threaded.client.call(threaded.ops.put(1, "from a callback"))
        found.append(threaded.client.submit(threaded.ops.get(1)).result(PATIENCE))
        done.set()

    kept = keep(threaded, "Map.get")
    first = threaded.submit(threaded.ops.get(1))
    first.add_done_callback(callback)
    threaded.until(lambda: kept)
    threaded.do(lambda: kept[0].reply(None))
    assert done.wait(PATIENCE)
    assert found == ["from a callback"]


def test_listener_may_block_and_fail(threaded: Threaded, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Any] = []

    def listener(message: bytes) -> None:
        key = event_key(threaded.client.serialization, message)
        heard.append(threaded.client.call(threaded.ops.get(key)))
        raise (ValueError("user's mistake") if key % 2 else SystemExit)

    threaded.client.run_blocking(threaded.client.add_listener(listener_spec(listener)))
    with caplog.at_level(logging.ERROR):
        for key in range(4):
            threaded.client.call(threaded.ops.put(key, f"value {key}"))
        threaded.until(lambda: len(heard) == 4)
    assert sorted(heard) == [f"value {key}" for key in range(4)]


def test_cancel_wakes_the_thread_that_waits(threaded: Threaded) -> None:
    kept = keep(threaded, "Map.get")
    future = threaded.client.submit(threaded.ops.get(1))
    ended = threading.Event()

    def wait() -> None:
        with pytest.raises(CancelledError):
            future.result()
        ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    threaded.until(lambda: kept)
    assert future.cancel()
    woken = ended.wait(2)
    threaded.do(lambda: kept[0].reply(None))
    thread.join(PATIENCE)
    assert woken


def test_shutdown_wakes_blocked_threads(threaded: Threaded) -> None:
    kept = keep(threaded, "Map.get", times=8)
    errors: list[BaseException] = []

    def wait(number: int) -> None:
        try:
            threaded.client.call(threaded.ops.get(number))
        except HazelcastClientNotActiveError as e:
            errors.append(e)

    closer = threading.Thread(
        target=lambda: (threaded.until(lambda: len(kept) == 8), threaded.client.shutdown()), daemon=True
    )
    closer.start()
    in_threads(8, wait)
    closer.join(PATIENCE)
    assert len(errors) == 8


def test_calls_during_shutdown_all_end() -> None:
    for _ in range(5):
        threaded = Threaded(2)
        begun = threading.Barrier(5)

        def work(number: int, threaded: Threaded = threaded, begun: threading.Barrier = begun) -> None:
            begun.wait(PATIENCE)
            if number == 0:
                threaded.client.shutdown()
                return
            with pytest.raises(HazelcastClientNotActiveError):
                for turn in range(100_000):
                    threaded.client.call(threaded.ops.get(turn))

        in_threads(5, work)
        threaded.close()


def test_client_in_a_refusing_cluster_leaves_nothing_behind() -> None:
    server = SocketCluster(1)
    server.cluster.authentication_status = 1
    try:
        with pytest.raises(IllegalStateError, match="refused cluster name"):
            Client(
                ClientConfig.from_kwargs(
                    cluster_members=server.addresses, **{**FAST, "cluster_connect_timeout": 0.05}
                )
            )
    finally:
        server.stop()


def test_scripted_refusal_is_an_os_error() -> None:
    assert isinstance(Refuse().error, OSError)
