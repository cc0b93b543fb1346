"""Child processes of tests."""

from __future__ import annotations

import os
import select
import signal
import traceback
import warnings
from collections.abc import Callable

from core_selector_thread import PATIENCE

_TESTS = os.getpid()


def fork_and_run(use: Callable[[], object]) -> Callable[[], None]:
    """Fork, and run a function in the child; return a function that waits for its end and expects its success."""
    readable, writable = os.pipe()
    with warnings.catch_warnings():
        # The process has threads, as programs have that do this.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        told = b""
        try:
            try:
                use()
                told = b"passed"
            except BaseException:
                told = traceback.format_exc().encode()
            os.write(writable, told)
        finally:
            os._exit(0)
    os.close(writable)
    if os.getpid() == _TESTS:
        os.setpgid(child, child)  # a group, with the children of the child

    def passed() -> None:
        with os.fdopen(readable, "rb") as pipe:
            # A child that hangs while it is forked sets no alarm.
            ended = bool(select.select([pipe], [], [], 2 * PATIENCE)[0])
            if not ended:
                os.killpg(child, signal.SIGKILL)
            told = pipe.read().decode()
        os.waitpid(child, 0)
        assert ended, "the child hangs"
        assert told == "passed", told or "the child was ended by a signal"

    return passed


def in_child(use: Callable[[], object]) -> None:
    """Run a function in a forked child, and expect its success."""
    fork_and_run(use)()
