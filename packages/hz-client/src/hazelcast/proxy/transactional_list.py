"""The list in a transaction, which ``transaction.get_list`` returns."""

from hz_proxies.transaction.list import BlockingTransactionalList, TransactionalList

__all__ = ["BlockingTransactionalList", "TransactionalList"]
