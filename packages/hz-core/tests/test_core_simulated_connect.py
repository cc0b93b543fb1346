"""Connecting, staying connected and connecting again, with simulated members on the virtual clock."""

from typing import Any

import pytest

from core_simulation import Simulation
from hz_core.config import ReconnectMode
from hz_core.errors import (
    ClientNotAllowedInClusterError,
    ClientOfflineError,
    HazelcastClientNotActiveError,
    IllegalStateError,
)
from hz_core.model import Address, MemberInfo
from hz_core.testing import BlackHole, Delay, Refuse, Request, SimulatedCluster
from hz_core.testing.scripted import byte_by_byte

FIRST, SECOND, THIRD = (Address(f"10.0.0.{i}", 5701) for i in (1, 2, 3))
NOBODY = Address("10.9.9.9", 5701)


# ---- connecting


def test_connects_to_every_member() -> None:
    simulation = Simulation(3).start()
    assert simulation.connected == {FIRST, SECOND, THIRD}
    assert simulation.states == ["STARTING", "STARTED", "CONNECTED"]
    assert simulation.engine.partition_count() == 7
    assert [m.address for m in simulation.engine.view.members.members] == [FIRST, SECOND, THIRD]
    simulation.stop()


def test_first_address_refuses_and_the_next_accepts() -> None:
    simulation = Simulation(1, cluster_members=[str(NOBODY), str(FIRST)]).start()
    assert simulation.driver.attempts == [NOBODY, FIRST]
    assert simulation.connected == {FIRST}
    simulation.stop()


def test_member_that_comes_later_is_found() -> None:
    simulation = Simulation(1, cluster_connect_timeout=60)
    simulation.cluster.down[FIRST] = Refuse()
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(10)
    assert not outcome.done
    del simulation.cluster.down[FIRST]
    assert simulation.value(outcome, 5) is None
    assert simulation.connected == {FIRST}
    simulation.stop()


def test_failed_start_takes_the_configured_time_and_lists_every_address_with_its_error() -> None:
    cluster = SimulatedCluster(0)
    cluster.down[FIRST] = Refuse(ConnectionRefusedError("no entry"))
    cluster.down[SECOND] = BlackHole()
    cluster.down[THIRD] = Delay(9, Refuse())
    simulation = Simulation(
        cluster=cluster,
        cluster_members=[str(FIRST), str(SECOND), str(THIRD)],
        cluster_connect_timeout=30,
        connection_timeout=2,
    )
    began = simulation.driver.now()
    with pytest.raises(IllegalStateError) as caught:
        simulation.start()
    text = str(caught.value)
    assert "'dev'" in text
    assert "10.0.0.1:5701: ConnectionRefusedError: no entry;" in text
    assert "10.0.0.2:5701: TimeoutError: no connection within 1 s" in text
    assert "10.0.0.3:5701" in text
    assert simulation.driver.now() - began == pytest.approx(30)
    simulation.stop()


def test_time_limit_of_zero_is_one_round() -> None:
    simulation = Simulation(
        cluster=SimulatedCluster(0), cluster_members=[str(FIRST), str(SECOND)], cluster_connect_timeout=0
    )
    with pytest.raises(IllegalStateError):
        simulation.start()
    assert simulation.driver.attempts == [FIRST, SECOND]
    simulation.stop()


@pytest.mark.parametrize(
    ("options", "status", "word"),
    [
        ({"cluster_name": "other"}, 0, "refused cluster name 'other'"),
        ({"creds_username": "x", "creds_password": "y"}, 0, "AuthenticationError"),
        ({}, 2, "serialization version"),
        ({}, 9, "unknown status 9"),
    ],
)
def test_refused_authentication(options: dict[str, Any], status: int, word: str) -> None:
    simulation = Simulation(1, cluster_connect_timeout=3, **options)
    simulation.cluster.authentication_status = status
    with pytest.raises(IllegalStateError) as caught:
        simulation.start()
    assert word in str(caught.value)
    simulation.stop()


