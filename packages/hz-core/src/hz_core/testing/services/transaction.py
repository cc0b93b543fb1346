"""Transactions, and maps within them: what they change is applied by the commit alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.locks import Owner
from hz_core.testing.members import MemberError, Request, Service, Session, SimulatedCluster, serves
from hz_core.testing.services.map import MapService
from hz_core.testing.services.map_state import MapState, Origin

Change = tuple[bytes, int] | None


@dataclass(eq=False)
class TransactionState:
    """One transaction that is under way.

    Attributes:
        id: Its id.
        session: The connection that it is bound to.
        owner: The owner of its locks: the client's thread, for which they are no hindrance outside of it, either.
        deadline: When it times out.
        changes: The new value and its time to live by map and key, None for an entry that is to be removed.
        locked: The keys that it has locked.
        at_commit: What else to do when it is committed.
        at_rollback: What to do when it is rolled back.
    """

    id: UUID
    session: Session
    owner: Owner
    deadline: float
    changes: dict[tuple[str, bytes], Change] = field(default_factory=dict)
    locked: set[tuple[str, bytes]] = field(default_factory=set)
    at_commit: list[Callable[[], object]] = field(default_factory=list)
    at_rollback: list[Callable[[], object]] = field(default_factory=list)


@serves("Transaction")
class TransactionService(Service):
    """Messages of the service ``Transaction``.

    Attributes:
        active: The transactions that are under way.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.active: dict[UUID, TransactionState] = {}

    def reset(self) -> None:
        """Forget all transactions."""
        self.active.clear()

    def session_closed(self, session: Session) -> None:
        """Roll back the transactions of a connection."""
        for transaction in list(self.active.values()):
            if transaction.session is session:
                self._end(transaction)

    def find(self, request: Request, transaction_id: UUID) -> TransactionState:
        """Return the transaction of a request.

        Raises:
            MemberError: There is none on this connection.
        """
        transaction = self.active.get(transaction_id)
        if transaction is None or transaction.session is not request.session:
            raise MemberError(codes.TRANSACTION, f"No transaction context found for txnId:{transaction_id}")
        return transaction

    def create(self, request: Request) -> None:
        """Begin a transaction, bound to the connection; reply its id."""
        deadline = self.cluster.clock.now() + request["timeout"] / 1000
        owner = (request.session.client, request["threadId"])
        transaction = TransactionState(self.cluster.new_uuid(), request.session, owner, deadline)
        self.active[transaction.id] = transaction
        request.reply(transaction.id)

    def commit(self, request: Request) -> None:
        """Apply all changes and end the transaction."""
        transaction = self.find(request, request["transactionId"])
        if self.cluster.clock.now() > transaction.deadline:
            # Its locks are over, too. What else it holds it keeps until it is rolled back, or its connection is lost.
            self._unlock(transaction)
            raise MemberError(codes.TRANSACTION_TIMED_OUT, "Transaction is timed-out!")
        for (name, key), change in transaction.changes.items():
            state, partition = self.cluster.service(MapService).state(name), self.cluster.partition_of(key)
            client = request.session.client or request.member.uuid
            origin = Origin(self.cluster.owner(partition), client)
            if change is None:
                state.take(origin, partition, key)
            else:
                self.cluster.puts.append((key, change[0]))
                state.store(origin, partition, key, *change)
        request.reply()
        self._end(transaction, transaction.at_commit)

    def rollback(self, request: Request) -> None:
        """Drop all changes and end the transaction."""
        transaction = self.find(request, request["transactionId"])
        request.reply()
        self._end(transaction)

    def _end(self, transaction: TransactionState, actions: list[Callable[[], object]] | None = None) -> None:
        del self.active[transaction.id]
        for act in reversed(transaction.at_rollback) if actions is None else actions:
            act()
        self._unlock(transaction)

    def _unlock(self, transaction: TransactionState) -> None:
        for name, key in transaction.locked:
            locks = self.cluster.service(MapService).state(name).locks
            locks.release((self.cluster.partition_of(key), key), transaction.owner)
        transaction.locked.clear()


