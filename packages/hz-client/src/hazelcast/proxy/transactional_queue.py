"""The queue in a transaction, which ``transaction.get_queue`` returns."""

from hz_proxies.transaction.queue import BlockingTransactionalQueue, TransactionalQueue

__all__ = ["BlockingTransactionalQueue", "TransactionalQueue"]
