"""The operations of a queue, from which its surfaces are generated."""

from collections.abc import Iterable
from functools import partial
from typing import Generic
from uuid import UUID

from hz_core.arguments import int32, milliseconds
from hz_core.errors import IllegalStateError
from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations, none_refused
from hz_proxies.codecs import queue as codec
from hz_proxies.events import ItemCallback
from hz_proxies.item_listeners import item_listener
from hz_proxies.types import E


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
        """Remove the first item and return it; wait while the queue is empty. Source: message ``Queue.take``."""
        return codec.take(self._partition, self.name)

    def poll(self, timeout: float = 0) -> Op[E | None]:
        """Remove the first item and return it; None if there is none within ``timeout`` seconds.

        Source: message ``Queue.poll``.
        """
        return codec.poll(self._partition, self.name, milliseconds(timeout, "timeout"))

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

        Args:
            target_list: The list.
            max_size: Maximum number of items; negative for all.

        Returns:
            The number of removed items.

        Source: messages ``Queue.drainTo`` and ``Queue.drainToMaxSize``.
        """
        size = int32(max_size, "max_size")
        if size < 0:
            return _moved(codec.drain_to(self._partition, self.name), target_list)
        return _moved(codec.drain_to_max_size(self._partition, self.name, size), target_list)

    def iterator(self) -> Op[list[E]]:
        """Return a copy of all items, in order. Source: message ``Queue.iterator``."""
        return codec.iterator(self._partition, self.name)

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
        return self._context.add_listener(spec)

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


def _moved(request: Op[list[E]], target: list[E]) -> Flow[int]:
    """Append the items that a request returns to a list; return their number."""
    items: list[E] = yield request
    target.extend(items)
    return len(items)
