"""Outages with much work waiting, limits, liveness and lost acks, with simulated members on the virtual clock."""

from itertools import pairwise

import pytest

from core_simulation import Simulation
from hz_core.config import ReconnectMode
from hz_core.connection import Connection
from hz_core.errors import (
    ClientOfflineError,
    HazelcastClientNotActiveError,
    HazelcastOverloadError,
    OperationTimeoutError,
)
from hz_core.invocation import limits
from hz_core.model import Address
from hz_core.testing import BlackHole, Refuse, Request, codes
from hz_core.testing.messages import encode
from hz_core.testing.scripted import Outcome, byte_by_byte

FIRST, SECOND = (Address(f"10.0.0.{i}", 5701) for i in (1, 2))


def without_a_member(simulation: Simulation) -> None:
    """Break the only connection; the member refuses new ones."""
    simulation.cluster.down[FIRST] = Refuse()
    simulation.driver.links[-1].cut()
    simulation.driver.advance()


# ---- operations that wait for a connection


def test_work_that_waits_for_a_connection_costs_nothing_until_there_is_one() -> None:
    simulation = Simulation(1, cluster_connect_timeout=600, invocation_timeout=600).start()
    without_a_member(simulation)
    waiting = [simulation.submit(simulation.ops.put(key, "x")) for key in range(5_000)]
    simulation.driver.advance(60)
    # No attempts, no timers: only those of the client itself.
    assert len(simulation.engine.invocations._pausing) == 0
    assert all(outcome.times == 0 for outcome in waiting)
    before = len(simulation.cluster.members[0].requests)
    del simulation.cluster.down[FIRST]
    simulation.driver.advance(60)
    assert [(outcome.times, outcome.error) for outcome in waiting] == [(1, None)] * 5_000
    sent = [r.method for r in simulation.cluster.members[0].requests[before:]]
    # The way to the cluster goes before them.
    assert "Map.put" not in sent[: sent.index("Client.addClusterViewListener")]
    assert sent.count("Map.put") == 5_000
    simulation.stop()


def test_waiting_work_is_sent_in_its_order() -> None:
    simulation = Simulation(1, cluster_connect_timeout=600).start()
    without_a_member(simulation)
    for value in range(2_500):
        simulation.submit(simulation.ops.put(0, value))
    del simulation.cluster.down[FIRST]
    simulation.driver.advance(60)
    assert simulation.get(0) == 2_499
    simulation.stop()


def test_waiting_work_ends_at_its_time_limit() -> None:
    simulation = Simulation(1, cluster_connect_timeout=600, invocation_timeout=20).start()
    without_a_member(simulation)
    early = [simulation.submit(simulation.ops.put(0, "x")) for _ in range(2_500)]
    simulation.driver.advance(10)
    late = simulation.submit(simulation.ops.put(0, "y"))
    cancelled = simulation.submit(simulation.ops.put(0, "z"))
    cancelled.cancel()
    simulation.driver.advance(9)
    assert not any(outcome.done for outcome in early)
    simulation.driver.advance(2.5)
    assert all(isinstance(outcome.error, OperationTimeoutError) for outcome in early)
    assert "invocation_timeout" in str(early[0].error)
    assert not late.done
    del simulation.cluster.down[FIRST]
    assert simulation.value(late) is None
    assert cancelled.times == 0
    assert simulation.engine.invocations.pending_count == 0
    simulation.stop()


def test_waiting_work_ends_with_the_client() -> None:
    simulation = Simulation(1, cluster_connect_timeout=600).start()
    without_a_member(simulation)
    waiting = [simulation.submit(simulation.ops.put(0, "x")) for _ in range(2_500)]
    simulation.run(simulation.engine.close())
    assert all(isinstance(outcome.error, HazelcastClientNotActiveError) for outcome in waiting)
    after = simulation.submit(simulation.ops.put(0, "x"))
    assert isinstance(after.error, HazelcastClientNotActiveError)


def test_pending_reads_do_not_wait_where_operations_must_not() -> None:
    simulation = Simulation(1, reconnect_mode=ReconnectMode.ASYNC).start()
    simulation.cluster.members[0].rule("Map.get", lambda request: None)
    waiting = [simulation.submit(simulation.ops.get(0)) for _ in range(2_500)]
    without_a_member(simulation)
    simulation.driver.advance(1)
    assert all(isinstance(outcome.error, ClientOfflineError) for outcome in waiting)
    simulation.stop()


