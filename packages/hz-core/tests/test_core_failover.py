"""Clients with several clusters, in front of simulated clusters on the virtual clock."""

import logging
from itertools import groupby
from operator import itemgetter
from typing import Any

import pytest

from core_clusters import BLUE, GREEN, BlueGreen
from hz_core.config import ClientConfig, FailoverConfig, ReconnectMode
from hz_core.config.failover import cluster_configs
from hz_core.context import Service
from hz_core.errors import (
    ClientOfflineError,
    HazelcastClientNotActiveError,
    IllegalStateError,
    InvalidConfigurationError,
)
from hz_core.lifecycle import LifecycleState
from hz_core.load_balancer import RandomLB
from hz_core.testing import BlackHole, Refuse


class Seen(Service):
    """Knows what the new cluster had been asked for when it was told of the move."""

    moves: list[int]

    def on_cluster_changed(self) -> None:
        """Note the move."""
        self.moves.append(self._context.view.members.version)


# ---- moving


def test_client_continues_on_the_next_cluster_when_the_first_one_is_gone() -> None:
    simulation = BlueGreen().start()
    assert simulation.connected == set(BLUE)
    for name in ("a", "b"):
        simulation.run(simulation.engine.create_object("hz:impl:mapService", name))
    keys: list[Any] = []
    simulation.listen(keys)
    simulation.put(1, "blue")
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(1)
    waiting = simulation.submit(simulation.ops.put(2, "green"))
    assert simulation.value(waiting, 30) is None
    simulation.driver.advance(1)
    assert simulation.connected == set(GREEN)
    assert simulation.states == [
        "STARTING", "STARTED", "CONNECTED", "DISCONNECTED", "CHANGED_CLUSTER", "CONNECTED"
    ]  # fmt: skip
    assert simulation.client.lifecycle_service.state == LifecycleState.CONNECTED
    assert {m.address for m in simulation.engine.view.members.members} == set(GREEN)
    assert {connection.cluster for connection in simulation.connections} == {1}
    assert simulation.green.proxies == {("a", "hz:impl:mapService"), ("b", "hz:impl:mapService")}
    assert (simulation.get(1), simulation.get(2)) == (None, "green")
    simulation.put(3, "x")
    simulation.driver.advance()
    assert keys == [1, 2, 3]
    # The way back is the same.
    simulation.start_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(30)
    assert simulation.connected == set(BLUE)
    assert simulation.states[-3:] == ["DISCONNECTED", "CHANGED_CLUSTER", "CONNECTED"]
    assert simulation.get(1) == "blue"
    simulation.put(4, "y")
    simulation.driver.advance()
    assert keys == [1, 2, 3, 4]
    simulation.stop()


def test_short_outage_does_not_change_the_cluster() -> None:
    simulation = BlueGreen().start()
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(8)
    simulation.start_cluster(simulation.blue)
    simulation.driver.advance(5)
    assert simulation.connected == set(BLUE)
    assert simulation.states[-2:] == ["DISCONNECTED", "CONNECTED"]
    assert not any(address in GREEN for address, _ in simulation.blue.tried)
    simulation.stop()


def test_each_cluster_gets_its_own_time_and_is_not_looked_for_at_the_members_of_the_other() -> None:
    simulation = BlueGreen().start()
    simulation.driver.advance(60)
    began = simulation.driver.now()
    simulation.stop_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(25)
    tries = [(address in GREEN, at - began) for address, at in simulation.blue.tried if at >= began]
    begins = {green: next(at for _, at in group) for green, group in groupby(tries, itemgetter(0))}
    # The last round of a cluster begins one second before the end of its time.
    assert [green for green, _ in groupby(tries, itemgetter(0))] == [False, True, False]
    assert begins == {True: 9, False: pytest.approx(19, abs=0.25)}
    tried = {address for address, at in simulation.blue.tried if at > began}
    # Green's members are not known so far, those of blue are.
    assert tried == {*BLUE, GREEN[0]}
    simulation.start_cluster(simulation.green)
    simulation.driver.run_until(lambda: len(simulation.connected) == 2)
    began = simulation.driver.now()
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(20)
    tried = {address for address, at in simulation.blue.tried if at > began}
    assert tried == {*GREEN, BLUE[0]}
    simulation.client.shutdown()