def test_client_that_is_not_allowed_gives_up_at_once() -> None:
    simulation = Simulation(2)
    simulation.cluster.authentication_status = 3
    began = simulation.driver.now()
    with pytest.raises(ClientNotAllowedInClusterError):
        simulation.start()
    assert simulation.driver.now() == began
    simulation.stop()


def test_credentials_and_token_are_sent() -> None:
    class Provider:
        def token(self, address: Address) -> bytes:
            return b"token for " + str(address).encode()

    simulation = Simulation(1, token_provider=Provider(), cluster_connect_timeout=0, labels=["a", "b"])
    member = simulation.cluster.members[0]
    simulation.start()
    values = member.requests[0].values
    assert values[1] == b"token for 10.0.0.1:5701"
    assert values[2] == simulation.engine.uuid
    assert values[7] == ["a", "b"]
    simulation.stop()


@pytest.mark.parametrize("silent", ["Client.authentication", "Client.addClusterViewListener"])
def test_member_that_accepts_and_stays_silent_does_not_block_the_client(silent: str) -> None:
    simulation = Simulation(1, cluster_connect_timeout=20, connection_timeout=3)
    simulation.cluster.members[0].rule(silent, lambda request: None)
    began = simulation.driver.now()
    with pytest.raises(IllegalStateError):
        simulation.start()
    assert simulation.driver.now() - began < 40
    simulation.stop()


def test_bytes_may_come_one_by_one() -> None:
    simulation = Simulation(2)
    outcome = simulation.begin(simulation.engine.connect())
    while not outcome.done:
        for link in simulation.driver.links:
            link.cut_up = byte_by_byte
        simulation.driver.advance(0.01)
    assert simulation.put(1, "one") is None
    assert simulation.get(1) == "one"
    simulation.stop()


def test_unisocket_has_one_connection() -> None:
    simulation = Simulation(3, smart_routing=False).start()
    simulation.cluster.strict = False
    assert simulation.connected == {FIRST}
    for key in range(7):
        simulation.put(key, key)
    assert [simulation.get(key) for key in range(7)] == list(range(7))
    assert simulation.driver.attempts == [FIRST]
    assert not any(r.backup_aware for r in simulation.cluster.members[0].requests)
    simulation.cluster.remove(simulation.cluster.members[0])
    assert simulation.get(3) == 3
    assert len(simulation.connected) == 1
    simulation.stop()


# ---- heartbeats


def test_ping_is_sent_when_it_is_quiet() -> None:
    simulation = Simulation(1, heartbeat_interval=5).start()
    member = simulation.cluster.members[0]
    pings: list[float] = []

    def answer(request: Request) -> None:
        pings.append(simulation.driver.now())
        request.reply()

    member.rule("Client.ping", answer)
    simulation.driver.advance(60)
    assert pings == list(range(1005, 1061, 5))
    assert simulation.connected == {FIRST}
    for _ in range(30):
        simulation.get(1)
        simulation.driver.advance(1)
    assert len(pings) == 12
    simulation.stop()


def test_silence_closes_the_connection_and_the_client_reconnects() -> None:
    simulation = Simulation(1, heartbeat_interval=5, heartbeat_timeout=20, invocation_timeout=300).start()
    simulation.driver.links[0].deaf = True
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.driver.advance(19)
    assert not waiting.done
    assert len(simulation.driver.links) == 1
    assert simulation.value(waiting, 5) is None
    assert not simulation.driver.links[0].open
    assert "heartbeat_timeout" in str(simulation.driver.links[0]._connection.close_reason)
    assert simulation.states[-2:] == ["DISCONNECTED", "CONNECTED"]
    simulation.stop()


# ---- members


def test_members_join_and_leave() -> None:
    seen: list[tuple[str, Address]] = []

    def added(member: MemberInfo) -> None:
        seen.append(("added", member.address))

    def removed(member: MemberInfo) -> None:
        seen.append(("removed", member.address))

    simulation = Simulation(1, membership_listeners=[(added, removed)]).start()
    newcomer = simulation.cluster.join()
    simulation.driver.advance(2)
    assert simulation.connected == {FIRST, SECOND}
    simulation.put(1, "x")
    assert newcomer.count("Map.put") == 1
    simulation.cluster.remove(newcomer)
    simulation.driver.advance(2)
    assert simulation.connected == {FIRST}
    assert simulation.get(1) == "x"
    assert seen == [("added", FIRST), ("added", SECOND), ("removed", SECOND)]
    assert simulation.states == ["STARTING", "STARTED", "CONNECTED"]
    simulation.stop()


