"""What all structures in a transaction have in common."""

from typing import ClassVar, Generic, Protocol
from uuid import UUID

from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.op import Op
from hz_core.operations import ObjectOperations
from hz_proxies.types import E
from hz_serialization import Data


class TransactionalOperations(ObjectOperations):
    """Operations of an object in a transaction.

    Args:
        context: The client.
        name: Name of the object.
        connection: The connection of the transaction.
        transaction_id: Its id.
        thread_id: Its owner.
    """

    def __init__(
        self,
        context: ClientContext,
        name: str,
        connection: Connection,
        transaction_id: UUID,
        thread_id: int,
    ) -> None:
        super().__init__(context, name)
        # Every message of a transaction begins with these parameters, and is sent over its connection.
        self._scope = (connection, name, transaction_id, thread_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class TransactionalCollectionCodec(Protocol):
    """The functions that the codecs of lists and sets in transactions have in common."""

    def add(self, connection: Connection, name: str, txn_id: UUID, thread_id: int, item: Data, /) -> Op[bool]:
        """Return the operation ``add``."""
        ...

    def remove(
        self, connection: Connection, name: str, txn_id: UUID, thread_id: int, item: Data, /
    ) -> Op[bool]:
        """Return the operation ``remove``."""
        ...

    def size(self, connection: Connection, name: str, txn_id: UUID, thread_id: int, /) -> Op[int]:
        """Return the operation ``size``."""
        ...


class TransactionalCollectionOperations(TransactionalOperations, Generic[E]):
    """Operations of a list or a set in a transaction."""

    _codec: ClassVar[TransactionalCollectionCodec]

    def add(self, item: E) -> Op[bool]:
        """Add ``item`` when the transaction is committed.

        Returns:
            Whether it will be added. A set does not add what it contains.

        Source: message ``{Name}.add``.
        """
        return self._codec.add(*self._scope, self._value(item, "item"))

    def remove(self, item: E) -> Op[bool]:
        """Remove ``item``; a rollback puts it back.

        Returns:
            Whether it was there.

        Source: message ``{Name}.remove``.
        """
        return self._codec.remove(*self._scope, self._value(item, "item"))

    def size(self) -> Op[int]:
        """Return the number of items, with the changes of the transaction.

        Members count an item twice that was not added because a set contains it.

        Source: message ``{Name}.size``.
        """
        return self._codec.size(*self._scope)
