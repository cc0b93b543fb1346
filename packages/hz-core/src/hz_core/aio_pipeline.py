"""Many operations of one coroutine, of which a limited number is in progress at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hz_core.aio_in_flight import wait_in
from hz_core.op import AnsweredOp
from hz_core.pipeline import PipelinedCalls, has_ended, no_place

if TYPE_CHECKING:
    from hz_core.callers import AsyncioCaller
    from hz_core.op import FlowOrAnswer, Op
    from hz_core.operations import ObjectOperations

T = TypeVar("T")


class _PipelinedAsyncio:
    """A caller whose operations wait for a place in a pipeline, on the event loop.

    Args:
        calls: The pipeline's calls.
        caller: Runs the operations.
    """

    def __init__(self, calls: PipelinedCalls, caller: AsyncioCaller) -> None:
        self._calls = calls
        self._caller = caller

    @property
    def seconds(self) -> float | None:
        return self._caller.seconds

    def now(self) -> float:
        return self._caller.now()

    def new_future(self) -> Any:
        return self._caller.new_future()

    async def call(self, op: Op[T]) -> Any:
        if isinstance(op, AnsweredOp):
            return self.answered(op.result)
        return await self._begin(lambda caller: caller.call(op))

    async def run(self, flow: FlowOrAnswer[T]) -> Any:
        if isinstance(flow, AnsweredOp):
            return self.answered(flow.result)
        return await self._begin(lambda caller: caller.run(flow))

    def answered(self, result: T) -> Any:
        if self._calls.ended:
            raise has_ended()
        future = self._caller.new_future()
        future.set_result(self._caller.answered(result))
        return future

    async def _begin(self, begin: Callable[[AsyncioCaller], Awaitable[Any]]) -> Any:
        caller = self._caller
        if not self._calls.try_take():
            caller = await self._wait_for_place()
        try:
            future: Any = begin(await caller.admitted())
        except BaseException:
            self._calls.give_back()
            raise
        future.add_done_callback(self._calls.add(future))
        return future

    async def _wait_for_place(self) -> AsyncioCaller:
        """Take a place; return the caller with the rest of the time limit."""
        caller = self._caller
        seconds = caller.seconds
        if seconds is None:
            await wait_in(self._calls.waitlist, self._calls.try_take, caller.now, None)
            return caller
        end = caller.now() + seconds
        if not await wait_in(self._calls.waitlist, self._calls.try_take, caller.now, end):
            raise no_place(seconds)
        return caller.within(max(end - caller.now(), 0.0))

    async def admitted(self) -> _PipelinedAsyncio:
        return self

    def within(self, seconds: float) -> _PipelinedAsyncio:
        return _PipelinedAsyncio(self._calls, self._caller.within(seconds))

    async def destroy(self, operations: ObjectOperations) -> bool:
        return await self._caller.destroy(operations)


class AsyncioPipeline:
    """A block for ``async with`` whose operations do not await their results; see :class:`~hz_core.pipeline.Pipeline`.

    ``await p.put(...)`` waits for a place and sends the operation; it returns the future of the result.
    When the task is cancelled, the operations in progress are cancelled, too.
    """

    def __init__(self, make: Callable[[AsyncioCaller], Any], caller: AsyncioCaller, depth: int) -> None:
        self._make = make
        self._caller = caller
        self._calls = PipelinedCalls(depth, caller.new_future)

    async def __aenter__(self) -> Any:
        # Any, because the operations return futures here and not what their declarations say.
        return self._make(_PipelinedAsyncio(self._calls, self._caller))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        calls = self._calls
        calls.ended = True
        if error is not None and not isinstance(error, Exception):
            calls.cancel()
            return
        running = list(calls.running.copy().items())
        try:
            if running:
                await asyncio.wait([future for _, future in running])
        except BaseException:
            calls.cancel()
            raise
        for number, future in running:
            calls.note(number, future)
        if error is None:
            calls.raise_first()
