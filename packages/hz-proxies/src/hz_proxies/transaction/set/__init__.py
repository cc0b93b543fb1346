"""Sets in transactions."""

from hz_proxies.transaction.set.blocking import BlockingTransactionalSet
from hz_proxies.transaction.set.futures import TransactionalSet
from hz_serialization.public_names import publish

__all__ = ["BlockingTransactionalSet", "TransactionalSet"]

publish(__name__, (globals()[name] for name in __all__))
