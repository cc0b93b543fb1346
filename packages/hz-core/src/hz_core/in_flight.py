"""The client's limit of operations in flight: further ones wait, instead of being refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hz_core.errors import HazelcastOverloadError, OperationTimeoutError
from hz_core.op import AnsweredOp
from hz_core.waitlist import Waitlist

if TYPE_CHECKING:
    from hz_core.callers import BlockingCaller, FuturesCaller
    from hz_core.future import Future
    from hz_core.invocation.service import InvocationService
    from hz_core.op import FlowOrAnswer, Op
    from hz_core.operations import ObjectOperations

T = TypeVar("T")


class InFlightLimit:
    """How many operations may be in flight, and who waits until there are fewer.

    It takes no places that could get lost: it looks how many requests wait for replies. So an interrupted caller needs
    no care; and requests that the client repeats, and the steps of an operation that has begun, pass.

    Args:
        most: The most operations in flight.
        patience: Seconds after which a caller that finds no room gives up.
        invocations: Knows how many there are.
        new_waiter: Makes the future on which a caller waits.
        may_wait: Returns whether the calling thread may wait at all.
    """

    def __init__(
        self,
        most: int,
        patience: float,
        invocations: InvocationService,
        new_waiter: Callable[[], Any],
        may_wait: Callable[[], bool],
    ) -> None:
        self._most = most
        self._patience = patience
        self._invocations = invocations
        self._may_wait = may_wait
        self.waitlist: Waitlist = Waitlist(self._free, new_waiter)
        invocations.waitlist = self.waitlist

    def _free(self) -> int:
        return self._most - self._invocations.pending_count

    def has_room(self) -> bool:
        """Return whether one more operation may be sent."""
        return self._free() > 0

    def sweep(self) -> None:
        """Make room where callers have given up."""
        self._invocations.pending_limit.sweep()
        self.waitlist.wake()

    def must_wait(self) -> bool:
        """Return whether a caller must wait: there is no room, or others came first."""
        return (bool(self.waitlist) or not self.has_room()) and self._may_wait()

    def end(self, now: float, seconds: float | None) -> float:
        """Return until when a caller waits whose operations are limited to ``seconds``."""
        return now + (self._patience if seconds is None else min(seconds, self._patience))

    def given_up(self, seconds: float | None) -> Exception:
        """Return the error of a caller that found no room."""
        if seconds is not None and seconds <= self._patience:
            return OperationTimeoutError(
                f"the operation was not sent within its time limit of {seconds:g} s: all the time {self._most}"
                " operations of this client were in flight, its limit max_in_flight"
            )
        return HazelcastOverloadError(
            f"the operation was not sent: for {self._patience:g} s (invocation_timeout), all the {self._most}"
            " operations were in flight that the client's option max_in_flight allows. Those that wait in the cluster,"
            " such as Queue.take, count as well: are there too many of them?"
        )

    def wait(self, now: Callable[[], float], seconds: float | None) -> float | None:
        """Wait in the calling thread until there is room; return what is left of ``seconds``.

        Raises:
            OperationTimeoutError: Not within ``seconds``.
            HazelcastOverloadError: Not within the limit's patience.
        """
        begin = now()
        if not self.waitlist.wait(self.has_room, now, self.end(begin, seconds)):
            raise self.given_up(seconds)
        return None if seconds is None else max(seconds - (now() - begin), 0.0)


class LimitedFutures:
    """A caller whose operations wait for room, in the calling thread, and return futures then.

    Args:
        limit: The client's limit.
        caller: Runs the operations.
    """

    def __init__(self, limit: InFlightLimit, caller: FuturesCaller) -> None:
        self._limit = limit
        self._caller = caller
        self.now: Callable[[], float] = caller.now
        self.new_future: Callable[[], Future[Any]] = caller.new_future

    @property
    def seconds(self) -> float | None:
        """The time limit of its operations; None for no limit."""
        return self._caller.seconds

    def call(self, op: Op[T]) -> Future[T]:
        """Send ``op`` when there is room, and return the future of its result."""
        return self._caller.call(op) if isinstance(op, AnsweredOp) else self._admitted().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        """Start ``flow`` when there is room, and return the future of its result."""
        return self._caller.run(flow) if isinstance(flow, AnsweredOp) else self._admitted().run(flow)

    def answered(self, result: T) -> Future[T]:
        """Return the future of an operation whose result is known; it needs no room."""
        return self._caller.answered(result)

    def _admitted(self) -> FuturesCaller:
        caller = self._caller
        if not self._limit.must_wait():
            return caller
        rest = self._limit.wait(self.now, caller.seconds)
        return caller if rest is None else caller.within(rest)

    def within(self, seconds: float) -> LimitedFutures:
        """Return a caller whose operations fail ``seconds`` after they began, the wait for room included."""
        return LimitedFutures(self._limit, self._caller.within(seconds))

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object and wait for the completion."""
        return self._caller.destroy(operations)

    def blocking(self) -> LimitedBlocking:
        """Return the caller that waits for results."""
        return LimitedBlocking(self._limit, self._caller.blocking(), self._caller.seconds)


class LimitedBlocking:
    """A caller whose operations wait for room, and then for their results.

    Args:
        limit: The client's limit.
        caller: Runs the operations.
        seconds: The time limit of its operations; None for no limit.
    """

    def __init__(self, limit: InFlightLimit, caller: BlockingCaller, seconds: float | None = None) -> None:
        self._limit = limit
        self._caller = caller
        self._seconds = seconds

    def call(self, op: Op[T]) -> T:
        """Send ``op`` when there is room, and wait for its result."""
        return self._caller.call(op) if isinstance(op, AnsweredOp) else self._admitted().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> T:
        """Run ``flow`` when there is room, and return its result."""
        return self._caller.run(flow) if isinstance(flow, AnsweredOp) else self._admitted().run(flow)

    def _admitted(self) -> BlockingCaller:
        caller = self._caller
        if not self._limit.must_wait():
            return caller
        rest = self._limit.wait(caller.futures().now, self._seconds)
        return caller if rest is None else caller.within(rest)

    def within(self, seconds: float) -> LimitedBlocking:
        """Return a caller whose operations fail ``seconds`` after they began, the wait for room included."""
        return LimitedBlocking(self._limit, self._caller.within(seconds), seconds)

    def futures(self) -> LimitedFutures:
        """Return the caller whose operations return futures."""
        return LimitedFutures(self._limit, self._caller.futures())

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        return self._caller.destroy(operations)
