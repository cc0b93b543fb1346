"""Multimaps in transactions."""

from hz_proxies.transaction.multi_map.blocking import BlockingTransactionalMultiMap
from hz_proxies.transaction.multi_map.futures import TransactionalMultiMap
from hz_serialization.public_names import publish

__all__ = ["BlockingTransactionalMultiMap", "TransactionalMultiMap"]

publish(__name__, (globals()[name] for name in __all__))
