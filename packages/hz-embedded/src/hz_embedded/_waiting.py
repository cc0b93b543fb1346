"""Waiting for a call that blocks elsewhere (a pipe, the JVM), with a limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")
_LOOK_AGAIN_SECONDS: Final = 0.05


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Run ``call`` on a thread of its own and return its result.

    The caller stays interruptible by Ctrl-C while it waits.

    Raises:
        TimeoutError: no result within ``seconds``; the thread (a daemon) is left to itself.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:
            # Whatever it is, it belongs to the caller.
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="hz-embedded-call", daemon=True).start()
    return future.result(seconds)


def await_state(condition: Callable[[], bool], seconds: float) -> bool:
    """Look at a state of the JVM that tells nobody of its changes, until it is as wished; returns whether it is."""
    deadline = time.monotonic() + seconds
    again = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        again.wait(_LOOK_AGAIN_SECONDS)
    return True
