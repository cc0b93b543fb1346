"""Histories of concurrent operations: who called what when, with which outcome."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, Literal

Outcome = Literal["ok", "failed", "indeterminate"]
"""``failed`` is certain to have had no effect; ``indeterminate`` takes effect at any time after its begin, or never."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call, from the moment before it to the moment after it.

    Attributes:
        name: Name of the method.
        arguments: What it was called with, without the key.
        result: What it returned; None unless ``outcome`` is ``ok``.
        begin: Place of the begin in the history, which is unique.
        end: Place of the end in the history, which is unique; infinite if the operation may still take effect.
        key: What the operation is about; operations on different keys are independent.
        who: Who called, for reports.
        outcome: How it ended.
        began: Seconds on the recorder's clock.
        ended: Seconds on the recorder's clock, when the caller got an answer or an error.
        error: What it failed with.
    """

    name: str
    arguments: tuple[Any, ...]
    result: Any
    begin: float
    end: float
    key: Hashable = None
    who: Hashable = None
    outcome: Outcome = "ok"
    began: float = 0.0
    ended: float = 0.0
    error: BaseException | None = field(default=None, compare=False)

    def __str__(self) -> str:
        called = f"{self.name}({', '.join(map(repr, self.arguments))})"
        outcome = f"-> {self.result!r}" if self.outcome == "ok" else f"{self.outcome} ({self.error!r})"
        return f"{self.began:12.6f} .. {self.ended:12.6f}  {self.who!s:<16} {called} {outcome}"


class Call:
    """An operation that has begun; exactly one of its methods is called when it has ended."""

    def __init__(
        self, history: History, name: str, arguments: tuple[Any, ...], key: Hashable, who: Hashable
    ) -> None:
        self._history = history
        self._name = name
        self._arguments = arguments
        self._key = key
        self._who = who
        self._ended = False
        # The call is made after these two lines.
        self._began = history.now()
        self._begin = next(history.places)

    def ok(self, result: Any = None) -> Operation:
        """Note that the operation has returned ``result``."""
        return self._end("ok", result, None)

    def fail(self, error: BaseException | None = None) -> Operation:
        """Note that the operation has failed and certainly had no effect."""
        return self._end("failed", None, error)

    def indeterminate(self, error: BaseException | None = None) -> Operation:
        """Note that nobody knows whether the operation has had an effect, or will have one later."""
        return self._end("indeterminate", None, error)

    def _end(self, outcome: Outcome, result: Any, error: BaseException | None) -> Operation:
        # Taken first: the operation had ended before.
        place: float = next(self._history.places)
        ended = self._history.now()
        if self._ended:
            raise RuntimeError(f"{self._name}{self._arguments} has already ended")
        self._ended = True
        operation = Operation(
            name=self._name,
            arguments=self._arguments,
            result=result,
            begin=self._begin,
            end=inf if outcome == "indeterminate" else place,
            key=self._key,
            who=self._who,
            outcome=outcome,
            began=self._began,
            ended=ended,
            error=error,
        )
        self._history.add(operation, self)
        return operation


class History:
    """Records operations of any number of threads and tasks.

    Args:
        now: A monotonic clock, in seconds. It is shown in reports; order is told by counted places, which never tie.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._clock = now
        self._began = now()
        # One step of the interpreter, so two threads never get the same number.
        self.places: Final = itertools.count()
        self._lock = threading.Lock()
        self._operations: list[Operation] = []
        self._open: dict[int, Call] = {}

    def now(self) -> float:
        """Return the seconds since the history was begun."""
        return self._clock() - self._began

    def invoke(self, name: str, *arguments: Any, key: Hashable = None, who: Hashable = None) -> Call:
        """Note that an operation begins now; call a method of the returned object when it has ended.

        Args:
            name: Name of the method.
            arguments: Its arguments, without the key.
            key: What it is about; operations on different keys are independent.
            who: Who calls; the name of the thread if left out.
        """
        call = Call(self, name, arguments, key, threading.current_thread().name if who is None else who)
        with self._lock:
            self._open[id(call)] = call
        return call

    def add(self, operation: Operation, call: Call | None = None) -> None:
        """Add an operation that has ended."""
        with self._lock:
            if call is not None:
                del self._open[id(call)]
            self._operations.append(operation)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Return what has ended until now."""
        with self._lock:
            return tuple(self._operations)

    @property
    def open_count(self) -> int:
        """Return how many operations have begun and not ended; a checker must not be asked before it is 0."""
        with self._lock:
            return len(self._open)

    def by_key(self) -> dict[Hashable, list[Operation]]:
        """Return the operations of each key, in the order of their begins, without those that had no effect.

        Raises:
            RuntimeError: Some have not ended.
        """
        if self.open_count:
            raise RuntimeError(f"{self.open_count} operations of the history have not ended")
        found: dict[Hashable, list[Operation]] = defaultdict(list)
        for operation in sorted(self.operations, key=lambda each: each.begin):
            if operation.outcome != "failed":
                found[operation.key].append(operation)
        return dict(found)
