"""Executor of tasks on members (``hz:impl:executorService``)."""

from hz_proxies.executor.blocking import BlockingExecutor
from hz_proxies.executor.futures import Executor
from hz_proxies.executor.kind import EXECUTOR
from hz_serialization.public_names import publish

__all__ = ["EXECUTOR", "BlockingExecutor", "Executor"]

publish(__name__, (globals()[name] for name in __all__))
