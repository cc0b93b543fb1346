"""The map in a transaction, which ``get_map`` of a transaction returns."""

from hz_proxies.transaction.map.blocking import BlockingTransactionalMap as TransactionalMap

__all__ = ["TransactionalMap"]
