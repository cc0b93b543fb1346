"""Waiting with a time limit for a call that blocks in a pipe or in the JVM."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")
_POLL_SECONDS: Final = 0.05


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Run ``call`` in a new thread and return its result.

    The caller can be interrupted by Ctrl-C while it waits.

    Raises:
        TimeoutError: There is no result within ``seconds``; the daemon thread continues.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            # Every exception is passed on to the caller.
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="hz-embedded-call", daemon=True).start()
    return future.result(seconds)


def await_state(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll a state of the JVM that has no event for its changes; return whether ``condition`` became true in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(_POLL_SECONDS)
    return True
