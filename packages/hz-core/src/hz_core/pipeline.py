"""Many operations of one loop, of which a limited number is in progress at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from hz_core.arguments import int32
from hz_core.errors import IllegalStateError, OperationTimeoutError
from hz_core.future import Future
from hz_core.op import AnsweredOp
from hz_core.waitlist import Waitlist

if TYPE_CHECKING:
    from hz_core.callers import BlockingCaller, FuturesCaller
    from hz_core.op import FlowOrAnswer, Op
    from hz_core.operations import ObjectOperations

S = TypeVar("S")
T = TypeVar("T")

DEFAULT_DEPTH: Final = 256
"""Operations of a pipeline that are in progress at the same time, unless its program says otherwise."""


class PipelinedCalls:
    """The calls of one pipeline that are in progress, and the first error.

    It has no lock, which a forked child might find held by a thread that does not exist there: each change is one step
    that no other thread can come between.

    Args:
        depth: The most calls that are in progress at the same time.
        new_waiter: Makes the future on which a caller waits for a place.
    """

    def __init__(self, depth: int, new_waiter: Callable[[], Any]) -> None:
        self._depth = int32(depth, "depth", 1)
        taken: deque[None] = deque()
        self._taken = taken
        self.waitlist: Waitlist = Waitlist(lambda: depth - len(taken), new_waiter)
        self._numbers = count()
        self._errors: dict[int, BaseException] = {}
        self.running: dict[int, Any] = {}
        self.ended = False

    def try_take(self) -> bool:
        """Take a place if there is one."""
        if self.ended:
            raise has_ended()
        taken = self._taken
        taken.append(None)
        if len(taken) <= self._depth:
            return True
        # Several threads may do so because of each other. They wait then, and waiting begins with another look.
        taken.pop()
        return False

    def give_back(self) -> None:
        """Give a place back."""
        self._taken.pop()
        self.waitlist.wake()

    def add(self, future: Any) -> Callable[[Any], None]:
        """Count a call that has a place; return what to call when its future is done."""
        number = next(self._numbers)
        self.running[number] = future
        return partial(self._done, number)

    def _done(self, number: int, future: Any) -> None:
        self.note(number, future)
        # Not before, so that the end of the block knows the error of each call that it does not see here any more.
        if self.running.pop(number, None) is not None:
            self.give_back()

    def note(self, number: int, future: Any) -> None:
        """Keep the error of a call, if it is the first one in the order of the calls."""
        error = None if future.cancelled() else future.exception()
        if error is None:
            return
        self._errors[number] = error
        numbers = sorted(self._errors)  # copied in one step, since other threads may add errors
        for later in numbers[1:]:
            self._errors.pop(later, None)

    def cancel(self) -> None:
        """Cancel the calls in progress."""
        for future in list(self.running.values()):
            future.cancel()

    def raise_first(self) -> None:
        """Raise the first error, in the order of the calls."""
        for number in sorted(self._errors):
            raise self._errors[number]


def has_ended() -> IllegalStateError:
    """Return the error of an operation that is called after the block."""
    return IllegalStateError("the pipeline has ended: call its operations inside of the block")


def no_place(seconds: float) -> OperationTimeoutError:
    """Return the error of an operation whose time limit expired before it was sent."""
    return OperationTimeoutError(
        f"the operation found no place in its pipeline within its time limit of {seconds:g} s; it was not sent"
    )


class _PipelinedFutures:
    """A caller whose operations wait for a place in a pipeline, in the calling thread.

    Args:
        calls: The pipeline's calls.
        caller: Runs the operations.
    """

    def __init__(self, calls: PipelinedCalls, caller: FuturesCaller) -> None:
        self._calls = calls
        self._caller = caller

    @property
    def seconds(self) -> float | None:
        return self._caller.seconds

    def now(self) -> float:
        return self._caller.now()

    def new_future(self) -> Future[Any]:
        return self._caller.new_future()

    def call(self, op: Op[T]) -> Future[T]:
        if isinstance(op, AnsweredOp):
            return self.answered(op.result)
        return self._begin(lambda caller: caller.call(op))

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        if isinstance(flow, AnsweredOp):
            return self.answered(flow.result)
        return self._begin(lambda caller: caller.run(flow))

    def answered(self, result: T) -> Future[T]:
        if self._calls.ended:
            raise has_ended()
        return self._caller.answered(result)

    def _begin(self, begin: Callable[[FuturesCaller], Future[T]]) -> Future[T]:
        caller = self._caller
        if not self._calls.try_take():
            caller = self._wait_for_place()
        try:
            future = begin(caller)
        except BaseException:
            self._calls.give_back()
            raise
        future.add_done_callback_inline(self._calls.add(future))
        return future

    def _wait_for_place(self) -> FuturesCaller:
        """Take a place; return the caller with the rest of the time limit."""
        caller = self._caller
        seconds = caller.seconds
        if seconds is None:
            self._calls.waitlist.wait(self._calls.try_take, caller.now, None)
            return caller
        end = caller.now() + seconds
        if not self._calls.waitlist.wait(self._calls.try_take, caller.now, end):
            raise no_place(seconds)
        return caller.within(max(end - caller.now(), 0.0))

    def within(self, seconds: float) -> _PipelinedFutures:
        return _PipelinedFutures(self._calls, self._caller.within(seconds))

    def blocking(self) -> BlockingCaller:
        return self._caller.blocking()

    def destroy(self, operations: ObjectOperations) -> bool:
        return self._caller.destroy(operations)


class Pipeline(Generic[S]):
    """A block whose operations do not wait for their results, made by the method ``pipeline`` of an object.

    An operation returns its future when it was sent. It waits only while ``depth`` operations are in progress, in the
    calling thread, until one of them is done or cancelled. The pipeline keeps no result, so a loop of any length needs
    the same memory. The end of the block waits for all operations; then it raises the first error, in the order of the
    calls. An error ends nothing else: operations in progress continue, and so do calls after it.

    When the block itself raises an error, its end waits for the operations in progress, and that error goes on. At an
    interrupt (KeyboardInterrupt, for example) they are cancelled instead.
    """

    def __init__(self, make: Callable[[FuturesCaller], S], caller: FuturesCaller, depth: int) -> None:
        self._make = make
        self._caller = caller
        self._calls = PipelinedCalls(depth, caller.new_future)

    def __enter__(self) -> S:
        return self._make(_PipelinedFutures(self._calls, self._caller))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        calls = self._calls
        calls.ended = True
        if error is not None and not isinstance(error, Exception):
            calls.cancel()
            return
        try:
            for number, future in list(calls.running.copy().items()):
                with suppress(CancelledError):
                    future.exception()
                calls.note(number, future)
        except BaseException:
            calls.cancel()
            raise
        if error is None:
            calls.raise_first()
