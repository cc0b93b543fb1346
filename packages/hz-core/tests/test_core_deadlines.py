"""Deadlines of operations and of flows: wherever an operation waits, it ends in time, and only once."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest

from core_selector_thread import PATIENCE
from core_simulation import Simulation
from core_surfaces import Surface, make
from hz_core.config import ReconnectMode
from hz_core.drivers import streams
from hz_core.errors import OperationTimeoutError, RetryableHazelcastError
from hz_core.op import Flow, Op, Sleep
from hz_core.testing import BlackHole, Request, codes
from hz_core.testing.scripted import Outcome
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(2, reconnect_mode=ReconnectMode.ON, invocation_retry_pause=0.2) as started:
        yield started


HEARTBEAT = 5.0
"""Seconds after which the reply to a ping wakes a thread that reads, though nothing else does."""


def submit(simulation: Simulation, op: Op[Any], seconds: float) -> Outcome:
    """Submit an operation with a deadline."""
    op.deadline = simulation.driver.now() + seconds
    return simulation.submit(op)


def count(simulation: Simulation, method: str) -> int:
    """Return how many requests of a method were received."""
    return sum(member.count(method) for member in simulation.cluster.members)


@pytest.mark.parametrize("seconds", [0, -1])
def test_operation_is_not_sent_after_its_deadline(simulation: Simulation, seconds: float) -> None:
    outcome = submit(simulation, simulation.ops.put(1, "x"), seconds)
    assert outcome.times == 1
    assert isinstance(outcome.error, OperationTimeoutError)
    simulation.driver.advance(10)
    assert count(simulation, "Map.put") == 0


def nothing(simulation: Simulation) -> None:
    """The member keeps the request."""
    for member in simulation.cluster.members:
        member.rule("Map.put", lambda request: None)


def refused(simulation: Simulation) -> None:
    """The client repeats the request again and again."""
    for member in simulation.cluster.members:
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE))


def no_acks(simulation: Simulation) -> None:
    """The client waits for backup acks."""
    simulation.cluster.backups = 1
    simulation.cluster.acks_lost = True


def no_connection(simulation: Simulation) -> None:
    """The client waits for a connection."""
    simulation.cluster.down = {member.address: BlackHole() for member in simulation.cluster.members}
    simulation.cluster.cut_all()
    simulation.driver.advance()


def no_schema(simulation: Simulation) -> None:
    """The client waits for the Compact schema to be replicated."""
    for member in simulation.cluster.members:
        member.rule("Client.sendSchema", lambda request: None)


@pytest.mark.parametrize("hinder", [nothing, refused, no_acks, no_connection, no_schema])
def test_operation_ends_at_its_deadline(simulation: Simulation, hinder: Callable[[Simulation], None]) -> None:
    hinder(simulation)
    began = simulation.driver.now()
    value = GenericRecord("person", {"name": (FieldKind.STRING, "Ada")})
    outcome = submit(simulation, simulation.ops.put(1, value), 2)
    simulation.driver.advance(1.5)
    assert not outcome.done
    with pytest.raises(OperationTimeoutError, match=r"Map\.put.*deadline"):
        simulation.value(outcome)
    # When the next try would come too late, the last error is passed on without waiting.
    assert 1.5 < simulation.driver.now() - began <= 2
    sent = count(simulation, "Map.put")
    simulation.driver.advance(100)
    assert outcome.times == 1
    assert count(simulation, "Map.put") == sent


def test_deadline_while_retrying_names_the_last_error(simulation: Simulation) -> None:
    refused(simulation)
    outcome = submit(simulation, simulation.ops.put(1, "x"), 3)
    with pytest.raises(OperationTimeoutError, match=r"the deadline of 3 s, in .* attempts") as caught:
        simulation.value(outcome)
    assert isinstance(caught.value.__cause__, RetryableHazelcastError)


def test_deadline_later_than_invocation_timeout_changes_nothing() -> None:
    with Simulation(1, invocation_timeout=5) as simulation:
        refused(simulation)
        began = simulation.driver.now()
        with pytest.raises(OperationTimeoutError):
            simulation.value(submit(simulation, simulation.ops.put(1, "x"), 50))
        assert simulation.driver.now() - began <= 5


@pytest.mark.parametrize("late", ["reply", "error"])
def test_reply_after_the_deadline_is_ignored(simulation: Simulation, late: str) -> None:
    kept: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("Map.put", kept.append, times=1)
    told: list[object] = []
    outcome = submit(simulation, simulation.ops.put(1, "x").then(told.append, told.append), 1)
    with pytest.raises(OperationTimeoutError):
        simulation.value(outcome)
    assert told == [outcome.error]
    if late == "reply":
        kept[0].reply(None)
    else:
        kept[0].error(*codes.RETRYABLE)
    simulation.driver.advance(10)
    assert outcome.times == 1
    assert count(simulation, "Map.put") == 1
    assert simulation.engine.invocations.pending_count == 0


def test_reply_before_the_deadline_counts(simulation: Simulation) -> None:
    kept: list[Request] = []
    simulation.cluster.members[1].rule("Map.put", kept.append, times=1)
    outcome = submit(simulation, simulation.ops.put(1, "x"), 1)
    simulation.driver.advance(0.99)
    kept[0].reply(None)
    simulation.driver.advance(10)
    assert (outcome.times, outcome.error) == (1, None)


# ---- with_timeout, on every surface


@pytest.fixture(params=["threaded", "asyncio", "scripted"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    made = make(request.param)
    yield made
    made.close()


def callers(surface: Any, seconds: float) -> Any:
    """Return what runs operations with a time limit."""
    client = surface.simulation.client if hasattr(surface, "simulation") else surface.client
    caller = client.operations if hasattr(client, "operations") else client.futures
    return caller.within(seconds)


def call(surface: Any, seconds: float, op: Op[Any]) -> Any:
    """Begin an operation with a time limit."""
    if not hasattr(surface, "runner"):
        return callers(surface, seconds).call(op)

    async def begin() -> Any:
        return [callers(surface, seconds).call(op)]

    return surface.runner.run(begin())[0]


def run(surface: Any, seconds: float, flow: Flow[Any]) -> Any:
    """Begin a flow with a time limit."""
    if not hasattr(surface, "runner"):
        return callers(surface, seconds).run(flow)

    async def begin() -> Any:
        return [callers(surface, seconds).run(flow)]

    return surface.runner.run(begin())[0]


def keep_all(surface: Surface, method: str) -> None:
    """Let the member never answer a request."""
    surface.do(lambda: surface.cluster.members[0].rule(method, lambda request: None))


def test_operation_with_a_time_limit(surface: Surface) -> None:
    assert surface.result(call(surface, PATIENCE, surface.ops.put(1, "one"))) is None
    assert surface.result(call(surface, PATIENCE, surface.ops.get(1))) == "one"
    assert surface.result(call(surface, PATIENCE, Op.ready("known"))) == "known"
    keep_all(surface, "Map.get")
    began = monotonic()
    with pytest.raises(OperationTimeoutError, match=r"Map\.get"):
        surface.result(call(surface, 0.05, surface.ops.get(1)), None)
    assert monotonic() - began < HEARTBEAT / 2


def test_flow_with_a_time_limit(surface: Surface) -> None:
    log: list[str] = []

    def flow(method: str) -> Flow[str]:
        try:
            yield [surface.ops.put(1, "one"), Sleep(0.01)]
            yield surface.ops.get(1)
        finally:
            yield surface.ops.put(2, "clean")
            log.append(method)
        return "done"

    assert surface.result(run(surface, PATIENCE, flow("first"))) == "done"
    keep_all(surface, "Map.get")
    with pytest.raises(OperationTimeoutError, match=r"time limit of 0\.05 s"):
        surface.result(run(surface, 0.05, flow("second")))
    surface.until(lambda: log == ["first", "second"])


def test_blocking_call_with_a_time_limit() -> None:
    """The thread that waits reads the socket itself, and is woken by the deadline all the same."""
    surface: Any = make("threaded")
    try:
        blocking = surface.client.blocking.within(PATIENCE)
        assert blocking.call(surface.ops.put(1, "one")) is None
        assert blocking.call(surface.ops.get(1)) == "one"
        assert blocking.call(Op.ready("known")) == "known"
        keep_all(surface, "Map.get")
        outcomes: list[BaseException] = []

        def wait() -> None:
            began = monotonic()
            with pytest.raises(OperationTimeoutError, match=r"Map\.get") as caught:
                surface.client.blocking.within(0.05).call(surface.ops.get(1))
            assert monotonic() - began < HEARTBEAT / 2
            outcomes.append(caught.value)

        for count in (1, 3):
            waiting = [threading.Thread(target=wait, daemon=True) for _ in range(count)]
            for thread in waiting:
                thread.start()
            for thread in waiting:
                thread.join(PATIENCE)
        assert len(outcomes) == 4
        assert blocking.call(surface.ops.put(1, "two")) == "one"
    finally:
        surface.close()


@pytest.mark.parametrize("driver", ["threaded", "threaded-tls"])
@pytest.mark.parametrize("how", ["blocking", "futures"])
@pytest.mark.parametrize("seconds", [0.05, 0.35])
def test_a_thread_that_reads_waits_no_longer_than_its_deadline(
    monkeypatch: pytest.MonkeyPatch, driver: str, how: str, seconds: float
) -> None:
    """A receive blocks for a quarter of a second, and nothing ends it earlier: near the deadline, none is begun."""
    surface: Any = make(driver, heartbeat_interval=PATIENCE, heartbeat_timeout=2 * PATIENCE)
    try:
        keep_all(surface, "Map.get")
        waits: list[float] = []
        real_wait = streams._wait_readable

        def wait(sock: Any, timeout: float) -> bool:
            waits.append(timeout)
            return real_wait(sock, timeout)

        monkeypatch.setattr(streams, "_wait_readable", wait)
        limited = getattr(surface.client, how).within(seconds)
        with pytest.raises(OperationTimeoutError, match=r"Map\.get"):
            limited.call(surface.ops.get(1)).result() if how == "futures" else limited.call(
                surface.ops.get(1)
            )
        assert waits
        assert max(waits) <= min(seconds, streams.CANCEL_CHECK_INTERVAL)
    finally:
        surface.close()


def test_blocking_flow_with_a_time_limit() -> None:
    surface: Any = make("threaded")
    try:
        keep_all(surface, "Map.get")
        log: list[str] = []

        def flow() -> Flow[None]:
            try:
                yield surface.ops.get(1)
            finally:
                yield surface.ops.put(1, "clean")
                log.append("clean")

        with pytest.raises(OperationTimeoutError, match=r"time limit of 0\.05 s"):
            surface.client.blocking.within(0.05).run(flow())
        surface.until(lambda: log == ["clean"])
    finally:
        surface.close()
