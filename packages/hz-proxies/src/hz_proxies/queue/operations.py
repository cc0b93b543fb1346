"""Operations of a queue, from which its surfaces are generated."""

from typing import ClassVar, Generic, TypeVar

from hz_core.arguments import int32, milliseconds
from hz_core.errors import IllegalStateError
from hz_core.op import Flow, Op
from hz_proxies.codecs import queue as codec
from hz_proxies.collection import CollectionCodec, CollectionOperations
from hz_proxies.taken_items import put_back_if_lost
from hz_proxies.types import E
from hz_serialization import Data

T = TypeVar("T")


class QueueOperations(CollectionOperations[E], Generic[E]):
    """A distributed queue, stored in one partition; first in, first out, unless it is configured as a priority queue.

    Items are stored and compared in serialized form. None cannot be an item.

    A time to wait that is no number raises TypeError, and a negative, infinite or too large one ValueError.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:queueService"
    blocking_base = "hz_proxies.queue.habits.BlockingQueueHabits"
    blocking_by_hand: ClassVar[tuple[str, ...]] = ("put",)

    _codec: ClassVar[CollectionCodec] = codec
    _added_nothing: ClassVar[bool] = True

    # --- one item ------------------------------------------------------------------------------------------

    def add(self, item: E) -> Flow[bool]:
        """Add ``item`` at the end.

        Returns:
            True.

        Raises:
            IllegalStateError: The queue is full.

        Source: message ``Queue.offer``.
        """
        return self._added(codec.offer(self._partition, self.name, self._value(item, "item"), 0))

    def offer(self, item: E, timeout: float = 0) -> Op[bool]:
        """Add ``item`` at the end; wait up to ``timeout`` seconds while the queue is full.

        Returns:
            Whether it was added.

        Source: message ``Queue.offer``.
        """
        millis = milliseconds(timeout, "timeout")
        return codec.offer(self._partition, self.name, self._value(item, "item"), millis)

    def put(self, item: E) -> Op[None]:
        """Add ``item`` at the end; wait while the queue is full. Source: message ``Queue.put``."""
        return codec.put(self._partition, self.name, self._value(item, "item"))

    def take(self) -> Op[E]:
        """Remove the first item and return it; wait while the queue is empty.

        An item that arrives for a caller who has given up (cancelled, interrupted, out of time) is put back at the
        end of the queue, and the log says so. The member has removed it by then, and cannot insert it at its place.

        Source: message ``Queue.take``.
        """
        return self._takes(codec.take(self._partition, self.name))

    def poll(self, timeout: float = 0) -> Op[E | None]:
        """Remove the first item and return it; None if there is none within ``timeout`` seconds.

        As with ``take``, an item that arrives for a caller who has given up is put back at the end of the queue.

        Source: message ``Queue.poll``.
        """
        return self._takes(codec.poll(self._partition, self.name, milliseconds(timeout, "timeout")))

    def peek(self) -> Op[E | None]:
        """Return the first item without removing it; None if there is none. Source: message ``Queue.peek``."""
        return codec.peek(self._partition, self.name)

    # --- several items -------------------------------------------------------------------------------------

    def drain_to(self, target_list: list[E], max_size: int = -1) -> Flow[int]:
        """Remove items from the queue and append them to a list.

        As with ``take``, items that arrive for a caller who has given up are put back at the end of the queue.

        Args:
            target_list: The list.
            max_size: Maximum number of items; negative for all.

        Returns:
            The number of removed items.

        Source: messages ``Queue.drainTo`` and ``Queue.drainToMaxSize``.
        """
        size = int32(max_size, "max_size")
        if size < 0:
            return self._moved(codec.drain_to(self._partition, self.name), target_list)
        return self._moved(codec.drain_to_max_size(self._partition, self.name, size), target_list)

    def _moved(self, request: Op[list[E]], target: list[E]) -> Flow[int]:
        """Append the items that a request removes to a list; return their number."""
        op = self._takes(request)
        items: list[E] = yield op
        target.extend(items)
        op.kept()
        return len(items)

    def iterator(self) -> Op[list[E]]:
        """Return a copy of all items, in order. Source: message ``Queue.iterator``."""
        return codec.iterator(self._partition, self.name)

    def _takes(self, op: Op[T]) -> Op[T]:
        """Return ``op``, which removes items, so that those that nobody gets are put back."""
        return put_back_if_lost(self._context, op, self.name, self._put_back)

    def _put_back(self, item: Data) -> Op[None]:
        return codec.put(self._partition, self.name, item)

    # --- the whole queue -----------------------------------------------------------------------------------

    def remaining_capacity(self) -> Op[int]:
        """Return the number of items that can be added. Source: message ``Queue.remainingCapacity``."""
        return codec.remaining_capacity(self._partition, self.name)

    def _added(self, request: Op[bool]) -> Flow[bool]:
        if not (yield request):
            raise IllegalStateError(
                f"queue {self.name!r} is full: put waits for room, and offer returns False"
            )
        return True
