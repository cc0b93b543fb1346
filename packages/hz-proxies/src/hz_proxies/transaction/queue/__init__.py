"""Queues in transactions."""

from hz_proxies.transaction.queue.blocking import BlockingTransactionalQueue
from hz_proxies.transaction.queue.futures import TransactionalQueue
from hz_serialization.public_names import publish

__all__ = ["BlockingTransactionalQueue", "TransactionalQueue"]

publish(__name__, (globals()[name] for name in __all__))
