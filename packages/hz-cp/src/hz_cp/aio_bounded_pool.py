"""A pool with a bound, for asyncio programs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from hz_cp.semaphore.aio import AsyncSemaphore

T = TypeVar("T")


class Starter(Protocol):
    """Starts tasks: ``asyncio.TaskGroup``, for example, or an event loop."""

    def create_task(self, coroutine: Coroutine[Any, Any, T], /) -> "asyncio.Task[T]":
        """Start a task that runs a coroutine."""
        ...


class BoundedPool:
    """Runs coroutines in tasks; all pools of all programs with the same semaphore run as many as it has permits.

    If a program fails, its permits are released with its session.

    Args:
        permits: The semaphore.
        group: Starts the tasks; None for the running event loop, which forgets tasks that nobody keeps.
    """

    def __init__(self, permits: AsyncSemaphore, group: Starter | None = None) -> None:
        self._permits = permits
        self._group = group

    async def submit(
        self, function: Callable[..., Coroutine[Any, Any, T]], /, *args: Any, **kwargs: Any
    ) -> "asyncio.Task[T]":
        """Wait for a permit, and begin to run a function; return its task. The permit is released with its end."""
        await self._permits.acquire()
        try:
            group = asyncio.get_running_loop() if self._group is None else self._group
            task = group.create_task(function(*args, **kwargs))
        except BaseException:
            self._release()
            raise
        task.add_done_callback(self._done)
        return task

    def _done(self, task: object) -> None:
        self._release()

    def _release(self) -> None:
        # Nobody can await it here: the task is done, cancelled perhaps before it has begun.
        operations = self._permits._ops
        operations._context.start(operations.release(1), "releasing the permit of a task")
