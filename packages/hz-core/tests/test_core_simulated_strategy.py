"""When which member is connected: pauses, what is logged, replacing lost connections, the order of addresses."""

import asyncio
import logging
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from core_selector_thread import PATIENCE
from core_simulation import MapOps, Simulation
from core_sockets import SocketCluster, until
from core_surfaces import Surface, make
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.errors import (
    ClientOfflineError,
    HazelcastClientNotActiveError,
    IllegalStateError,
    TargetDisconnectedError,
)
from hz_core.load_balancer import LoadBalancer, Members, RandomLB, RoundRobinLB
from hz_core.model import Address, MemberInfo
from hz_core.testing import Accept, Answer, BlackHole, Refuse, Request, SimulatedCluster

FIRST, SECOND, THIRD = (Address(f"10.0.0.{i}", 5701) for i in (1, 2, 3))


class Watched(SimulatedCluster):
    """Knows when which address was tried."""

    def __init__(self, members: int, **options: Any) -> None:
        super().__init__(members, **options)
        self.tried: list[tuple[Address, float]] = []

    def network(self, address: Address) -> Answer:
        """Note the attempt, and answer it."""
        self.tried.append((address, self.clock.now()))
        return super().network(address)

    def times(self, address: Address) -> list[float]:
        """Return when an address was tried."""
        return [at for tried, at in self.tried if tried == address]

    def pauses(self, address: Address) -> list[float]:
        """Return the pauses between the attempts at an address."""
        return [after - before for before, after in pairwise(self.times(address))]


def lines(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    """Return the levels of the log's lines that contain a text."""
    return [record.levelname for record in caplog.records if text in record.getMessage()]


# ---- a listed member that cannot be reached


def test_unreachable_member_is_tried_with_growing_pauses_and_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "hazelcast")
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(cluster=cluster, cluster_members=[str(FIRST)]).start()
    simulation.driver.advance(600)
    first, *rest = cluster.pauses(SECOND)
    assert 0.8 <= first <= 1.2
    for number, pause in enumerate(rest):
        expected = min(2.0 ** (number + 1), 30.0)
        assert 0.8 * expected <= pause <= 1.2 * expected
    assert len(rest) > 20
    assert len(set(rest[-10:])) == 10  # jitter
    where = f"to member {cluster.members[1].uuid} at {SECOND}"
    assert lines(caplog, where) == ["WARNING"] + ["DEBUG"] * (len(rest) + 1)
    caplog.clear()
    del cluster.down[SECOND]
    simulation.driver.advance(36.1)
    assert simulation.connected == {FIRST, SECOND}
    assert lines(caplog, where) == ["INFO"]
    assert f"after {len(rest) + 2} failed attempts" in caplog.text
    # The next time begins with a short pause again.
    simulation.driver.advance(60)
    cluster.down[SECOND] = Refuse()
    cluster.members[1].cut_all()
    simulation.driver.advance(20)
    at_once, short, longer = cluster.pauses(SECOND)[-5:-2]
    assert at_once > 60
    assert 0.8 <= short <= 1.2
    assert 1.6 <= longer <= 2.4
    simulation.stop()


def test_options_for_pauses_apply_to_members_too() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(
        cluster=cluster, retry_initial_backoff=3, retry_multiplier=4, retry_max_backoff=100, retry_jitter=0.5
    )
    simulation.start()
    simulation.driver.advance(500)
    # Beside the pauses of a series there is the attempt of the start itself, at the configured address.
    pauses = cluster.pauses(SECOND)
    for pause, expected in zip(pauses, [3, 12, 48, 100, 100], strict=False):
        assert 0.5 * expected <= pause <= 1.5 * expected
    assert len(pauses) >= 5
    simulation.stop()


def test_pauses_of_zero_do_not_become_a_storm() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(cluster=cluster, retry_initial_backoff=0, retry_max_backoff=0).start()
    simulation.driver.advance(10)
    assert 50 < len(cluster.times(SECOND)) < 150
    simulation.stop()


