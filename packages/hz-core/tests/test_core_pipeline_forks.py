"""A pipeline in a forked child, whatever other threads were doing with it in the parent."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import FrameType
from typing import Any

import pytest

from core_forks import in_child
from core_selector_thread import PATIENCE
from hz_core.pipeline import PipelinedCalls


def failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def begun(calls: PipelinedCalls, error: Exception) -> Callable[[], None]:
    """Take a place for a call; return what ends the call."""
    assert calls.try_take()
    future = failed(error)
    done = calls.add(future)
    return lambda: done(future)


def stopped_at(line: int, function: Callable[[], object]) -> tuple[threading.Thread, threading.Event]:
    """Run a function in a thread up to a line of the pipeline, counted from its first one; return how to go on."""
    reached, go_on = threading.Event(), threading.Event()
    left = [line]

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != sys.modules[PipelinedCalls.__module__].__file__:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                reached.set()
                go_on.wait(PATIENCE)
        return trace

    def run() -> None:
        sys.settrace(trace)
        try:
            function()
        finally:
            sys.settrace(None)
            reached.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert reached.wait(PATIENCE)
    return thread, go_on


@pytest.mark.parametrize("line", range(1, 16))
def test_a_child_uses_a_pipeline_that_another_thread_is_changing(line: int) -> None:
    calls = PipelinedCalls(4, Future)
    end = begun(calls, ValueError("second"))

    def change() -> None:
        calls.try_take()
        end()

    def use() -> None:
        begun(calls, ValueError("later"))()
        calls.note(-1, failed(ValueError("first")))
        with pytest.raises(ValueError, match="first"):
            calls.raise_first()

    thread, go_on = stopped_at(line, change)
    in_child(use)
    go_on.set()
    thread.join(PATIENCE)
    with pytest.raises(ValueError, match="second"):
        calls.raise_first()


def test_the_places_are_as_many_as_before_after_many_threads() -> None:
    calls = PipelinedCalls(3, Future)
    most = []

    def work() -> None:
        for _ in range(300):
            if calls.try_take():
                most.append(len(calls.running))
                done = calls.add(future := failed(KeyError(1)))
                done(future)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert max(most) <= 3
    assert [calls.try_take() for _ in range(4)] == [True, True, True, False]
