"""The tables of states of connections and clients: each on its own, and what real runs make of them."""

from collections.abc import Callable, Iterable
from itertools import product
from random import Random
from typing import TypeVar

import pytest

from core_clusters import BlueGreen
from core_simulation import Simulation
from hz_core.client_state import (
    CLIENT_TRANSITIONS,
    LIFECYCLE_EVENTS,
    ClientEvent,
    ClientState,
    ClientStateMachine,
)
from hz_core.config import ReconnectMode
from hz_core.connection import CONNECTION_TRANSITIONS, Connection, ConnectionState
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError, IllegalStateError
from hz_core.lifecycle import LifecycleService
from hz_core.model import Address
from hz_core.op import Flow
from hz_core.testing import Accept, BlackHole, Delay, Refuse, SimulatedCluster
from hz_core.testing.scripted import ScriptedDriver

S = TypeVar("S")

MEMBER = Address("10.0.0.1", 5701)


def reachable(start: S, following: Callable[[S], Iterable[S]]) -> set[S]:
    """Return the states that can follow `start`, directly or not, and `start` itself."""
    found, new = {start}, [start]
    while new:
        for state in following(new.pop()):
            if state not in found:
                found.add(state)
                new.append(state)
    return found


# ---- connections


class Owner:
    """Owner of a connection without an engine."""

    def on_connection_opened(self, connection: Connection) -> None:
        """Do nothing."""

    def on_connection_closed(self, connection: Connection, error: Exception) -> None:
        """Close it, as the engine does."""
        connection.close(error)

    def on_messages(self, connection: Connection, messages: Iterable[bytes]) -> None:
        """Do nothing."""


class Socket:
    """A transport that knows only whether it is closed."""

    closed = False
    full = False

    def write(self, data: bytes | bytearray) -> None:
        """Do nothing."""

    write_soon = write

    def close(self) -> None:
        """Note the end."""
        self.closed = True


def connection_in(state: ConnectionState) -> Connection:
    """Return a connection that has come to `state` on an allowed way."""
    connection = Connection(1, MEMBER, Owner(), 1000)
    order = [ConnectionState.AUTHENTICATING, ConnectionState.PREPARING, ConnectionState.READY]
    if state is ConnectionState.CLOSED:
        connection.close(OSError("closed by the test"))
    else:
        for step in order[: order.index(state) + 1] if state in order else []:
            connection.enter(step)
    assert connection.state is state
    return connection


@pytest.mark.parametrize(("before", "after"), list(product(ConnectionState, ConnectionState)))
def test_connection_takes_the_listed_transitions_only(
    before: ConnectionState, after: ConnectionState
) -> None:
    connection = connection_in(before)
    if after in CONNECTION_TRANSITIONS[before]:
        connection.enter(after)
        assert connection.state is after
        return
    with pytest.raises(ValueError, match=f"{before.value}.*cannot become {after.value}"):
        connection.enter(after)
    assert connection.state is before


def test_every_connection_can_be_closed_and_stays_closed() -> None:
    assert reachable(ConnectionState.CONNECTING, CONNECTION_TRANSITIONS.__getitem__) == set(ConnectionState)
    assert CONNECTION_TRANSITIONS.keys() == set(ConnectionState)
    for state in set(ConnectionState) - {ConnectionState.CLOSED}:
        assert ConnectionState.CLOSED in CONNECTION_TRANSITIONS[state]
        connection = connection_in(state)
        assert connection.alive
        socket = Socket()
        connection.on_socket_opened(socket)
        reason = OSError("the first reason")
        connection.close(reason)
        connection.close(OSError("a later reason"))
        assert (connection.alive, connection.state) == (False, ConnectionState.CLOSED)
        assert connection.close_reason is reason
        assert socket.closed


def test_socket_that_opens_after_the_connection_was_closed_is_closed() -> None:
    connection = connection_in(ConnectionState.CLOSED)
    socket = Socket()
    connection.on_socket_opened(socket)
    assert socket.closed
    assert connection.state is ConnectionState.CLOSED