@pytest.mark.parametrize("mode", [ReconnectMode.ON, ReconnectMode.ASYNC])
def test_reconnect_mode_holds_while_the_cluster_changes(mode: int) -> None:
    simulation = BlueGreen(reconnect_mode=mode).start()
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(5)
    waiting = simulation.submit(simulation.ops.put(1, "x"))
    simulation.driver.advance(30)
    if mode == ReconnectMode.ASYNC:
        assert isinstance(waiting.error, ClientOfflineError)
    else:
        assert (waiting.times, waiting.error) == (1, None)
    simulation.put(2, "y")
    simulation.stop()


def test_reconnect_mode_off_does_not_change_the_cluster() -> None:
    simulation = BlueGreen(reconnect_mode=ReconnectMode.OFF).start()
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(60)
    assert simulation.states[-2:] == ["SHUTTING_DOWN", "SHUTDOWN"]
    assert not any(address in GREEN for address, _ in simulation.blue.tried)


def test_start_goes_to_the_next_cluster() -> None:
    simulation = BlueGreen()
    simulation.stop_cluster(simulation.blue)
    simulation.start()
    assert simulation.connected == set(GREEN)
    assert simulation.states == ["STARTING", "STARTED", "CHANGED_CLUSTER", "CONNECTED"]
    simulation.stop()


def test_credentials_are_those_of_the_cluster() -> None:
    simulation = BlueGreen(
        failover_configs=[
            {
                "cluster_name": "green",
                "cluster_members": [str(GREEN[0])],
                "creds_username": "green-user",
                "creds_password": "secret",
            }
        ]
    )
    simulation.green.username = "green-user"
    simulation.start()
    assert simulation.blue.members[0].requests[0].values[:3] == ["blue", None, None]
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(30)
    assert simulation.connected == set(GREEN)
    for member in simulation.green.members:
        assert member.requests[0].values[:3] == ["green", "green-user", "secret"]
    simulation.stop()


def test_connection_that_is_being_opened_to_the_old_cluster_is_given_up() -> None:
    """Otherwise it could be ready first, and the client would be back on a cluster that it had left."""
    simulation = BlueGreen(connection_timeout=100).start()
    newcomer = simulation.blue.add()
    simulation.blue.down[newcomer.address] = BlackHole()
    simulation.blue.publish_view()
    simulation.driver.advance(1)
    assert len(simulation.engine.connections._attempts) == 1
    simulation.blue.down.update({address: Refuse() for address in BLUE})
    for member in simulation.blue.members[:2]:
        member.cut_all()
    simulation.driver.advance(40)
    assert simulation.connected == set(GREEN)
    assert simulation.engine.connections._attempts == {}
    simulation.stop()


def test_services_are_told_before_anything_is_sent_to_the_new_cluster(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Failing(Service):
        def on_cluster_changed(self) -> None:
            raise ValueError("by the test")

    simulation = BlueGreen().start()
    simulation.engine.service(Failing)
    seen = simulation.engine.service(Seen)
    seen.moves = []
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(30)
    assert simulation.connected == set(GREEN)
    assert seen.moves == [-1]  # no member list of the new cluster so far
    assert "Failing could not handle the move to another cluster" in caplog.text
    simulation.stop()


# ---- blacklists


def test_client_that_is_blacklisted_moves_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "hazelcast")
    simulation = BlueGreen().start()
    simulation.put(1, "blue")
    began = simulation.driver.now()
    simulation.blue.authentication_status = 3
    simulation.blue.cut_all()
    simulation.driver.advance()
    assert simulation.connected == set(GREEN)
    assert simulation.driver.now() == began
    assert simulation.states[-3:] == ["DISCONNECTED", "CHANGED_CLUSTER", "CONNECTED"]
    assert "does not allow this client in the cluster" in caplog.text
    # Green blacklists it, too, when blue allows it again.
    simulation.driver.advance(10)
    simulation.blue.authentication_status = 0
    simulation.green.authentication_status = 3
    simulation.green.cut_all()
    simulation.driver.advance()
    assert simulation.connected == set(BLUE)
    assert simulation.get(1) == "blue"
    simulation.stop()


