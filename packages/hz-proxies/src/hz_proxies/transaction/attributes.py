"""What all surfaces of a transaction tell about it."""

from uuid import UUID

from hz_core.surfaces import AsyncioContextManager, BlockingContextManager, FuturesSurface
from hz_proxies.transaction.operations import TransactionOperations


class _Attributes:
    _ops: TransactionOperations

    @property
    def state(self) -> str:
        """One of :class:`hz_proxies.transaction.TransactionState`."""
        return self._ops._state

    @property
    def id(self) -> UUID | None:
        """The id that the member gave the transaction; None before it has begun."""
        return self._ops._id

    @property
    def start_time(self) -> float | None:
        """When it began, in seconds of a monotonic clock; None before."""
        return self._ops._start_time

    @property
    def thread_id(self) -> int | None:
        """Lock owner id: that of the thread or task that began it, or one of its own; None before.

        It has one of its own as long as members may still end an earlier transaction of this thread or task.
        """
        return self._ops._thread_id if self._ops._start_time is not None else None


class FuturesTransaction(_Attributes, FuturesSurface):
    """A transaction whose operations return futures."""


class BlockingTransactionContext(_Attributes, BlockingContextManager):
    """A transaction for ``with``."""


class AsyncioTransactionContext(_Attributes, AsyncioContextManager):
    """A transaction for ``async with``."""
