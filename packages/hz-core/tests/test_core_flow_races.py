"""Flows whose steps end on several threads, and which are cancelled by another one."""

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hz_core.flow import FlowCancelled, RunningFlow, run_flow
from hz_core.op import Flow, Op
from hz_core.promise import Promise
from hz_core.testing.scripted import Outcome


class Threads:
    """Sends nothing: keeps the promises, which the test completes in threads of its own."""

    flows = RunningFlow

    def __init__(self) -> None:
        self.promises: list[Promise] = []

    def submit(self, op: Op[Any], promise: Promise) -> None:
        """Keep the promise."""
        self.promises.append(promise)

    def after(self, seconds: float, promise: Promise) -> Callable[[], None]:
        """Never complete it."""
        return lambda: None


@pytest.fixture
def _many_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def spin(turns: int) -> None:
    """Lose a little time."""
    for _ in range(turns):
        pass


@pytest.mark.usefixtures("_many_switches")
def test_race_of_cancelling_and_the_outcome() -> None:
    """Whoever wins, the flow goes on once, and a cancelled flow ends cancelled."""
    waiting: Op[Any] = Op.__new__(Op)
    wins: Counter[str] = Counter()
    head_start = 0
    # On a busy machine one of the two may win nearly always.
    while wins.total() < 200 or min(wins["result"], wins["cancelled"]) < 10:
        assert wins.total() < 100_000, wins
        threads, outcome = Threads(), Outcome()
        log: list[str] = []

        def flow(log: list[str] = log) -> Flow[str]:
            try:
                log.append((yield waiting))
                yield waiting
            finally:
                log.append("cancelled")
            return "never"

        running = run_flow(threads, flow(), outcome)
        (promise,) = threads.promises
        start = threading.Barrier(2)

        def complete(promise: Promise, start: threading.Barrier, turns: int) -> None:
            start.wait()
            spin(turns)
            promise.set_result("result")

        other = threading.Thread(target=complete, args=(promise, start, head_start))
        other.start()
        start.wait()
        spin(-head_start)
        running.cancel()
        other.join()
        assert isinstance(outcome.error, FlowCancelled)
        assert outcome.times == 1
        assert log in (["cancelled"], ["result", "cancelled"])
        wins[log[0]] += 1
        # Whoever has lost starts earlier next time, so that the two come close to each other.
        head_start += 200 if log[0] == "result" else -200


@pytest.mark.usefixtures("_many_switches")
def test_race_of_many_outcomes_of_one_list() -> None:
    for _ in range(200):
        threads, outcome = Threads(), Outcome()
        waiting: Op[Any] = Op.__new__(Op)

        def flow(waiting: Op[Any] = waiting) -> Flow[list[int]]:
            results: list[int] = yield [waiting] * 4
            return results

        run_flow(threads, flow(), outcome)
        start = threading.Barrier(4)

        def complete(number: int, promise: Promise, start: threading.Barrier = start) -> None:
            start.wait()
            promise.set_result(number)

        others = [
            threading.Thread(target=complete, args=(number, promise))
            for number, promise in enumerate(threads.promises)
        ]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert (outcome.result, outcome.times) == ([0, 1, 2, 3], 1)