@serves("TransactionalMap")
class TransactionalMapService(Service):
    """Messages of the service ``TransactionalMap``: reads see the transaction's own changes."""

    def get(self, request: Request) -> None:
        """Reply the value."""
        request.reply(self._value(request))

    def contains_key(self, request: Request) -> None:
        """Reply whether there is an entry."""
        request.reply(self._value(request) is not None)

    def get_for_update(self, request: Request) -> None:
        """Lock the key and reply the value."""
        self._change(request, lambda before: (before,), None, lambda before: False)

    def put(self, request: Request) -> None:
        """Store a value and reply the one before."""
        self._change(request, lambda before: (before,), request["value"])

    def set(self, request: Request) -> None:
        """Store a value."""
        self._change(request, lambda before: (), request["value"])

    def put_if_absent(self, request: Request) -> None:
        """Store a value unless there is one, which is the reply."""
        self._change(request, lambda before: (before,), request["value"], lambda before: before is None)

    def replace(self, request: Request) -> None:
        """Store a value if there is one before, which is the reply."""
        self._change(request, lambda before: (before,), request["value"], lambda before: before is not None)

    def replace_if_same(self, request: Request) -> None:
        """Store a value if the one before is the given one."""
        old = request["oldValue"]
        self._change(
            request, lambda before: (before == old,), request["newValue"], lambda before: before == old
        )

    def remove(self, request: Request) -> None:
        """Remove an entry and reply its value."""
        self._change(request, lambda before: (before,), None, lambda before: before is not None)

    def delete(self, request: Request) -> None:
        """Remove an entry."""
        self._change(request, lambda before: (), None, lambda before: before is not None)

    def remove_if_same(self, request: Request) -> None:
        """Remove an entry if it has this value."""
        value = request["value"]
        self._change(request, lambda before: (before == value,), None, lambda before: before == value)

    def size(self, request: Request) -> None:
        """Reply the number of entries."""
        request.reply(len(self._entries(request)))

    def is_empty(self, request: Request) -> None:
        """Reply whether there is no entry."""
        request.reply(not self._entries(request))

    def key_set(self, request: Request) -> None:
        """Reply the keys, of entries that match if there is a predicate."""
        request.reply(list(self._entries(request)))

    def values(self, request: Request) -> None:
        """Reply the values, of entries that match if there is a predicate."""
        request.reply(list(self._entries(request).values()))

    def key_set_with_predicate(self, request: Request) -> None:
        """Reply the keys of entries that match."""
        self.key_set(request)

    def values_with_predicate(self, request: Request) -> None:
        """Reply the values of entries that match."""
        self.values(request)

    def _transaction(self, request: Request) -> TransactionState:
        return self.cluster.service(TransactionService).find(request, request["txnId"])

    def _map(self, request: Request) -> MapState:
        return self.cluster.service(MapService).state(request["name"])

    def _value(self, request: Request) -> bytes | None:
        """Return the value of the key, with the transaction's own changes."""
        transaction, key = self._transaction(request), request["key"]
        place = (request["name"], key)
        if place in transaction.changes:
            change = transaction.changes[place]
            return change[0] if change else None
        entry = self._map(request).access(self.cluster.partition_of(key), key)
        return entry.value if entry else None

    def _entries(self, request: Request) -> dict[bytes, bytes]:
        """Return the entries that match the predicate, if any, with the transaction's own changes."""
        state = self._map(request)
        found = state.values()
        for (name, key), change in self._transaction(request).changes.items():
            if name == request["name"]:
                found.pop(key, None)
                if change is not None:
                    found[key] = change[0]
        predicate = request.named.get("predicate")
        if predicate is None:
            return found
        return {key: value for key, value in found.items() if state.matches(predicate, key, value)}

    def _change(
        self,
        request: Request,
        reply: Callable[[bytes | None], tuple[object, ...]],
        value: bytes | None,
        condition: Callable[[bytes | None], bool] = lambda before: True,
    ) -> None:
        """Lock the key, note the new value if the one before meets the condition, and reply.

        Args:
            request: The request.
            reply: Takes the value before and returns the parameters of the reply.
            value: The new value, None to remove the entry.
            condition: Takes the value before and returns whether to change it.
        """
        transaction, locks, key = self._transaction(request), self._map(request).locks, request["key"]
        place, locked = (request["name"], key), (self.cluster.partition_of(key), key)

        def act() -> None:
            if place not in transaction.locked:
                transaction.locked.add(place)
                locks.acquire(locked, transaction.owner, exclusive=True)
            before = self._value(request)
            if condition(before):
                change = None if value is None else (value, request.named.get("ttl", -1))
                transaction.changes[place] = change
            request.reply(*reply(before))

        left = max(int((transaction.deadline - self.cluster.clock.now()) * 1000), 0)
        error = MemberError(codes.TRANSACTION, "Transaction couldn't obtain lock for the key")
        locks.when_free(locked, transaction.owner, request, act, left, lambda: request.refuse(error))
