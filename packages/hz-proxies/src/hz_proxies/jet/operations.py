"""The operations of the Jet engine, from which its surfaces are generated."""

from collections.abc import Mapping
from typing import Any

from hz_core.arguments import shown
from hz_core.errors import JobNotFoundError
from hz_core.op import Flow
from hz_core.operations import Operations
from hz_proxies.codecs import jet as codec
from hz_proxies.jet.job.operations import JobOperations
from hz_proxies.jet.names import checked_name, id_text, identifier, options_clause
from hz_proxies.jet.summary import JobSummary, to_summary
from hz_proxies.sql.operations import SqlOperations


class JetOperations(Operations):
    """The jobs of a cluster. Members of 5.3 and newer with Jet enabled; without it they raise JetDisabledError."""

    def get_summaries(self) -> Flow[list[JobSummary]]:
        """Return what a member tells about all jobs, queries included; the newest ones first.

        Source: message ``Jet.getJobAndSqlSummaryList``.
        """
        return list((yield from self._summaries()))

    def get_jobs(self, name: str | None = None) -> Flow[list[JobOperations]]:
        """Return all jobs, queries included; the newest ones first.

        Args:
            name: Return only the jobs of this name; there may be several, of which one at most has not ended.

        Source: message ``Jet.getJobAndSqlSummaryList``.
        """
        found = yield from self._summaries()
        return [self._job(summary) for summary in found if name is None or _name(summary) == name]

    def get_job(self, job: int | str) -> Flow[JobOperations]:
        """Return a job: that with this identifier, or the newest one of this name.

        Raises:
            JobNotFoundError: There is none.
            TypeError: ``job`` is neither an int nor a string.

        Source: message ``Jet.getJobAndSqlSummaryList``.
        """
        if not isinstance(job, int | str):
            raise TypeError(f"a job has an identifier (int) or a name (str), not {shown(job)}")
        return self._get_job(job)

    def new_job(
        self, name: str, statement: str, *params: object, options: Mapping[str, str | int] | None = None
    ) -> Flow[JobOperations]:
        """Submit a job that executes an SQL statement, and return it. Members need the SQL module.

        Args:
            name: Name of the job, which no other active job has.
            statement: The statement, ``INSERT INTO`` or ``SINK INTO``, with a ``?`` for each parameter.
            *params: The parameters.
            options: Options of the job, such as ``{"processingGuarantee": "exactlyOnce"}``.

        Raises:
            HazelcastSqlError: The statement is wrong, or there is an active job of this name.
            TypeError: The name or an option is not a string.

        Source: the SQL statement ``CREATE JOB``.
        """
        sql = f"CREATE JOB {identifier(checked_name(name, 'a job'))}{options_clause(options or {})} AS {statement}"
        return self._new_job(name, sql, params)

    def _new_job(self, name: str, sql: str, params: tuple[Any, ...]) -> Flow[JobOperations]:
        yield from SqlOperations(self._context).execute(sql, *params)
        return (yield from self._get_job(name))

    def _get_job(self, job: int | str) -> Flow[JobOperations]:
        for summary in (yield from self._summaries()):
            if (summary.id if isinstance(job, int) else _name(summary)) == job:
                return self._job(summary)
        what = id_text(job) if isinstance(job, int) else repr(job)
        raise JobNotFoundError(f"the cluster has no job {what}")

    def _summaries(self) -> Flow[list[JobSummary]]:
        found: list[codec.JobAndSqlSummary] = yield codec.get_job_and_sql_summary_list()
        return sorted(map(to_summary, found), key=lambda summary: summary.submission_time, reverse=True)

    def _job(self, summary: JobSummary) -> JobOperations:
        return JobOperations(self._context, summary.id, _name(summary), summary.is_light)


def _name(summary: JobSummary) -> str | None:
    return None if summary.is_light or summary.name == id_text(summary.id) else summary.name
