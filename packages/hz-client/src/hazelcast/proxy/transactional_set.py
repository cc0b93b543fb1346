"""The set in a transaction, which ``transaction.get_set`` returns."""

from hz_proxies.transaction.set import BlockingTransactionalSet, TransactionalSet

__all__ = ["BlockingTransactionalSet", "TransactionalSet"]
