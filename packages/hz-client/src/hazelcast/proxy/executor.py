"""The executor of tasks on members, which ``client.get_executor`` returns."""

from hz_proxies.executor import BlockingExecutor, Executor

__all__ = ["BlockingExecutor", "Executor"]
