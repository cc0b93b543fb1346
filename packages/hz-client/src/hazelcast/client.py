"""The client with a method for each data structure."""

from typing import TYPE_CHECKING, Any

from hazelcast._objects import FuturesObjects
from hz_core.config import ClientConfig

if TYPE_CHECKING:
    from hz_proxies.sql.futures import Sql
    from hz_proxies.transaction.blocking import BlockingTransaction


class HazelcastClient(FuturesObjects):
    """A Hazelcast client: connects when it is made, and gives the cluster's distributed objects.

    It is safe to use from many threads, and best shared by them. End it with `shutdown`, or use it as a context
    manager.

    Args:
        config: The options as an object.
        **kwargs: Options by name; they go before those of `config`. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: there is no option of that name.
        TypeError, ValueError: an option's value is of a wrong type or out of range.
        IllegalStateError: no member could be connected within `cluster_connect_timeout`.
    """

    def __init__(self, config: ClientConfig | None = None, **kwargs: Any) -> None:
        super().__init__((config or ClientConfig()).updated(**kwargs))

    @property
    def sql(self) -> "Sql":
        """SQL over the data of the cluster."""
        from hz_proxies.sql.futures import Sql
        from hz_proxies.sql.operations import SqlOperations

        return Sql(self.futures, SqlOperations(self._engine))

    def new_transaction(
        self, timeout: float = 120, durability: int = 1, type: int = 1
    ) -> "BlockingTransaction":
        """Return a new transaction, which is not begun; use it as a context manager, or call its ``begin``.

        Args:
            timeout: Seconds after which the members roll it back.
            durability: Number of members that keep a copy of its state.
            type: One of :class:`hz_proxies.transaction.TransactionType`.
        """
        from hz_proxies.transaction.blocking import BlockingTransaction
        from hz_proxies.transaction.operations import TransactionOperations

        operations = TransactionOperations(self._engine, timeout, durability, type)
        return BlockingTransaction(self.blocking, operations)
