"""One suite over all drivers: threads, asyncio (its own loop and uvloop) and the scripted one."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

from core_simulation import Simulation
from core_surfaces import DRIVERS, Surface, keep, make
from hz_core.connection import Connection
from hz_core.errors import HazelcastClientNotActiveError, IllegalStateError, TargetDisconnectedError
from hz_core.op import Flow
from hz_core.testing import SimulatedCluster
from hz_core.testing.scripted import byte_by_byte
from hz_core.wire.frames import HazelcastProtocolError


@pytest.fixture(params=DRIVERS)
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param, 2)
    made.cluster.strict = False
    yield made
    made.close()


def test_put_and_get(surface: Surface) -> None:
    for key in range(10):
        assert surface.result(surface.submit(surface.ops.put(key, f"value {key}"))) is None
    assert [surface.result(surface.submit(surface.ops.get(key))) for key in range(10)] == [
        f"value {key}" for key in range(10)
    ]


@pytest.mark.parametrize("driver", DRIVERS)
def test_nobody_there(driver: str) -> None:
    with pytest.raises(IllegalStateError, match=r"127\.0\.0\.1:1: .*refused"):
        make(driver, 0, cluster_members=["127.0.0.1:1"], cluster_connect_timeout=0)


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


def test_refused_connection_is_tried_again(surface: Surface, monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[Exception] = []
    told = Connection.on_socket_closed

    def on_socket_closed(connection: Connection, error: Exception) -> None:
        if isinstance(error, ConnectionRefusedError):
            refused.append(error)
        told(connection, error)

    monkeypatch.setattr(Connection, "on_socket_closed", on_socket_closed)
    surface.result(surface.submit(surface.ops.put(1, "x")))
    surface.refuse()
    handle = surface.submit(surface.ops.get(1))
    surface.until(lambda: len(refused) >= 3)
    surface.accept()
    assert surface.result(handle) == "x"


def test_connections_that_break_are_opened_again(surface: Surface) -> None:
    surface.result(surface.submit(surface.ops.put(1, "x")))
    surface.do(lambda: surface.cluster.cut_all())
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
