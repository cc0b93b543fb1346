"""Executor of tasks at a later time, once or repeatedly (``hz:impl:scheduledExecutorService``)."""

from hz_proxies.scheduled_executor.blocking import BlockingScheduledExecutor
from hz_proxies.scheduled_executor.futures import ScheduledExecutor
from hz_proxies.scheduled_executor.kind import SCHEDULED_EXECUTOR
from hz_proxies.scheduled_executor.statistics import ScheduledTaskStatistics
from hz_serialization.public_names import publish

__all__ = ["SCHEDULED_EXECUTOR", "BlockingScheduledExecutor", "ScheduledExecutor", "ScheduledTaskStatistics"]

publish(__name__, (globals()[name] for name in __all__))
