"""The states of a transaction, and the transactions of a client."""

from collections.abc import Mapping
from enum import IntEnum
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


class ActiveTransaction(Protocol):
    """A transaction, as the service and other transactions see it."""

    _thread_id: int

    def _is_over(self) -> bool:
        """Return whether the member has rolled the transaction back by now, because its time is over."""
        ...

    def _roll_back(self) -> Flow[None]:
        """Discard the changes, in any thread."""
        ...


class TransactionService(Service):
    """The active transactions of a client. They are rolled back before the client closes its connections."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.active: dict[ActiveTransaction, None] = {}

    def closing(self) -> Flow[None]:
        """Roll back the active transactions."""
        # Side by side: a transaction whose connection is lost must not keep the others from their rollback.
        yield GatherOutcomes([transaction._roll_back() for transaction in self.active])

    def on_fork(self) -> None:
        """Forget the transactions, which are the parent's: their steps fail here, since their connections are."""
        self.active.clear()
