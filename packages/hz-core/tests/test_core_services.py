"""Services of a client, its background flows and its choice of connections."""

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from core_selector_thread import PATIENCE
from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster
from hz_core.client import Client
from hz_core.client_state import ClientState
from hz_core.config import ClientConfig, ReconnectMode
from hz_core.context import ClientContext, Service
from hz_core.engine import CLOSING_TIMEOUT
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError
from hz_core.flow import FlowCancelled
from hz_core.op import Flow, Sleep
from hz_core.testing import Refuse, Request, codes
from hz_core.testing.simulation import Simulation as PlainSimulation


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(2, reconnect_mode=ReconnectMode.ON) as started:
        yield started


class Notes(Service):
    """A service that notes what happens to it, and writes an entry when it is closed."""

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self.log: list[str] = []
        self.ops = MapOps(context.serialization, 7)

    def closing(self) -> Flow[None]:
        """Write an entry."""
        self.log.append("closing")
        try:
            yield self.ops.put(1, "closed")
            self.log.append("closed")
        except Exception as e:
            self.log.append(type(e).__name__)
            raise
        except FlowCancelled:
            self.log.append("cancelled")
            raise

    def on_cluster_changed(self) -> None:
        """Note it."""
        self.log.append("cluster changed")


class MoreNotes(Notes):
    """Another kind of service."""


# ---- services


def test_each_kind_has_one_instance_for_each_client(simulation: Simulation) -> None:
    first = simulation.engine.service(Notes)
    assert simulation.engine.service(Notes) is first
    assert simulation.engine.service(MoreNotes) is not first
    with PlainSimulation(1) as other:
        assert other.engine.service(Notes) is not first