def test_connection_to_a_removed_member_is_closed() -> None:
    simulation = Simulation(2).start()
    gone = simulation.cluster.members.pop()
    simulation.cluster.spread()
    simulation.cluster.publish_view()
    simulation.driver.advance()
    assert simulation.connected == {FIRST}
    assert gone.sessions == {}
    simulation.stop()


def test_older_views_of_one_member_are_ignored() -> None:
    simulation = Simulation(2).start()
    cluster = simulation.cluster
    cluster.publish_view()
    simulation.driver.advance()
    (watched,) = [s for m in cluster.members for s in m.sessions.values() if s.view_id is not None]
    cluster.member_version = cluster.partition_version = 0
    second = cluster.members.pop()
    owners, cluster.owners = cluster.owners, dict.fromkeys(cluster.owners, cluster.members[0])
    cluster.tell_view(watched)
    simulation.driver.advance()
    cluster.members.append(second)
    cluster.owners = owners
    assert simulation.connected == {FIRST, SECOND}
    before = len(second.requests)
    for key in range(7):
        simulation.put(key, "x")
    assert len(second.requests) == before + 3
    simulation.stop()


def test_partition_table_of_another_member_counts_whatever_its_version() -> None:
    """Members count their tables on their own, so the versions of two members cannot be compared."""
    simulation = Simulation(3).start()
    cluster = simulation.cluster
    for _ in range(5):
        cluster.publish_view()
    simulation.driver.advance()
    cluster.partition_version = -3
    first, second, third = cluster.members
    cluster.remove(first)
    cluster.owners = dict.fromkeys(cluster.owners, third)
    simulation.driver.advance(5)
    for key in range(7):
        simulation.put(key, "x")
    assert (second.count("Map.put"), third.count("Map.put")) == (0, 7)
    simulation.stop()


def test_view_moves_to_another_member_when_its_connection_is_lost() -> None:
    simulation = Simulation(3).start()
    simulation.cluster.remove(simulation.cluster.members[0])
    simulation.driver.advance(1)
    assert len(simulation.engine.view.members.members) == 2
    simulation.cluster.join()
    simulation.driver.advance(2)
    assert len(simulation.connected) == 3
    simulation.stop()


def test_unreachable_member_does_not_delay_the_others() -> None:
    simulation = Simulation(2, connection_timeout=5).start()
    simulation.cluster.strict = False
    simulation.cluster.down[THIRD] = BlackHole()
    simulation.cluster.join()
    simulation.driver.advance(1)
    assert simulation.connected == {FIRST, SECOND}
    simulation.put(2, "owned by the third")
    assert simulation.get(2) == "owned by the third"
    fourth = simulation.cluster.join()
    simulation.driver.advance(2)
    assert fourth.address in simulation.connected
    del simulation.cluster.down[THIRD]
    simulation.driver.advance(12)
    assert THIRD in simulation.connected
    simulation.stop()


def test_two_connections_to_the_same_member_are_never_kept() -> None:
    """The client is still connecting to a listed member when it loses all others and tries the same address."""
    simulation = Simulation(1, connection_timeout=20).start()
    newcomer = simulation.cluster.add()
    simulation.cluster.down[newcomer.address] = Delay(3, simulation.cluster.network(newcomer.address))
    simulation.cluster.spread()
    simulation.cluster.publish_view()
    simulation.driver.advance(2)
    first = simulation.cluster.members[0]
    simulation.cluster.remove(first, announce=False)
    simulation.driver.advance(30)
    assert simulation.connected == {newcomer.address}
    assert len(newcomer.sessions) == 1
    simulation.stop()


