"""Single operations: answered ones, what is called with their outcome, who observes them, how they are shown."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest

from core_simulation import MAP_GET, MapOps, Simulation
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_core.drivers.blocking import BlockingCall
from hz_core.errors import (
    ERROR_CLASSES,
    HazelcastClientNotActiveError,
    IllegalArgumentError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_core.invocation.invocation import Invocation, PromisedInvocation
from hz_core.invocation.observation import Observation, observed
from hz_core.op import AnsweredOp, Flow, GatherOutcomes, Op
from hz_core.testing import Request, codes
from hz_core.testing.scripted import Outcome


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(1) as started:
        yield started


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def config(server: SocketCluster) -> ClientConfig:
    return ClientConfig.from_kwargs(cluster_members=server.addresses, client_name="observed")


# ---- Op.ready


def test_answered_operation_needs_no_member(simulation: Simulation) -> None:
    before = len(simulation.cluster.members[0].requests)
    for value in (None, 0, "x"):
        op = Op.ready(value)
        assert repr(op) == "Op(answered)"
        assert simulation.client.futures.call(op).result() == value
        assert simulation.client.blocking.call(op) == value
        assert simulation.client.futures.within(1).call(op).result() == value
    assert len(simulation.cluster.members[0].requests) == before


def test_answered_operation_on_the_threads_surfaces(server: SocketCluster) -> None:
    def flow() -> Flow[list[Any]]:
        one = yield Op.ready(1)
        several = yield [Op.ready(2), Op.ready(3)]
        mixed = yield GatherOutcomes([Op.ready(4), ops.get(1)])
        return [one, several, mixed]

    with Client(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        known = client.futures.call(Op.ready("known"))
        assert known.done()
        assert known.result() == "known"
        assert client.blocking.call(Op.ready("known")) == "known"
        assert client.futures.run(AnsweredOp("known")).result() == "known"
        assert client.futures.within(1).run(AnsweredOp("known")).result() == "known"
        assert client.blocking.run(AnsweredOp("known")) == "known"
        assert client.blocking.run(flow()) == [1, [2, 3], [4, None]]
        assert client.futures.run(flow()).result() == [1, [2, 3], [4, None]]


async def test_answered_operation_on_asyncio(server: SocketCluster) -> None:
    async with AsyncioClient(config(server)) as client:
        assert await client.operations.call(Op.ready("known")) == "known"
        assert await client.operations.within(1).call(Op.ready("known")) == "known"
        assert await client.operations.run(AnsweredOp("known")) == "known"


# ---- Op.then


def test_result_is_told_before_the_caller_gets_it(simulation: Simulation) -> None:
    told: list[Any] = []
    simulation.put(1, "one")
    op = simulation.ops.get(1).then(lambda result: told.append((result, outcome.done)), told.append)
    outcome = Outcome()
    simulation.engine.submit(op, outcome)
    assert simulation.value(outcome) == "one"
    assert told == [("one", False)]


def test_result_is_told_although_the_caller_has_given_up(simulation: Simulation) -> None:
    told: list[Any] = []
    simulation.put(1, "one")
    outcome = simulation.submit(simulation.ops.get(1).then(told.append))
    outcome.cancel()
    simulation.driver.advance()
    assert told == ["one"]


def test_a_result_is_changed_before_it_is_told(simulation: Simulation) -> None:
    told: list[Any] = []
    simulation.put(1, "one")
    op = simulation.ops.get(1).mapped(len).mapped(lambda length: length + 1).then(told.append)
    assert simulation.value(simulation.submit(op)) == 4
    assert told == [4]


@pytest.mark.parametrize("error", [codes.ILLEGAL_ARGUMENT, codes.RETRYABLE])
@pytest.mark.parametrize("refusals", [1, 6], ids=["the first", "a later one"])
def test_error_is_told_although_the_caller_has_given_up(error: tuple[int, str], refusals: int) -> None:
    """A cancelled operation is not repeated, so its last error is its outcome."""
    observer = Observer()
    with Simulation(1, observer=observer) as simulation:
        told: list[Any] = []
        kept: list[Request] = []
        member = simulation.cluster.members[0]
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=refusals - 1)
        member.rule("Map.put", kept.append)
        outcome = simulation.submit(simulation.ops.put(1, "x").then(told.append, told.append))
        simulation.driver.run_until(lambda: kept)
        outcome.cancel()
        kept[0].error(*error)
        simulation.driver.advance(10)
        assert [type(each) for each in told] == [ERROR_CLASSES[error[0]]]
        assert [seen.method for seen in observer.seen] == ["Map.put"]
        assert (outcome.times, member.count("Map.put")) == (0, refusals)


def test_error_before_a_pause_is_told_when_the_caller_gives_up_meanwhile(simulation: Simulation) -> None:
    told: list[Any] = []
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE))
    outcome = simulation.submit(simulation.ops.put(1, "x").then(told.append, told.append))
    simulation.driver.run_until(lambda: simulation.engine.invocations._pausing)
    outcome.cancel()
    simulation.driver.advance(10)
    assert [type(error) for error in told] == [ERROR_CLASSES[codes.RETRYABLE[0]]]


def test_known_result_is_told_as_well() -> None:
    told: list[Any] = []
    op = Op.ready("known")
    assert op.then(told.append) is op
    assert told == ["known"]


@pytest.mark.parametrize("how", ["refused", "lost", "shut down"])
def test_error_is_told_once(simulation: Simulation, how: str) -> None:
    results: list[Any] = []
    errors: list[BaseException] = []
    member = simulation.cluster.members[0]
    if how == "refused":
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    elif how == "lost":
        member.rule("Map.put", lambda request: request.session.pipe.cut())
    else:
        member.rule("Map.put", lambda request: None)
    outcome = simulation.submit(simulation.ops.put(1, "x").then(results.append, errors.append))
    simulation.driver.advance(1)
    simulation.client.shutdown()
    simulation.driver.advance(1)
    expected = {
        "refused": IllegalArgumentError,
        "lost": TargetDisconnectedError,
        "shut down": HazelcastClientNotActiveError,
    }
    assert [type(error) for error in errors] == [expected[how]]
    assert errors == [outcome.error]
    assert results == []


def test_error_is_told_once_for_a_blocking_call(server: SocketCluster) -> None:
    errors: list[BaseException] = []
    server.do(lambda: server.cluster.members[0].rule("Map.get", lambda r: r.error(*codes.ILLEGAL_ARGUMENT)))
    with Client(config(server)) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)
        with pytest.raises(IllegalArgumentError) as caught:
            client.blocking.call(ops.get(1).then(errors.append, errors.append))
        assert errors == [caught.value]


def test_reply_can_be_read_in_another_way(simulation: Simulation) -> None:
    op = simulation.ops.get(1)
    decode = op.decode
    simulation.put(1, "one")
    assert op.decoded(lambda message, read: [decode(message, read)]) is op
    assert simulation.value(simulation.submit(op)) == ["one"]


# ---- observers


class Seen(NamedTuple):
    """An operation that has ended."""

    method: str
    error: type[BaseException] | None


class Observer:
    """Keeps the ends of operations on maps."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.invocations: list[Invocation] = []

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """Keep what has ended."""
        assert invocation.finished
        self.invocations.append(invocation)
        if invocation.op.method.name.startswith("Map."):
            self.seen.append(Seen(invocation.op.method.name, None if error is None else type(error)))


