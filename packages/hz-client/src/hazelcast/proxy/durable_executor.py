"""The durable executor, which ``client.get_durable_executor`` returns."""

from hz_proxies.durable_executor import BlockingDurableExecutor, DurableExecutor

__all__ = ["BlockingDurableExecutor", "DurableExecutor"]
