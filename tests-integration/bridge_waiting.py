"""Calls that wait in Java, callers that would never end, and signals that arrive meanwhile."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from hz_embedded import Jvm
from hz_embedded._waiting import await_state

WAIT = 30


class Gate:
    """Calls that wait in Java until the end of the test."""

    def __init__(self, jvm: Jvm) -> None:
        self.semaphore = jvm.java.util.concurrent.Semaphore(0)
        self.wait: Callable[[], object] = self.semaphore.acquire

    def await_waiting(self, count: int) -> None:
        assert await_state(lambda: self.semaphore.getQueueLength() >= count, WAIT)


class Caller:
    """A call in a thread of its own, so that a test fails where the call would never end."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._error: BaseException | None = None
        self._result: object = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:
            self._error = error

    def result(self) -> object:
        self._thread.join(WAIT)
        assert not self._thread.is_alive(), "the call does not end"
        if self._error is not None:
            raise self._error
        return self._result


@contextlib.contextmanager
def sends(
    number: int, when: Callable[[], object], handler: Any = signal.default_int_handler
) -> Iterator[None]:
    """Send a signal to this process as soon as ``when`` returns."""

    def send() -> None:
        when()
        os.kill(os.getpid(), number)

    before = signal.signal(number, handler)
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        sender.join(WAIT)
        signal.signal(number, before)
