"""Transactions, which ``client.new_transaction`` returns."""

from typing import Final

from hz_proxies.transaction import BlockingTransaction as Transaction
from hz_proxies.transaction import TransactionState, TransactionType

__all__ = ["ONE_PHASE", "TWO_PHASE", "Transaction", "TransactionState", "TransactionType"]

ONE_PHASE: Final = TransactionType.ONE_PHASE
"""The type of a transaction that is committed in one step, without preparing it on the members first."""

TWO_PHASE: Final = TransactionType.TWO_PHASE
"""The type of a transaction that is prepared on the members, with a backup of its log, and then committed."""
