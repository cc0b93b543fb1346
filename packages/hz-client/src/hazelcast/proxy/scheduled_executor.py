"""The scheduled executor, which ``client.get_scheduled_executor`` returns."""

from hz_proxies.scheduled_executor import (
    BlockingScheduledExecutor,
    ScheduledExecutor,
    ScheduledTaskStatistics,
)

__all__ = ["BlockingScheduledExecutor", "ScheduledExecutor", "ScheduledTaskStatistics"]
