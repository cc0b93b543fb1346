"""Waiting for a call that blocks elsewhere (a pipe, the JVM), with a limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


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