def test_view_is_watched_even_if_the_watched_member_is_lost_while_the_next_is_set_up() -> None:
    simulation = Simulation(1).start()
    newcomer = simulation.cluster.add()
    kept: list[Request] = []
    newcomer.rule("Map.addEntryListener", kept.append, times=1)
    keys: list[Any] = []
    simulation.listen(keys)
    simulation.cluster.spread()
    simulation.cluster.publish_view()
    simulation.driver.run_until(lambda: kept, 5)
    simulation.cluster.remove(simulation.cluster.members[0], announce=False)
    simulation.driver.advance(0.5)
    newcomer.answer(kept[0])
    simulation.driver.advance(20)
    assert simulation.connected == {newcomer.address}
    simulation.cluster.join()
    simulation.driver.advance(3)
    assert len(simulation.connected) == 2
    simulation.stop()


# ---- losing the cluster


def test_reconnect_mode_off_shuts_down() -> None:
    simulation = Simulation(1, reconnect_mode=ReconnectMode.OFF).start()
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.driver.links[0].cut()
    simulation.driver.advance(1)
    assert isinstance(waiting.error, HazelcastClientNotActiveError)
    assert simulation.states[-3:] == ["DISCONNECTED", "SHUTTING_DOWN", "SHUTDOWN"]
    with pytest.raises(HazelcastClientNotActiveError):
        simulation.get(1)
    simulation.stop()


def test_reconnect_mode_on_lets_operations_wait() -> None:
    simulation = Simulation(1, reconnect_mode=ReconnectMode.ON).start()
    simulation.put(1, "kept")
    simulation.cluster.down[FIRST] = Refuse()
    simulation.driver.links[0].cut()
    simulation.driver.advance(5)
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.driver.advance(20)
    assert not waiting.done
    del simulation.cluster.down[FIRST]
    assert simulation.value(waiting, 10) == "kept"
    assert simulation.states[-2:] == ["DISCONNECTED", "CONNECTED"]
    simulation.stop()


def test_reconnect_mode_async_refuses_operations() -> None:
    simulation = Simulation(1, reconnect_mode=ReconnectMode.ASYNC).start()
    simulation.put(1, "kept")
    simulation.cluster.down[FIRST] = Refuse()
    waiting = simulation.submit(simulation.ops.get(1))
    simulation.driver.links[0].cut()
    simulation.driver.advance(1)
    assert isinstance(waiting.error, ClientOfflineError)
    with pytest.raises(ClientOfflineError):
        simulation.get(1)
    del simulation.cluster.down[FIRST]
    simulation.driver.advance(10)
    assert simulation.get(1) == "kept"
    simulation.stop()


def test_async_start_refuses_operations_until_connected() -> None:
    simulation = Simulation(1, async_start=True)
    simulation.cluster.down[FIRST] = Refuse()
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(3)
    with pytest.raises(ClientOfflineError):
        simulation.get(1)
    del simulation.cluster.down[FIRST]
    assert simulation.value(outcome, 10) is None
    assert simulation.get(1) is None
    simulation.stop()


def test_client_shuts_down_when_the_cluster_stays_unreachable() -> None:
    simulation = Simulation(1, cluster_connect_timeout=20).start()
    simulation.cluster.down[FIRST] = Refuse()
    waiting = simulation.submit(simulation.ops.put(1, "x"))
    simulation.driver.links[0].cut()
    reading = simulation.submit(simulation.ops.get(1))
    simulation.driver.advance(60)
    assert waiting.times == reading.times == 1
    assert isinstance(reading.error, HazelcastClientNotActiveError)
    assert simulation.states[-2:] == ["SHUTTING_DOWN", "SHUTDOWN"]
    simulation.stop()


def test_last_connection_lost_while_joining_begins_anew() -> None:
    """One round of states for one loss, however often connections break on the way back."""
    simulation = Simulation(2, connection_timeout=5, cluster_connect_timeout=100).start()
    simulation.cluster.down[SECOND] = BlackHole()
    for link in simulation.driver.links:
        link.cut()
    simulation.driver.advance(1)
    assert simulation.connected == {FIRST}
    simulation.cluster.down[FIRST] = Refuse()
    simulation.driver.links[-1].cut()
    simulation.driver.advance(20)
    assert simulation.connected == set()
    assert simulation.states[3:] == ["DISCONNECTED"]
    simulation.cluster.down.clear()
    simulation.driver.advance(20)
    assert simulation.connected == {FIRST, SECOND}
    assert simulation.states[3:] == ["DISCONNECTED", "CONNECTED"]
    simulation.stop()


