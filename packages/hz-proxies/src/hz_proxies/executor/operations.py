"""The operations of an executor, from which its surfaces are generated."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from hz_core.flow import cancellable
from hz_core.model import MemberInfo
from hz_core.op import Flow, GatherOutcomes, Op
from hz_core.operations import none_refused
from hz_proxies.codecs import executor_service as codec
from hz_proxies.executor.members import member_uuid, to_member
from hz_proxies.executor.rejecting import RejectingOperations
from hz_proxies.executor.task.operations import ExecutorTaskOperations
from hz_serialization import Data

_Submission: TypeAlias = tuple[Op[Any], Callable[[bool], Op[bool]]]
"""The request that executes a task, and what cancels it."""


class ExecutorOperations(RejectingOperations):
    """Executes tasks on members.

    A task is an object whose class members know: an
    :class:`~hz_serialization.api.IdentifiedDataSerializable`, Portable or other object that they deserialize to a
    Java object with the interface ``java.util.concurrent.Callable``.

    If the caller gives up (its future or its asyncio task is cancelled, it is interrupted, its time is over), the task
    is cancelled on the member. The ``submit_to_…`` operations return a handle instead, by which it can be cancelled.

    A task is not executed again if the connection is lost, unless the client is configured with ``redo_operation``.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:executorService"

    def execute_on_key_owner(self, key: object, task: object) -> Flow[Any]:
        """Execute ``task`` on the member that owns the partition of ``key``, and return its result.

        Raises:
            RejectedExecutionError: The executor is shut down.
            HazelcastError: The task failed; see the cause.

        Source: message ``ExecutorService.submitToPartition``.
        """
        return _executed(self._on_key_owner(key, task))

    def execute_on_member(self, member: MemberInfo, task: object) -> Flow[Any]:
        """Execute ``task`` on ``member``, and return its result.

        Raises:
            RejectedExecutionError: The executor is shut down.
            TargetNotMemberError: The member has left the cluster.
            TypeError: ``member`` is no MemberInfo.

        Source: message ``ExecutorService.submitToMember``.
        """
        return _executed(self._on_member(member_uuid(member), self._task(task)))

    def execute_on_members(self, members: Sequence[MemberInfo], task: object) -> Flow[list[Any]]:
        """Execute ``task`` on each of ``members``, in parallel.

        Returns:
            The results, in the order of the members.

        Raises:
            RejectedExecutionError, TargetNotMemberError, TypeError: As ``execute_on_member``.

        Source: message ``ExecutorService.submitToMember``.
        """
        if members is None:
            raise none_refused("members", self.name)
        return self._on_members([member_uuid(member) for member in members], self._task(task))

    def execute_on_all_members(self, task: object) -> Flow[list[Any]]:
        """Execute ``task`` on all members of the cluster, in parallel.

        Returns:
            The results, in the order of the member list.

        Raises:
            RejectedExecutionError, TargetNotMemberError: As ``execute_on_member``.

        Source: message ``ExecutorService.submitToMember``.
        """
        members = [member.uuid for member in self._view.members.members]
        return self._on_members(members, self._task(task))

    def submit_to_key_owner(self, key: object, task: object) -> ExecutorTaskOperations:
        """Begin to execute ``task`` on the member that owns the partition of ``key``.

        Returns:
            A handle, at once, to wait for the result or to cancel the task.

        Source: message ``ExecutorService.submitToPartition``.
        """
        return ExecutorTaskOperations(self._context, *self._on_key_owner(key, task))

    def submit_to_member(self, member: MemberInfo, task: object) -> ExecutorTaskOperations:
        """Begin to execute ``task`` on ``member``.

        Returns:
            A handle, at once, to wait for the result or to cancel the task.

        Raises:
            TypeError: ``member`` is no MemberInfo.

        Source: message ``ExecutorService.submitToMember``.
        """
        submission = self._on_member(member_uuid(member), self._task(task))
        return ExecutorTaskOperations(self._context, *submission)

    def is_shutdown(self) -> Op[bool]:
        """Return whether the executor is shut down. Source: message ``ExecutorService.isShutdown``."""
        return self._asked(codec.is_shutdown(self.name))

    def shutdown(self) -> Op[None]:
        """Shut the executor down: tasks that were submitted are executed, and this client rejects new ones.

        Members themselves do not reject tasks: other clients do so when they have asked ``is_shutdown``.

        Source: message ``ExecutorService.shutdown``.
        """
        return self._ended(codec.shutdown(self.name))

    def _on_key_owner(self, key: object, task: object) -> _Submission:
        _, partition = self._keyed(key)
        data, task_id = self._task(task), self._context.new_uuid()
        return (
            codec.submit_to_partition(partition, self.name, task_id, data),
            lambda interrupt: codec.cancel_on_partition(partition, task_id, interrupt),
        )

    def _on_member(self, member: UUID, task: Data) -> _Submission:
        task_id = self._context.new_uuid()
        return (
            to_member(codec.submit_to_member(self.name, task_id, task, member), member),
            lambda interrupt: to_member(codec.cancel_on_member(task_id, member, interrupt), member),
        )

    def _on_members(self, members: list[UUID], task: Data) -> Flow[list[Any]]:
        results: list[Any] = yield [_executed(self._on_member(member, task)) for member in members]
        return results


def _executed(submission: _Submission) -> Flow[Any]:
    """Wait for the result of a task; cancel it if nobody waits any more."""
    submit, cancel = submission
    return cancellable(submit, lambda: GatherOutcomes([cancel(True)]))
