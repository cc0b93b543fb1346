"""What all structures in a transaction have in common."""

from uuid import UUID

from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.operations import ObjectOperations


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
