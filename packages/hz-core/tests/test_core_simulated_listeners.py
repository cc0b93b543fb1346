"""Listener registrations on all members and again on new connections, with simulated members."""

import logging
from typing import Any

import pytest

from core_simulation import EntryEvent, Simulation, listener_spec
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError, IllegalArgumentError
from hz_core.testing import Request, codes


def registrations(simulation: Simulation) -> list[int]:
    """Return how many registrations each member has."""
    return [
        sum(len(session.listeners) for session in member.sessions.values())
        for member in simulation.cluster.members
    ]


def test_registers_on_every_member_and_gets_the_events_of_each() -> None:
    simulation = Simulation(3).start()
    keys: list[Any] = []
    registration = simulation.listen(keys)
    assert registrations(simulation) == [1, 1, 1]
    local = [r.values[3] for m in simulation.cluster.members for r in m.requests if "EntryL" in r.method]
    assert local == [True, True, True]
    for key in range(7):
        simulation.put(key, key)
    simulation.driver.advance()
    assert keys == list(range(7))
    assert simulation.run(simulation.engine.remove_listener(registration)) is True
    assert registrations(simulation) == [0, 0, 0]
    simulation.put(1, "no listener")
    simulation.driver.advance()
    assert keys == list(range(7))
    assert simulation.run(simulation.engine.remove_listener(registration)) is False
    assert all(len(c.event_handlers) <= 1 for c in simulation.connections)
    simulation.stop()


def test_unisocket_registers_once_for_all_members() -> None:
    simulation = Simulation(3, smart_routing=False).start()
    simulation.listen([])
    assert registrations(simulation) == [1, 0, 0]
    local = [r.values[3] for r in simulation.cluster.members[0].requests if "EntryL" in r.method]
    assert local == [False]
    simulation.stop()


def test_events_may_come_before_the_response() -> None:
    simulation = Simulation(1).start()
    member = simulation.cluster.members[0]
    data = simulation.serialization.to_data("early")

    def event_first(request: Request) -> None:
        request.session.event(
            "Map.addEntryListener event Entry",
            request.correlation_id,
            data,
            data,
            None,
            None,
            1,
            member.uuid,
            1,
        )
        member.answer(request)

    member.rule("Map.addEntryListener", event_first, times=1)
    keys: list[Any] = []
    simulation.listen(keys)
    simulation.driver.advance()
    assert keys == ["early"]
    simulation.stop()


def test_registers_again_after_a_reconnect() -> None:
    simulation = Simulation(2).start()
    keys: list[Any] = []
    registration = simulation.listen(keys)
    for link in list(simulation.driver.links):
        link.cut()
    simulation.driver.advance(5)
    assert registrations(simulation) == [1, 1]
    simulation.put(0, "x")
    simulation.put(1, "x")
    simulation.driver.advance()
    assert keys == [0, 1]
    assert simulation.run(simulation.engine.remove_listener(registration)) is True
    assert registrations(simulation) == [0, 0]
    simulation.stop()


def test_client_is_connected_again_when_its_listeners_are_registered() -> None:
    simulation = Simulation(1).start()
    simulation.listen([])
    kept: list[Request] = []
    member = simulation.cluster.members[0]
    member.rule("Map.addEntryListener", kept.append, times=1)
    simulation.cluster.cut_all()
    simulation.driver.advance(5)
    assert (len(kept), simulation.states[-1]) == (1, "DISCONNECTED")
    member.answer(kept[0])
    simulation.driver.advance()
    assert simulation.states[-1] == "CONNECTED"
    assert registrations(simulation) == [1]
    simulation.stop()


def test_registers_on_members_that_join() -> None:
    simulation = Simulation(1).start()
    keys: list[Any] = []
    simulation.listen(keys)
    simulation.cluster.join()
    simulation.driver.advance(3)
    assert registrations(simulation) == [1, 1]
    simulation.stop()


def test_listener_added_while_a_member_is_being_connected_is_registered_there() -> None:
    """Neither a snapshot of connections nor one of registrations may leave a gap."""
    for delay in range(8):
        simulation = Simulation(1).start()
        simulation.listen([])
        simulation.cluster.join()
        simulation.driver.run_until(lambda s=simulation: len(s.driver.links) == 2, 3)  # type: ignore[misc]  # bound
        simulation.driver.links[1].latency = 0.1
        simulation.driver.advance(delay / 10 + 0.05)
        late = simulation.begin(simulation.engine.add_listener(listener_spec(lambda event: None)))
        simulation.driver.advance(4)
        assert late.times == 1
        assert registrations(simulation) == [2, 2]
        simulation.stop()


def test_listener_removed_during_a_registration_is_removed_there() -> None:
    simulation = Simulation(1).start()
    registration = simulation.listen([])
    newcomer = simulation.cluster.add()
    kept: list[Request] = []
    newcomer.rule("Map.addEntryListener", kept.append, times=1)
    simulation.cluster.publish_view()
    simulation.driver.run_until(lambda: kept, 3)
    assert simulation.run(simulation.engine.remove_listener(registration)) is True
    newcomer.answer(kept[0])
    simulation.driver.advance(3)
    assert registrations(simulation) == [0, 0]
    simulation.stop()


