"""Executor whose tasks and results survive lost members (``hz:impl:durableExecutorService``)."""

from hz_proxies.durable_executor.blocking import BlockingDurableExecutor
from hz_proxies.durable_executor.futures import DurableExecutor
from hz_proxies.durable_executor.kind import DURABLE_EXECUTOR
from hz_serialization.public_names import publish

__all__ = ["DURABLE_EXECUTOR", "BlockingDurableExecutor", "DurableExecutor"]

publish(__name__, (globals()[name] for name in __all__))
