"""Errors of the Jet engine, which runs jobs and SQL."""

from hz_serialization import HazelcastError


class JetError(HazelcastError):
    """A job, or the Jet engine, failed."""


class TopologyChangedError(JetError):
    """The members changed while the job ran."""


class JobNotFoundError(JetError):
    """There is no such job."""


class JobAlreadyExistsError(JetError):
    """An active job of that name exists already."""


class AssertionCompletedError(JetError):
    """An assertion in a job pipeline ended the job on purpose."""


class JetDisabledError(JetError):
    """The Jet engine isn't enabled on the members."""


class CancellationByUserError(JetError):
    """The job was cancelled by a user."""


class TaskletExecutionError(JetError):
    """A tasklet of the job failed."""
