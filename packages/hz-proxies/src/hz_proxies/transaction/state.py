"""The states of a transaction, and the transactions of a client."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from itertools import count
from types import MappingProxyType
from typing import Any, Final, Protocol

from hz_core.context import Service
from hz_core.op import Flow, GatherOutcomes


class TransactionType(IntEnum):
    """The protocols to commit a transaction."""

    TWO_PHASE = 1
    """The changes are first prepared on all members, so that none are lost if a member fails that owns their keys.

    If the member fails that commits the transaction, some changes may be lost all the same.
    """

    ONE_PHASE = 2
    """The changes are applied member by member; if a member fails meanwhile, some changes may be lost."""


class TransactionState:
    """The states of a transaction."""

    NOT_STARTED: Final = "not_started"
    """The transaction was not begun."""

    ACTIVE: Final = "active"
    """The transaction was begun and accepts changes."""

    COMMITTED: Final = "committed"
    """The changes were applied."""

    ROLLED_BACK: Final = "rolled_back"
    """The changes were discarded."""

    UNKNOWN: Final = "unknown"
    """The commit failed; it is unknown whether the changes were applied, or only some of them."""


_S = TransactionState

TRANSACTION_TRANSITIONS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        _S.NOT_STARTED: frozenset({_S.ACTIVE}),
        _S.ACTIVE: frozenset({_S.COMMITTED, _S.ROLLED_BACK, _S.UNKNOWN}),
        _S.COMMITTED: frozenset(),
        _S.ROLLED_BACK: frozenset(),
        _S.UNKNOWN: frozenset(),
    }
)
"""The states that may follow each state."""


LATE: Final = 600.0
"""Seconds after the time of a transaction within which members have ended it, even without a word from its client.

They give up a client from which they hear nothing for 300 s by default.
"""

# Apart from the numbers of threads and tasks.
_next_lock_owner: Final[Callable[[], int]] = count(1 << 40).__next__


class ActiveTransaction(Protocol):
    """A transaction, as the service and other transactions see it."""

    _begun_by: int

    def _is_over(self) -> bool:
        """Return whether the member has rolled the transaction back by now, because its time is over."""
        ...

    def _roll_back(self) -> Flow[None]:
        """Discard the changes, in any thread."""
        ...


class TransactionService(Service):
    """The transactions of a client. Active ones are rolled back before the client closes its connections.

    Attributes:
        active: The active transactions.
    """

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.active: dict[ActiveTransaction, None] = {}
        # When they are over, by the lock owner. Without those that have ended as their member has confirmed.
        self._unconfirmed: dict[int, float] = {}

    def lock_owner(self, begun_by: int) -> int:
        """Return the lock owner id of a new transaction.

        It is that of its thread or task, so that it can change keys that this one has locked. But members know locks by
        this id alone: as long as they may end an earlier transaction of this thread or task, that would release the
        locks of a new one, which would go on without them. So this one gets an id of its own.

        Args:
            begun_by: Lock owner id of its thread or task.
        """
        now = self._context.io.now()
        for owner, over in self._unconfirmed.copy().items():
            if over <= now:
                self._unconfirmed.pop(owner, None)
        return _next_lock_owner() if begun_by in self._unconfirmed else begun_by

    def begun(self, transaction: ActiveTransaction, lock_owner: int, timeout: float) -> None:
        """Note that a transaction has begun.

        Args:
            transaction: The transaction.
            lock_owner: Its lock owner id.
            timeout: Seconds after which its member ends it.
        """
        self.active[transaction] = None
        if lock_owner == transaction._begun_by:
            self._unconfirmed[lock_owner] = self._context.io.now() + timeout + LATE

    def ended(self, lock_owner: int) -> None:
        """Note that a member has confirmed the end of a transaction: nothing of it will follow."""
        self._unconfirmed.pop(lock_owner, None)

    def closing(self) -> Flow[None]:
        """Roll back the active transactions."""
        # Side by side: a transaction whose connection is lost must not keep the others from their rollback.
        yield GatherOutcomes([transaction._roll_back() for transaction in self.active])

    def on_fork(self) -> None:
        """Forget the transactions, which are the parent's: their steps fail here, since their connections are."""
        self.active.clear()
        self._unconfirmed.clear()