def test_member_that_never_answers_is_not_tried_twice_at_the_same_time() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = BlackHole()
    simulation = Simulation(cluster=cluster, connection_timeout=5, cluster_connect_timeout=8).start()
    simulation.driver.advance(300)
    assert all(pause >= 5 for pause in cluster.pauses(SECOND))
    assert len(cluster.times(SECOND)) < 20
    simulation.stop()


def test_member_that_left_is_not_tried_any_more() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(cluster=cluster).start()
    simulation.driver.advance(10)
    cluster.remove(cluster.members[1])
    simulation.driver.advance(1)
    before = len(cluster.times(SECOND))
    simulation.driver.advance(200)
    assert len(cluster.times(SECOND)) == before
    assert len(simulation.engine.connections._retries._members) == 1
    simulation.stop()


def test_shutdown_ends_the_attempts() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(cluster=cluster).start()
    simulation.driver.advance(30)
    simulation.stop()
    before = len(cluster.tried)
    simulation.driver.advance(200)
    assert len(cluster.tried) == before
    assert [event for _, _, event in simulation.driver._queue if event.callback is not None] == []


def test_address_at_which_another_member_answers_is_not_tried_every_second() -> None:
    """A member was started again at the same address, and the cluster has not noticed."""
    cluster = Watched(2)
    simulation = Simulation(cluster=cluster).start()
    old = cluster.members[1]
    cluster.members.remove(old)
    new = cluster.add(SECOND)
    cluster.members.remove(new)
    cluster.members.append(old)  # the view still has the old one, the port is the new one's
    cluster.down[SECOND] = Accept(new)
    old.cut_all()
    simulation.driver.advance(120)
    assert simulation.connected == {FIRST, SECOND}
    assert len(cluster.times(SECOND)) < 15
    assert len(new.sessions) == 1
    simulation.stop()


def test_start_logs_one_warning_for_each_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hazelcast")
    cluster = Watched(0)
    options = {"cluster_members": [str(FIRST), str(SECOND)], "cluster_connect_timeout": 60}
    simulation = Simulation(cluster=cluster, **options)
    with pytest.raises(IllegalStateError):
        simulation.start()
    rounds = len(cluster.times(FIRST))
    assert rounds > 50
    for address in (FIRST, SECOND):
        assert lines(caplog, f"could not connect to {address}") == ["WARNING"] + ["DEBUG"] * (rounds - 1)
    simulation.stop()


def test_another_reason_is_another_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "hazelcast")
    cluster = Watched(1)
    cluster.down[FIRST] = Refuse()
    simulation = Simulation(cluster=cluster)
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(10)
    cluster.down[FIRST] = Refuse(OSError("no way there"))
    simulation.driver.advance(10)
    where = f"could not connect to {FIRST}"
    assert lines(caplog, where).count("WARNING") == 2
    assert lines(caplog, "no way there")[:2] == ["WARNING", "DEBUG"]
    del cluster.down[FIRST]
    simulation.value(outcome)
    simulation.stop()


# ---- lost connections


def test_lost_connection_among_several_is_replaced_at_once() -> None:
    simulation = Simulation(3).start()
    simulation.driver.advance(60)
    began = simulation.driver.now()
    simulation.driver.links[1].cut()
    simulation.driver.run_until(lambda: len(simulation.connected) == 2)
    simulation.driver.run_until(lambda: len(simulation.connected) == 3)
    assert simulation.driver.now() == began
    assert simulation.states == ["STARTING", "STARTED", "CONNECTED"]
    simulation.stop()