def test_connections_take_every_listed_transition_in_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[tuple[ConnectionState, ConnectionState]] = set()
    enter = Connection.enter

    def note(connection: Connection, state: ConnectionState) -> None:
        before = connection.state
        enter(connection, state)
        taken.add((before, state))

    monkeypatch.setattr(Connection, "enter", note)
    simulation = Simulation(2, connection_timeout=3)
    second = simulation.cluster.members[1]
    simulation.cluster.down[second.address] = Refuse()
    simulation.start()
    for answer in (BlackHole(), Delay(0.5, Accept(second))):
        simulation.cluster.down[second.address] = answer
        simulation.driver.advance(10)
    for method in ("Client.authentication", "Client.localBackupListener", "Map.put"):
        second.rule(method, lambda request: request.session.pipe.cut(), times=1)
        simulation.begin(put(simulation))
        simulation.driver.advance(5)
        second.cut_all()
        simulation.driver.advance(5)
    simulation.stop()
    assert taken == {(state, then) for state, others in CONNECTION_TRANSITIONS.items() for then in others}


def put(simulation: Simulation) -> Flow[None]:
    yield simulation.ops.put(1, "x")


# ---- clients


def machine(
    state: ClientState = ClientState.CREATED, *, at_start: bool = True, when_disconnected: bool = True
) -> tuple[ClientStateMachine, list[str]]:
    """Return a client's states, and what its lifecycle listener is told."""
    driver = ScriptedDriver(lambda address: Refuse())
    told: list[str] = []
    lifecycle = LifecycleService(driver, "client", SimulatedCluster(0).new_uuid)
    lifecycle.add_listener(told.append)
    states = ClientStateMachine(
        lifecycle, "client", waits_at_start=at_start, waits_when_disconnected=when_disconnected
    )
    states.state = state
    handle = states.handle

    def handle_and_tell(event: ClientEvent) -> bool:
        try:
            return handle(event)
        finally:
            driver.advance()

    states.handle = handle_and_tell  # type: ignore[method-assign]  # lets the callbacks run, too
    return states, told


@pytest.mark.parametrize(("state", "event"), list(product(ClientState, ClientEvent)))
def test_client_takes_the_listed_transitions_only(state: ClientState, event: ClientEvent) -> None:
    states, told = machine(state)
    following = CLIENT_TRANSITIONS.get((state, event))
    assert states.handle(event) == (following is not None)
    assert states.state is (following or state)
    assert told == list(LIFECYCLE_EVENTS.get((state, event), ()))


def test_every_client_can_be_closed_and_stays_closed() -> None:
    def following(state: ClientState) -> list[ClientState]:
        return [after for (before, _), after in CLIENT_TRANSITIONS.items() if before is state]

    assert LIFECYCLE_EVENTS.keys() == CLIENT_TRANSITIONS.keys()
    assert reachable(ClientState.CREATED, following) == set(ClientState)
    assert all(ClientState.CLOSED in reachable(state, following) for state in ClientState)
    assert following(ClientState.CLOSED) == []
    for state in ClientState:
        ended = state in (ClientState.CLOSING, ClientState.CLOSED)
        assert ((state, ClientEvent.CLOSE) in CLIENT_TRANSITIONS) == (not ended)
        assert machine(state)[0].closed == ended


@pytest.mark.parametrize("when_disconnected", [False, True])
@pytest.mark.parametrize("at_start", [False, True])
@pytest.mark.parametrize("state", ClientState)
def test_operations_wait_where_the_options_say_so(
    state: ClientState, at_start: bool, when_disconnected: bool
) -> None:
    states, _ = machine(state, at_start=at_start, when_disconnected=when_disconnected)
    waits = {
        ClientState.CREATED: at_start,
        ClientState.CONNECTING: at_start,
        ClientState.CONNECTED: True,
        ClientState.DISCONNECTED: when_disconnected,
    }
    if state not in waits:
        with pytest.raises(HazelcastClientNotActiveError, match="client is shut down"):
            states.check_active()
    elif waits[state]:
        states.check_active()
    else:
        with pytest.raises(ClientOfflineError, match="try again later"):
            states.check_active()


def never_started(simulation: Simulation) -> None:
    """The client is closed before it is started."""


