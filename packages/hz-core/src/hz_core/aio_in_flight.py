"""The client's limit of operations in flight, on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from hz_core.op import AnsweredOp
from hz_core.waitlist import Waitlist, rest

if TYPE_CHECKING:
    from hz_core.callers import AsyncioCaller
    from hz_core.in_flight import InFlightLimit
    from hz_core.op import FlowOrAnswer, Op
    from hz_core.operations import ObjectOperations

T = TypeVar("T")


async def wait_in(
    waitlist: Waitlist, take: Callable[[], bool], now: Callable[[], float], end: float | None
) -> bool:
    """Wait until ``take()`` succeeds; return False if it has not until ``end``. See :meth:`Waitlist.wait`."""
    while True:
        waiter = waitlist.enqueue()
        try:
            async with asyncio.timeout(rest(now, end)):
                await waiter
        except TimeoutError:
            if end is not None and now() >= end:
                return False
        finally:
            waitlist.forget(waiter)
        if take():
            return True


class LimitedAsyncio:
    """A caller whose operations wait for room before they are sent.

    Args:
        limit: The client's limit.
        caller: Runs the operations.
    """

    def __init__(self, limit: InFlightLimit, caller: AsyncioCaller) -> None:
        self._limit = limit
        self._caller = caller
        self.now: Callable[[], float] = caller.now
        self.new_future: Callable[[], Any] = caller.new_future

    @property
    def seconds(self) -> float | None:
        """The time limit of its operations; None for no limit."""
        return self._caller.seconds

    async def call(self, op: Op[T]) -> T:
        """Send ``op`` when there is room; return the result."""
        caller = self._caller if isinstance(op, AnsweredOp) else await self.admitted()
        try:
            return await caller.call(op)
        except asyncio.CancelledError:
            self._limit.sweep()
            raise

    async def run(self, flow: FlowOrAnswer[T]) -> T:
        """Start ``flow`` when there is room; return the result."""
        caller = self._caller if isinstance(flow, AnsweredOp) else await self.admitted()
        try:
            return await caller.run(flow)
        except asyncio.CancelledError:
            self._limit.sweep()
            raise

    def answered(self, result: T) -> T:
        """Return the result of an operation that is known; it needs no room."""
        return self._caller.answered(result)

    async def admitted(self) -> AsyncioCaller:
        """Wait for room; return the caller for one operation, with the rest of its time.

        Raises:
            OperationTimeoutError: There was none within the operation's time limit.
            HazelcastOverloadError: There was none within the limit's patience.
        """
        caller, limit, seconds = self._caller, self._limit, self._caller.seconds
        if not limit.must_wait():
            return caller
        begin = self.now()
        if not await wait_in(limit.waitlist, limit.has_room, self.now, limit.end(begin, seconds)):
            raise limit.given_up(seconds)
        return caller if seconds is None else caller.within(max(seconds - (self.now() - begin), 0.0))

    def within(self, seconds: float) -> LimitedAsyncio:
        """Return a caller whose operations fail ``seconds`` after they began, the wait for room included."""
        return LimitedAsyncio(self._limit, self._caller.within(seconds))

    async def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        return await self._caller.destroy(operations)
