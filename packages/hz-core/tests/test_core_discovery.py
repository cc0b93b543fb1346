"""Discovery by a class of the user: what is asked when, and what becomes of the answers, on the virtual clock."""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import uvloop

from core_selector_thread import PATIENCE
from core_simulation import Simulation
from core_sockets import SocketCluster
from core_surfaces import make
from hz_core.cluster.locating import ASK_AGAIN_AFTER
from hz_core.discovery import DEFAULT_TIMEOUT, Answer, Discovery, DiscoveryError, Question, ask, time_limit
from hz_core.errors import IllegalStateError
from hz_core.model import Address
from hz_core.promise import Promise
from hz_core.testing import Refuse, SimulatedCluster

FIRST, SECOND, THIRD = (Address(f"10.0.0.{i}", 5701) for i in (1, 2, 3))
OUTSIDE = [Address("203.0.113.1", 30000 + i) for i in range(3)]
NOBODY = Address("10.9.9.9", 5701)


@pytest.fixture(scope="module", autouse=True)
def _libuv() -> None:
    """Let libuv open the pipe that it keeps as long as the process lives."""
    uvloop.new_event_loop().close()


class Finder(Discovery):
    """Finds what it is told to find."""

    def __init__(self, *found: Any) -> None:
        self.found: list[Any] = list(found)
        self.error: Exception | None = None
        self.calls = 0

    def discover(self) -> list[Any]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return list(self.found)


class Translator(Finder):
    """Translates the members' addresses, as far as they are among the last that it has found."""

    def __init__(self, known: dict[Address, Address]) -> None:
        super().__init__()
        self.all = known
        self.known: dict[Address, Address] = {}
        self.asked: list[Address] = []

    def discover(self) -> list[Any]:
        super().discover()
        self.known = dict(self.all)
        return list(self.known.values())

    def translate(self, address: Address) -> Address | None:
        self.asked.append(address)
        return self.known.get(address)


def late(simulation: Simulation, seconds: Callable[[], float]) -> None:
    """Let calls that may wait last as long as told; infinite ones never return."""

    def run_blocking(function: Callable[[], Any], promise: Promise) -> None:
        delay = seconds()
        if delay < float("inf"):
            simulation.driver.call_later(delay, partial(real, function, promise))

    real = simulation.driver.run_blocking
    simulation.driver.run_blocking = run_blocking  # type: ignore[method-assign]  # calls last longer


# ---- where the client connects to


def test_only_what_was_discovered_is_tried_without_configured_members() -> None:
    finder = Finder(NOBODY, "10.0.0.1:5701")
    simulation = Simulation(1, cluster_members=[], discovery=finder).start()
    assert simulation.driver.attempts == [NOBODY, FIRST]
    assert simulation.connected == {FIRST}
    assert finder.calls == 1
    simulation.stop()


def test_configured_members_are_tried_first_and_each_address_once() -> None:
    finder = Finder(FIRST, ("10.9.9.9", 5701), SECOND)
    simulation = Simulation(2, cluster_members=[str(NOBODY)], discovery=finder)
    simulation.cluster.down[FIRST] = Refuse()
    simulation.start()
    assert simulation.driver.attempts[:3] == [NOBODY, FIRST, SECOND]
    simulation.stop()


def test_text_without_a_port_stands_for_the_default_ports() -> None:
    simulation = Simulation(0, cluster_members=[], discovery=Finder("10.9.9.9"), cluster_connect_timeout=0)
    with pytest.raises(IllegalStateError):
        simulation.start()
    assert [a.port for a in simulation.driver.attempts] == [5701, 5702, 5703]


def test_discovered_addresses_are_shuffled_if_the_option_says_so() -> None:
    finder = Finder(*(Address("10.9.9.9", 1000 + i) for i in range(30)))
    orders = []
    for shuffle in (True, False):
        simulation = Simulation(
            0,
            cluster_members=[],
            discovery=finder,
            cluster_connect_timeout=0,
            shuffle_member_list=shuffle,
        )
        with pytest.raises(IllegalStateError):
            simulation.start()
        orders.append(simulation.driver.attempts)
    assert orders[1] == finder.found
    assert orders[0] != finder.found
    assert sorted(orders[0]) == finder.found


def test_addresses_are_discovered_again_in_each_round_and_at_each_reconnect() -> None:
    finder = Finder(NOBODY)
    simulation = Simulation(1, cluster_members=[], discovery=finder, cluster_connect_timeout=60)
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(3)
    assert (outcome.done, finder.calls) == (False, 4)
    finder.found = [FIRST]
    simulation.value(outcome, 5)
    assert finder.calls == 5
    # The whole cluster moves.
    moved = Address("10.7.7.7", 5701)
    simulation.cluster.members[0].address = moved
    finder.found = [moved]
    simulation.cluster.cut_all()
    simulation.until(lambda: simulation.connected == {moved})
    assert finder.calls == 6
    simulation.driver.advance(300)
    assert finder.calls == 6
    simulation.stop()


# ---- failures


