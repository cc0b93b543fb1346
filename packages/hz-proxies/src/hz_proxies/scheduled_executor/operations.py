"""The operations of a scheduled executor, from which its surfaces are generated."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from hz_core.arguments import milliseconds, shown
from hz_core.errors import UnsupportedOperationError
from hz_core.model import MemberInfo
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, none_refused
from hz_proxies.codecs import scheduled_executor as codec
from hz_proxies.executor.members import member_uuid, to_member
from hz_proxies.scheduled_executor.handler import Handler
from hz_proxies.scheduled_executor.task.operations import ScheduledTaskOperations
from hz_serialization import Data

_ONCE: Final = 0
_AT_FIXED_RATE: Final = 1


class ScheduledExecutorOperations(KeyedOperations):
    """Executes tasks on members after a delay, once or at a fixed rate.

    Tasks are objects as for an :class:`~hz_proxies.executor.Executor`. A task lives in a partition, with backups, so
    that it survives lost members, or on members that the caller chooses. It stays there, with its result, until it is
    disposed of.

    All ways to schedule a task have these parameters: ``delay`` is the number of seconds until its (first) execution.
    ``period`` is the number of seconds from the beginning of an execution to that of the next; None to execute it
    once. ``name`` is the name of the task, which must be unique in its partition or on its member; None for a
    random one. With ``auto_disposable`` the members dispose of the task when it ends (members from 4.1 on).
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:scheduledExecutorService"

    def schedule(
        self,
        task: object,
        delay: float,
        period: float | None = None,
        name: str | None = None,
        auto_disposable: bool = False,
    ) -> Flow[ScheduledTaskOperations]:
        """Schedule ``task`` in the partition that its name chooses.

        Raises:
            DuplicateTaskError: There is a task of this name.
            RejectedExecutionError: The executor is shut down, or full.
            TypeError, ValueError: A time is not a number, or negative, or the period is 0.

        Source: message ``ScheduledExecutor.submitToPartition``.
        """
        plan = self._plan(task, delay, period, name, auto_disposable)
        partition = self._partition_of(self._to_data(plan.name))
        return self._on_partition(partition, plan)

    def schedule_on_key_owner(
        self,
        task: object,
        key: object,
        delay: float,
        period: float | None = None,
        name: str | None = None,
        auto_disposable: bool = False,
    ) -> Flow[ScheduledTaskOperations]:
        """Schedule ``task`` in the partition of ``key``.

        Raises:
            DuplicateTaskError, RejectedExecutionError, TypeError, ValueError: As ``schedule``.

        Source: message ``ScheduledExecutor.submitToPartition``.
        """
        _, partition = self._keyed(key)
        return self._on_partition(partition, self._plan(task, delay, period, name, auto_disposable))

    def schedule_on_member(
        self,
        task: object,
        member: MemberInfo,
        delay: float,
        period: float | None = None,
        name: str | None = None,
        auto_disposable: bool = False,
    ) -> Flow[ScheduledTaskOperations]:
        """Schedule ``task`` on ``member``; the task is lost with it.

        Raises:
            DuplicateTaskError, RejectedExecutionError, TypeError, ValueError: As ``schedule``.
            TargetNotMemberError: The member has left the cluster.

        Source: message ``ScheduledExecutor.submitToMember``.
        """
        uuid = member_uuid(member)
        return self._on_member(uuid, self._plan(task, delay, period, name, auto_disposable))

    def schedule_on_members(
        self,
        task: object,
        members: Sequence[MemberInfo],
        delay: float,
        period: float | None = None,
        name: str | None = None,
        auto_disposable: bool = False,
    ) -> Flow[list[ScheduledTaskOperations]]:
        """Schedule ``task`` on each of ``members``, with the same name.

        Returns:
            The handles, in the order of the members.

        Raises:
            DuplicateTaskError, RejectedExecutionError, TargetNotMemberError, TypeError, ValueError: As
                ``schedule_on_member``.

        Source: message ``ScheduledExecutor.submitToMember``.
        """
        if members is None:
            raise none_refused("members", self.name)
        uuids = [member_uuid(member) for member in members]
        return self._on_members(uuids, self._plan(task, delay, period, name, auto_disposable))

    def schedule_on_all_members(
        self,
        task: object,
        delay: float,
        period: float | None = None,
        name: str | None = None,
        auto_disposable: bool = False,
    ) -> Flow[list[ScheduledTaskOperations]]:
        """Schedule ``task`` on all members that the cluster has now, with the same name.

        Returns:
            The handles, in the order of the member list.

        Raises:
            DuplicateTaskError, RejectedExecutionError, TargetNotMemberError, TypeError, ValueError: As
                ``schedule_on_member``.

        Source: message ``ScheduledExecutor.submitToMember``.
        """
        uuids = [member.uuid for member in self._view.members.members]
        return self._on_members(uuids, self._plan(task, delay, period, name, auto_disposable))

    def get_scheduled_future(self, urn: str) -> ScheduledTaskOperations:
        """Return the handle of a task that was scheduled before, at once; also by another client.

        Args:
            urn: Resource name of the task, which its handle returns.

        Raises:
            TypeError, ValueError: It is not the resource name of a task of this executor.
        """
        handler = Handler.of_urn(urn)
        if handler.scheduler != self.name:
            raise ValueError(f"the task belongs to the executor {handler.scheduler!r}, not to {self.name!r}")
        return ScheduledTaskOperations(self._context, handler)

    def get_all_scheduled_futures(self) -> Flow[list[ScheduledTaskOperations]]:
        """Return the handles of all tasks that were not disposed of.

        Source: message ``ScheduledExecutor.getAllScheduledFutures``.
        """
        found: list[codec.ScheduledTaskHandler] = yield codec.get_all_scheduled_futures(self.name)
        return [
            ScheduledTaskOperations(
                self._context,
                # Members also name the owner of a partition, which may change.
                Handler(
                    one.uuid if one.partition_id < 0 else None,
                    one.partition_id,
                    one.scheduler_name,
                    one.task_name,
                ),
            )
            for one in found
        ]

    def shutdown(self) -> Flow[None]:
        """Shut the executor down on all members: they reject new tasks, and tasks that were scheduled do not begin.

        Source: message ``ScheduledExecutor.shutdown``.
        """
        members = [member.uuid for member in self._view.members.members]
        yield [to_member(codec.shutdown(self.name, member), member) for member in members]

    def _plan(
        self, task: object, delay: float, period: float | None, name: str | None, auto_disposable: bool
    ) -> "_Plan":
        data = self._value(task, "task")
        found = str(self._context.new_uuid()) if name is None else _checked_name(name)
        delay_millis = milliseconds(delay, "delay")
        period_millis = 0 if period is None else milliseconds(period, "period")
        if period is not None and not period_millis:
            raise ValueError(f"period must be a positive number of seconds, not {period!r}")
        if auto_disposable:
            self._check_disposes_by_itself()
        return _Plan(found, data, delay_millis, None if period is None else period_millis, auto_disposable)

    def _check_disposes_by_itself(self) -> None:
        for member in self._view.members.members:
            version = member.version
            if (version.major, version.minor) < (4, 1):
                raise UnsupportedOperationError(
                    "ScheduledExecutor tasks with auto_disposable need members from 4.1 on;"
                    f" {member.address} has version {version.major}.{version.minor}.{version.patch}"
                )

    def _on_partition(self, partition: int, plan: "_Plan") -> Flow[ScheduledTaskOperations]:
        yield codec.submit_to_partition(
            partition,
            self.name,
            plan.kind,
            plan.name,
            plan.task,
            plan.delay,
            plan.period,
            plan.auto_disposable,
        )
        return ScheduledTaskOperations(self._context, Handler(None, partition, self.name, plan.name))

    def _on_member(self, member: UUID, plan: "_Plan") -> Flow[ScheduledTaskOperations]:
        op: Op[None] = codec.submit_to_member(
            self.name, member, plan.kind, plan.name, plan.task, plan.delay, plan.period, plan.auto_disposable
        )
        yield to_member(op, member)
        return ScheduledTaskOperations(self._context, Handler(member, -1, self.name, plan.name))

    def _on_members(self, members: Iterable[UUID], plan: "_Plan") -> Flow[list[ScheduledTaskOperations]]:
        found: list[ScheduledTaskOperations] = yield [self._on_member(member, plan) for member in members]
        return found


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise ValueError(f"name must be a non-empty string or None, not {shown(name)}")
    return name


class _Plan:
    """What is to be executed, and when; times are in milliseconds."""

    __slots__ = ("auto_disposable", "delay", "kind", "name", "period", "task")

    def __init__(self, name: str, task: Data, delay: int, period: int | None, auto_disposable: bool) -> None:
        self.name = name
        self.task = task
        self.delay = delay
        self.kind = _ONCE if period is None else _AT_FIXED_RATE
        self.period = period or 0
        self.auto_disposable = auto_disposable
