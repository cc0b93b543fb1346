"""The operations of a job, from which its surfaces are generated."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from hz_core.arguments import duration
from hz_core.context import ClientContext
from hz_core.errors import JobNotFoundError, UnsupportedOperationError
from hz_core.listener import ListenerSpec
from hz_core.op import Flow, GatherOutcomes, Op, Within
from hz_core.operations import Operations
from hz_proxies.codecs import jet as codec
from hz_proxies.jet.metrics import JobMetric, metrics_of
from hz_proxies.jet.names import checked_name, id_text
from hz_proxies.jet.status import JobStatus, JobStatusCallback, JobStatusEvent
from hz_proxies.jet.summary import JobSummary, to_summary, to_time

# How a job is ended: the numbers of the members' own enum.
_RESTART_GRACEFUL: Final = 0
_SUSPEND_GRACEFUL: Final = 2
_CANCEL_FORCEFUL: Final = 5

T = TypeVar("T")


class JobOperations(Operations):
    """A job of the cluster. Members of 5.3 and newer with Jet enabled.

    A handle holds only the identifier of the job, so it outlives connections and members. All operations raise
    JobNotFoundError if the members do not know the job (any more), and JetDisabledError without Jet.

    Light jobs, which queries are, have a status, a submission time and a summary; they can be waited for and
    cancelled. Everything else raises UnsupportedOperationError.

    Args:
        context: The client.
        job_id: Identifier of the job.
        name: Its name; None if it has none.
        is_light: Whether it is a light job.
    """

    futures_base = "hz_proxies.jet.job.attributes.FuturesJob"
    blocking_base = "hz_proxies.jet.job.attributes.BlockingJobAttributes"
    asyncio_base = "hz_proxies.jet.job.attributes.AsyncioJob"

    def __init__(self, context: ClientContext, job_id: int, name: str | None, is_light: bool) -> None:
        super().__init__(context)
        self.job_id = job_id
        self.name = name
        self.is_light = is_light

    def get_summary(self) -> Flow[JobSummary]:
        """Return all that a member tells about the job.

        Source: message ``Jet.getJobAndSqlSummaryList``.
        """
        found: list[codec.JobAndSqlSummary] = yield codec.get_job_and_sql_summary_list()
        for one in found:
            if one.job_id == self.job_id:
                return to_summary(one)
        raise self._not_found()

    def get_status(self) -> Flow[JobStatus]:
        """Return what the job does.

        Source: message ``Jet.getJobStatus``.
        """
        if self.is_light:
            return (yield from self.get_summary()).status
        return JobStatus((yield codec.get_job_status(self.job_id)))

    def get_submission_time(self) -> Flow[datetime]:
        """Return when the job was submitted, by the clock of the member (UTC).

        Source: message ``Jet.getJobSubmissionTime``.
        """
        millis: int = yield from self._on_coordinator(codec.get_job_submission_time)
        return to_time(millis)

    def get_suspension_cause(self) -> Flow[str | None]:
        """Return why the job is suspended; None if it is not.

        Source: message ``Jet.getJobAndSqlSummaryList``.
        """
        return (yield from self.get_summary()).suspension_cause

    def is_user_cancelled(self) -> Op[bool]:
        """Return whether a user has cancelled the job.

        Raises:
            IllegalStateError: The job has not ended.

        Source: message ``Jet.isJobUserCancelled``.
        """
        self._check_not_light("is_user_cancelled")
        return codec.is_job_user_cancelled(self.job_id)

    def join(self, timeout: float | None = None) -> Flow[None]:
        """Wait until the job has ended.

        Args:
            timeout: Seconds to wait at most; None to wait until it ends. The job goes on.

        Raises:
            TimeoutError: The job has not ended in this time.
            CancellationError, CancellationByUserError: The job was cancelled.
            HazelcastError: The job has failed.
            TypeError, ValueError: The timeout is no number, or negative or not finite.

        Source: message ``Jet.joinSubmittedJob``.
        """
        seconds = None if timeout is None else duration(timeout, "timeout")
        return self._join(seconds)

    def _join(self, seconds: float | None) -> Flow[None]:
        joining = self._on_coordinator(codec.join_submitted_job)
        if seconds is None:
            yield from joining
            return
        try:
            yield Within(seconds, joining)
        except TimeoutError as e:
            raise TimeoutError(f"{self._described()} has not ended within {seconds:g} s") from e

    def cancel(self) -> Flow[None]:
        """Cancel the job. It ends soon after that, with CancellationError for those who ``join`` it.

        Source: message ``Jet.terminateJob``.
        """
        yield from self._on_coordinator(
            lambda job, member: codec.terminate_job(job, _CANCEL_FORCEFUL, member)
        )

    def suspend(self) -> Op[None]:
        """Suspend the job, after a snapshot if it has a processing guarantee. It is suspended soon after that.

        Raises:
            IllegalStateError: The job does not run.

        Source: message ``Jet.terminateJob``.
        """
        self._check_not_light("suspend")
        return codec.terminate_job(self.job_id, _SUSPEND_GRACEFUL, None)

    def resume(self) -> Op[None]:
        """Resume the suspended job.

        Raises:
            IllegalStateError: The job is not suspended.

        Source: message ``Jet.resumeJob``.
        """
        self._check_not_light("resume")
        return codec.resume_job(self.job_id)

    def restart(self) -> Op[None]:
        """Restart the job, from a snapshot if it has a processing guarantee; new members then take part in it.

        Raises:
            IllegalStateError: The job does not run.

        Source: message ``Jet.terminateJob``.
        """
        self._check_not_light("restart")
        return codec.terminate_job(self.job_id, _RESTART_GRACEFUL, None)

    def export_snapshot(self, name: str) -> Op[None]:
        """Save the state of the job under ``name``. Enterprise members only; others refuse.

        Source: message ``Jet.exportSnapshot``.
        """
        return self._export(name, False)

    def cancel_and_export_snapshot(self, name: str) -> Op[None]:
        """Save the state of the job under ``name``, and cancel it. Enterprise members only; others refuse.

        Source: message ``Jet.exportSnapshot``.
        """
        return self._export(name, True)

    def get_metrics(self) -> Op[list[JobMetric]]:
        """Return what members have measured; nothing before they have done so for the first time.

        Members measure every 5 seconds by default, and not at all if their metrics are disabled.

        Source: message ``Jet.getJobMetrics``.
        """
        self._check_not_light("get_metrics")
        return codec.get_job_metrics(self.job_id).mapped(metrics_of)

    def add_status_listener(self, callback: JobStatusCallback) -> Flow[str]:
        """Call ``callback`` with a :class:`~hz_proxies.jet.JobStatusEvent` whenever the status changes.

        Returns:
            The registration id, for ``remove_status_listener``.

        Raises:
            IllegalStateError: The job has ended.

        Source: message ``Jet.addJobStatusListener``.
        """
        self._check_not_light("add_status_listener")
        job = self.job_id

        def on_event(record: codec.JobStatusEvent) -> None:
            callback(
                JobStatusEvent(
                    record.job_id,
                    JobStatus(record.previous_status),
                    JobStatus(record.new_status),
                    record.description,
                    record.user_requested,
                )
            )

        return self._context.add_listener(
            ListenerSpec(
                lambda local: codec.add_job_status_listener(job, None, local),
                lambda registration: codec.remove_job_status_listener(job, registration),
                on_event,
            )
        )

    def remove_status_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener. Those of a job that has ended need not be removed.

        Returns:
            Whether it was registered.

        Source: message ``Jet.removeJobStatusListener``.
        """
        return self._context.remove_listener(registration_id)

    def _export(self, name: str, cancel: bool) -> Op[None]:
        self._check_not_light("export_snapshot")
        return codec.export_snapshot(self.job_id, checked_name(name, "a snapshot"), cancel)

    def _on_coordinator(self, make: Callable[[int, UUID | None], Op[T]]) -> Flow[T]:
        """Execute a request; that for a light job must name the member that coordinates it.

        Members do not tell which one that is, so all are asked.
        """
        if not self.is_light:
            result: T = yield make(self.job_id, None)
            return result
        members = self._context.view.members.members
        outcomes = yield GatherOutcomes([make(self.job_id, member.uuid) for member in members])
        unknown: BaseException | None = None
        for outcome in outcomes:
            if not isinstance(outcome, BaseException):
                result = outcome
                return result
            if not isinstance(outcome, JobNotFoundError):
                raise outcome
            unknown = outcome
        raise self._not_found() from unknown

    def _check_not_light(self, what: str) -> None:
        if self.is_light:
            raise UnsupportedOperationError(
                f"{what} does not exist for light jobs: {self._described()} is one"
            )

    def _not_found(self) -> JobNotFoundError:
        return JobNotFoundError(f"the members do not know {self._described()} (any more)")

    def _described(self) -> str:
        return f"job {id_text(self.job_id)}" if self.name is None else f"job {self.name!r}"
