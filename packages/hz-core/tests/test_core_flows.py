"""Flows: how multi-step operations continue, how they are cancelled, and what is not sent afterwards."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core_simulation import Simulation
from hz_core.errors import HazelcastClientNotActiveError, IllegalArgumentError, OperationTimeoutError
from hz_core.flow import FlowCancelled, RunningFlow, run_flow
from hz_core.future import Future
from hz_core.op import Flow, GatherOutcomes, Op, Sleep, Step, WaitFor, Within
from hz_core.promise import Promise
from hz_core.testing import Request, codes
from hz_core.testing.scripted import Outcome

Steps = Callable[[Simulation], Step]


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(1) as started:
        yield started


def refuse(simulation: Simulation, method: str = "Map.put") -> None:
    """Let the member refuse a request so that the client repeats it."""
    simulation.cluster.members[0].rule(method, lambda request: request.error(*codes.RETRYABLE))


def keep(simulation: Simulation, method: str, times: int = 1) -> list[Request]:
    """Let the member keep requests without an answer."""
    kept: list[Request] = []
    simulation.cluster.members[0].rule(method, kept.append, times)
    return kept


def count(simulation: Simulation, method: str) -> int:
    """Return how many requests of a method were received."""
    return simulation.cluster.members[0].count(method)


def after(step: Step, then: Step) -> Flow[Any]:
    """Take one step after the other, and return the result of the second one."""
    yield step
    return (yield then)


def answer(simulation: Simulation, request: Request) -> None:
    """Answer a request that was kept."""
    request.member.answer(request)
    simulation.driver.advance()


# ---- going on


def test_flow_runs_steps_in_parallel_and_one_after_another(simulation: Simulation) -> None:
    def flow() -> Flow[list[Any]]:
        yield [simulation.ops.put(key, key) for key in range(4)]
        yield Sleep(3)
        outcomes = yield GatherOutcomes([simulation.ops.get(key) for key in range(5)])
        return list(outcomes)

    began = simulation.driver.now()
    assert simulation.run(flow()) == [0, 1, 2, 3, None]
    assert simulation.driver.now() - began == pytest.approx(3)


@pytest.mark.parametrize(
    ("step", "result"),
    [
        (lambda s: [], []),
        (lambda s: GatherOutcomes([]), []),
        (lambda s: Op.ready("known"), "known"),
        (lambda s: [Op.ready(1), s.ops.get(1), Op.ready(3)], [1, "one", 3]),
        (lambda s: GatherOutcomes([Op.ready(1), s.ops.get(1)]), [1, "one"]),
        (lambda s: Within(1, Op.ready("known")), "known"),
        (lambda s: Within(1, s.ops.get(1)), "one"),
        (lambda s: Within(5, Within(1, [s.ops.get(1)])), ["one"]),
        (lambda s: after(Op.ready(1), s.ops.get(1)), "one"),
        (lambda s: [after(Sleep(1), s.ops.get(1)), after(Sleep(2), Op.ready(2))], ["one", 2]),
        (lambda s: [[s.ops.get(1), Op.ready(2)], [Op.ready(3)]], [["one", 2], [3]]),
        (lambda s: WaitFor(lambda promise: promise.set_result("waited")), "waited"),
        (lambda s: Sleep(1), None),
    ],
)
def test_result_of_each_kind_of_step(simulation: Simulation, step: Steps, result: Any) -> None:
    simulation.put(1, "one")

    def flow() -> Flow[Any]:
        return (yield step(simulation))

    assert simulation.run(flow()) == result
    assert simulation.client.futures.run(flow()).result() == result
    assert simulation.client.blocking.run(flow()) == result


def failing(error: Exception) -> Flow[None]:
    yield []
    raise error


@pytest.mark.parametrize(
    "step",
    [
        lambda s: s.ops.get(1),
        lambda s: [Op.ready(1), s.ops.get(1)],
        lambda s: Within(5, s.ops.get(1)),
        lambda s: after(Sleep(1), s.ops.get(1)),
        lambda s: [after(Sleep(1), s.ops.get(1))],
        lambda s: failing(IllegalArgumentError("simulated")),
        lambda s: WaitFor(lambda promise: promise.set_exception(IllegalArgumentError("simulated"))),
    ],
)
def test_error_of_each_kind_of_step(simulation: Simulation, step: Steps) -> None:
    simulation.cluster.members[0].rule("Map.get", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))

    def flow() -> Flow[str]:
        with pytest.raises(IllegalArgumentError, match="simulated"):
            yield step(simulation)
        outcomes = yield GatherOutcomes([step(simulation), Op.ready("other")])
        assert isinstance(outcomes[0], IllegalArgumentError)
        assert outcomes[1] == "other"
        return "end"

    assert simulation.run(flow()) == "end"


def test_flow_gets_the_first_error_after_all_steps_are_done(simulation: Simulation) -> None:
    simulation.cluster.members[0].rule("Map.get", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    put = keep(simulation, "Map.put")

    def flow() -> Flow[None]:
        yield [simulation.ops.get(1), simulation.ops.put(1, "x")]

    outcome = simulation.begin(flow())
    simulation.driver.advance(1)
    assert not outcome.done
    answer(simulation, put[0])
    assert isinstance(outcome.error, IllegalArgumentError)


def test_step_that_cannot_be_sent_is_an_error_in_the_flow(simulation: Simulation) -> None:
    simulation.client.shutdown()

    def flow() -> Flow[None]:
        with pytest.raises(HazelcastClientNotActiveError):
            yield simulation.ops.get(1)
        yield [simulation.ops.get(1)]

    assert isinstance(simulation.begin(flow()).error, HazelcastClientNotActiveError)


@pytest.mark.parametrize("in_list", [False, True])
def test_step_that_cannot_be_started_is_an_error_in_the_flow(simulation: Simulation, in_list: bool) -> None:
    def start(promise: Promise) -> None:
        raise LookupError("cannot start")

    step: Step = [WaitFor(start)] if in_list else WaitFor(start)
    outcome = simulation.begin(after(step, simulation.ops.put(1, "never")))
    assert isinstance(outcome.error, LookupError)
    assert count(simulation, "Map.put") == 0


def test_something_else_than_a_step_is_an_error_in_the_flow(simulation: Simulation) -> None:
    not_a_step: Any = 5
    assert isinstance(simulation.begin(after(not_a_step, Sleep(1))).error, TypeError)


LEVELS = 100_000


@pytest.mark.parametrize(
    "step",
    [
        lambda s: Op.ready(1),
        lambda s: WaitFor(lambda promise: promise.set_result(1)),
        lambda s: [],
        lambda s: [Op.ready(1)],
        lambda s: GatherOutcomes([WaitFor(lambda promise: promise.set_exception(LookupError()))]),
        lambda s: Within(1, Op.ready(1)),
        lambda s: after(Op.ready(1), Op.ready(2)),
    ],
    ids=["answer", "event", "nothing", "list", "outcomes", "limit", "flow"],
)
def test_many_steps_that_are_done_at_once_need_no_stack(simulation: Simulation, step: Steps) -> None:
    def flow() -> Flow[int]:
        for _ in range(LEVELS // 10):
            yield step(simulation)
        return LEVELS

    assert simulation.run(flow()) == LEVELS
    assert simulation.client.blocking.run(flow()) == LEVELS


@pytest.mark.parametrize("ending", ["result", "error", "cancelled"])
def test_flows_in_flows_need_no_stack(simulation: Simulation, ending: str) -> None:
    cleaned: list[int] = []

    def flow(level: int) -> Flow[int]:
        try:
            if level == LEVELS:
                yield Sleep(1)
                if ending == "error":
                    raise LookupError
                yield Sleep(1)
                return level
            reached: int = yield flow(level + 1)
            return reached
        finally:
            cleaned.append(level)

    future = simulation.client.futures.run(flow(0))
    simulation.driver.advance(1.5)
    if ending == "cancelled":
        assert future.cancel()
    simulation.driver.advance(1)
    assert cleaned == list(range(LEVELS, -1, -1))
    if ending == "result":
        assert future.result(0) == LEVELS
    elif ending == "error":
        assert isinstance(future.exception(0), LookupError)


# ---- cancelling

ENDLESS: dict[str, Steps] = {
    "one operation": lambda s: s.ops.put(1, "x"),
    "a list": lambda s: [s.ops.put(1, "x"), s.ops.put(2, "x")],
    "outcomes": lambda s: GatherOutcomes([s.ops.put(1, "x"), s.ops.put(2, "x")]),
    "another flow": lambda s: after(Sleep(0.5), s.ops.put(1, "x")),
    "flows in a list": lambda s: [after(Sleep(0.5), s.ops.put(key, "x")) for key in range(3)],
    "lists in a list": lambda s: [[s.ops.put(1, "x")], GatherOutcomes([s.ops.put(2, "x")])],
    "a time limit": lambda s: Within(50, s.ops.put(1, "x")),
    "a time limit over flows": lambda s: Within(50, [after(Sleep(0.5), s.ops.put(1, "x"))]),
    "a flow with a time limit": lambda s: after(Sleep(0.5), Within(50, [s.ops.put(1, "x")])),
}


def patient(step: Step) -> Flow[None]:
    """Take a step, and others whatever it results in."""
    for _ in range(100):
        try:
            yield step
        except Exception:
            yield Sleep(1)


@pytest.mark.parametrize("kind", ENDLESS)
def test_no_request_is_sent_after_a_flow_was_cancelled(simulation: Simulation, kind: str) -> None:
    refuse(simulation)
    future = simulation.client.futures.run(patient(ENDLESS[kind](simulation)))
    simulation.driver.advance(1)
    sent = count(simulation, "Map.put")
    assert sent > 5
    assert future.cancel()
    simulation.driver.advance(200)
    # What was about to be sent again was not.
    assert count(simulation, "Map.put") == sent
    assert simulation.engine.invocations.pending_count == 0


@pytest.mark.parametrize("kind", ENDLESS)
def test_no_request_is_sent_after_a_time_limit(simulation: Simulation, kind: str) -> None:
    refuse(simulation)
    limited = simulation.client.blocking.within(1)
    began = simulation.driver.now()
    with pytest.raises(OperationTimeoutError, match="time limit of 1 s"):
        limited.run(patient(ENDLESS[kind](simulation)))
    assert simulation.driver.now() - began == pytest.approx(1)
    sent = count(simulation, "Map.put")
    assert sent > 5
    simulation.driver.advance(200)
    assert count(simulation, "Map.put") == sent
    assert simulation.engine.invocations.pending_count == 0


@pytest.mark.parametrize("kind", ENDLESS)
def test_no_request_is_sent_after_a_time_limit_in_a_flow_that_goes_on(
    simulation: Simulation, kind: str
) -> None:
    refuse(simulation)

    def flow() -> Flow[int]:
        with pytest.raises(TimeoutError):
            yield Within(1, ENDLESS[kind](simulation))
        sent = count(simulation, "Map.put")
        yield Sleep(200)
        return sent

    sent = simulation.run(flow())
    assert count(simulation, "Map.put") == sent > 5


def test_cancelling_reaches_what_was_started_before_it(simulation: Simulation) -> None:
    """A flow may be cancelled while the steps of a list are being started."""
    log: list[str] = []

    def sleeping() -> Flow[None]:
        try:
            yield Sleep(100)
        finally:
            log.append("clean")

    def cancelling(promise: Promise) -> None:
        running.cancel()

    outcome = Outcome()
    steps: list[Step] = [sleeping(), WaitFor(cancelling), sleeping(), simulation.ops.put(1, "x")]
    running = RunningFlow(simulation.engine, after(Sleep(1), steps), outcome)
    running.advance(None, None)
    simulation.driver.advance(1)
    assert isinstance(outcome.error, FlowCancelled)
    assert log == ["clean"]


@pytest.mark.parametrize(
    "step", [lambda s: Sleep(10), lambda s: [Sleep(10), s.ops.get(1)], lambda s: s.ops.get(1)]
)
def test_cancelled_flow_does_not_go_on(simulation: Simulation, step: Steps) -> None:
    kept = keep(simulation, "Map.get")
    outcome = Outcome()
    running = run_flow(simulation.engine, after(step(simulation), simulation.ops.put(1, "never")), outcome)
    simulation.driver.advance(1)
    assert repr(running) == "RunningFlow(after, running)"
    running.cancel()
    assert repr(running) == "RunningFlow(after, cancelled)"
    assert isinstance(outcome.error, FlowCancelled)
    simulation.driver.advance(20)
    for request in kept:
        answer(simulation, request)
    running.cancel()
    assert outcome.times == 1
    assert count(simulation, "Map.put") == 0


def test_cancelled_promise_ends_the_flow_at_its_next_step(simulation: Simulation) -> None:
    raised: list[BaseException] = []

    def flow() -> Flow[None]:
        try:
            yield simulation.ops.get(1)
            yield simulation.ops.put(1, "never")
        except BaseException as e:
            raised.append(e)
            raise

    outcome = simulation.begin(flow())
    outcome.cancel()
    simulation.driver.advance()
    assert [type(error) for error in raised] == [FlowCancelled]
    assert outcome.times == 0
    assert count(simulation, "Map.put") == 0


def test_flow_that_handles_errors_does_not_handle_its_cancelling(simulation: Simulation) -> None:
    kept = keep(simulation, "Map.get", 2)

    def flow() -> Flow[str]:
        try:
            yield simulation.ops.get(1)
        except Exception:
            return "handled"
        return "done"

    outcome = Outcome()
    running = run_flow(simulation.engine, flow(), outcome)
    simulation.driver.advance()
    assert len(kept) == 1
    running.cancel()
    assert isinstance(outcome.error, FlowCancelled)
    assert not isinstance(outcome.error, Exception)


def test_flow_cancelled_before_its_first_step_sends_nothing(simulation: Simulation) -> None:
    outcome = Outcome()
    running = RunningFlow(simulation.engine, after(simulation.ops.put(1, "x"), Sleep(1)), outcome)
    running.cancel()
    running.advance(None, None)
    simulation.driver.advance(1)
    assert isinstance(outcome.error, FlowCancelled)
    assert count(simulation, "Map.put") == 0


def test_flow_cancelled_between_two_steps_does_not_start_the_next(simulation: Simulation) -> None:
    def flow() -> Flow[None]:
        yield Sleep(1)
        running.cancel()
        yield simulation.ops.put(1, "never")

    outcome = Outcome()
    running = RunningFlow(simulation.engine, flow(), outcome)
    running.advance(None, None)
    simulation.driver.advance(1)
    assert isinstance(outcome.error, FlowCancelled)
    assert count(simulation, "Map.put") == 0


def test_clean_up_after_a_cancelled_promise_is_not_cancelled_again(simulation: Simulation) -> None:
    def flow() -> Flow[None]:
        try:
            yield simulation.ops.get(1)
        finally:
            yield simulation.ops.put(1, "first")
            yield simulation.ops.put(2, "second")

    outcome = simulation.begin(flow())
    outcome.cancel()
    simulation.driver.advance()
    simulation.driver.advance()
    assert count(simulation, "Map.put") == 2


def test_cancelling_a_finished_flow_changes_nothing(simulation: Simulation) -> None:
    outcome = Outcome()
    running = run_flow(simulation.engine, after(Op.ready(1), Op.ready(2)), outcome)
    running.cancel()
    assert (outcome.result, outcome.error, outcome.times) == (2, None, 1)


def test_future_of_a_flow_that_is_done_cannot_be_cancelled(simulation: Simulation) -> None:
    future: Future[int] = simulation.client.futures.run(after(Op.ready(1), Op.ready(2)))
    assert not future.cancel()
    assert future.result() == 2


# ---- cleaning up


def cleaning(simulation: Simulation, log: list[str], *clean_up: Step) -> Flow[None]:
    """Wait for a read; then clean up with further steps."""
    try:
        yield simulation.ops.get(1)
    finally:
        for step in clean_up:
            log.append("cleaning")
            yield step
        log.append("clean")


def test_clean_up_is_sent_and_awaited(simulation: Simulation) -> None:
    reads, writes = keep(simulation, "Map.get"), keep(simulation, "Map.put", 2)
    log: list[str] = []
    outcome = Outcome()
    ops = simulation.ops
    running = run_flow(
        simulation.engine, cleaning(simulation, log, ops.put(1, "a"), ops.put(1, "b")), outcome
    )
    simulation.driver.advance()
    running.cancel()
    simulation.driver.advance()
    assert (len(reads), len(writes), log, outcome.done) == (1, 1, ["cleaning"], False)
    answer(simulation, writes[0])
    assert (len(writes), log, outcome.done) == (2, ["cleaning", "cleaning"], False)
    answer(simulation, writes[1])
    assert log == ["cleaning", "cleaning", "clean"]
    assert isinstance(outcome.error, FlowCancelled)


def test_clean_up_is_repeated_like_every_operation(simulation: Simulation) -> None:
    """Although nobody waits for the future any more."""
    keep(simulation, "Map.get")
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=8)
    log: list[str] = []
    clean_up = [simulation.ops.put(1, "a"), simulation.ops.put(2, "b")]
    future = simulation.client.futures.run(cleaning(simulation, log, clean_up, Sleep(1)))
    simulation.driver.advance()
    assert future.cancel()
    simulation.driver.advance(3)
    assert log == ["cleaning", "cleaning", "clean"]
    assert count(simulation, "Map.put") == 10
    assert len(simulation.cluster.puts) == 2


def test_clean_up_is_not_cancelled_again(simulation: Simulation) -> None:
    keep(simulation, "Map.get")
    writes = keep(simulation, "Map.put")
    log: list[str] = []
    outcome = Outcome()
    running = run_flow(simulation.engine, cleaning(simulation, log, simulation.ops.put(1, "a")), outcome)
    simulation.driver.advance()
    running.cancel()
    running.cancel()
    simulation.driver.advance()
    running.cancel()
    assert (log, outcome.done) == (["cleaning"], False)
    answer(simulation, writes[0])
    assert log == ["cleaning", "clean"]
    assert outcome.times == 1
    assert isinstance(outcome.error, FlowCancelled)


def test_error_in_the_clean_up_takes_the_place_of_the_cancelling(simulation: Simulation) -> None:
    keep(simulation, "Map.get")
    simulation.cluster.members[0].rule("Map.put", lambda request: request.error(*codes.ILLEGAL_ARGUMENT))
    outcome = Outcome()
    running = run_flow(simulation.engine, cleaning(simulation, [], simulation.ops.put(1, "a")), outcome)
    simulation.driver.advance()
    running.cancel()
    simulation.driver.advance()
    assert isinstance(outcome.error, IllegalArgumentError)
    assert isinstance(outcome.error.__context__, FlowCancelled)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda flow: flow,
        lambda flow: [flow],
        lambda flow: GatherOutcomes([[flow]]),
        lambda flow: Within(50, flow),
        lambda flow: Within(50, [Within(100, flow)]),
    ],
)
def test_inner_flow_is_cancelled_and_cleans_up(simulation: Simulation, wrap: Callable[[Step], Step]) -> None:
    keep(simulation, "Map.get")
    log: list[str] = []
    inner = cleaning(simulation, log, simulation.ops.put(1, "clean"))
    future = simulation.client.futures.run(after(wrap(inner), Sleep(1)))
    simulation.driver.advance()
    assert future.cancel()
    simulation.driver.advance(1)
    assert log == ["cleaning", "clean"]
    assert count(simulation, "Map.put") == 1


# ---- time limits


def test_time_limit_raises_in_the_flow_and_cancels_the_step(simulation: Simulation) -> None:
    kept = keep(simulation, "Map.get")
    log: list[str] = []

    def flow() -> Flow[str]:
        with pytest.raises(TimeoutError, match="there was no result within 2 s"):
            yield Within(2, cleaning(simulation, log, simulation.ops.put(1, "clean")))
        result: str = yield simulation.ops.get(1)
        return result

    began = simulation.driver.now()
    outcome = simulation.begin(flow())
    simulation.driver.advance(1.9)
    assert not outcome.done
    assert simulation.value(outcome) == "clean"
    assert simulation.driver.now() - began == pytest.approx(2)
    answer(simulation, kept[0])
    assert outcome.times == 1
    assert log == ["cleaning", "clean"]


def test_result_within_the_time_limit_counts(simulation: Simulation) -> None:
    kept = keep(simulation, "Map.get")
    simulation.put(1, "one")

    def flow() -> Flow[str]:
        result: str = yield Within(2, simulation.ops.get(1))
        yield Sleep(5)
        return result

    outcome = simulation.begin(flow())
    simulation.driver.advance(1.9)
    answer(simulation, kept[0])
    assert simulation.value(outcome) == "one"


def test_shorter_of_two_time_limits_counts(simulation: Simulation) -> None:
    keep(simulation, "Map.get", 2)

    def flow(outer: float, inner: float) -> Flow[str]:
        try:
            yield Within(outer, after(Sleep(0), Within(inner, simulation.ops.get(1))))
        except TimeoutError as e:
            return str(e)
        return "no time-out"

    assert simulation.run(flow(1, 3)) == "there was no result within 1 s"
    assert simulation.run(flow(3, 1)) == "there was no result within 1 s"
