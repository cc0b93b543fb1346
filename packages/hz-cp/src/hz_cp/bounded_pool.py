"""A pool with a bound, for programs of threads."""

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from hz_cp.semaphore.blocking import BlockingSemaphore

R = TypeVar("R", covariant=True)


class Submitted(Protocol):
    """The future of an executor."""

    def add_done_callback(self, function: Callable[[Any], object], /) -> None:
        """Call a function when it is done."""
        ...


SubmittedT = TypeVar("SubmittedT", bound=Submitted)


class Executor(Protocol[R]):
    """Runs functions: ``concurrent.futures.ThreadPoolExecutor``, for example."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> R:
        """Begin to run a function; return its future."""
        ...


class BoundedPool(Generic[SubmittedT]):
    """Runs functions in an executor; all pools of all programs with the same semaphore run as many as it has permits.

    If a program fails, its permits are released with its session.

    Args:
        permits: The semaphore.
        executor: Runs the functions.
    """

    def __init__(self, permits: BlockingSemaphore, executor: Executor[SubmittedT]) -> None:
        self._permits = permits
        self._executor = executor

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> SubmittedT:
        """Wait for a permit, and begin to run a function; return its future. The permit is released with its end."""
        self._permits.acquire()
        try:
            future = self._executor.submit(function, *args, **kwargs)
        except BaseException:
            self._permits.release()
            raise
        future.add_done_callback(self._done)
        return future

    def _done(self, future: object) -> None:
        self._permits.release()
