"""Errors of the Jet engine, which executes jobs and SQL."""

from hz_serialization import HazelcastError


class JetError(HazelcastError):
    """A job, or the Jet engine, failed."""


class TopologyChangedError(JetError):
    """The members of the cluster changed during the job."""


class JobNotFoundError(JetError):
    """The job does not exist."""


class JobAlreadyExistsError(JetError):
    """An active job with that name exists already."""


class AssertionCompletedError(JetError):
    """An assertion in the pipeline completed the job."""


class JetDisabledError(JetError):
    """The Jet engine is not enabled on the members."""


class CancellationByUserError(JetError):
    """The job was cancelled by a user."""


class TaskletExecutionError(JetError):
    """A tasklet of the job failed."""