@pytest.mark.parametrize("timeout", [0.5, 2, 30])
def test_an_operation_is_tried_for_the_whole_of_its_time(timeout: float) -> None:
    simulation = Simulation(1, invocation_timeout=timeout).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(79, "x"))
    began = simulation.driver.now()
    simulation.cluster.members[0].rules.clear()
    simulation.cluster.down[FIRST] = Refuse()
    without_a_member(simulation)
    with pytest.raises(OperationTimeoutError):
        simulation.put(0, "x")
    assert timeout <= simulation.driver.now() - began <= timeout + 1.1
    simulation.stop()


@pytest.mark.parametrize("timeout", [1, 2, 30])
def test_the_start_is_tried_for_the_whole_of_its_time(timeout: float) -> None:
    simulation = Simulation(1, cluster_connect_timeout=timeout)
    simulation.cluster.down[FIRST] = Refuse()
    began = simulation.driver.now()
    outcome = simulation.begin(simulation.engine.connect())
    simulation.until(lambda: outcome.done)
    assert 0.89 * timeout <= simulation.driver.now() - began <= timeout
    simulation.stop()


def test_a_member_that_hangs_does_not_hold_up_the_start() -> None:
    simulation = Simulation(2, cluster_connect_timeout=2, connection_timeout=5)
    simulation.cluster.down[SECOND] = BlackHole()
    began = simulation.driver.now()
    simulation.start()
    assert simulation.driver.now() - began <= 2.2
    assert simulation.connected == {FIRST}
    del simulation.cluster.down[SECOND]
    simulation.driver.advance(30)
    assert simulation.connected == {FIRST, SECOND}
    simulation.stop()


# ---- the limit of pending invocations


def test_the_limit_counts_what_waits_for_a_connection() -> None:
    simulation = Simulation(1, max_pending_invocations=100, cluster_connect_timeout=600).start()
    without_a_member(simulation)
    waiting = [simulation.submit(simulation.ops.put(0, i)) for i in range(500)]
    refused = [outcome for outcome in waiting if isinstance(outcome.error, HazelcastOverloadError)]
    assert refused == waiting[100:]
    del simulation.cluster.down[FIRST]
    simulation.driver.advance(10)
    # What was accepted is never refused later.
    assert [(outcome.times, outcome.error) for outcome in waiting[:100]] == [(1, None)] * 100
    simulation.stop()


def test_the_limit_is_one_for_all_connections() -> None:
    simulation = Simulation(3, max_pending_invocations=6).start()
    for member in simulation.cluster.members:
        member.rule("Map.put", lambda request: None)
    waiting = [simulation.submit(simulation.ops.put(key, "x")) for key in range(7)]
    assert [type(outcome.error) for outcome in waiting] == [type(None)] * 6 + [HazelcastOverloadError]
    assert "6 invocations of this client" in str(waiting[6].error)
    simulation.stop()


def test_a_large_limit_is_kept_as_well() -> None:
    simulation = Simulation(1, max_pending_invocations=10_000).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: None)
    waiting = [simulation.submit(simulation.ops.put(0, "x")) for _ in range(10_001)]
    assert [outcome.done for outcome in waiting] == [False] * 10_000 + [True]
    simulation.stop()