def test_refused_registration_is_removed_everywhere() -> None:
    simulation = Simulation(2).start()
    simulation.cluster.members[1].rule(
        "Map.addEntryListener", lambda r: r.error(*codes.ILLEGAL_ARGUMENT), times=1
    )
    with pytest.raises(IllegalArgumentError):
        simulation.listen([])
    assert registrations(simulation) == [0, 0]
    simulation.driver.links[0].cut()
    simulation.driver.advance(5)
    assert registrations(simulation) == [0, 0]
    simulation.stop()


@pytest.mark.parametrize("answered", [0, 1], ids=["asked", "one has answered"])
def test_cancelled_registration_is_removed_everywhere(answered: int) -> None:
    """Closed as by Ctrl-C, or cancelled: members that have answered, or answer later, forget it."""
    simulation = Simulation(2).start()
    kept: list[Request] = []
    for member in simulation.cluster.members[answered:]:
        member.rule("Map.addEntryListener", kept.append, times=1)
    events: list[EntryEvent] = []
    flow = simulation.engine.add_listener(listener_spec(events.append))
    simulation.begin(flow)
    simulation.driver.run_until(lambda: len(kept) == 2 - answered, 3)
    simulation.driver.advance()
    assert registrations(simulation) == [answered, 0]
    flow.close()
    for request in kept:
        request.member.answer(request)
    simulation.driver.advance()
    assert registrations(simulation) == [0, 0]
    simulation.put(0, "no listener")
    simulation.cluster.cut_all()
    simulation.driver.advance(5)
    assert len(simulation.connections) == 2
    assert registrations(simulation) == [0, 0]
    assert events == []
    simulation.stop()


def test_listener_on_a_client_that_is_shut_down_is_refused() -> None:
    simulation = Simulation(1).start()
    simulation.stop()
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        simulation.listen([])


def test_listener_that_is_being_registered_at_shutdown_is_refused() -> None:
    simulation = Simulation(2).start()
    for member in simulation.cluster.members:
        member.rule("Map.addEntryListener", lambda r: None)
    late = simulation.begin(simulation.engine.add_listener(listener_spec(lambda event: None)))
    simulation.driver.advance()
    simulation.stop()
    with pytest.raises(HazelcastClientNotActiveError):
        simulation.value(late)


def test_listener_without_a_connection_is_refused_offline_and_follows_otherwise() -> None:
    for mode in ("ASYNC", "ON"):
        simulation = Simulation(1, reconnect_mode=mode).start()
        simulation.driver.links[0].cut()
        simulation.driver.run_until(lambda s=simulation: not s.connected, 3)  # type: ignore[misc]  # bound
        if mode == "ASYNC":
            with pytest.raises(ClientOfflineError):
                simulation.listen([])
        else:
            simulation.listen([])
        simulation.driver.advance(5)
        assert registrations(simulation) == [int(mode == "ON")]
        simulation.stop()


def test_member_lost_during_registration_does_not_fail_it() -> None:
    simulation = Simulation(2).start()
    simulation.cluster.members[1].rule("Map.addEntryListener", lambda r: r.session.pipe.cut(), times=1)
    keys: list[Any] = []
    simulation.listen(keys)
    simulation.driver.advance(5)
    assert registrations(simulation) == [1, 1]
    simulation.stop()


def test_error_in_a_listener_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    simulation = Simulation(1).start()

    def fail(event: EntryEvent) -> None:
        raise ValueError("user's mistake")

    registration = simulation.run(simulation.engine.add_listener(listener_spec(fail)))
    keys: list[Any] = []
    simulation.listen(keys)
    with caplog.at_level(logging.ERROR):
        simulation.put(1, "x")
        simulation.put(2, "x")
        simulation.driver.advance()
    assert keys == [1, 2]
    assert caplog.text.count(registration) == 2
    simulation.stop()


def test_errors_in_lifecycle_and_membership_listeners_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(argument: object) -> None:
        raise ValueError("user's mistake")

    states: list[str] = []
    with caplog.at_level(logging.ERROR):
        simulation = Simulation(
            1, lifecycle_listeners=[fail, states.append], membership_listeners=[(fail, fail)]
        ).start()
    assert states == ["STARTING", "STARTED", "CONNECTED"]
    assert "membership listener" in caplog.text
    assert "lifecycle listener" in caplog.text
    simulation.stop()


def test_a_slow_listener_has_a_limit_of_its_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hz_core.listener.MOST_QUEUED", 3)
    simulation = Simulation(1).start()
    kept: list[Any] = []
    run_callback = simulation.driver.run_callback
    keys: list[Any] = []
    simulation.listen(keys)
    monkeypatch.setattr(simulation.driver, "run_callback", kept.append)
    for key in range(7):
        simulation.put(key, key)
    simulation.driver.advance()
    assert len(kept) == 3
    texts = [text.partition("dropped ")[2] for text in caplog.messages]
    assert [text.partition(":")[0] for text in texts if text] == ["1 events", "2 events", "4 events"]
    monkeypatch.setattr(simulation.driver, "run_callback", run_callback)
    for callback in kept:
        callback()
    assert keys == [0, 1, 2]
    simulation.put(7, 7)
    simulation.driver.advance()
    assert keys == [0, 1, 2, 7]
    simulation.stop()
