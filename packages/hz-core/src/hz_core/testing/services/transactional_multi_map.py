"""Multimaps in transactions."""

from collections.abc import Callable
from functools import partial

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves
from hz_core.testing.services.multi_map import MultiMapService, MultiMapState
from hz_core.testing.services.transaction import TransactionService, TransactionState

Place = tuple[int, bytes]


@serves("TransactionalMultiMap")
class TransactionalMultiMapService(Service):
    """Messages of the service ``TransactionalMultiMap``: reads see the transaction's own changes."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._changes: dict[TransactionState, dict[tuple[str, Place], list[bytes]]] = {}

    def put(self, request: Request) -> None:
        """Add a value; reply whether it was added."""

        def add(values: list[bytes]) -> tuple[object, list[bytes]]:
            added = self._state(request).lists or request["value"] not in values
            return added, [*values, request["value"]] if added else values

        self._change(request, add)

    def remove(self, request: Request) -> None:
        """Remove all values of a key and reply them."""
        self._change(request, lambda values: (values, []))

    def remove_entry(self, request: Request) -> None:
        """Remove a value of a key; reply whether it was there."""

        def remove(values: list[bytes]) -> tuple[object, list[bytes]]:
            left = list(values)
            if request["value"] in left:
                left.remove(request["value"])
            return left != values, left

        self._change(request, remove)

    def get(self, request: Request) -> None:
        """Reply the values of a key."""
        request.reply(self._values(request, self._transaction(request)))

    def value_count(self, request: Request) -> None:
        """Reply the number of values of a key."""
        request.reply(len(self._values(request, self._transaction(request))))

    def size(self, request: Request) -> None:
        """Reply the number of pairs."""
        counts = {place: len(values) for place, values in self._state(request).values.items()}
        for (name, place), values in self._changes.get(self._transaction(request), {}).items():
            if name == request["name"]:
                counts[place] = len(values)
        request.reply(sum(counts.values()))

    def _transaction(self, request: Request) -> TransactionState:
        return self.cluster.service(TransactionService).find(request, request["txnId"])

    def _state(self, request: Request) -> MultiMapState:
        return self.cluster.service(MultiMapService).state(request["name"])

    def _place(self, request: Request) -> Place:
        return self.cluster.partition_of(request["key"]), request["key"]

    def _values(self, request: Request, transaction: TransactionState) -> list[bytes]:
        place = self._place(request)
        changed = self._changes.get(transaction, {}).get((request["name"], place))
        return self._state(request).of(place) if changed is None else changed

    def _change(self, request: Request, change: Callable[[list[bytes]], tuple[object, list[bytes]]]) -> None:
        """Lock the key, note its new values, and reply.

        Args:
            request: The request.
            change: Takes the values and returns the reply and the new values.
        """
        transaction, locks, place = (
            self._transaction(request),
            self._state(request).locks,
            self._place(request),
        )
        name = request["name"]

        def act() -> None:
            changes = self._changes.get(transaction)
            if changes is None:
                changes = self._changes[transaction] = {}
                transaction.at_commit.append(partial(self._apply, transaction))
                transaction.at_rollback.append(lambda: self._changes.pop(transaction))
            if (name, place) not in changes:
                locks.acquire(place, transaction.owner, exclusive=True)
                for actions in (transaction.at_commit, transaction.at_rollback):
                    actions.append(lambda: locks.release(place, transaction.owner))
            reply, changes[name, place] = change(self._values(request, transaction))
            request.reply(reply)

        left = max(int((transaction.deadline - self.cluster.clock.now()) * 1000), 0)
        error = MemberError(codes.TRANSACTION, "Transaction couldn't obtain lock for the key")
        locks.when_free(place, transaction.owner, request, act, left, lambda: request.refuse(error))

    def _apply(self, transaction: TransactionState) -> None:
        service = self.cluster.service(MultiMapService)
        for (name, place), values in self._changes.pop(transaction).items():
            service.change(self.cluster.owner(place[0]), name, place, values)