def test_client_that_no_cluster_allows_tries_again_with_pauses() -> None:
    simulation = BlueGreen(failover_try_count=6).start()
    simulation.blue.authentication_status = simulation.green.authentication_status = 3
    before = len(simulation.blue.tried)
    began = simulation.driver.now()
    simulation.blue.cut_all()
    simulation.driver.run_until(lambda: simulation.states[-1] == "SHUTDOWN", 600)
    tried = simulation.blue.tried[before:]
    assert len(tried) == 1 + 6 * 2
    assert {at for _, at in tried} != {began}
    # After each of the clusters once: about 1, 2, 4, 8, 16 and 30 seconds.
    assert 40 < simulation.driver.now() - began < 80


def test_cluster_with_other_partitions_is_passed_over() -> None:
    simulation = BlueGreen(failover_try_count=1).start()
    simulation.green.partition_count = 11
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(15)
    assert not simulation.connected
    simulation.start_cluster(simulation.blue)
    simulation.driver.advance(15)
    assert simulation.connected == set(BLUE)
    assert waiting.times == 1
    simulation.stop()


# ---- limits


@pytest.mark.parametrize("count", [1, 3])
def test_try_count_limits_the_rounds(count: int) -> None:
    simulation = BlueGreen(failover_try_count=count, cluster_connect_timeout=0)
    simulation.stop_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    with pytest.raises(IllegalStateError) as caught:
        simulation.start()
    assert simulation.driver.attempts == [BLUE[0], *[GREEN[0], BLUE[0]] * count]
    text = str(caught.value)
    assert "clusters 'blue', 'green'" in text
    assert "10.0.0.1:5701 of 'blue': ConnectionRefusedError" in text
    assert "10.1.0.1:5701 of 'green': ConnectionRefusedError" in text
    assert "failover_try_count" in text
    simulation.stop()


def test_without_a_try_count_the_client_goes_on_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    simulation = BlueGreen().start()
    simulation.stop_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(20_000)
    assert simulation.states[-1] == "DISCONNECTED"
    assert len(simulation.blue.tried) < 20_000 * 2
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    for address in (*BLUE, GREEN[0]):
        assert sum(f"could not connect to {address}:" in warning for warning in warnings) == 1
    assert len(warnings) < 10
    simulation.start_cluster(simulation.green)
    simulation.driver.advance(60)
    assert simulation.connected == set(GREEN)
    simulation.stop()


def test_shutdown_ends_the_search_for_a_cluster() -> None:
    simulation = BlueGreen().start()
    simulation.stop_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    for _ in range(7):
        simulation.driver.advance(5)
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.stop()
    assert isinstance(waiting.error, HazelcastClientNotActiveError)
    attempts = len(simulation.driver.attempts)
    simulation.driver.advance(600)
    assert len(simulation.driver.attempts) == attempts


def test_three_clusters_are_tried_in_turn() -> None:
    simulation = BlueGreen(
        failover_try_count=1,
        cluster_connect_timeout=0,
        failover_configs=[
            {"cluster_name": "red", "cluster_members": ["10.2.0.1:5701"]},
            {"cluster_name": "green", "cluster_members": [str(GREEN[0])]},
        ],
    ).start()
    simulation.stop_cluster(simulation.blue)
    simulation.driver.advance(1)
    assert simulation.connected == set(GREEN)
    assert "10.2.0.1:5701" in map(str, simulation.driver.attempts)
    before = len(simulation.driver.attempts)
    simulation.driver.advance(10)
    simulation.start_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(1)
    assert simulation.connected == set(BLUE)
    assert "10.2.0.1:5701" not in map(str, simulation.driver.attempts[before:])
    simulation.stop()


# ---- configuration


