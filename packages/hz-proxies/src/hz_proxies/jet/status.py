"""What jobs do, and that they begin to do something else."""

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple, TypeAlias


class JobStatus(IntEnum):
    """What a job does, with the numbers of the protocol."""

    NOT_RUNNING = 0
    """It waits to be started, or to be restarted."""
    STARTING = 1
    """It is being initialized on the members."""
    RUNNING = 2
    """It runs."""
    SUSPENDED = 3
    """It was suspended, and can be resumed."""
    SUSPENDED_EXPORTING_SNAPSHOT = 4
    """It is suspended, and its state is being exported."""
    COMPLETING = 5
    """It is ending."""
    FAILED = 6
    """It has failed, or was cancelled."""
    COMPLETED = 7
    """It has ended without an error."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended, so that this does not change any more."""
        return self in (JobStatus.FAILED, JobStatus.COMPLETED)


class JobStatusEvent(NamedTuple):
    """The status of a job has changed."""

    job_id: int
    """Identifier of the job."""

    previous_status: JobStatus
    """What it did before."""

    new_status: JobStatus
    """What it does now."""

    description: str | None
    """What the user asked for, or why the job has failed; None for anything else."""

    user_requested: bool
    """Whether a user has asked for it."""


JobStatusCallback: TypeAlias = Callable[[JobStatusEvent], object]
