"""The multimap in a transaction, which ``get_multi_map`` of a transaction returns."""

from hz_proxies.transaction.multi_map.blocking import BlockingTransactionalMultiMap as TransactionalMultiMap

__all__ = ["TransactionalMultiMap"]
