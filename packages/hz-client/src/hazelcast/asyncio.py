"""The client for asyncio programs, with a method for each data structure."""

from typing import TYPE_CHECKING, Any, Self

from hazelcast._asyncio_objects import AsyncioObjects
from hz_core.config import ClientConfig
from hz_proxies.map.aio import AsyncMap as Map

if TYPE_CHECKING:
    from hz_proxies.sql.aio import AsyncSql
    from hz_proxies.transaction.aio import AsyncTransaction

__all__ = ["HazelcastClient", "Map"]


class HazelcastClient(AsyncioObjects):
    """A Hazelcast client on the running event loop.

    ``async with HazelcastClient(...) as client``, or ``await HazelcastClient.create_and_start(...)`` and, at the end,
    ``await client.shutdown()``.

    Args:
        config: The options as an object.
        **kwargs: Options by name; they go before those of `config`. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: there is no option of that name.
        TypeError, ValueError: an option's value is of a wrong type or out of range.
    """

    def __init__(self, config: ClientConfig | None = None, **kwargs: Any) -> None:
        super().__init__((config or ClientConfig()).updated(**kwargs))

    @property
    def sql(self) -> "AsyncSql":
        """SQL over the data of the cluster."""
        from hz_proxies.sql.aio import AsyncSql
        from hz_proxies.sql.operations import SqlOperations

        return AsyncSql(self.operations, SqlOperations(self._engine))

    def new_transaction(
        self, timeout: float = 120, durability: int = 1, type: int = 1
    ) -> "AsyncTransaction":
        """Return a new transaction, which is not begun; use it with ``async with``, or await its ``begin``.

        Args:
            timeout: Seconds after which the members roll it back.
            durability: Number of members that keep a copy of its state.
            type: One of :class:`hz_proxies.transaction.TransactionType`.
        """
        from hz_proxies.transaction.aio import AsyncTransaction
        from hz_proxies.transaction.operations import TransactionOperations

        operations = TransactionOperations(self._engine, timeout, durability, type)
        return AsyncTransaction(self.operations, operations)

    @classmethod
    async def create_and_start(cls, config: ClientConfig | None = None, **kwargs: Any) -> Self:
        """Make a client and connect it.

        Raises:
            IllegalStateError: no member could be connected within `cluster_connect_timeout`.
        """
        client = cls(config, **kwargs)
        await client.start()
        return client
