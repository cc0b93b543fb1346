"""The interface of Python's ``queue.Queue`` on a blocking distributed queue."""

from queue import Empty, Full
from typing import Generic

from hz_core.surfaces import BlockingObject
from hz_proxies.types import E


class BlockingQueueHabits(BlockingObject, Generic[E]):
    """The methods of ``queue.Queue``, for programs that use one: ``get``, ``put``, ``qsize`` and their relatives.

    They raise ``queue.Empty`` and ``queue.Full``. ``task_done`` and ``join`` are missing: members do not know what
    becomes of an item.
    """

    def put(
        self, item: E, block: bool = True, timeout: float | None = None, *, call_timeout: float | None = None
    ) -> None:
        """Add ``item`` at the end; wait while the queue is full.

        Args:
            item: The item.
            block: Whether to wait.
            timeout: Maximum time to wait in seconds; None for no limit.
            call_timeout: Time limit of the call in seconds, as that of ``with_timeout``.

        Raises:
            queue.Full: The queue is full, and has been for that time.

        Source: messages ``Queue.put`` and ``Queue.offer``.
        """
        if call_timeout is not None:
            self.with_timeout(call_timeout).put(item, block, timeout)
        elif block and timeout is None:
            self._call(self._ops.put(item))
        elif not self._call(self._ops.offer(item, timeout if block else 0)):
            raise Full

    def put_nowait(self, item: E) -> None:
        """Add ``item`` at the end.

        Raises:
            queue.Full: The queue is full.
        """
        self.put(item, block=False)

    def get(self, block: bool = True, timeout: float | None = None) -> E:
        """Remove the first item and return it; wait while the queue is empty.

        As with ``take``, an item that arrives for a caller who has given up is put back at the end of the queue.

        Args:
            block: Whether to wait.
            timeout: Maximum time to wait in seconds; None for no limit.

        Raises:
            queue.Empty: The queue is empty, and has been for that time.

        Source: messages ``Queue.take`` and ``Queue.poll``.
        """
        if block and timeout is None:
            taken: E = self._call(self._ops.take())
            return taken
        item: E | None = self._call(self._ops.poll(timeout if block else 0))
        if item is None:
            raise Empty
        return item

    def get_nowait(self) -> E:
        """Remove the first item and return it.

        Raises:
            queue.Empty: The queue is empty.
        """
        return self.get(block=False)

    def qsize(self) -> int:
        """Return the number of items, as ``size``."""
        size: int = self._call(self._ops.size())
        return size

    def empty(self) -> bool:
        """Return whether the queue is empty, as ``is_empty``."""
        empty: bool = self._call(self._ops.is_empty())
        return empty

    def full(self) -> bool:
        """Return whether the queue is full: it has no remaining capacity."""
        capacity: int = self._call(self._ops.remaining_capacity())
        return capacity == 0
