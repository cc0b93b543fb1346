"""What members tell about their jobs."""

from datetime import UTC, datetime
from typing import NamedTuple

from hz_core.wire.types import ABSENT
from hz_proxies.codecs import jet as codec
from hz_proxies.jet.status import JobStatus


class JobSummary(NamedTuple):
    """What a member tells about a job or a query."""

    id: int
    """Identifier of the job."""

    name: str
    """Its name, or its identifier as text if it has none."""

    status: JobStatus
    """What it does."""

    is_light: bool
    """Whether it is a light job, as queries are: it has no name, survives no lost member, and cannot be suspended."""

    execution_id: int
    """Identifier of its execution; 0 if it does not run."""

    submission_time: datetime
    """When it was submitted, by the clock of the member (UTC)."""

    completion_time: datetime | None
    """When it ended (UTC), None if it has not ended."""

    failure: str | None
    """Why it failed, None if it did not."""

    query: str | None
    """The SQL statement that it executes, None for a job of another origin."""

    is_unbounded: bool
    """Whether the statement never ends by itself."""

    suspension_cause: str | None
    """Why it is suspended; None if it is not."""

    is_user_cancelled: bool
    """Whether a user has cancelled it."""


def to_summary(found: codec.JobAndSqlSummary) -> JobSummary:
    """Return what a member has told."""
    sql = found.sql_summary
    cause, cancelled = found.suspension_cause, found.user_cancelled
    return JobSummary(
        id=found.job_id,
        name=found.name_or_id,
        status=JobStatus(found.status),
        is_light=found.light_job,
        execution_id=found.execution_id,
        submission_time=to_time(found.submission_time),
        completion_time=to_time(found.completion_time) if found.completion_time else None,
        failure=found.failure_text,
        query=None if sql is None else sql.query,
        is_unbounded=sql is not None and sql.unbounded,
        suspension_cause=None if cause is ABSENT else cause,
        is_user_cancelled=cancelled is not ABSENT and cancelled,
    )


def to_time(millis: int) -> datetime:
    """Return the time of a number of milliseconds since 1970."""
    return datetime.fromtimestamp(millis / 1000, UTC)
