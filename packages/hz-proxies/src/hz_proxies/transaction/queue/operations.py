"""Operations of a queue in a transaction, from which its surfaces are generated."""

from typing import Generic, TypeVar

from hz_core.arguments import milliseconds
from hz_core.errors import IllegalStateError
from hz_core.op import Flow, Op
from hz_proxies.codecs import transactional_queue as codec
from hz_proxies.taken_items import put_back_if_lost
from hz_proxies.transaction.scope import TransactionalOperations
from hz_proxies.types import E
from hz_serialization import Data

T = TypeVar("T")


class TransactionalQueueOperations(TransactionalOperations, Generic[E]):
    """A queue in a transaction.

    Items that the transaction takes are gone for others at once; a rollback puts them back at their place. Items that
    it offers are in the queue after the commit.
    """

    def offer(self, item: E, timeout: float = 0) -> Op[bool]:
        """Add ``item`` at the end when the transaction is committed; wait up to ``timeout`` seconds for room.

        Returns:
            Whether it will be added.

        Source: message ``TransactionalQueue.offer``.
        """
        millis = milliseconds(timeout, "timeout")
        return codec.offer(*self._scope, self._value(item, "item"), millis)

    def take(self) -> Op[E]:
        """Remove the first item and return it; wait while the queue is empty.

        An item that arrives for a caller who has given up (cancelled, interrupted, out of time) is offered to the queue
        again, in the same transaction.

        Source: message ``TransactionalQueue.take``.
        """
        return self._takes(codec.take(*self._scope))

    def poll(self, timeout: float = 0) -> Op[E | None]:
        """Remove the first item and return it; None if there is none within ``timeout`` seconds.

        As with ``take``, an item that arrives for a caller who has given up is offered to the queue again.

        Source: message ``TransactionalQueue.poll``.
        """
        return self._takes(codec.poll(*self._scope, milliseconds(timeout, "timeout")))

    def peek(self, timeout: float = 0) -> Op[E | None]:
        """Return the first item without removing it; None if there is none within ``timeout`` seconds.

        Source: message ``TransactionalQueue.peek``.
        """
        return codec.peek(*self._scope, milliseconds(timeout, "timeout"))

    def size(self) -> Op[int]:
        """Return the number of items, with the changes of the transaction.

        Source: message ``TransactionalQueue.size``.
        """
        return codec.size(*self._scope)

    def _takes(self, op: Op[T]) -> Op[T]:
        return put_back_if_lost(self._context, op, self.name, self._put_back)

    def _put_back(self, item: Data) -> Flow[None]:
        if not (yield codec.offer(*self._scope, item, 0)):
            raise IllegalStateError(
                f"queue {self.name!r} is full: the item that was polled cannot be put back"
            )
