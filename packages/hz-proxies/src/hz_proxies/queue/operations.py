"""The operations of a queue, from which its surfaces are generated."""

from collections.abc import Iterable
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from hz_core.arguments import int32, milliseconds
from hz_core.context import acquires
from hz_core.errors import IllegalStateError
from hz_core.log import get_logger
from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations, none_refused
from hz_core.wire.types import ReadData
from hz_proxies.codecs import queue as codec
from hz_proxies.events import ItemCallback
from hz_proxies.item_listeners import item_listener
from hz_proxies.types import E
from hz_serialization import Data

_logger = get_logger("queue")

T = TypeVar("T")


def _serialized(message: bytes, start: int, end: int) -> Data:
    return message[start:end]


class QueueOperations(NamedOperations, Generic[E]):
    """A distributed queue, stored in one partition; first in, first out, unless it is configured as a priority queue.

    Items are stored and compared in serialized form. None cannot be an item.

    A time to wait that is no number raises TypeError, and a negative, infinite or too large one ValueError.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:queueService"

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

    def contains(self, item: E) -> Op[bool]:
        """Return whether ``item`` is in the queue. Source: message ``Queue.contains``."""
        return codec.contains(self._partition, self.name, self._value(item, "item"))

    def remove(self, item: E) -> Op[bool]:
        """Remove the first occurrence of ``item``.

        Returns:
            Whether the queue contained the item.

        Source: message ``Queue.remove``.
        """
        return codec.remove(self._partition, self.name, self._value(item, "item"))

    # --- several items -------------------------------------------------------------------------------------

    def add_all(self, items: Iterable[E]) -> Op[bool]:
        """Add all ``items`` at the end.

        Returns:
            True, also if there are none, as members say.

        Raises:
            IllegalStateError: There is not enough room for all of them; none is added.

        Source: message ``Queue.addAll``.
        """
        data = self._values(items, "items")
        return codec.add_all(self._partition, self.name, data) if data else Op.ready(True)

    def contains_all(self, items: Iterable[E]) -> Op[bool]:
        """Return whether all ``items`` are in the queue. Source: message ``Queue.containsAll``."""
        data = self._values(items, "items")
        return codec.contains_all(self._partition, self.name, data) if data else Op.ready(True)

    def remove_all(self, items: Iterable[E]) -> Op[bool]:
        """Remove all occurrences of ``items``.

        Returns:
            Whether the queue has changed.

        Source: message ``Queue.compareAndRemoveAll``.
        """
        data = self._values(items, "items")
        return codec.compare_and_remove_all(self._partition, self.name, data) if data else Op.ready(False)

    def retain_all(self, items: Iterable[E]) -> Op[bool]:
        """Remove all items except ``items``.

        Returns:
            Whether the queue has changed.

        Source: message ``Queue.compareAndRetainAll``.
        """
        return codec.compare_and_retain_all(self._partition, self.name, self._values(items, "items"))

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
        taken: list[bytes] = []
        decode = op.decode

        def decode_and_keep(message: bytes, read: ReadData) -> T:
            taken[:] = [message]
            return decode(message, read)

        def put_back(_: T) -> Flow[None]:
            # As they were: what was deserialized may have another form when it is serialized again.
            found = op.method.decode(taken[0], _serialized)
            return self._put_back(found if isinstance(found, list) else [] if found is None else [found])

        op.decode = decode_and_keep
        return acquires(self._context, op, put_back)

    def _put_back(self, items: list[Data]) -> Flow[None]:
        for left in range(len(items), 0, -1):
            _logger.warning(
                "an item of queue %r arrived for a caller that had given up; it is put back at the end",
                self.name,
            )
            try:
                yield codec.put(self._partition, self.name, items[-left])
            except BaseException as e:
                _logger.error(
                    "%d items of queue %r are lost: they could not be put back: %r", left, self.name, e
                )
                raise

    # --- the whole queue -----------------------------------------------------------------------------------

    def size(self) -> Op[int]:
        """Return the number of items. Source: message ``Queue.size``."""
        return codec.size(self._partition, self.name)

    def is_empty(self) -> Op[bool]:
        """Return whether the queue is empty. Source: message ``Queue.isEmpty``."""
        return codec.is_empty(self._partition, self.name)

    def remaining_capacity(self) -> Op[int]:
        """Return the number of items that can be added. Source: message ``Queue.remainingCapacity``."""
        return codec.remaining_capacity(self._partition, self.name)

    def clear(self) -> Op[None]:
        """Remove all items. Source: message ``Queue.clear``."""
        return codec.clear(self._partition, self.name)

    # --- listeners -----------------------------------------------------------------------------------------

    def add_listener(
        self,
        include_value: bool = False,
        item_added_func: ItemCallback | None = None,
        item_removed_func: ItemCallback | None = None,
    ) -> Flow[str]:
        """Add a listener for item events. The functions are called with an :class:`~hz_proxies.events.ItemEvent`.

        Args:
            include_value: Whether events contain the items.
            item_added_func: Called for added items.
            item_removed_func: Called for removed items.

        Returns:
            The registration id, to remove the listener.

        Raises:
            ValueError: Both functions are None.

        Source: message ``Queue.addListener``.
        """
        add = partial(codec.add_listener, self.name, include_value)
        spec = item_listener(self.name, item_added_func, item_removed_func, add, self._deregistration)
        return self._add_listener(spec)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered.

        Source: message ``Queue.removeListener``.
        """
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return self._context.remove_listener(registration_id)

    def _added(self, request: Op[bool]) -> Flow[bool]:
        if not (yield request):
            raise IllegalStateError(f"queue {self.name!r} is full")
        return True

    def _deregistration(self, registration_id: UUID) -> Op[bool]:
        return codec.remove_listener(self.name, registration_id)