def test_connection_that_is_lost_again_and_again_is_replaced_after_growing_pauses() -> None:
    cluster = Watched(2)
    simulation = Simulation(cluster=cluster).start()
    simulation.driver.advance(60)
    member = cluster.members[1]

    def answer_and_cut(request: Request) -> None:
        member.answer(request)
        member.cut_all()

    member.rule("Client.localBackupListener", answer_and_cut)
    member.cut_all()
    simulation.driver.advance(300)
    assert len(cluster.times(SECOND)) < 25
    member.rules.clear()
    # Ready for a moment only, which is a loss and no failed attempt.
    ready: list[float] = []
    for _ in range(100):
        simulation.driver.advance(3)
        if len(simulation.connected) == 2:
            ready.append(simulation.driver.now())
            member.cut_all()
            simulation.driver.advance()
    assert 3 < len(ready) < 25
    # What lasts is replaced at once.
    simulation.driver.run_until(lambda: len(simulation.connected) == 2)
    simulation.driver.advance(60)
    began = simulation.driver.now()
    member.cut_all()
    simulation.driver.run_until(lambda: len(simulation.connected) == 1)
    simulation.driver.run_until(lambda: len(simulation.connected) == 2)
    assert simulation.driver.now() == began
    simulation.stop()


def test_all_members_are_tried_at_once_after_the_whole_cluster_was_lost() -> None:
    cluster = Watched(2)
    cluster.down[SECOND] = Refuse()
    simulation = Simulation(cluster=cluster, cluster_members=[str(FIRST)]).start()
    simulation.driver.advance(300)
    cluster.down.clear()
    simulation.driver.links[0].cut()
    simulation.driver.advance()
    assert simulation.connected == {FIRST, SECOND}
    simulation.stop()


def test_cluster_that_is_lost_again_and_again_is_connected_after_growing_pauses() -> None:
    """The member accepts the client, and closes the connection as soon as it is ready."""
    cluster = Watched(1)
    simulation = Simulation(cluster=cluster).start()
    simulation.driver.advance(60)
    cluster.tried.clear()
    for _ in range(3000):
        cluster.members[0].cut_all()
        simulation.driver.advance(0.1)
    assert 3 < len(cluster.tried) < 25
    first, second, *rest = cluster.pauses(FIRST)
    assert first == pytest.approx(0.1)
    assert second == pytest.approx(1.1, abs=0.3)
    assert 24 <= rest[-1] <= 37
    # What has lasted is connected at once.
    simulation.driver.run_until(lambda: simulation.connected)
    simulation.driver.advance(60)
    began = simulation.driver.now()
    cluster.cut_all()
    simulation.driver.run_until(lambda: not simulation.connected)
    simulation.driver.run_until(lambda: simulation.connected)
    assert simulation.driver.now() == began
    # And so is the first one that is short after that.
    cluster.cut_all()
    simulation.driver.run_until(lambda: not simulation.connected)
    simulation.driver.run_until(lambda: simulation.connected)
    assert simulation.driver.now() == began
    simulation.stop()


@pytest.fixture(params=["threaded", "asyncio", "scripted"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param, 3)
    yield made
    made.close()


def test_lost_connection_comes_back_on_every_driver(surface: Surface) -> None:
    members = surface.cluster.members
    surface.until(lambda: all(len(member.sessions) == 1 for member in members))
    old = surface.do(lambda: set(members[1].sessions))
    surface.do(members[1].cut_all)
    surface.until(lambda: members[1].sessions and not old & set(members[1].sessions))
    assert all(surface.do(lambda: [len(members[0].sessions) == 1, len(members[2].sessions) == 1]))
    for key in range(7):
        surface.result(surface.submit(surface.ops.put(key, "x")))
    assert surface.do(lambda: members[1].count("Map.put")) == 2


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "scripted"])
@pytest.mark.parametrize("mode", ["OFF", "ON", "ASYNC"])
def test_reconnect_modes_on_every_driver(driver: str, mode: str) -> None:
    states: list[str] = []
    options: dict[str, Any] = {"cluster_connect_timeout": 600, "lifecycle_listeners": [states.append]}
    surface = make(driver, 1, reconnect_mode=mode, **options)
    try:
        surface.result(surface.submit(surface.ops.put(1, "kept")))
        surface.refuse()
        if mode == "OFF":
            surface.until(lambda: states[-1] == "SHUTDOWN")
            with pytest.raises(HazelcastClientNotActiveError):
                surface.result(surface.submit(surface.ops.get(1)))
            return
        surface.until(lambda: states[-1] == "DISCONNECTED")
        handle = surface.submit(surface.ops.get(1))
        if mode == "ASYNC":
            with pytest.raises(ClientOfflineError):
                surface.result(handle)
        surface.accept()
        surface.until(lambda: states[-1] == "CONNECTED")
        assert surface.result(surface.submit(surface.ops.get(1)) if mode == "ASYNC" else handle) == "kept"
    finally:
        surface.close()