def test_failed_discovery_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    finder = Finder(FIRST)
    finder.error = PermissionError("no token")
    simulation = Simulation(1, cluster_members=[], discovery=finder, cluster_connect_timeout=60)
    outcome = simulation.begin(simulation.engine.connect())
    with caplog.at_level(logging.WARNING):
        simulation.driver.advance(2)
    assert "Finder could not find the cluster: PermissionError: no token" in caplog.text
    finder.error = None
    simulation.value(outcome, 5)
    assert simulation.connected == {FIRST}
    simulation.stop()


def test_last_error_of_discovery_is_part_of_the_failure_to_start() -> None:
    finder = Finder()
    finder.error = PermissionError("no token")
    simulation = Simulation(0, cluster_members=[], discovery=finder, cluster_connect_timeout=3)
    with pytest.raises(
        IllegalStateError, match=r"discovery by Finder: DiscoveryError: .*PermissionError: no token"
    ):
        simulation.start()


def test_nothing_found_is_a_failure() -> None:
    simulation = Simulation(0, cluster_members=[], discovery=Finder(), cluster_connect_timeout=0)
    with pytest.raises(IllegalStateError, match="Finder has found no address"):
        simulation.start()


def test_addresses_found_before_stay_when_discovery_fails() -> None:
    finder = Finder(NOBODY, FIRST)
    simulation = Simulation(1, cluster_members=[], discovery=finder, cluster_connect_timeout=60).start()
    finder.error = OSError("down")
    simulation.driver.attempts.clear()
    simulation.cluster.cut_all()
    simulation.until(lambda: simulation.driver.attempts)
    simulation.until(lambda: simulation.connected)
    assert set(simulation.driver.attempts) <= {NOBODY, FIRST}
    assert finder.calls == 2
    simulation.stop()


@pytest.mark.parametrize(
    "found", [None, 5, [5], [("h",)], [("h", "5701")], [("", 1)], [("h", 0)], ["a b"], [b"h"]]
)
def test_wrong_answers_are_errors(found: Any) -> None:
    class Wrong:
        def discover(self) -> Any:
            return found

    with pytest.raises(DiscoveryError, match="Wrong could not find the cluster"):
        ask(Wrong(), Question(True, ()))


def test_too_many_addresses_are_an_error() -> None:
    class Many:
        def discover(self) -> Any:
            return [("h", port) for port in range(1, 10_002)]

    with pytest.raises(DiscoveryError, match="10001 addresses, more than 10000"):
        ask(Many(), Question(True, ()))


def test_an_object_with_discover_is_enough() -> None:
    class Least:
        def discover(self) -> Any:
            return iter([("h", 1)])

    assert ask(Least(), Question(True, [FIRST])) == Answer([Address("h", 1)], {FIRST: FIRST})
    assert time_limit(Least()) == DEFAULT_TIMEOUT
    assert time_limit(Finder()) == DEFAULT_TIMEOUT


def test_failing_translation_is_an_error() -> None:
    class Failing(Finder):
        def translate(self, address: Address) -> Address | None:
            raise KeyError(address.host)

    with pytest.raises(
        DiscoveryError, match=r"Failing could not translate the address 10\.0\.0\.1:5701: KeyError"
    ):
        ask(Failing(), Question(False, [FIRST]))


# ---- time limits


def test_discovery_that_hangs_is_left_alone_and_the_configured_members_are_tried(
    caplog: pytest.LogCaptureFixture,
) -> None:
    finder = Finder(SECOND)
    finder.timeout = 2.0
    simulation = Simulation(1, discovery=finder)
    delays = [float("inf")]
    late(simulation, lambda: delays.pop())
    began = simulation.driver.now()
    with caplog.at_level(logging.WARNING):
        simulation.start()
    # Once for the round, once for the translation of the members; it is not called a second time.
    assert simulation.driver.now() - began <= 4.0
    assert "Finder did not answer within 2 s (its timeout)" in caplog.text
    assert simulation.connected == {FIRST}
    assert delays == []
    simulation.stop()


def test_discovery_gets_what_is_left_of_the_time_for_connecting() -> None:
    finder = Finder()
    simulation = Simulation(0, cluster_members=[], discovery=finder, cluster_connect_timeout=3)
    late(simulation, lambda: float("inf"))
    began = simulation.driver.now()
    with pytest.raises(IllegalStateError, match=r"within 3 s \(what was left of cluster_connect_timeout\)"):
        simulation.start()
    assert simulation.driver.now() - began <= 3.001


def test_late_answer_is_used_in_the_next_round() -> None:
    finder = Finder(FIRST)
    finder.timeout = 2.0
    simulation = Simulation(1, cluster_members=[], discovery=finder, cluster_connect_timeout=30)
    late(simulation, lambda: 5.0)
    began = simulation.driver.now()
    simulation.start()
    assert simulation.connected == {FIRST}
    # The answer comes at the end of the second round; in the third, it is asked once more.
    assert simulation.driver.now() - began <= 10.0
    simulation.stop()


