"""Transactions over several data structures."""

from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.state import TransactionState, TransactionType
from hz_serialization.public_names import publish

__all__ = ["BlockingTransaction", "Transaction", "TransactionState", "TransactionType"]

publish(__name__, (globals()[name] for name in __all__))
