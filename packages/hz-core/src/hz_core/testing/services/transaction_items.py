"""Queues, lists and sets within transactions.

What a transaction removes is gone for others at once, and comes back by a rollback. What it adds is there after the
commit.
"""

from collections.abc import Callable
from typing import ClassVar
from uuid import UUID

from hz_core.testing.members import Request, Service, SimulatedCluster, serves
from hz_core.testing.services.collections import ListService, SetService
from hz_core.testing.services.items import ADDED, REMOVED, ItemsService
from hz_core.testing.services.queue import QueueService
from hz_core.testing.services.transaction import TransactionService, TransactionState


class _TransactionalItemsService(Service):
    """What queues, lists and sets within transactions have in common."""

    of: ClassVar[type[ItemsService]]
    """The service of the structure outside of transactions."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._added: dict[tuple[str, UUID], list[bytes]] = {}

    def reset(self) -> None:
        """Forget what transactions have added."""
        self._added.clear()

    def size(self, request: Request) -> None:
        """Reply the number of items, with those that the transaction has added."""
        request.reply(len(self.items(request)) + len(self.added(request)))

    # --- parts ---

    def items(self, request: Request) -> list[bytes]:
        """Return a copy of what is in the structure."""
        return list(self.cluster.service(self.of).items(request["name"]))

    def added(self, request: Request) -> list[bytes]:
        """Return what the transaction of a request adds to the structure."""
        transaction, name = self._transaction(request), request["name"]
        key = (name, transaction.id)
        if key not in self._added:
            self._added[key] = []
            transaction.at_commit.append(lambda: self._apply(name, self._added.pop(key)))
            transaction.at_rollback.append(lambda: self._added.pop(key, None))
        return self._added[key]

    def added_by_all(self, name: str) -> int:
        """Return how many items transactions add to the structure."""
        return sum(len(items) for (of, _), items in self._added.items() if of == name)

    def take_at(self, request: Request, place: int) -> bytes:
        """Remove an item until the transaction ends, and return it."""
        transaction, name, service = (
            self._transaction(request),
            request["name"],
            self.cluster.service(self.of),
        )
        item = service.items(name)[place]
        del service.items(name)[place]

        def put_back() -> None:
            service.items(name).insert(place, item)
            service.changed(name)

        transaction.at_commit.append(lambda: service.publish(name, [item], REMOVED))
        transaction.at_rollback.append(put_back)
        return item

    def _apply(self, name: str, added: list[bytes]) -> None:
        service = self.cluster.service(self.of)
        service.items(name).extend(added)
        service.publish(name, added, ADDED)
        service.changed(name)

    def _transaction(self, request: Request) -> TransactionState:
        return self.cluster.service(TransactionService).find(request, request["txnId"])


class _TransactionalCollectionService(_TransactionalItemsService):
    """What lists and sets within transactions have in common."""

    def add(self, request: Request) -> None:
        """Note an item to be added."""
        self.added(request).append(request["item"])
        request.reply(True)

    def remove(self, request: Request) -> None:
        """Remove an item; reply whether it was there."""
        items, item = self.items(request), request["item"]
        if item in items:
            self.take_at(request, items.index(item))
        request.reply(item in items)


@serves("TransactionalList")
class TransactionalListService(_TransactionalCollectionService):
    """Messages of the service ``TransactionalList``."""

    of: ClassVar[type[ItemsService]] = ListService

    def remove(self, request: Request) -> None:
        """Remove an item, also one that the transaction adds; reply whether it was there."""
        added, item = self.added(request), request["item"]
        if item in added and item not in self.items(request):
            added.remove(item)
            request.reply(True)
        else:
            super().remove(request)


@serves("TransactionalSet")
class TransactionalSetService(_TransactionalCollectionService):
    """Messages of the service ``TransactionalSet``."""

    of: ClassVar[type[ItemsService]] = SetService

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._tried: dict[tuple[str, UUID], set[bytes]] = {}

    def reset(self) -> None:
        """Forget what transactions have added."""
        super().reset()
        self._tried.clear()

    def add(self, request: Request) -> None:
        """Note an item to be added; reply whether it will be, which it is once in a transaction, even if removed."""
        transaction, item = self._transaction(request), request["item"]
        key = (request["name"], transaction.id)
        if key not in self._tried:
            self._tried[key] = set()
            for end in (transaction.at_commit, transaction.at_rollback):
                end.append(lambda: self._tried.pop(key, None))
        tried = self._tried[key]
        if item in tried or item in self.items(request):
            tried.add(item)
            request.reply(False)
            return
        tried.add(item)
        super().add(request)


@serves("TransactionalQueue")
class TransactionalQueueService(_TransactionalItemsService):
    """Messages of the service ``TransactionalQueue``."""

    of: ClassVar[type[ItemsService]] = QueueService

    def offer(self, request: Request) -> None:
        """Note an item to be added if there is room in time; reply whether it will be."""

        def attempt() -> bool:
            queue = self.cluster.service(QueueService).state(request["name"])
            if queue.room <= self.added_by_all(request["name"]):
                return False
            self.added(request).append(request["item"])
            request.reply(True)
            return True

        self._when(request, attempt, request["timeout"], False)

    def take(self, request: Request) -> None:
        """Remove the first item as soon as there is one, and reply it."""
        self._when(request, lambda: self._first(request), -1, None)

    def poll(self, request: Request) -> None:
        """Remove the first item if there is one in time, and reply it."""
        self._when(request, lambda: self._first(request), request["timeout"], None)

    def peek(self, request: Request) -> None:
        """Reply the first item if there is one in time."""

        def attempt() -> bool:
            found = self.items(request) + self.added(request)
            if found:
                request.reply(found[0])
            return bool(found)

        self._when(request, attempt, request["timeout"], None)

    def _when(self, request: Request, attempt: Callable[[], bool], timeout: int, otherwise: object) -> None:
        """Serve a request as soon as ``attempt`` can; reply ``otherwise`` after ``timeout``."""
        queue = self.cluster.service(QueueService).state(request["name"])
        self._transaction(request)  # refuses the request if there is none
        queue.waiting.serve(request, attempt, timeout, lambda: request.reply(otherwise))
        queue.waiting.wake()

    def _first(self, request: Request) -> bool:
        """Remove the first item and reply it: one of the transaction's own, if there is no other."""
        added = self.added(request)
        if self.items(request):
            request.reply(self.take_at(request, 0))
        elif added:
            request.reply(added.pop(0))
        else:
            return False
        return True
