"""Futures and flows that keep the context of their caller (:mod:`contextvars`), for tracing."""

from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TypeVar

from hz_core.flow import Acquisitions, RunningFlow, Submitter
from hz_core.future import Future
from hz_core.op import Flow
from hz_core.promise import Promise

T = TypeVar("T")


class ContextFuture(Future[T]):
    """A future whose callbacks run in the context of the code that has added them, as those of asyncio do."""

    __slots__ = ()

    def add_done_callback(self, callback: Callable[[Future[T]], object]) -> None:
        """See :meth:`hz_core.future.Future.add_done_callback`."""
        context = copy_context()
        super().add_done_callback(lambda future: context.run(callback, future))


class ContextFlow(RunningFlow):
    """A flow whose steps all run in the context in which it was started."""

    __slots__ = ("_context",)

    def __init__(
        self, submitter: Submitter, flow: Flow[Any], promise: Promise, acquired: Acquisitions | None = None
    ) -> None:
        super().__init__(submitter, flow, promise, acquired)
        self._context: Context = copy_context()

    def advance(self, value: Any, error: BaseException | None) -> None:
        """See :meth:`hz_core.flow.RunningFlow.advance`."""
        # A copy, because a context cannot be entered twice, and a step may be done at once.
        self._context.copy().run(super().advance, value, error)