@pytest.mark.parametrize("mode", [ReconnectMode.ON, ReconnectMode.ASYNC])
def test_restarted_cluster_gets_objects_and_listeners_again(mode: int) -> None:
    simulation = Simulation(2, reconnect_mode=mode).start()
    for name in ("a", "b"):
        simulation.run(simulation.engine.create_object("hz:impl:mapService", name))
    simulation.run(simulation.engine.create_object("hz:impl:mapService", "destroyed"))
    simulation.run(simulation.engine.destroy_object("hz:impl:mapService", "destroyed"))
    keys: list[Any] = []
    simulation.listen(keys)
    old = {m.uuid for m in simulation.cluster.members}
    simulation.cluster.restart()
    simulation.driver.advance(10)
    assert simulation.cluster.proxies == {("a", "hz:impl:mapService"), ("b", "hz:impl:mapService")}
    assert simulation.connected == {FIRST, SECOND}
    assert not old & set(simulation.engine.view.members.by_uuid)
    simulation.put(1, "x")
    simulation.put(2, "x")
    simulation.driver.advance()
    assert keys == [1, 2]
    simulation.stop()


def test_cluster_with_another_partition_count_is_refused() -> None:
    simulation = Simulation(1).start()
    simulation.cluster.restart()
    simulation.cluster.partition_count = 11
    simulation.driver.advance(10)
    assert simulation.states[-1] == "SHUTDOWN"
    simulation.stop()


def test_member_of_another_cluster_is_not_used() -> None:
    simulation = Simulation(1).start()
    stranger = SimulatedCluster(1, seed=5)
    newcomer = simulation.cluster.add()
    simulation.cluster.down[newcomer.address] = stranger.network(FIRST)
    simulation.cluster.publish_view()
    simulation.driver.advance(5)
    assert simulation.connected == {FIRST}
    assert stranger.members[0].sessions == {}
    simulation.stop()


# ---- shutting down


def test_shutdown_completes_every_waiter() -> None:
    simulation = Simulation(2, invocation_timeout=1000).start()
    simulation.cluster.backups = 1
    simulation.cluster.acks_lost = True
    waits_for_acks = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance()
    for member in simulation.cluster.members:
        member.rule("Map.get", lambda request: None)
        member.rule("Map.put", lambda request: request.error(46, "Retry"))
    waits_for_reply = simulation.submit(simulation.ops.get(1))
    waits_to_retry = simulation.submit(simulation.ops.put(2, "x"))
    simulation.driver.advance(0.5)
    waiting = [waits_for_acks, waits_for_reply, waits_to_retry]
    assert not any(outcome.done for outcome in waiting)
    simulation.client.shutdown()
    assert [type(outcome.error) for outcome in waiting] == [HazelcastClientNotActiveError] * 3
    simulation.client.shutdown()
    simulation.driver.advance(1000)
    simulation.stop()
    assert simulation.states.count("SHUTDOWN") == 1


def test_shutdown_while_connecting_ends_the_start() -> None:
    simulation = Simulation(cluster=SimulatedCluster(0), cluster_members=[str(FIRST)])
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(2.5)
    simulation.client.shutdown()
    simulation.driver.advance()
    assert isinstance(outcome.error, HazelcastClientNotActiveError)
    simulation.stop()


def test_nothing_happens_after_shutdown() -> None:
    simulation = Simulation(2).start()
    simulation.client.shutdown()
    simulation.driver.advance(10)
    attempts = len(simulation.driver.attempts)
    simulation.driver.advance(600)
    assert len(simulation.driver.attempts) == attempts
    assert [event for _, _, event in simulation.driver._queue if event.callback is not None] == []
    simulation.stop()
