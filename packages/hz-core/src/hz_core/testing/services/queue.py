"""Queues, with requests that wait for an item or for room."""

from collections import deque
from collections.abc import Callable, Iterable

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, SimulatedCluster, serves
from hz_core.testing.services.items import ADDED, REMOVED, ItemsService
from hz_core.testing.waiting import WaitList

_UNBOUNDED = 0x7FFFFFFF


class QueueState:
    """One queue of the cluster.

    Attributes:
        items: The items.
        capacity: How many items have room.
        waiting: The requests that wait for an item or for room.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.items: deque[bytes] = deque()
        self.capacity = _UNBOUNDED
        self.waiting: WaitList = WaitList(cluster)

    @property
    def room(self) -> int:
        """How many items have room left."""
        return self.capacity - len(self.items)


@serves("Queue")
class QueueService(ItemsService):
    """Messages of the service ``Queue``."""

    service_name = "hz:impl:queueService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._queues: dict[str, QueueState] = {}

    def state(self, name: str) -> QueueState:
        """Return a queue; it begins empty."""
        return self._queues.setdefault(name, QueueState(self.cluster))

    def items(self, name: str) -> deque[bytes]:
        """Return the items of a queue; it begins empty."""
        return self.state(name).items

    def changed(self, name: str) -> None:
        """Serve requests that wait for room."""
        self.state(name).waiting.wake()

    def destroy(self, name: str) -> None:
        """Forget a queue; waiting requests fail, because it is destroyed."""
        if name in self._queues:
            self._queues.pop(name).waiting.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def reset(self) -> None:
        """Forget all queues."""
        for name in list(self._queues):
            self.destroy(name)

    # --- adding ---

    def offer(self, request: Request) -> None:
        """Add an item if there is room in time; reply whether it was added."""
        self._when(
            request,
            lambda queue: queue.room > 0 and self._add(request, queue, [request["value"]], True),
            max(request["timeoutMillis"], 0),
            False,
        )

    def put(self, request: Request) -> None:
        """Add an item as soon as there is room."""
        self._when(request, lambda queue: queue.room > 0 and self._add(request, queue, [request["value"]]))

    def add_all(self, request: Request) -> None:
        """Add items if there is room for all."""
        queue, items = self._queue(request), request["dataList"]
        if len(items) > queue.room:
            raise MemberError(codes.ILLEGAL_STATE, "Queue full")
        self._add(request, queue, items, True)
        queue.waiting.wake()

    # --- removing ---

    def poll(self, request: Request) -> None:
        """Remove the first item if there is one in time, and reply it."""
        self._when(request, lambda queue: self._first(request, queue), max(request["timeoutMillis"], 0), None)

    def take(self, request: Request) -> None:
        """Remove the first item as soon as there is one, and reply it."""
        self._when(request, lambda queue: self._first(request, queue))

    def drain_to(self, request: Request) -> None:
        """Remove all items and reply them."""
        request.reply_write(self.remove_where(request, lambda item: True))

    def drain_to_max_size(self, request: Request) -> None:
        """Remove up to so many items, all if it is negative, and reply them."""
        limit = request["maxSize"]
        request.reply_write(self.remove_where(request, lambda item: True, limit if limit >= 0 else None))

    # --- looking ---

    def peek(self, request: Request) -> None:
        """Reply the first item."""
        request.reply(next(iter(self._queue(request).items), None))

    def remaining_capacity(self, request: Request) -> None:
        """Reply how many items have room."""
        request.reply(self._queue(request).room)

    def iterator(self, request: Request) -> None:
        """Reply all items."""
        self.get_all(request)

    # --- parts ---

    def _queue(self, request: Request) -> QueueState:
        return self.state(request["name"])

    def _when(
        self,
        request: Request,
        attempt: Callable[[QueueState], bool],
        timeout: int = -1,
        otherwise: object = None,
    ) -> None:
        """Serve a request as soon as ``attempt`` can; reply ``otherwise`` after ``timeout``."""
        queue = self._queue(request)
        queue.waiting.serve(request, lambda: attempt(queue), timeout, lambda: request.reply_write(otherwise))
        # What was added or removed may be what another one waits for.
        queue.waiting.wake()

    def _add(self, request: Request, queue: QueueState, items: Iterable[bytes], *reply: bool) -> bool:
        for item in items:
            queue.items.append(item)
            self.publish(request["name"], [item], ADDED)
        request.reply_write(*reply)
        return True

    def _first(self, request: Request, queue: QueueState) -> bool:
        if not queue.items:
            return False
        item = queue.items.popleft()
        self.publish(request["name"], [item], REMOVED)
        request.reply_write(item)
        return True
