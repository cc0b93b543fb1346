"""Maps in transactions."""

from hz_proxies.transaction.map.blocking import BlockingTransactionalMap
from hz_proxies.transaction.map.futures import TransactionalMap
from hz_serialization.public_names import publish

__all__ = ["BlockingTransactionalMap", "TransactionalMap"]

publish(__name__, (globals()[name] for name in __all__))