def test_threads_get_the_same_instance() -> None:
    made: list[Service] = []
    start = threading.Barrier(8)

    class Slow(Service):
        """A service that takes long to make."""

        def __init__(self, context: ClientContext) -> None:
            super().__init__(context)
            made.append(self)
            threading.Event().wait(0.02)

    server = SocketCluster(1)
    try:
        with Client(ClientConfig.from_kwargs(cluster_members=server.addresses)) as client:
            found: list[Service] = []

            def ask() -> None:
                start.wait(PATIENCE)
                found.append(client._engine.service(Slow))

            threads = [threading.Thread(target=ask) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
        assert len(made) == 1
        assert found == made * 8
    finally:
        server.stop()


def test_services_end_before_the_connections_are_closed(simulation: Simulation) -> None:
    services = [simulation.engine.service(kind) for kind in (Notes, MoreNotes)]
    simulation.client.shutdown()
    assert [service.log for service in services] == [["closing", "closed"]] * 2
    assert len(simulation.cluster.puts) == 2
    assert simulation.engine.states.state is ClientState.CLOSED


def test_client_waits_for_its_services_for_a_limited_time(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    kept: list[Request] = []
    simulation.cluster.members[1].rule("Map.put", kept.append, times=1)
    services = [simulation.engine.service(kind) for kind in (Notes, MoreNotes)]
    began = simulation.driver.now()
    with caplog.at_level(logging.WARNING):
        simulation.client.shutdown()
    assert simulation.driver.now() - began == pytest.approx(CLOSING_TIMEOUT)
    assert [service.log for service in services] == [["closing", "cancelled"], ["closing", "closed"]]
    assert f"within {CLOSING_TIMEOUT:g} s" in caplog.text
    assert simulation.connections == ()


def test_error_of_a_service_is_logged_and_does_not_affect_others(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    simulation.cluster.members[1].rule("Map.put", lambda r: r.error(*codes.ILLEGAL_ARGUMENT), times=1)
    services = [simulation.engine.service(kind) for kind in (Notes, MoreNotes)]
    began = simulation.driver.now()
    with caplog.at_level(logging.WARNING):
        simulation.client.shutdown()
    assert simulation.driver.now() == began
    assert [service.log[-1] for service in services] == ["IllegalArgumentError", "closed"]
    assert "simulated" in caplog.text


def test_services_are_not_asked_without_a_connection(simulation: Simulation) -> None:
    service = simulation.engine.service(Notes)
    simulation.cluster.down = {member.address: Refuse() for member in simulation.cluster.members}
    simulation.cluster.cut_all()
    simulation.driver.advance(1)
    simulation.client.shutdown()
    assert service.log == []


def test_service_without_an_end_of_its_own_costs_nothing(simulation: Simulation) -> None:
    assert isinstance(simulation.engine.service(Service), Service)
    before = simulation.driver.now()
    simulation.cluster.restart()
    simulation.driver.advance(5)
    simulation.client.shutdown()
    assert simulation.driver.now() == before + 5


def test_services_are_told_of_another_cluster_but_not_of_a_lost_connection(simulation: Simulation) -> None:
    service = simulation.engine.service(Notes)
    simulation.cluster.cut_all()
    simulation.driver.advance(5)
    assert service.log == []
    simulation.cluster.restart()
    simulation.driver.advance(5)
    assert service.log == ["cluster changed"]


# ---- background flows


def endless(log: list[str], simulation: Simulation) -> Flow[None]:
    """Read an entry again and again."""
    try:
        while True:
            yield simulation.ops.get(1)
            log.append("read")
            yield Sleep(10)
    except BaseException as e:
        log.append(type(e).__name__)
        raise


def test_background_flow_runs_until_the_shutdown(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    with caplog.at_level(logging.WARNING):
        simulation.engine.start(endless(log, simulation), "reading")
        simulation.driver.advance(25)
        assert log == ["read"] * 3
        simulation.client.shutdown()
    assert log == ["read", "read", "read", "FlowCancelled"]
    assert "reading failed" not in caplog.text


def test_background_flow_can_be_cancelled(simulation: Simulation, caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    running = simulation.engine.start(endless(log, simulation), "reading")
    simulation.driver.advance(5)
    running.cancel()
    assert log == ["read", "FlowCancelled"]
    simulation.driver.advance(100)
    assert log == ["read", "FlowCancelled"]
    assert "reading failed" not in caplog.text
    assert simulation.engine._background == {}


def test_error_of_a_background_flow_is_logged(
    simulation: Simulation, caplog: pytest.LogCaptureFixture
) -> None:
    def flow() -> Flow[None]:
        yield Sleep(1)
        raise ValueError("simulated")

    simulation.engine.start(flow(), "a chore")
    with caplog.at_level(logging.WARNING):
        simulation.driver.advance(2)
    assert "a chore failed: simulated" in caplog.text
    assert simulation.engine._background == {}


def test_background_flow_that_is_started_after_the_shutdown_does_not_run(simulation: Simulation) -> None:
    simulation.client.shutdown()
    log: list[str] = []

    def flow() -> Flow[None]:
        while True:
            log.append("turn")
            yield Sleep(10)

    simulation.engine.start(flow(), "too late")
    simulation.driver.advance(100)
    assert log == []
    assert simulation.engine._background == {}


# ---- connections


def test_connections_are_chosen_by_the_load_balancer_or_by_the_member(simulation: Simulation) -> None:
    engine = simulation.engine
    chosen = [engine.any_connection() for _ in range(4)]
    assert chosen[0] is not chosen[1]
    assert chosen[:2] == chosen[2:]
    for member in simulation.cluster.members:
        connection = engine.member_connection(member.uuid)
        assert (connection.address, connection.member) == (member.address, member.uuid)


def test_unknown_member_has_no_connection(simulation: Simulation) -> None:
    nobody = uuid4()
    with pytest.raises(TargetDisconnectedError, match=str(nobody)):
        simulation.engine.member_connection(nobody)


def lose_all(simulation: Simulation) -> None:
    """Break all connections and refuse new ones."""
    simulation.cluster.down = {member.address: Refuse() for member in simulation.cluster.members}
    simulation.cluster.cut_all()
    simulation.driver.advance(1)


def shut_down(simulation: Simulation) -> None:
    """Shut the client down."""
    simulation.client.shutdown()


@pytest.mark.parametrize(
    ("mode", "happened", "error"),
    [
        (ReconnectMode.ON, lose_all, TargetDisconnectedError),
        (ReconnectMode.ASYNC, lose_all, ClientOfflineError),
        (ReconnectMode.OFF, lose_all, HazelcastClientNotActiveError),
        (ReconnectMode.ON, shut_down, HazelcastClientNotActiveError),
    ],
)
def test_no_connection_is_an_error_that_tells_why(
    mode: int, happened: Callable[[Simulation], None], error: type[Exception]
) -> None:
    simulation = Simulation(1, reconnect_mode=mode).start()
    member = simulation.cluster.members[0].uuid
    happened(simulation)
    ask: list[Callable[[], Any]] = [
        simulation.engine.any_connection,
        lambda: simulation.engine.member_connection(member),
    ]
    for question in ask:
        with pytest.raises(error):
            question()
    simulation.stop()


@pytest.mark.parametrize("async_start", [False, True])
def test_partition_count_is_unknown_before_the_first_connection(async_start: bool) -> None:
    simulation = Simulation(1, async_start=async_start)
    if async_start:
        with pytest.raises(ClientOfflineError):
            simulation.engine.partition_count()
    else:
        assert simulation.engine.partition_count() == 0
    simulation.start()
    assert simulation.engine.partition_count() == simulation.cluster.partition_count
    simulation.stop()