def closed_while_connecting(simulation: Simulation) -> None:
    """The client is closed before it has found a member."""
    simulation.cluster.down[MEMBER] = Refuse()
    simulation.begin(simulation.engine.connect())
    simulation.driver.advance(3)


def lost_and_found(simulation: Simulation) -> None:
    """The client loses its connection and gets it back."""
    simulation.start()
    simulation.cluster.cut_all()
    simulation.driver.advance(5)


def closed_while_disconnected(simulation: Simulation) -> None:
    """The client is closed while the cluster is away."""
    simulation.start()
    simulation.cluster.down[MEMBER] = Refuse()
    simulation.cluster.cut_all()
    simulation.driver.advance(5)


def cluster_never_back(simulation: Simulation) -> None:
    """The client gives up."""
    closed_while_disconnected(simulation)
    simulation.driver.advance(200)


def cluster_never_there(simulation: Simulation) -> None:
    """The client finds nobody."""
    simulation.cluster.down[MEMBER] = Refuse()
    with pytest.raises(IllegalStateError):
        simulation.start()


def faults_at_random(simulation: Simulation) -> None:
    """The client loses its connections at any moment, also while it sets them up."""
    random = Random(1)
    simulation.begin(simulation.engine.connect())
    for _ in range(200):
        for link in simulation.driver.links:
            link.latency = random.choice([0, 0.1])
        if random.random() < 0.3:
            simulation.cluster.cut_all()
        simulation.driver.advance(random.random())


def moves_between_clusters() -> None:
    """The client starts on the second of its clusters, and returns to the first one."""
    simulation = BlueGreen()
    simulation.stop_cluster(simulation.blue)
    simulation.start()
    simulation.start_cluster(simulation.blue)
    simulation.stop_cluster(simulation.green)
    simulation.driver.advance(30)
    simulation.stop()


SCENARIOS: dict[Callable[[Simulation], None], str] = {
    never_started: "SHUTTING_DOWN SHUTDOWN",
    closed_while_connecting: "STARTING STARTED SHUTTING_DOWN SHUTDOWN",
    lost_and_found: "STARTING STARTED CONNECTED DISCONNECTED CONNECTED SHUTTING_DOWN DISCONNECTED SHUTDOWN",
    closed_while_disconnected: "STARTING STARTED CONNECTED DISCONNECTED SHUTTING_DOWN SHUTDOWN",
    cluster_never_back: "STARTING STARTED CONNECTED DISCONNECTED SHUTTING_DOWN SHUTDOWN",
    cluster_never_there: "STARTING STARTED SHUTTING_DOWN SHUTDOWN",
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_lifecycle_events_of_real_runs(scenario: Callable[[Simulation], None]) -> None:
    simulation = Simulation(1, cluster_connect_timeout=100)
    scenario(simulation)
    simulation.stop()
    assert simulation.states == SCENARIOS[scenario].split()


def test_lifecycle_events_without_reconnecting() -> None:
    simulation = Simulation(1, reconnect_mode=ReconnectMode.OFF)
    lost_and_found(simulation)
    assert simulation.engine.states.state is ClientState.CLOSED
    simulation.stop()
    assert simulation.states == [
        "STARTING",
        "STARTED",
        "CONNECTED",
        "DISCONNECTED",
        "SHUTTING_DOWN",
        "SHUTDOWN",
    ]


def test_clients_take_every_listed_transition_in_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[tuple[ClientState, ClientEvent, ClientState]] = set()
    handle = ClientStateMachine.handle

    def note(states: ClientStateMachine, event: ClientEvent) -> bool:
        before = states.state
        changed = handle(states, event)
        if changed:
            taken.add((before, event, states.state))
        else:
            assert states.state is before
        return changed

    monkeypatch.setattr(ClientStateMachine, "handle", note)
    for scenario in [*SCENARIOS, faults_at_random]:
        simulation = Simulation(1, cluster_connect_timeout=100)
        scenario(simulation)
        connected = simulation.engine.states.state is ClientState.CONNECTED
        assert connected or not simulation.connections
        simulation.stop()
    moves_between_clusters()
    assert taken == {(before, event, after) for (before, event), after in CLIENT_TRANSITIONS.items()}