@pytest.fixture
def refusing() -> Iterator[SocketCluster]:
    server = SocketCluster(1)
    server.do(server.refuse)
    yield server
    server.stop()


def late_config(server: SocketCluster, states: list[str]) -> ClientConfig:
    """Return the options of a client that connects in the background."""
    return ClientConfig.from_kwargs(
        cluster_members=server.addresses,
        async_start=True,
        retry_initial_backoff=0.01,
        lifecycle_listeners=[states.append],
    )


def test_threaded_client_starts_without_a_cluster(refusing: SocketCluster) -> None:
    states: list[str] = []
    with Client(late_config(refusing, states)) as client:
        ops = MapOps(client.serialization, refusing.cluster.partition_count)
        with pytest.raises(ClientOfflineError, match="async_start"):
            client.blocking.call(ops.get(1))
        refusing.do(refusing.accept)
        until(lambda: states[-1:] == ["CONNECTED"])
        assert client.blocking.call(ops.put(1, "x")) is None


async def test_asyncio_client_starts_without_a_cluster(refusing: SocketCluster) -> None:
    states: list[str] = []
    async with AsyncioClient(late_config(refusing, states)) as client:
        ops = MapOps(client.serialization, refusing.cluster.partition_count)
        with pytest.raises(ClientOfflineError, match="async_start"):
            await client.operations.call(ops.get(1))
        await asyncio.to_thread(refusing.do, refusing.accept)
        async with asyncio.timeout(PATIENCE):
            while states[-1:] != ["CONNECTED"]:
                await asyncio.sleep(0.002)
        assert await client.operations.call(ops.put(1, "x")) is None


# ---- the order of addresses


def test_addresses_are_tried_in_their_order_without_shuffling() -> None:
    cluster = Watched(0)
    listed = [f"10.0.0.{i}:5701" for i in range(1, 9)]
    options = {"cluster_members": listed, "cluster_connect_timeout": 0}
    for seed in range(3):
        simulation = Simulation(cluster=cluster, seed=seed, shuffle_member_list=False, **options)
        with pytest.raises(IllegalStateError):
            simulation.start()
        assert [str(address) for address in simulation.driver.attempts] == listed
        simulation.stop()
    orders = set()
    for seed in range(5):
        simulation = Simulation(cluster=cluster, seed=seed, shuffle_member_list=True, **options)
        with pytest.raises(IllegalStateError):
            simulation.start()
        assert sorted(str(address) for address in simulation.driver.attempts) == listed
        orders.add(tuple(simulation.driver.attempts))
        simulation.stop()
    assert len(orders) == 5


def test_members_of_the_list_are_shuffled_when_the_client_connects_again() -> None:
    orders = set()
    for seed in range(5):
        cluster = SimulatedCluster(6)
        simulation = Simulation(
            cluster=cluster, seed=seed, shuffle_member_list=True, cluster_members=["10.0.0.1:5701"]
        ).start()
        cluster.down = {member.address: Refuse() for member in cluster.members}
        before = len(simulation.driver.attempts)
        cluster.cut_all()
        simulation.driver.advance(0.5)
        tried = simulation.driver.attempts[before:]
        assert sorted(tried) == sorted(cluster.down)
        orders.add(tuple(tried))
        cluster.down = {}
        simulation.driver.advance(40)
        assert len(simulation.connected) == 6
        simulation.stop()
    assert len(orders) == 5


