"""The operations of a durable executor, from which its surfaces are generated."""

from hz_core.arguments import int64
from hz_core.context import acquires
from hz_core.op import Flow, Op
from hz_proxies.codecs import durable_executor as codec
from hz_proxies.durable_executor.task.operations import DurableTaskOperations
from hz_proxies.executor.rejecting import RejectingOperations
from hz_serialization import Data


class DurableExecutorOperations(RejectingOperations):
    """Executes tasks on members, and stores tasks and results with backups.

    A task is executed on the owner of its partition. If that is lost before the task has ended, the next owner executes
    it again. Tasks are objects as for an :class:`~hz_proxies.executor.Executor`.

    Each partition has a limited number of places (``capacity`` of the members' configuration). When all of them have
    tasks that have not ended, new ones are rejected; the places of results are used again, the oldest first. So take a
    result in time.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:durableExecutorService"

    def submit(self, task: object) -> Flow[DurableTaskOperations]:
        """Submit ``task`` to a partition chosen at random.

        Returns:
            The handle of the task, once it is stored.

        Raises:
            RejectedExecutionError: The partition has no place for another task, or the executor is shut down.

        Source: message ``DurableExecutor.submitToPartition``.
        """
        random = self._context.io.random.random()
        return self._submitted(int(random * self._context.partition_count()), self._task(task))

    def submit_to_key_owner(self, key: object, task: object) -> Flow[DurableTaskOperations]:
        """Submit ``task`` to the partition of ``key``.

        Returns:
            The handle of the task, once it is stored.

        Raises:
            RejectedExecutionError: The partition has no place for another task, or the executor is shut down.

        Source: message ``DurableExecutor.submitToPartition``.
        """
        _, partition = self._keyed(key)
        return self._submitted(partition, self._task(task))

    def get_task(self, task_id: int) -> DurableTaskOperations:
        """Return the handle of a task that was submitted before, at once; also by another client.

        Args:
            task_id: The task's ``task_id``.

        Raises:
            TypeError, ValueError: It cannot be the id of a task.
        """
        partition, sequence = divmod(int64(task_id, "task_id"), 1 << 32)
        if not 0 <= partition < self._context.partition_count() or sequence >> 31:
            raise ValueError(f"task_id {task_id} is not the id of a task: pass the one of its handle")
        return DurableTaskOperations(self._context, self.name, partition, sequence)

    def is_shutdown(self) -> Op[bool]:
        """Return whether the executor is shut down. Source: message ``DurableExecutor.isShutdown``."""
        return self._asked(codec.is_shutdown(self.name))

    def shutdown(self) -> Op[None]:
        """Shut the executor down: this client rejects new tasks; results can still be retrieved.

        Members themselves do not reject tasks: other clients do so when they have asked ``is_shutdown``.

        Source: message ``DurableExecutor.shutdown``.
        """
        return self._ended(codec.shutdown(self.name))

    def _submitted(self, partition: int, task: Data) -> Flow[DurableTaskOperations]:
        # A result that nobody has the handle of would keep its place for ever.
        request = acquires(
            self._context,
            codec.submit_to_partition(partition, self.name, task),
            lambda sequence: codec.dispose_result(partition, self.name, sequence),
        )
        sequence: int = yield request
        return DurableTaskOperations(self._context, self.name, partition, sequence)