def test_shutdown_does_not_wait_for_discovery() -> None:
    simulation = Simulation(1, cluster_members=[], discovery=Finder(FIRST))
    late(simulation, lambda: float("inf"))
    outcome = simulation.begin(simulation.engine.connect())
    simulation.driver.advance(1)
    assert not outcome.done
    before = simulation.driver.now()
    simulation.client.shutdown()
    assert simulation.driver.now() == before
    simulation.stop()


# ---- translation


def outside(count: int) -> tuple[SimulatedCluster, Translator]:
    """Return members that are reached by other addresses than they know of, and the translation."""
    cluster = SimulatedCluster(count)
    known = {}
    for member, address in zip(cluster.members, OUTSIDE, strict=False):
        member.public = address
        known[member.address] = address
        cluster.down[member.address] = Refuse()
    return cluster, Translator(known)


def test_members_are_reached_by_translated_addresses() -> None:
    cluster, translator = outside(3)
    simulation = Simulation(cluster=cluster, cluster_members=[], discovery=translator).start()
    assert simulation.connected == set(OUTSIDE)
    assert set(simulation.driver.attempts) == set(OUTSIDE)
    assert translator.calls == 1
    cluster.cut_all()
    simulation.until(lambda: not simulation.connected)
    simulation.until(lambda: simulation.connected == set(OUTSIDE))
    assert set(simulation.driver.attempts) == set(OUTSIDE)
    assert translator.calls == 2
    simulation.stop()


def test_unknown_member_is_asked_for_at_once() -> None:
    cluster, translator = outside(2)
    simulation = Simulation(cluster=cluster, cluster_members=[], discovery=translator).start()
    member = cluster.add()
    member.public = OUTSIDE[2]
    cluster.down[member.address] = Refuse()
    translator.all[member.address] = OUTSIDE[2]
    calls = translator.calls
    cluster.spread()
    cluster.publish_view()
    simulation.until(lambda: simulation.connected == set(OUTSIDE), 1)
    assert translator.calls == calls + 1
    assert member.address not in simulation.driver.attempts
    simulation.stop()


def test_member_that_stays_unknown_is_tried_itself_and_asked_for_now_and_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster, translator = outside(1)
    simulation = Simulation(cluster=cluster, cluster_members=[], discovery=translator).start()
    member = cluster.add()
    cluster.down[member.address] = Refuse()
    calls = translator.calls
    with caplog.at_level(logging.WARNING):
        cluster.spread()
        cluster.publish_view()
        simulation.driver.advance(ASK_AGAIN_AFTER * 6 + 1)
    assert f"does not know the members at {member.address}" in caplog.text
    assert calls + 5 <= translator.calls <= calls + 8
    assert member.address in simulation.driver.attempts
    # Once it is known, it is reached.
    member.public = OUTSIDE[1]
    translator.all[member.address] = OUTSIDE[1]
    simulation.until(lambda: simulation.connected == {OUTSIDE[0], OUTSIDE[1]}, ASK_AGAIN_AFTER + 40)
    simulation.stop()


def test_two_questions_at_a_time_are_asked_one_after_the_other() -> None:
    cluster, translator = outside(1)
    simulation = Simulation(cluster=cluster, cluster_members=[], discovery=translator).start()
    running = [0]
    most = [0]
    real = simulation.driver.run_blocking

    def slow(function: Callable[[], Any], promise: Promise) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])

        def end() -> None:
            running[0] -= 1
            real(function, promise)

        simulation.driver.call_later(1.5, end)

    simulation.driver.run_blocking = slow  # type: ignore[method-assign]  # calls last longer
    member = cluster.add()
    translator.known[member.address] = OUTSIDE[1]  # asked for, which does not need the addresses
    cluster.spread()
    cluster.publish_view()
    simulation.driver.advance(0.5)
    assert running[0] == 1
    cluster.cut_all()  # and meanwhile the addresses are needed again
    calls = translator.calls
    simulation.until(lambda: not simulation.connected)
    simulation.until(lambda: translator.calls > calls, 10)
    simulation.until(lambda: OUTSIDE[0] in simulation.connected, 10)
    assert most == [1]
    simulation.stop()


# ---- on real threads and event loops


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "uvloop"])
def test_discovery_has_a_thread_of_its_own(driver: str) -> None:
    """Neither the I/O thread nor the event loop waits for it, and its time limit holds."""
    server = SocketCluster(1)
    released = threading.Event()
    threads: list[threading.Thread] = []

    class Slow(Discovery):
        timeout = 0.2

        def discover(self) -> list[str]:
            threads.append(threading.current_thread())
            released.wait(PATIENCE)
            return server.addresses

    try:
        with pytest.raises(IllegalStateError, match=r"Slow did not answer within 0\.2 s \(its timeout\)"):
            make(driver, 0, cluster_members=None, discovery=Slow(), cluster_connect_timeout=0)
        released.set()
        surface = make(driver, 0, cluster_members=None, discovery=Slow())
        surface.close()
        assert len(threads) == 2
        assert all(thread.name.endswith("background") for thread in threads)
        for thread in threads:
            thread.join(PATIENCE)
    finally:
        released.set()
        server.stop()
