"""The operations of a scheduled task, from which its surfaces are generated."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from hz_core.context import ClientContext
from hz_core.op import Op
from hz_core.operations import Operations
from hz_proxies.codecs import scheduled_executor as codec
from hz_proxies.executor.members import to_member
from hz_proxies.scheduled_executor.handler import Handler
from hz_proxies.scheduled_executor.statistics import ScheduledTaskStatistics

_NANOS: Final = 1e-9

T = TypeVar("T")
_Stats = codec.GetStatsFromPartitionResponse | codec.GetStatsFromMemberResponse


class ScheduledTaskOperations(Operations):
    """A task that was scheduled. It lives in a partition, with backups, or on one member.

    A handle holds only the place and the name of the task, so it outlives connections and members; its ``urn`` is a
    string from which any client makes the handle again.

    All operations raise StaleTaskError if the task was disposed of, and TargetNotMemberError if the member that it
    lives on has left the cluster.

    Args:
        context: The client.
        handler: Where the task lives.
    """

    def __init__(self, context: ClientContext, handler: Handler) -> None:
        super().__init__(context)
        self._handler = handler

    def task_name(self) -> str:
        """Return the name of the task, at once."""
        return self._handler.task

    def urn(self) -> str:
        """Return the resource name of the task, at once; ``get_scheduled_future`` makes a handle from it."""
        return self._handler.urn()

    def get_result(self) -> Op[Any]:
        """Wait for the task to end, and return its result. A task at a fixed rate ends only when it is cancelled.

        Raises:
            CancellationError: The task was cancelled.
            HazelcastError: The task failed; see the cause.

        Source: messages ``ScheduledExecutor.getResultFromPartition`` and ``ScheduledExecutor.getResultFromMember``.
        """
        return self._op(codec.get_result_from_partition, codec.get_result_from_member)

    def get_delay(self) -> Op[float]:
        """Return the seconds until the next execution; negative if that is in the past.

        Source: messages ``ScheduledExecutor.getDelayFromPartition`` and ``ScheduledExecutor.getDelayFromMember``.
        """
        op = self._op(codec.get_delay_from_partition, codec.get_delay_from_member)
        return op.mapped(lambda nanos: nanos * _NANOS)

    def cancel(self) -> Op[bool]:
        """Cancel the task: it is not executed again. An execution that runs is not interrupted.

        Returns:
            Whether it was cancelled; False if it had ended before.

        Source: messages ``ScheduledExecutor.cancelFromPartition`` and ``ScheduledExecutor.cancelFromMember``.
        """
        handler = self._handler
        if handler.member is None:
            return codec.cancel_from_partition(handler.partition, handler.scheduler, handler.task, False)
        op = codec.cancel_from_member(handler.scheduler, handler.task, handler.member, False)
        return to_member(op, handler.member)

    def is_done(self) -> Op[bool]:
        """Return whether the task has ended or was cancelled.

        Source: messages ``ScheduledExecutor.isDoneFromPartition`` and ``ScheduledExecutor.isDoneFromMember``.
        """
        return self._op(codec.is_done_from_partition, codec.is_done_from_member)

    def is_cancelled(self) -> Op[bool]:
        """Return whether the task was cancelled.

        Source: messages ``ScheduledExecutor.isCancelledFromPartition`` and
        ``ScheduledExecutor.isCancelledFromMember``.
        """
        return self._op(codec.is_cancelled_from_partition, codec.is_cancelled_from_member)

    def get_statistics(self) -> Op[ScheduledTaskStatistics]:
        """Return how often and how long the task was executed.

        Source: messages ``ScheduledExecutor.getStatsFromPartition`` and ``ScheduledExecutor.getStatsFromMember``.
        """
        op: Op[Any] = self._op(codec.get_stats_from_partition, codec.get_stats_from_member)
        return op.mapped(_statistics)

    def dispose(self) -> Op[None]:
        """Remove the task and its result from the members, so that its name is free; it is cancelled before.

        Source: messages ``ScheduledExecutor.disposeFromPartition`` and ``ScheduledExecutor.disposeFromMember``.
        """
        return self._op(codec.dispose_from_partition, codec.dispose_from_member)

    def _op(
        self, of_partition: Callable[[int, str, str], Op[T]], of_member: Callable[[str, str, UUID], Op[T]]
    ) -> Op[T]:
        handler = self._handler
        if handler.member is None:
            return of_partition(handler.partition, handler.scheduler, handler.task)
        return to_member(of_member(handler.scheduler, handler.task, handler.member), handler.member)


def _statistics(found: _Stats) -> ScheduledTaskStatistics:
    return ScheduledTaskStatistics(
        total_runs=found.total_runs,
        last_run_duration=found.last_run_duration_nanos * _NANOS,
        total_run_time=found.total_run_time_nanos * _NANOS,
        last_idle_time=found.last_idle_time_nanos * _NANOS,
        total_idle_time=found.total_idle_time_nanos * _NANOS,
    )