@pytest.mark.parametrize("kind", [PromisedInvocation, BlockingCall])
def test_nothing_is_added_without_an_observer(kind: type[Invocation]) -> None:
    assert observed(kind, None) is kind
    watched = observed(kind, Observer())
    assert watched is not kind
    assert issubclass(watched, kind)
    assert watched.__name__ == kind.__name__


def test_those_that_follow_the_observers_are_not_kept() -> None:
    class Maker:
        kind: type[Invocation] = BlockingCall

        def observed_by(self, observation: Observation) -> None:
            self.kind = observation.kind(BlockingCall)

    observation = Observation(nullcontext())
    kept = Maker()
    observation.follow(kept)
    for _ in range(10_000):
        observation.follow(Maker())
    assert len(observation._followers) < 100
    observer = Observer()
    observation.add(observer)
    assert issubclass(kept.kind, BlockingCall)
    assert kept.kind is not BlockingCall
    observation.remove(observer)
    assert kept.kind is BlockingCall


def test_first_end_of_an_operation_is_observed_and_no_other() -> None:
    observer = Observer()
    call = observed(BlockingCall, observer)(Op(MAP_GET, bytearray(22)), 5.0)
    assert not call.unwanted()
    call.complete("first", None)
    call.complete("second", None)
    call.fail(IllegalArgumentError("late"))
    assert observer.seen == [Seen("Map.get", None)]
    assert (call.value, call.error, call.unwanted()) == ("first", None, True)
    assert observer.invocations[0].started == 5.0


def test_retries_are_one_operation_for_the_observer() -> None:
    observer = Observer()
    with Simulation(1, observer=observer) as simulation:
        member = simulation.cluster.members[0]
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=7)
        began = simulation.driver.now()
        simulation.put(1, "x")
        assert observer.seen == [Seen("Map.put", None)]
        assert (observer.invocations[-1].started, observer.invocations[-1].tries) == (began, 7)
        member.rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
        with pytest.raises(IllegalArgumentError):
            simulation.put(1, "x")
        assert observer.seen[1:] == [Seen("Map.put", IllegalArgumentError)]


def test_deadline_and_shutdown_are_observed() -> None:
    observer = Observer()
    simulation = Simulation(1, observer=observer).start()
    simulation.cluster.members[0].rule("Map.get", lambda request: None)
    op = simulation.ops.get(1)
    op.deadline = simulation.driver.now() + 1
    simulation.submit(op)
    simulation.submit(simulation.ops.get(2))
    simulation.driver.advance(2)
    simulation.stop()
    assert observer.seen == [
        Seen("Map.get", OperationTimeoutError),
        Seen("Map.get", HazelcastClientNotActiveError),
    ]