def test_dicts_are_the_options_that_differ() -> None:
    config = ClientConfig.from_kwargs(
        cluster_name="blue", heartbeat_interval=3, failover_configs=[{"cluster_name": "green"}]
    )
    with pytest.raises(
        InvalidConfigurationError, match=r"failover_configs\[0\]: heartbeat_interval, labels must"
    ):
        config.failover_configs = [{"cluster_name": "x", "heartbeat_interval": 9, "labels": []}]
    with pytest.raises(InvalidConfigurationError, match=r"failover_configs\[1\].cluster_nmae"):
        config.failover_configs = [{}, {"cluster_nmae": "x"}]
    with pytest.raises(TypeError, match=r"failover_configs\[0\].cluster_name must be"):
        config.failover_configs = [{"cluster_name": 1}]
    with pytest.raises(InvalidConfigurationError, match=r"failover_configs\[0\]: failover_configs must"):
        config.failover_configs = [{"failover_configs": []}]
    assert config.failover_configs == [{"cluster_name": "green"}]


def test_none_is_the_default_of_an_option() -> None:
    config = ClientConfig.from_kwargs(
        cluster_name="blue",
        creds_username="user",
        creds_password="secret",
        cluster_members=["a:1"],
        failover_configs=[{"cluster_members": ["b:2"]}, {"creds_username": None, "creds_password": None}],
    )
    shown = [
        (c.cluster_name, c.creds_username, c.creds_password, c.cluster_members)
        for c in cluster_configs(config)
    ]
    assert shown == [
        ("blue", "user", "secret", ["a:1"]),
        ("blue", "user", "secret", ["b:2"]),
        ("blue", None, None, ["a:1"]),
    ]
    config.reset("creds_username")
    assert config.creds_username is None
    with pytest.raises(InvalidConfigurationError, match="cluster_nmae"):
        config.reset("cluster_nmae")


def test_secrets_of_alternatives_are_not_shown() -> None:
    config = ClientConfig.from_kwargs(failover_configs=[{"creds_username": "u", "creds_password": "secret"}])
    assert "secret" not in repr(config)
    assert "'u'" in repr(config)
    whole = ClientConfig.from_kwargs(creds_password="secret")
    assert "secret" not in repr(ClientConfig.from_kwargs(failover_configs=[whole]))


def test_whole_configurations_may_differ_in_the_cluster_only() -> None:
    balancer = RandomLB()
    same = {"heartbeat_interval": 3, "load_balancer": balancer, "lifecycle_listeners": [print]}
    blue = ClientConfig.from_kwargs(cluster_name="blue", **same)
    green = ClientConfig.from_kwargs(cluster_name="green", creds_username="u", ssl_cafile="f", **same)
    merged = FailoverConfig()
    merged.client_configs = [blue, green]
    merged.try_count = 4
    config = merged.client_config()
    assert (config.cluster_name, config.failover_try_count, config.failover_configs) == ("blue", 4, [green])
    green.heartbeat_timeout = 7
    green.load_balancer = RandomLB()
    with pytest.raises(InvalidConfigurationError) as caught:
        merged.client_config()
    assert "failover_configs[0]: heartbeat_timeout, load_balancer must be the same" in str(caught.value)
    assert "cluster_name" in str(caught.value)


def test_configurations_of_a_failover_are_checked() -> None:
    with pytest.raises(InvalidConfigurationError, match="at least one"):
        FailoverConfig().client_config()
    nested = ClientConfig.from_kwargs(failover_configs=[{"cluster_name": "x"}])
    merged = FailoverConfig()
    merged.client_configs = [nested]
    with pytest.raises(InvalidConfigurationError, match="of its own"):
        merged.client_config()
    merged.client_configs = [ClientConfig(), nested]
    with pytest.raises(InvalidConfigurationError, match="of its own"):
        merged.client_config()
    with pytest.raises(TypeError, match="client_configs"):
        merged.client_configs = [{"cluster_name": "x"}]
    for wrong in (0, -2):
        with pytest.raises(ValueError, match="try_count"):
            merged.try_count = wrong


def test_client_does_not_start_with_configurations_that_differ_too_much() -> None:
    with pytest.raises(InvalidConfigurationError, match=r"heartbeat_interval, .* must be the same"):
        BlueGreen(failover_configs=[ClientConfig.from_kwargs(heartbeat_interval=1)])
