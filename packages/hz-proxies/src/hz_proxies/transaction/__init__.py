"""Transactions over the structures of one cluster."""

from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.state import TransactionState, TransactionType

__all__ = ["BlockingTransaction", "Transaction", "TransactionState", "TransactionType"]
