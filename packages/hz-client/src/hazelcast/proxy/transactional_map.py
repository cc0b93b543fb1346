"""The map in a transaction, which ``transaction.get_map`` returns."""

from hz_proxies.transaction.map import BlockingTransactionalMap, TransactionalMap

__all__ = ["BlockingTransactionalMap", "TransactionalMap"]