def test_without_smart_routing_the_member_list_is_never_used() -> None:
    cluster = Watched(3)
    simulation = Simulation(
        cluster=cluster, smart_routing=False, cluster_members=[str(FIRST)], cluster_connect_timeout=600
    ).start()
    cluster.strict = False
    assert len(simulation.engine.view.members.members) == 3
    cluster.down[FIRST] = Refuse()
    simulation.driver.links[0].cut()
    simulation.driver.advance(1)
    waiting = simulation.submit(simulation.ops.put(1, "x"))
    simulation.driver.advance(60)
    assert {address for address, _ in cluster.tried} == {FIRST}
    assert not waiting.done
    del cluster.down[FIRST]
    assert simulation.value(waiting) is None
    cluster.join()
    simulation.driver.advance(60)
    assert simulation.connected == {FIRST}
    assert {address for address, _ in cluster.tried} == {FIRST}
    simulation.stop()


# ---- load balancers


def test_operations_without_a_key_go_where_the_load_balancer_says() -> None:
    class Last(LoadBalancer):
        def init(self, cluster_service: Members) -> None:
            self.members = cluster_service

        def next(self) -> MemberInfo | None:
            return self.members.get_members()[-1]

    simulation = Simulation(3, load_balancer=Last()).start()
    for _ in range(5):
        assert simulation.engine.any_connection().address == THIRD
    simulation.cluster.down[THIRD] = Refuse()
    simulation.driver.links[2].cut()
    simulation.driver.advance()
    # It insists on a member that is not connected: the client chooses.
    assert simulation.engine.any_connection().address == FIRST
    simulation.stop()


@pytest.mark.parametrize("balancer", [None, RoundRobinLB(), RandomLB(), "custom"])
def test_lite_members_do_not_get_what_they_would_refuse(balancer: Any) -> None:
    class Lite(LoadBalancer):
        def init(self, cluster_service: Members) -> None:
            self.members = cluster_service

        def next(self) -> MemberInfo | None:
            return self.members.get_members()[0]

    cluster = SimulatedCluster(3)
    cluster.members[0].lite = True
    cluster.owners = {i: cluster.members[1 + i % 2] for i in range(7)}
    chosen = Lite() if balancer == "custom" else balancer
    simulation = Simulation(cluster=cluster, load_balancer=chosen).start()
    any_member = {simulation.engine.any_connection().address for _ in range(50)}
    assert any_member == ({FIRST} if balancer == "custom" else {FIRST, SECOND, THIRD})
    data_members = {simulation.engine.any_data_connection().address for _ in range(50)}
    assert data_members == ({SECOND} if balancer == "custom" else {SECOND, THIRD})
    simulation.stop()


def test_without_data_members_any_member_is_asked() -> None:
    cluster = SimulatedCluster(2)
    for member in cluster.members:
        member.lite = True
    simulation = Simulation(cluster=cluster).start()
    assert simulation.engine.any_data_connection().address in {FIRST, SECOND}
    cluster.down = {FIRST: Refuse(), SECOND: Refuse()}
    cluster.cut_all()
    simulation.driver.advance(1)
    with pytest.raises(TargetDisconnectedError, match="no connection"):
        simulation.engine.any_data_connection()
    simulation.stop()


def test_without_smart_routing_the_load_balancer_is_not_asked() -> None:
    class Refusing(LoadBalancer):
        def init(self, cluster_service: Members) -> None:
            """Do nothing."""

        def next(self) -> MemberInfo | None:
            raise AssertionError

    simulation = Simulation(3, load_balancer=Refusing(), smart_routing=False).start()
    assert simulation.engine.any_connection().address == FIRST
    assert simulation.engine.any_data_connection().address == FIRST
    simulation.stop()


# ---- time limits


def test_without_a_time_limit_the_client_never_gives_up() -> None:
    cluster = Watched(1)
    cluster.down[FIRST] = Refuse()
    simulation = Simulation(cluster=cluster, cluster_connect_timeout=-1, retry_multiplier=2)
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(100_000)
    assert not outcome.done
    assert max(cluster.pauses(FIRST)) == 30
    del cluster.down[FIRST]
    assert simulation.value(outcome, 31) is None
    simulation.stop()
