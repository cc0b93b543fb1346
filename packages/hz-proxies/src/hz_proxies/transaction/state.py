"""The states of a transaction, and the transactions of a client."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, Protocol

from hz_core.context import Service
from hz_core.op import Flow


class TransactionType(IntEnum):
    """How a transaction is committed."""

    TWO_PHASE = 1
    """The changes are first prepared on all members: a member that is lost meanwhile does not lose them."""

    ONE_PHASE = 2
    """The changes are applied member by member; a lost member may lose its part."""


class TransactionState:
    """Where a transaction is."""

    NOT_STARTED: Final = "not_started"
    """`begin` was not called."""

    ACTIVE: Final = "active"
    """It takes changes."""

    COMMITTED: Final = "committed"
    """Its changes were applied."""

    ROLLED_BACK: Final = "rolled_back"
    """Its changes were dropped."""

    UNKNOWN: Final = "unknown"
    """`commit` failed, and nobody knows whether the changes were applied."""


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
    """What the service rolls back."""

    def rollback(self) -> Flow[None]:
        """Drop the changes."""
        ...


class TransactionService(Service):
    """The active transactions of a client. They are rolled back before the client closes its connections."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.active: dict[ActiveTransaction, None] = {}

    def closing(self) -> Flow[None]:
        """Roll back what nobody has ended."""
        for transaction in list(self.active):
            yield from transaction.rollback()
