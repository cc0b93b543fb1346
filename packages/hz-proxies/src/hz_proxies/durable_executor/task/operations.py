"""The operations of a task of a durable executor, from which its surfaces are generated."""

from typing import Any

from hz_core.context import ClientContext
from hz_core.errors import server_error
from hz_core.op import Flow, GatherOutcomes, Op
from hz_core.operations import Operations
from hz_proxies.codecs import durable_executor as codec


class DurableTaskOperations(Operations):
    """A task that was submitted to a durable executor.

    Its result is stored on members until it is disposed of, or its place is needed for another task. A handle holds
    only a number, its ``task_id``: any client, also after a restart, gets the handle again by it.

    Args:
        context: The client.
        executor: Name of the executor.
        partition: The partition that stores the task.
        sequence: Number of the task in its partition.
    """

    def __init__(self, context: ClientContext, executor: str, partition: int, sequence: int) -> None:
        super().__init__(context)
        self._at = partition, executor, sequence

    def task_id(self) -> int:
        """Return the id of the task, at once: an integer of 64 bits, the same in all clients."""
        partition, _, sequence = self._at
        return partition << 32 | sequence

    def get_result(self) -> Op[Any]:
        """Wait for the task to end, and return its result, which stays stored; None if it was disposed of.

        Raises:
            StaleTaskIdError: Another task has its place by now.
            HazelcastError: The task failed; see the cause.

        Source: message ``DurableExecutor.retrieveResult``.
        """
        return codec.retrieve_result(*self._at)

    def get_result_and_dispose(self) -> Flow[Any]:
        """Wait for the task to end, return its result, and dispose of it; also if the task failed.

        Not by the message ``DurableExecutor.retrieveAndDisposeResult``: after it, members give the number of the latest
        task to the next one, whatever task it was for, so that the handle of one would return the result of the other.

        Returns:
            The result; None if it was disposed of before.

        Raises:
            StaleTaskIdError: Another task has its place by now.
            HazelcastError: The task failed; see the cause.

        Source: messages ``DurableExecutor.retrieveResult`` and ``DurableExecutor.disposeResult``.
        """
        try:
            result = yield self.get_result()
        except Exception as e:
            if server_error(e) is not None:
                yield GatherOutcomes([self.dispose()])
            raise
        # If that fails, the result is stored until its place is needed.
        yield GatherOutcomes([self.dispose()])
        return result

    def dispose(self) -> Op[None]:
        """Dispose of the result: it needs no memory any more.

        Raises:
            StaleTaskIdError: Another task has its place by now.

        Source: message ``DurableExecutor.disposeResult``.
        """
        return codec.dispose_result(*self._at)
