"""The operations of a submitted task, from which its surfaces are generated."""

from collections.abc import Callable
from typing import Any

from hz_core.context import ClientContext
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.op import Flow, Op, WaitFor
from hz_core.operations import Operations
from hz_core.promise import Promise


class ExecutorTaskOperations(Operations):
    """A task that an executor executes, and its result. Any number of callers may wait for it.

    Args:
        context: The client.
        submit: The request whose reply is the result.
        cancel: Returns the request that cancels the task.
    """

    def __init__(self, context: ClientContext, submit: Op[Any], cancel: Callable[[bool], Op[bool]]) -> None:
        super().__init__(context)
        self._cancel = cancel
        self._mutex = context.io.mutex()
        self._waiting: list[Promise] = []
        self._done = False
        self._result: Any = None
        self._error: Exception | None = None
        begun: list[bool] = []
        context.start(self._run(submit, begun), "waiting for a task")
        if not begun:
            self._end(None, _ended())

    def get_result(self) -> Flow[Any]:
        """Wait for the task to end, and return its result. Giving up does not cancel the task.

        Raises:
            CancellationError: The task was cancelled.
            RejectedExecutionError: The executor is shut down.
            HazelcastError: The task failed; see the cause.
        """
        if not self._done:
            yield WaitFor(self._wait)
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self, may_interrupt_if_running: bool = False) -> Op[bool]:
        """Cancel the task.

        Args:
            may_interrupt_if_running: Whether to interrupt the member's thread if the task is running.

        Returns:
            Whether it was cancelled; False if it has ended.

        Source: messages ``ExecutorService.cancelOnPartition`` and ``ExecutorService.cancelOnMember``.
        """
        return self._cancel(may_interrupt_if_running)

    def is_done(self) -> bool:
        """Return at once whether the task has ended: with a result, with an error, or because it was cancelled."""
        return self._done

    def _run(self, submit: Op[Any], begun: list[bool]) -> Flow[None]:
        begun.append(True)
        try:
            result = yield submit
        except Exception as e:
            self._end(None, e)
        except BaseException:
            self._end(None, _ended())
            raise
        else:
            self._end(result, None)

    def _end(self, result: Any, error: Exception | None) -> None:
        with self._mutex:
            self._result, self._error = result, error
            self._done = True
            waiting, self._waiting = self._waiting, []
        for promise in waiting:
            promise.set_result(None)

    def _wait(self, promise: Promise) -> None:
        with self._mutex:
            if not self._done:
                self._waiting.append(promise)
                return
        promise.set_result(None)


def _ended() -> HazelcastClientNotActiveError:
    return HazelcastClientNotActiveError("the client was shut down while the task was executed")
