"""Ringbuffers, with reads that wait for items."""

from collections import deque

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves
from hz_core.testing.waiting import WaitList

FAIL = 1
"""The overflow policy that overwrites nothing."""


class RingbufferState:
    """One ringbuffer of the cluster.

    Attributes:
        items: The items, the oldest first.
        tail: Sequence of the newest item.
        capacity: How many items have room.
        expires: Whether items are configured to expire; only then a ringbuffer can be full.
        waiting: The reads that wait for items.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.items: deque[bytes] = deque()
        self.tail = -1
        self.capacity = 10_000
        self.expires = False
        self.waiting: WaitList = WaitList(cluster)

    @property
    def head(self) -> int:
        """Sequence of the oldest item."""
        return self.tail + 1 - len(self.items)

    @property
    def room(self) -> int:
        """How many items can be added without overwriting one that has not expired."""
        return self.capacity - len(self.items) if self.expires else self.capacity

    def expire(self, count: int) -> None:
        """Remove the oldest items, because their time is over."""
        for _ in range(count):
            self.items.popleft()


@serves("Ringbuffer")
class RingbufferService(Service):
    """Messages of the service ``Ringbuffer``; filters are not applied."""

    service_name = "hz:impl:ringbufferService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self._ringbuffers: dict[str, RingbufferState] = {}

    def state(self, name: str) -> RingbufferState:
        """Return a ringbuffer; it begins empty."""
        return self._ringbuffers.setdefault(name, RingbufferState(self.cluster))

    def destroy(self, name: str) -> None:
        """Forget a ringbuffer; waiting reads fail, because it is destroyed."""
        if name in self._ringbuffers:
            self._ringbuffers.pop(name).waiting.refuse(MemberError(codes.DESTROYED, f"{name} is destroyed"))

    def reset(self) -> None:
        """Forget all ringbuffers."""
        for name in list(self._ringbuffers):
            self.destroy(name)

    # --- the whole ringbuffer ---

    def size(self, request: Request) -> None:
        """Reply the number of items."""
        request.reply(len(self._ringbuffer(request).items))

    def tail_sequence(self, request: Request) -> None:
        """Reply the sequence of the newest item."""
        request.reply(self._ringbuffer(request).tail)

    def head_sequence(self, request: Request) -> None:
        """Reply the sequence of the oldest item."""
        request.reply(self._ringbuffer(request).head)

    def capacity(self, request: Request) -> None:
        """Reply how many items have room."""
        request.reply(self._ringbuffer(request).capacity)

    def remaining_capacity(self, request: Request) -> None:
        """Reply how many items can be added."""
        request.reply(self._ringbuffer(request).room)

    # --- adding ---

    def add(self, request: Request) -> None:
        """Add an item; reply its sequence, or -1 if there is no room."""
        self._add(request, [request["value"]])

    def add_all(self, request: Request) -> None:
        """Add items; reply the sequence of the last one, or -1 if there is no room for all."""
        self._add(request, request["valueList"])

    def _add(self, request: Request, items: list[bytes]) -> None:
        ringbuffer = self._ringbuffer(request)
        if request["overflowPolicy"] == FAIL and len(items) > ringbuffer.room:
            request.reply_write(-1)
            return
        for item in items:
            if len(ringbuffer.items) == ringbuffer.capacity:
                ringbuffer.items.popleft()
            ringbuffer.items.append(item)
            ringbuffer.tail += 1
        request.reply_write(ringbuffer.tail)
        ringbuffer.waiting.wake()

    # --- reading ---

    def read_one(self, request: Request) -> None:
        """Reply an item; the next one when it is added."""
        ringbuffer, sequence = self._ringbuffer(request), request["sequence"]

        def attempt() -> bool:
            if sequence > ringbuffer.tail + 1:
                raise MemberError(codes.ILLEGAL_ARGUMENT, f"sequence {sequence} is beyond the next one")
            if sequence < ringbuffer.head:
                raise MemberError(codes.STALE_SEQUENCE, f"sequence {sequence} is before the head")
            if sequence > ringbuffer.tail:
                return False
            request.reply(ringbuffer.items[sequence - ringbuffer.head])
            return True

        ringbuffer.waiting.serve(request, attempt)

    def read_many(self, request: Request) -> None:
        """Reply items as soon as there are enough; the first sequence is moved into the bounds when that is so."""
        ringbuffer, most = self._ringbuffer(request), request["maxCount"]
        start = request["startSequence"]

        def attempt() -> bool:
            nonlocal start
            start = min(max(start, ringbuffer.head), ringbuffer.tail + 1)
            first = start - ringbuffer.head
            found = list(ringbuffer.items)[first : first + most]
            if len(found) < request["minCount"]:
                return False
            sequences = list(range(start, start + len(found)))
            # As real members do, the reply to a request that did not wait tells no sequence when there is no item.
            request.reply(len(found), found, sequences, start + len(found) if found else 0)
            return True

        ringbuffer.waiting.serve(request, attempt)

    def _ringbuffer(self, request: Request) -> RingbufferState:
        return self.state(request["name"])
