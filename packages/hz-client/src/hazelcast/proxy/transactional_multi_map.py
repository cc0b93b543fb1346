"""The multimap in a transaction, which ``transaction.get_multi_map`` returns."""

from hz_proxies.transaction.multi_map import BlockingTransactionalMultiMap, TransactionalMultiMap

__all__ = ["BlockingTransactionalMultiMap", "TransactionalMultiMap"]
