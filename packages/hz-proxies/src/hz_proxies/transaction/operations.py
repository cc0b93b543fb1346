"""Operations of a transaction, from which its surfaces are generated."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar, overload
from uuid import UUID

from hz_core.arguments import int32, milliseconds, shown
from hz_core.connecting import ready_connection
from hz_core.connection import Connection
from hz_core.context import ClientContext, acquires
from hz_core.errors import (
    TransactionError,
    TransactionNotActiveError,
    TransactionTimedOutError,
    server_error,
)
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Op
from hz_core.operations import Operations, check_name
from hz_proxies.codecs import transaction as codec
from hz_proxies.transaction.list.operations import TransactionalListOperations
from hz_proxies.transaction.map.operations import TransactionalMapOperations
from hz_proxies.transaction.multi_map.operations import TransactionalMultiMapOperations
from hz_proxies.transaction.queue.operations import TransactionalQueueOperations
from hz_proxies.transaction.set.operations import TransactionalSetOperations
from hz_proxies.transaction.state import (
    TRANSACTION_TRANSITIONS,
    TransactionService,
    TransactionState,
    TransactionType,
)
from hz_proxies.types import E, K, V

_logger = get_logger("transaction")

T = TypeVar("T")

_COLLECTIONS: Final[Mapping[object, str]] = MappingProxyType(
    {
        TransactionalListOperations: "list",
        TransactionalQueueOperations: "queue",
        TransactionalSetOperations: "set",
    }
)


class TransactionOperations(Operations):
    """Changes of several data structures that are applied together or not at all.

    A transaction uses one connection, and belongs to the thread or asyncio task that began it. As a context manager
    it begins at the start of the block and commits at its end; if the block raises an error or its task is cancelled,
    it rolls back.
    """

    # Read by tools/generate_surfaces.py.
    futures_base = "hz_proxies.transaction.attributes.FuturesTransaction"
    blocking_base = "hz_proxies.transaction.attributes.BlockingTransactionContext"
    asyncio_base = "hz_proxies.transaction.attributes.AsyncioTransactionContext"

    def __init__(
        self,
        context: ClientContext,
        timeout: float = 120,
        durability: int = 1,
        transaction_type: int = TransactionType.TWO_PHASE,
    ) -> None:
        super().__init__(context)
        self._timeout_millis = milliseconds(timeout, "timeout")
        self._durability = int32(durability, "durability", 0)
        self._type = _type_of(transaction_type)
        self._service = context.service(TransactionService)
        self._state = TransactionState.NOT_STARTED
        self._connection: Connection | None = None
        self._id: UUID | None = None
        self._begun_by = 0
        self._thread_id = 0
        self._start_time: float | None = None
        self._maps: list[TransactionalMapOperations[Any, Any]] = []
        self._collections: dict[str, str] = {}

    def begin(self) -> Flow[None]:
        """Begin the transaction. Without a connection to the cluster this waits for one, as other operations do.

        Raises:
            TransactionError: The transaction was begun before, or this thread or task has another one in progress:
                transactions cannot be nested.

        Source: message ``Transaction.create``.
        """
        if self._state != TransactionState.NOT_STARTED:
            raise TransactionError(f"the transaction cannot begin: it is {self._state}")
        self._begun_by = self._owner()
        if any(
            other._begun_by == self._begun_by and not other._is_over() for other in list(self._service.active)
        ):
            raise TransactionError(
                "the transaction cannot begin: this thread or task has another one in progress, and they cannot be"
                " nested; commit that one or roll it back first"
            )
        connection = yield from ready_connection(self._context)
        self._thread_id = self._service.lock_owner(self._begun_by)
        kind = 2 if self._type is TransactionType.TWO_PHASE else 1
        create = codec.create(connection, self._timeout_millis, self._durability, kind, self._thread_id)
        transaction_id: UUID = yield acquires(
            self._context, create, lambda transaction_id: self._undo_begin(connection, transaction_id)
        )
        self._connection, self._id = connection, transaction_id
        self._start_time = self._context.io.now()
        self._enter_state(TransactionState.ACTIVE)
        self._service.begun(self, self._thread_id, self._timeout_millis / 1000)

    def _is_over(self) -> bool:
        """Return whether the member has rolled the transaction back by now, because its time is over."""
        began = self._start_time
        return began is not None and self._context.io.now() - began > self._timeout_millis / 1000

    def _undo_begin(self, connection: Connection, transaction_id: UUID) -> Op[None]:
        if self._state == TransactionState.ACTIVE:
            self._enter_state(TransactionState.ROLLED_BACK)
        return codec.rollback(connection, transaction_id, self._thread_id)

    def commit(self) -> Flow[None]:
        """Apply all changes of the transaction.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionTimedOutError: Its time is over; its changes were discarded.
            TransactionError: It belongs to another thread or task, or members could not commit it.
            TargetDisconnectedError: The connection was lost: the changes were applied or discarded, or only some were.

        Source: message ``Transaction.commit``.
        """
        connection, transaction_id = self._active()
        self._forget_copies()
        try:
            yield codec.commit(connection, transaction_id, self._thread_id)
        except TransactionTimedOutError:
            # A member looks at the time before it changes anything.
            self._enter_state(TransactionState.ROLLED_BACK)
            yield from self._release(connection, transaction_id)
            raise
        except BaseException as e:
            self._enter_state(TransactionState.UNKNOWN)
            self._forget_copies(certain=False)
            if isinstance(e, Exception) and server_error(e) is not None:
                yield from self._release(connection, transaction_id)
            raise
        self._service.ended(self._thread_id)
        self._enter_state(TransactionState.COMMITTED)
        self._forget_copies()

    def _forget_copies(self, certain: bool = True) -> None:
        for one in self._maps:
            one._forget_copies(certain)

    def _release(self, connection: Connection, transaction_id: UUID) -> Flow[None]:
        """Let the member give up what a transaction holds whose commit it has refused: locks, and items of queues."""
        (outcome,) = yield GatherOutcomes([codec.rollback(connection, transaction_id, self._thread_id)])
        if not isinstance(outcome, BaseException):
            self._service.ended(self._thread_id)

    def rollback(self) -> Flow[None]:
        """Discard all changes of the transaction.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task.

        Source: message ``Transaction.rollback``.
        """
        self._active()
        yield from self._roll_back()

    def _roll_back(self) -> Flow[None]:
        """Discard all changes, in any thread."""
        connection, transaction_id = self._scope()
        # Also if the request does not reach the member, which rolls the transaction back after its timeout.
        self._enter_state(TransactionState.ROLLED_BACK)
        yield codec.rollback(connection, transaction_id, self._thread_id)
        self._service.ended(self._thread_id)

    @overload
    def get_list(self, name: str) -> TransactionalListOperations[Any]: ...

    @overload
    def get_list(self, name: str, *, item: type[E]) -> TransactionalListOperations[E]: ...

    def get_list(self, name: str, *, item: Any = None) -> TransactionalListOperations[Any]:
        """Return a list whose operations are part of the transaction.

        Args:
            name: Name of the list.
            item: Type of its items, for type checkers.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task, or uses another collection of this name.
        """
        return self._object(TransactionalListOperations, name)

    @overload
    def get_map(self, name: str) -> TransactionalMapOperations[Any, Any]: ...

    @overload
    def get_map(self, name: str, *, key: type[K], value: type[V]) -> TransactionalMapOperations[K, V]: ...

    def get_map(
        self, name: str, *, key: Any = None, value: Any = None
    ) -> TransactionalMapOperations[Any, Any]:
        """Return a map whose operations are part of the transaction.

        Args:
            name: Name of the map.
            key: Type of its keys, for type checkers.
            value: Type of its values, for type checkers.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task.
        """
        map: TransactionalMapOperations[Any, Any] = self._object(TransactionalMapOperations, name)
        self._maps.append(map)
        return map

    @overload
    def get_queue(self, name: str) -> TransactionalQueueOperations[Any]: ...

    @overload
    def get_queue(self, name: str, *, item: type[E]) -> TransactionalQueueOperations[E]: ...

    def get_queue(self, name: str, *, item: Any = None) -> TransactionalQueueOperations[Any]:
        """Return a queue whose operations are part of the transaction.

        Args:
            name: Name of the queue.
            item: Type of its items, for type checkers.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task, or uses another collection of this name.
        """
        return self._object(TransactionalQueueOperations, name)

    @overload
    def get_set(self, name: str) -> TransactionalSetOperations[Any]: ...

    @overload
    def get_set(self, name: str, *, item: type[E]) -> TransactionalSetOperations[E]: ...

    def get_set(self, name: str, *, item: Any = None) -> TransactionalSetOperations[Any]:
        """Return a set whose operations are part of the transaction.

        Args:
            name: Name of the set.
            item: Type of its items, for type checkers.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task, or uses another collection of this name.
        """
        return self._object(TransactionalSetOperations, name)

    @overload
    def get_multi_map(self, name: str) -> TransactionalMultiMapOperations[Any, Any]: ...

    @overload
    def get_multi_map(
        self, name: str, *, key: type[K], value: type[V]
    ) -> TransactionalMultiMapOperations[K, V]: ...

    def get_multi_map(
        self, name: str, *, key: Any = None, value: Any = None
    ) -> TransactionalMultiMapOperations[Any, Any]:
        """Return a multimap whose operations are part of the transaction.

        Args:
            name: Name of the multimap.
            key: Type of its keys, for type checkers.
            value: Type of its values, for type checkers.

        Raises:
            TransactionNotActiveError: The transaction is not active.
            TransactionError: It belongs to another thread or task.
        """
        return self._object(TransactionalMultiMapOperations, name)

    def _object(self, kind: Callable[..., T], name: str) -> T:
        check_name(name)
        connection, transaction_id = self._active()
        word = _COLLECTIONS.get(kind)
        if word is not None and (other := self._collections.setdefault(name, word)) != word:
            raise TransactionError(
                f"the {word} {name!r} cannot be used in a transaction that uses the {other} {name!r}: members keep the"
                " changes of lists, queues and sets by name, and would mix these up; use another transaction"
            )
        return kind(self._context, name, connection, transaction_id, self._thread_id)

    def _active(self) -> tuple[Connection, UUID]:
        """Return connection and id of the transaction, for the thread or task that it belongs to."""
        scope = self._scope()
        if self._owner() != self._begun_by:
            raise TransactionError(
                "the transaction belongs to the thread or task that began it, and cannot be used by another one"
            )
        return scope

    def _scope(self) -> tuple[Connection, UUID]:
        if self._state != TransactionState.ACTIVE or self._connection is None or self._id is None:
            raise TransactionNotActiveError(f"the transaction is not active: it is {self._state}")
        return self._connection, self._id

    def _enter_state(self, state: str) -> None:
        assert state in TRANSACTION_TRANSITIONS[self._state], f"{self._state} to {state}"
        self._state = state
        if state != TransactionState.ACTIVE:
            self._service.active.pop(self, None)

    def _enter(self) -> Flow[None]:
        yield from self.begin()

    def _exit(self, error: BaseException | None) -> Flow[None]:
        if self._state != TransactionState.ACTIVE:
            return  # ended in the block
        if error is None:
            yield from self.commit()
            return
        try:
            yield from self.rollback()
        except Exception as e:
            # The caller gets the error of the block, which is the cause.
            _logger.warning("a transaction could not be rolled back after %r: %s", error, e)


def _type_of(value: int) -> TransactionType:
    try:
        return TransactionType(value)
    except ValueError:
        names = ", ".join(f"{member.name} ({member.value})" for member in TransactionType)
        raise ValueError(f"the type of a transaction must be one of {names}, not {shown(value)}") from None
