"""Calls of functions that may wait for something else than the members, each on a thread of its own."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from hz_core.errors import HazelcastError
from hz_core.promise import Promise, complete

MOST: Final = 32
"""So many calls may run at a time; each further one fails."""


class BackgroundCalls:
    """Runs functions of users and of the system that may wait, so that neither the I/O side nor callbacks wait.

    A thread is made for each call, and nothing waits for it when the client or the program ends. Used on the I/O side.

    Args:
        name: Name of the threads.
        call_soon: Runs a function on the I/O side; called from any thread.
    """

    def __init__(self, name: str, call_soon: Callable[[Callable[[], None]], object]) -> None:
        self._name = name
        self._call_soon = call_soon
        self._running = 0

    def run(self, function: Callable[[], Any], promise: Promise) -> None:
        """Call ``function`` on another thread; complete ``promise`` on the I/O side with what it returns or raises."""
        if self._running >= MOST:
            error = HazelcastError(
                f"{MOST} calls of functions that may wait, such as those of token_provider and ssl_password, have not"
                " returned: no further one is made"
            )
            self._call_soon(partial(promise.set_exception, error))
            return
        self._running += 1
        try:
            threading.Thread(target=self._run, args=(function, promise), name=self._name, daemon=True).start()
        except RuntimeError as e:  # the system has no more threads
            self._call_soon(partial(self._ended, promise, partial(promise.set_exception, e)))

    def _run(self, function: Callable[[], Any], promise: Promise) -> None:
        tell: Callable[[], object]
        try:
            tell = partial(complete, promise, function())
        except Exception as e:
            tell = partial(promise.set_exception, e)
        except BaseException as e:
            # It would end a thread, which the caller is not.
            error = HazelcastError(f"a function that the client calls raised {type(e).__name__}")
            error.__cause__ = e
            tell = partial(promise.set_exception, error)
        with suppress(RuntimeError):  # the event loop is closed: nobody waits any more
            self._call_soon(partial(self._ended, promise, tell))

    def _ended(self, promise: Promise, tell: Callable[[], object]) -> None:
        self._running -= 1
        if not promise.cancelled():
            tell()