def test_what_waits_is_looked_at_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not all of it for each operation, which would take longer and longer."""
    looks: list[int] = []

    def sweep(connection: Connection) -> None:
        looks.append(len(connection.pending))
        sweep_connection(connection)

    sweep_connection = limits._sweep
    monkeypatch.setattr(limits, "_sweep", sweep)
    simulation = Simulation(1, max_pending_invocations=10_000).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: None)
    waiting = [simulation.submit(simulation.ops.put(0, "x")) for _ in range(10_000)]
    assert sum(looks) < 2 * len(waiting)
    looks.clear()
    for _ in range(2):
        refused = [simulation.submit(simulation.ops.put(0, "x")) for _ in range(100)]
        assert all(isinstance(outcome.error, HazelcastOverloadError) for outcome in refused)
        simulation.driver.advance(1)
    assert looks == [10_000, 10_000]
    for outcome in waiting[:50]:
        outcome.cancel()
    assert not simulation.submit(simulation.ops.put(0, "x")).done
    simulation.stop()


def test_what_was_given_up_after_a_burst_is_forgotten() -> None:
    simulation = Simulation(1, max_pending_invocations=20_000).start()
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append)
    for _ in range(8_000):
        simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance()
    for request in kept:
        request.reply(None)
    simulation.driver.advance()
    (connection,) = simulation.engine.routing.open_connections()
    assert len(connection.pending) == 0
    for _ in range(6_000):
        simulation.submit(simulation.ops.put(0, "x")).cancel()
    assert len(connection.pending) <= 4_000
    simulation.stop()


def test_the_limit_does_not_hold_back_heartbeats() -> None:
    simulation = Simulation(
        1, max_pending_invocations=1, heartbeat_interval=2, heartbeat_timeout=10, invocation_timeout=300
    ).start()
    kept: list[Request] = []
    simulation.cluster.members[0].rule("Map.put", kept.append)
    waiting = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(60)
    assert simulation.cluster.members[0].count("Client.ping") >= 15
    assert len(kept) == 1
    kept[0].reply(None)
    assert simulation.value(waiting) is None
    simulation.stop()


# ---- liveness


def test_a_reply_that_arrives_slowly_is_received() -> None:
    simulation = Simulation(1, heartbeat_interval=1, heartbeat_timeout=3, invocation_timeout=20).start()
    simulation.put(0, b"x" * 3_000)
    link = simulation.driver.links[0]
    link.cut_up = byte_by_byte
    link.pace = 0.004
    began = simulation.driver.now()
    assert simulation.get(0) == b"x" * 3_000
    assert simulation.driver.now() - began > 10
    assert simulation.driver.links == [link]
    simulation.stop()


@pytest.mark.parametrize("timeout", [0.4, 1.0])
def test_a_short_heartbeat_timeout_keeps_a_busy_connection(timeout: float) -> None:
    simulation = Simulation(1, heartbeat_interval=timeout / 4, heartbeat_timeout=timeout).start()
    for _ in range(200):
        simulation.get(0)
        simulation.driver.advance(0.05)
    simulation.driver.advance(10)
    assert len(simulation.driver.links) == 1
    simulation.stop()


@pytest.mark.parametrize(("interval", "timeout"), [(1, 5), (0.5, 2), (5, 60), (7, 20.3)])
def test_a_member_that_falls_silent_is_given_up_when_its_time_is_over(
    interval: float, timeout: float
) -> None:
    """Not at the next check after that; but silence is counted from the check before the last input."""
    check = min(1.0, timeout / 20)
    for number in range(20):
        with Simulation(1, heartbeat_interval=interval, heartbeat_timeout=timeout) as simulation:
            simulation.driver.advance(10 + 0.137 * number)
            simulation.get(1)
            simulation.driver.links[0].deaf = True
            began = simulation.driver.now()
            connection = simulation.engine.connections.all()[0]
            simulation.driver.run_until(lambda: not connection.alive, 2 * timeout)  # noqa: B023  # at once
            silent = simulation.driver.now() - began
            assert timeout - check - 0.01 <= silent <= timeout + 0.01, number


def test_heartbeats_are_sent_while_the_member_sends_but_the_client_does_not() -> None:
    with Simulation(1, heartbeat_interval=2, heartbeat_timeout=20) as simulation:
        pings: list[float] = []

        def answer(request: Request) -> None:
            pings.append(simulation.driver.now())
            request.reply()

        simulation.cluster.members[0].rule("Client.ping", answer)
        unknown = encode("Map.get response", [None], 1 << 40, 0)
        for _ in range(40):
            simulation.driver.links[0].send(unknown)
            simulation.driver.advance(0.25)
    # The checks are a second apart here.
    assert pings == [1002, 1004, 1006, 1008, 1010]


def test_heartbeats_are_sent_while_requests_go_unanswered() -> None:
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6, invocation_timeout=300).start()
    simulation.cluster.members[0].rule("Map.put", lambda request: None)
    for _ in range(60):
        simulation.submit(simulation.ops.put(0, "x"))
        simulation.driver.advance(0.5)
    assert len(simulation.driver.links) == 1
    assert simulation.connected
    simulation.stop()


def test_a_member_that_sends_events_but_answers_nothing_is_given_up() -> None:
    # The way to the member is broken, the way back is not.
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6, invocation_timeout=300).start()
    link = simulation.driver.links[0]
    simulation.cluster.members[0].rule("Map.get", lambda request: None, times=1)
    simulation.cluster.members[0].rule("Client.ping", lambda request: None)
    waiting = simulation.submit(simulation.ops.get(0))
    event = encode("Map.get response", [None], 1 << 40, 0)
    began = simulation.driver.now()
    while link.open and simulation.driver.now() - began < 60:
        link.send(event)
        simulation.driver.advance(0.25)
    assert 5.6 <= simulation.driver.now() - began <= 6.25
    assert "sends, but has answered no request for" in str(link._connection.close_reason)
    assert "not even heartbeats: more than heartbeat_timeout (6 s)" in str(link._connection.close_reason)
    assert simulation.value(waiting, 5) is None
    simulation.stop()


def test_a_member_that_answers_old_requests_is_not_given_up() -> None:
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6, invocation_timeout=300).start()
    held: list[Request] = []
    simulation.cluster.members[0].rule("Map.get", held.append)
    simulation.cluster.members[0].rule("Client.ping", lambda request: None)
    waiting = [simulation.submit(simulation.ops.get(0)) for _ in range(20)]
    for outcome in waiting:
        simulation.driver.advance(3)
        held.pop(0).reply(None)
        assert simulation.value(outcome, 1) is None
    assert len(simulation.driver.links) == 1
    simulation.stop()


@pytest.mark.parametrize("per_second", [1, 20])
def test_garbage_that_looks_like_a_large_message_is_no_sign_of_life_for_long(per_second: int) -> None:
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6, invocation_timeout=300).start()
    simulation.put(0, "x" * 1000)
    link = simulation.driver.links[0]
    # The head of a message of 500 MB, which takes in all replies, at up to 20 KB each second.
    link.send((500_000_000).to_bytes(4, "little") + b"\x00\xc0")
    began = simulation.driver.now()
    waiting = []
    while link.open and simulation.driver.now() - began < 200:
        waiting += [simulation.submit(simulation.ops.get(0)) for _ in range(per_second)]
        simulation.driver.advance(1)
    assert 6 <= simulation.driver.now() - began <= 15
    assert "has answered no request" in str(link._connection.close_reason)
    assert [simulation.value(outcome, 5) for outcome in waiting] == ["x" * 1000] * len(waiting)
    simulation.stop()


@pytest.mark.parametrize("rate", [5_000, 100_000])
def test_a_large_reply_that_takes_long_is_a_sign_of_life(rate: int) -> None:
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6, invocation_timeout=300).start()
    held: list[Request] = []
    simulation.cluster.members[0].rule("Map.get", held.append, times=1)
    simulation.cluster.members[0].rule("Client.ping", lambda request: None)
    outcome = simulation.submit(simulation.ops.get(0))
    simulation.driver.advance()
    reply = held[0].reply_bytes(simulation.serialization.to_data("x" * rate * 60))
    for start in range(0, len(reply), rate):
        held[0].session.pipe.send(reply[start : start + rate])
        simulation.driver.advance(1)
    assert simulation.value(outcome, 1) == "x" * rate * 60
    assert len(simulation.driver.links) == 1
    # One that gets stuck is none.
    simulation.cluster.members[0].rules.clear()
    again = simulation.submit(simulation.ops.get(0))
    simulation.driver.links[0].send(reply[:rate])
    simulation.driver.advance(20)
    assert len(simulation.driver.links) == 2
    assert simulation.value(again) is None
    simulation.stop()


def test_time_in_which_the_process_did_not_run_is_not_counted() -> None:
    simulation = Simulation(1, heartbeat_interval=2, heartbeat_timeout=6).start()
    simulation.driver.sleep(60)
    simulation.driver.advance(10)
    assert len(simulation.driver.links) == 1
    simulation.stop()


# ---- limits to the moment


def test_operations_without_a_connection_end_at_their_limits_whatever_their_order() -> None:
    simulation = Simulation(1, cluster_connect_timeout=600, invocation_timeout=20).start()
    ended: dict[str, float] = {}
    began: dict[str, float] = {}

    def submit(name: str) -> None:
        began[name] = simulation.driver.now()
        op = simulation.ops.put(0, name)
        op.then(str, lambda error: ended.update({name: simulation.driver.now()}))
        outcomes.append(simulation.submit(op))

    outcomes: list[Outcome] = []
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    submit("pausing between attempts")
    simulation.driver.advance(5.3)
    assert len(simulation.engine.invocations.pausing()) == 1
    without_a_member(simulation)
    # Is in the queue before the older one, whose pause has not ended.
    submit("in the queue")
    simulation.driver.advance(1.7)
    submit("later")
    simulation.driver.advance(60)
    assert {name: pytest.approx(20, abs=0.01) for name in began} == {
        name: ended[name] - began[name] for name in began
    }
    assert [type(outcome.error) for outcome in outcomes] == [OperationTimeoutError] * 3
    assert simulation.engine.invocations.pending_count == 0
    assert not simulation.engine.invocations.parked._limits
    simulation.stop()


def test_a_pause_ends_when_a_partition_has_a_new_owner() -> None:
    simulation = Simulation(2, invocation_retry_pause=30, invocation_timeout=300).start()
    old, new = simulation.cluster.members
    old.rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    simulation.cluster.owners[0] = old
    simulation.cluster.publish_view()
    simulation.driver.advance(1)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    # Pauses are doubled: about 8 s of the next one are left.
    simulation.driver.advance(25)
    assert len(simulation.engine.invocations.pausing()) == 1
    tries = old.count("Map.put")
    simulation.cluster.publish_view()
    simulation.driver.advance(0.5)
    assert old.count("Map.put") == tries
    simulation.cluster.owners[0] = new
    simulation.cluster.publish_view()
    simulation.driver.advance(0.01)
    assert (outcome.times, outcome.error, old.count("Map.put")) == (1, None, tries)
    assert simulation.get(0) == "x"
    simulation.stop()


def test_a_pause_ends_when_the_member_of_an_operation_is_connected_again() -> None:
    simulation = Simulation(2, invocation_retry_pause=30, invocation_timeout=300).start()
    member = simulation.cluster.members[1]
    simulation.cluster.down[member.address] = Refuse()
    simulation.driver.links[1].cut()
    simulation.driver.advance()
    op = simulation.ops.get(1)  # its member owns the partition
    op.member = member.uuid
    outcome = simulation.submit(op)
    simulation.driver.advance(25)
    assert outcome.times == 0
    simulation.cluster.down.clear()
    simulation.until(lambda: member.uuid in simulation.engine.connections.routes.by_member)
    simulation.driver.advance(0.01)
    assert (outcome.times, outcome.error) == (1, None)
    simulation.stop()


# ---- backup acks


def test_acks_that_a_lost_connection_would_have_brought_are_not_awaited_for_long() -> None:
    simulation = Simulation(3, operation_backup_timeout=60).start()
    cluster = simulation.cluster
    cluster.backups = 2
    cluster.down[Address("10.0.0.3", 5701)] = BlackHole()
    simulation.driver.links[2].cut()
    simulation.driver.advance()
    for key in range(2):  # owned by the members that are connected
        began = simulation.driver.now()
        simulation.put(key, "x")
        assert simulation.driver.now() - began <= 1.1
    simulation.stop()


def test_one_timer_looks_for_lost_acks_however_often_connections_are_lost() -> None:
    with Simulation(3) as simulation:
        lost, other = simulation.cluster.members[1:]
        simulation.cluster.down[lost.address] = Refuse()
        lost.cut_all()
        for _ in range(20):
            other.cut_all()
            simulation.driver.advance(3)
        looks: list[float] = []
        backups = simulation.engine.invocations.backups
        backups.expire = lambda: looks.append(simulation.driver.now())  # type: ignore[method-assign]  # of this one
        simulation.driver.advance(5)
        # Twice a second, and at first those of the last connections that were lost; the heartbeats look as well.
        assert 10 <= len(looks) <= 30


def test_acks_are_not_awaited_for_long_from_a_member_that_has_just_joined() -> None:
    simulation = Simulation(2, operation_backup_timeout=60).start()
    simulation.cluster.backups = 1
    simulation.cluster.acks_lost = True
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(5)
    assert not outcome.done
    simulation.cluster.join()
    simulation.driver.advance(1.1)
    assert (outcome.times, outcome.error) == (1, None)
    # All are connected now, so that acks can be expected again.
    simulation.driver.advance(10)
    outcome = simulation.submit(simulation.ops.put(0, "x"))
    simulation.driver.advance(5)
    assert not outcome.done
    simulation.stop()


def test_what_nobody_waits_for_any_more_does_not_wait_for_acks() -> None:
    with Simulation(2, operation_backup_timeout=60) as simulation:
        simulation.cluster.backups = 1
        simulation.cluster.acks_lost = True
        op = simulation.ops.put(0, "x")
        op.deadline = simulation.driver.now() + 1
        outcome = simulation.submit(op)
        future = simulation.client.futures.call(simulation.ops.put(0, "y"))
        simulation.driver.advance(0.5)
        assert len(simulation.cluster.puts) == simulation.engine.invocations.pending_count == 2
        assert future.cancel()
        assert simulation.engine.invocations.pending_count == 1
        simulation.driver.advance(0.5)
        assert outcome.done
        assert simulation.engine.invocations.pending_count == 0


def test_heartbeats_wait_for_nothing_but_their_interval() -> None:
    """That a heartbeat was sent itself, which a later check finds, does not put off the next one."""
    with Simulation(1, heartbeat_interval=3, heartbeat_timeout=30) as simulation:
        pings: list[float] = []
        simulation.cluster.members[0].rule(
            "Client.ping", lambda request: pings.append(simulation.driver.now())
        )
        simulation.driver.advance(20)
        assert [later - earlier for earlier, later in pairwise(pings)] == [3.0] * (len(pings) - 1)
        assert len(pings) >= 6
