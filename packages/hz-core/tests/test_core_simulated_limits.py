"""Limits of connecting: what a round may cost, what a driver may refuse, what a member may say of itself."""

from random import Random

import pytest

from core_simulation import Simulation
from hz_core.cluster.authentication import MAX_PARTITION_COUNT
from hz_core.cluster.backoff import Backoff
from hz_core.connection import Connection
from hz_core.errors import IllegalStateError
from hz_core.model import Address
from hz_core.testing import BlackHole, SimulatedCluster

HOLES = [Address(f"10.0.0.{i}", 5701) for i in range(1, 5)]


def refused_start(simulation: Simulation) -> tuple[str, float]:
    """Fail to start; return the text of the error and the seconds that it took."""
    began = simulation.driver.now()
    with pytest.raises(IllegalStateError) as caught:
        simulation.start()
    took = simulation.driver.now() - began
    simulation.stop()
    return str(caught.value), took


def backoff(timeout: float, initial: float = 4.0) -> Backoff:
    return Backoff(initial=initial, maximum=30, multiplier=2, jitter=0, timeout=timeout, random=Random(0))


@pytest.mark.parametrize("connection_timeout", [0, 2, 50])
def test_round_ends_with_the_time_of_the_cluster(connection_timeout: float) -> None:
    cluster = SimulatedCluster(0)
    cluster.down.update((address, BlackHole()) for address in HOLES)
    simulation = Simulation(
        cluster=cluster,
        cluster_members=[str(address) for address in HOLES],
        cluster_connect_timeout=3,
        connection_timeout=connection_timeout,
    )
    text, took = refused_start(simulation)
    assert took == pytest.approx(3)
    tried = len(simulation.driver.attempts)
    assert tried == (2 if connection_timeout == 2 else 1)
    for number, address in enumerate(HOLES):
        assert (f"{address}: not tried before the time was over" in text) == (number >= tried)
    last = 1 if connection_timeout == 2 else 3
    assert f"within {last} s" in text


@pytest.mark.parametrize(
    ("connection_timeout", "limit", "seconds", "why"),
    [
        (2, 3, 3, "what was left of cluster_connect_timeout"),
        (0, 3, 3, "what was left of cluster_connect_timeout"),
        (2, 0, 4, "twice connection_timeout"),
    ],
)
def test_silent_member_is_given_up_in_time(
    connection_timeout: float, limit: float, seconds: float, why: str
) -> None:
    simulation = Simulation(1, cluster_connect_timeout=limit, connection_timeout=connection_timeout)
    simulation.cluster.members[0].rule("Client.authentication", lambda request: None)
    text, took = refused_start(simulation)
    assert took == pytest.approx(seconds)
    assert f"did not complete the authentication within {seconds} s ({why})" in text


def test_driver_that_raises_is_a_failed_attempt_and_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(1, cluster_connect_timeout=10, retry_initial_backoff=2, retry_jitter=0)
    attempts: list[Address] = []

    def connect(connection: Connection, address: Address, timeout: float) -> None:
        attempts.append(address)
        raise OverflowError("an option that no socket takes")

    monkeypatch.setattr(simulation.driver, "connect", connect)
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(60)
    assert outcome.times == 1
    assert isinstance(outcome.error, IllegalStateError)
    assert "an option that no socket takes" in str(outcome.error)
    assert 2 <= len(attempts) <= 6
    simulation.stop()


@pytest.mark.parametrize("count", [-3, 0, MAX_PARTITION_COUNT + 1, 2**31 - 1])
def test_impossible_partition_count_is_refused(count: int) -> None:
    simulation = Simulation(1, cluster_connect_timeout=0)
    simulation.cluster.partition_count = count
    text, _ = refused_start(simulation)
    assert f"the member at {HOLES[0]} reported a partition count of {count}," in text
    assert simulation.engine.view.partitions.count == 0


@pytest.mark.parametrize("count", [1, MAX_PARTITION_COUNT])
def test_possible_partition_count_is_taken(count: int) -> None:
    simulation = Simulation(1)
    simulation.cluster.partition_count = count
    simulation.start()
    assert simulation.engine.partition_count() == count
    simulation.stop()


def test_last_pause_leaves_time_for_one_round() -> None:
    pauses = backoff(10)
    assert pauses.next_pause(0) == 4
    assert pauses.next_pause(4) == 5
    assert pauses.next_pause(9) is None
    short = backoff(1)
    assert short.next_pause(0) == 0.9
    assert short.next_pause(0.9) is None


def test_time_left() -> None:
    assert backoff(10).left(4) == 6
    assert backoff(10).left(11) == 0
    assert backoff(-1).left(11) is None
    assert backoff(0).left(11) is None
    assert [backoff(limit).over(10) for limit in (10, 10.5, 0, -1)] == [True, False, False, False]
    assert backoff(0).next_pause(0) is None
    assert backoff(-1).next_pause(1e9) == 4
