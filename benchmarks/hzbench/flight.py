"""Two ways to keep a number of futures in flight."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from hzbench.task import Task

Call = Callable[[str], Any]
"""Starts a call with a key and returns its future."""

_GRACE = 120.0
"""Seconds after its duration when a task is considered to hang."""


def in_callbacks(call: Call, task: Task, seconds: float) -> int:
    """Start each call in the done callback of the previous one; return the number of completed calls."""
    keys = cycle(task.key_names())
    deadline = time.perf_counter_ns() + int(seconds * 1e9)
    chains = [_Chain(call, keys, deadline) for _ in range(task.concurrency)]
    for chain in chains:
        chain.go_on()
    for chain in chains:
        if not chain.ended.wait(seconds + _GRACE):
            raise TimeoutError(f"A call has been without a reply for {_GRACE:.0f} s: the client hangs.")
        if chain.failure is not None:
            raise chain.failure
    return sum(chain.ops for chain in chains)


def in_window(call: Call, task: Task, seconds: float) -> int:
    """Await the oldest call with ``result()`` before starting another; return the number of completed calls."""
    keys = cycle(task.key_names())
    deadline = time.perf_counter_ns() + int(seconds * 1e9)
    window = deque(call(next(keys)) for _ in range(task.concurrency))
    ops = 0
    while time.perf_counter_ns() < deadline:
        window.popleft().result()
        window.append(call(next(keys)))
        ops += 1
    for future in window:
        future.result()
    return ops + len(window)


class _Chain:
    """A chain of calls, of which one is in flight."""

    __slots__ = ("_call", "_deadline", "_keys", "ended", "failure", "ops")

    def __init__(self, call: Call, keys: Iterator[str], deadline: int) -> None:
        self._call, self._keys, self._deadline = call, keys, deadline
        self.ended = threading.Event()
        self.failure: Exception | None = None
        self.ops = 0

    def go_on(self, done: Any = None) -> None:
        """Get the result of a call and start the next one, with this method as its done callback."""
        try:
            while time.perf_counter_ns() < self._deadline or done is not None:
                if done is not None:
                    done.result()
                    self.ops += 1
                    done = None
                    continue
                future = self._call(next(self._keys))
                if not future.done():
                    future.add_done_callback(self.go_on)
                    return
                done = future
        except Exception as failure:
            self.failure = failure
        self.ended.set()
