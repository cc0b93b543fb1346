"""What runs operations for the three surfaces."""

from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from hz_core.future import Future
from hz_core.op import FlowOrAnswer, Op
from hz_core.operations import ObjectOperations

T = TypeVar("T")


class FuturesCaller(Protocol):
    """Runs operations and returns their futures."""

    def call(self, op: Op[T], /) -> Future[T]:
        """Send ``op`` and return the future of its result."""
        ...

    def run(self, flow: FlowOrAnswer[T], /) -> Future[T]:
        """Start ``flow`` and return the future of its result."""
        ...

    def answered(self, result: T, /) -> Future[T]:
        """Return the future of an operation whose result is known."""
        ...

    @property
    def seconds(self) -> float | None:
        """The time limit of its operations; None for no limit."""
        ...

    def now(self) -> float:
        """Return the time of the clock that time limits are measured with, in seconds."""
        ...

    def new_future(self) -> Future[Any]:
        """Return a future to wait on."""
        ...

    def within(self, seconds: float) -> "FuturesCaller":
        """Return a caller whose operations fail ``seconds`` after they began."""
        ...

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object and wait for the completion."""
        ...

    def blocking(self) -> "BlockingCaller":
        """Return the caller that waits for results."""
        ...


class BlockingCaller(Protocol):
    """Runs operations in the calling thread."""

    def call(self, op: Op[T], /) -> T:
        """Send ``op`` and wait for its result."""
        ...

    def run(self, flow: FlowOrAnswer[T], /) -> T:
        """Run ``flow`` and return its result."""
        ...

    def within(self, seconds: float) -> "BlockingCaller":
        """Return a caller whose operations fail ``seconds`` after they began."""
        ...

    def futures(self) -> FuturesCaller:
        """Return the caller whose operations return futures."""
        ...

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        ...


class AsyncioCaller(Protocol):
    """Runs operations on the event loop."""

    def call(self, op: Op[T], /) -> Awaitable[T]:
        """Send ``op``; await the result."""
        ...

    def run(self, flow: FlowOrAnswer[T], /) -> Awaitable[T]:
        """Start ``flow``; await its result."""
        ...

    def answered(self, result: T, /) -> T:
        """Return the result of an operation that is known."""
        ...

    @property
    def seconds(self) -> float | None:
        """The time limit of its operations; None for no limit."""
        ...

    def now(self) -> float:
        """Return the time of the clock that time limits are measured with, in seconds."""
        ...

    def new_future(self) -> Any:
        """Return a future to wait on."""
        ...

    async def admitted(self) -> "AsyncioCaller":
        """Wait until the client may send one more operation; return the caller to send it with."""
        ...

    def within(self, seconds: float) -> "AsyncioCaller":
        """Return a caller whose operations fail ``seconds`` after they began."""
        ...

    async def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        ...
