"""What a member has measured of a scheduled task."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScheduledTaskStatistics:
    """What a member has measured of a scheduled task. Times are in seconds.

    Attributes:
        total_runs: How often the task was executed.
        last_run_duration: How long its last execution took.
        total_run_time: How long all executions took.
        last_idle_time: How long it waited before its last execution.
        total_idle_time: How long it waited before all executions.
    """

    total_runs: int
    last_run_duration: float
    total_run_time: float
    last_idle_time: float
    total_idle_time: float
