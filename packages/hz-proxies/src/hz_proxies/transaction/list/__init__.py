"""Lists in transactions."""

from hz_proxies.transaction.list.blocking import BlockingTransactionalList
from hz_proxies.transaction.list.futures import TransactionalList
from hz_serialization.public_names import publish

__all__ = ["BlockingTransactionalList", "TransactionalList"]

publish(__name__, (globals()[name] for name in __all__))