def refuse_puts(server: SocketCluster) -> None:
    def refuse(request: Request) -> None:
        request.error(*codes.ILLEGAL_ARGUMENT)

    server.do(lambda: server.cluster.members[0].rule("Map.put", refuse))


ALL_SEEN = [Seen("Map.get", None), Seen("Map.put", IllegalArgumentError)] * 2


def test_observer_of_threads_sees_blocking_calls_futures_and_flows(server: SocketCluster) -> None:
    refuse_puts(server)
    observer = Observer()
    with Client(config(server), observer=observer) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)

        def flow() -> Flow[None]:
            yield ops.get(1)
            yield [ops.put(1, "x")]

        client.blocking.call(ops.get(1))
        with pytest.raises(IllegalArgumentError):
            client.blocking.call(ops.put(1, "x"))
        client.futures.call(ops.get(1)).result()
        assert isinstance(client.futures.call(ops.put(1, "x")).exception(), IllegalArgumentError)
        assert observer.seen == ALL_SEEN
        for run in (client.blocking.run, lambda flow: client.futures.run(flow).result()):
            with pytest.raises(IllegalArgumentError):
                run(flow())
        assert observer.seen == ALL_SEEN * 2


async def test_observer_of_asyncio_sees_operations_and_flows(server: SocketCluster) -> None:
    refuse_puts(server)
    observer = Observer()
    async with AsyncioClient(config(server), observer=observer) as client:
        ops = MapOps(client.serialization, server.cluster.partition_count)

        def flow() -> Flow[None]:
            yield ops.get(1)
            yield ops.put(1, "x")

        await client.operations.call(ops.get(1))
        with pytest.raises(IllegalArgumentError):
            await client.operations.call(ops.put(1, "x"))
        with pytest.raises(IllegalArgumentError):
            await client.operations.run(flow())
        assert observer.seen == ALL_SEEN


# ---- how they are shown


def test_invocation_shows_how_far_it_has_come() -> None:
    with Simulation(2, fail_on_indeterminate_operation_state=True, invocation_timeout=1000) as simulation:
        engine = simulation.engine
        member = simulation.cluster.members[1]
        kept: list[Request] = []
        member.rule("Map.put", kept.append, times=1)
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=6)
        op = simulation.ops.put(1, "x")
        assert repr(op) == "Op(Map.put, partition 1)"
        unsent = PromisedInvocation(op, 0.0, Outcome())
        assert repr(unsent) == "PromisedInvocation(Map.put, partition 1, not sent)"
        invocation = engine.submit(op, outcome := Outcome())
        shown = "PromisedInvocation(Map.put, partition 1, {})"
        assert repr(invocation) == shown.format("sent to 10.0.0.2:5701")
        simulation.driver.advance()
        kept[0].error(*codes.RETRYABLE)
        simulation.driver.run_until(lambda: invocation in engine.invocations.pausing())
        assert repr(invocation) == shown.format("failed 5 times")
        simulation.cluster.backups = 1
        simulation.cluster.acks_lost = True
        simulation.driver.advance(1)
        assert repr(invocation) == shown.format("waiting for 1 backup acks")
        simulation.driver.advance(10)
        assert repr(invocation) == shown.format("finished")
        assert outcome.times == 1


def test_client_and_engine_show_their_state() -> None:
    simulation = Simulation(2, client_name="shown")
    assert repr(simulation.client) == "SimulatedClient('shown', created)"
    outcome = simulation.begin(simulation.engine.connect())
    assert repr(simulation.engine) == "Engine('shown', connecting, connections=0, pending=0)"
    simulation.value(outcome)
    assert repr(simulation.client) == "SimulatedClient('shown', connected)"
    for member in simulation.cluster.members:
        member.rule("Map.get", lambda request: None)
    simulation.submit(simulation.ops.get(1))
    assert repr(simulation.engine) == "Engine('shown', connected, connections=2, pending=1)"
    simulation.stop()
    assert repr(simulation.engine) == "Engine('shown', closed, connections=0, pending=0)"


def test_clients_of_threads_and_asyncio_show_their_state(server: SocketCluster) -> None:
    with Client(config(server)) as client:
        assert repr(client) == "Client('observed', connected)"
    assert repr(client) == "Client('observed', closed)"

    async def main() -> list[str]:
        client = AsyncioClient(config(server))
        shown = [repr(client)]
        async with client:
            shown.append(repr(client))
        return [*shown, repr(client)]

    states = ("created", "connected", "closed")
    assert asyncio.run(main()) == [f"AsyncioClient('observed', {state})" for state in states]


def test_clients_are_found_in_the_package_and_loaded_when_they_are_used() -> None:
    import hz_core

    assert hz_core.Client is Client
    assert hz_core.AsyncioClient is AsyncioClient
    assert hz_core.ClientConfig is ClientConfig
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = hz_core.Nothing
    assert "hz_core.client" in sys.modules
