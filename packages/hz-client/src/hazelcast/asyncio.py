"""The client for asyncio programs, with a method for each data structure."""

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hazelcast._asyncio_objects import AsyncioObjects
from hazelcast._near_caches import make_near_cached, report_near_caches
from hz_core.config import ClientConfig, FailoverConfig
from hz_proxies.map.aio import AsyncMap as Map
from hz_proxies.multi_map.aio import AsyncMultiMap as MultiMap
from hz_proxies.reliable_topic.listener import ReliableMessageListener as ReliableMessageListener
from hz_proxies.replicated_map.aio import AsyncReplicatedMap as ReplicatedMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hz_core.invocation.observation import InvocationObserver
    from hz_core.kinds import MakeOperations
    from hz_core.surfaces import AsyncioObject
    from hz_cp.aio_subsystem import AsyncCPSubsystem
    from hz_proxies.jet.aio import AsyncJet
    from hz_proxies.sql.aio import AsyncSql
    from hz_proxies.transaction.aio import AsyncTransaction
    from hz_proxies.transaction.repeating import AsyncTransactions
    from hz_proxies.vector_collection.documents import IndexConfig

__all__ = ["HazelcastClient", "HazelcastFailoverClient", "Map", "MultiMap", "ReplicatedMap"]


class HazelcastClient(AsyncioObjects):
    """A Hazelcast client for asyncio programs.

    Use it as an asynchronous context manager, or create it with ``await HazelcastClient.create_and_start(...)`` and
    close it with ``await client.shutdown()``.

    Args:
        config: The options as an object; None for those of the file that the environment variable
            ``HAZELCAST_CLIENT_CONFIG`` names, if it is set, and else the defaults.
        observer: Watches operations from the first on.
        **kwargs: Options by name, which override those of ``config``. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: An option does not exist.
        TypeError, ValueError: The value of an option has the wrong type or is out of range.
    """

    make_near_cached: "ClassVar[MakeOperations | None]" = staticmethod(make_near_cached)

    def __init__(
        self,
        config: ClientConfig | None = None,
        *,
        observer: "InvocationObserver | None" = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(ClientConfig.given(config, **kwargs), observer=observer)
        report_near_caches(self)

    async def get_distributed_objects(self) -> "list[AsyncioObject]":
        """Return all distributed objects that there are in the cluster, whoever has created them.

        An object of a kind that this client has no operations for has a name and can be destroyed.

        Source: message ``Client.getDistributedObjects``.
        """
        from hz_proxies import kinds

        return await self._distributed_objects(kinds())

    @property
    def jet(self) -> "AsyncJet":
        """The jobs of the cluster."""
        from hz_proxies.jet.aio import AsyncJet
        from hz_proxies.jet.operations import JetOperations

        return AsyncJet(self.operations, JetOperations(self._engine))

    @property
    def cp_subsystem(self) -> "AsyncCPSubsystem":
        """The objects of the CP Subsystem. Open-source members have it up to version 5.4."""
        from hz_cp.aio_subsystem import AsyncCPSubsystem

        return AsyncCPSubsystem(self)

    @cached_property
    def sql(self) -> "AsyncSql":
        """The SQL service of the cluster."""
        from hz_proxies.sql.aio import AsyncSql
        from hz_proxies.sql.operations import SqlOperations

        return AsyncSql(self.operations, SqlOperations(self._engine))

    def new_transaction(self, timeout: float = 120, durability: int = 1, type: int = 1) -> "AsyncTransaction":
        """Return a new transaction. Use it with ``async with``, or await its ``begin``.

        Args:
            timeout: Seconds after which members roll the transaction back.
            durability: Number of backups of the transaction's state.
            type: One of :class:`hz_proxies.transaction.TransactionType`.

        Raises:
            TypeError, ValueError: An argument has the wrong type or is out of range.
        """
        from hz_proxies.transaction.aio import AsyncTransaction
        from hz_proxies.transaction.operations import TransactionOperations

        operations = TransactionOperations(self._engine, timeout, durability, type)
        return AsyncTransaction(self.operations, operations)

    def transaction(
        self, retries: int = 3, *, timeout: float = 120, durability: int = 1, type: int = 1
    ) -> "AsyncTransactions":
        """Return a decorator for coroutine functions that run in a transaction, again after a conflict.

        The function gets a new transaction as its first argument, which is committed after it and rolled back if it
        raises an error. If that is a conflict, an expired time limit or a lost connection, it is called again, after
        a short random pause. So it should have no other effects than those of the transaction. An error of the commit
        itself is not repeated, because the changes may have been applied, unless the transaction's time was over.

        Args:
            retries: Number of attempts after the first one.
            timeout: Seconds after which members roll a transaction back.
            durability: Number of backups of the transaction's state.
            type: One of :class:`hz_proxies.transaction.TransactionType`.

        Raises:
            TypeError, ValueError: An argument has the wrong type or is out of range.
        """
        from hz_proxies.transaction.repeating import AsyncTransactions, Repetition

        self.new_transaction(timeout, durability, type)  # checks the arguments now
        make = partial(self.new_transaction, timeout, durability, type)
        return AsyncTransactions(self.operations, make, Repetition(self._engine, retries))

    async def create_vector_collection_config(
        self,
        name: str,
        indexes: "Sequence[IndexConfig]",
        backup_count: int = 1,
        async_backup_count: int = 0,
        split_brain_protection_name: str | None = None,
        merge_policy: str = "PutIfAbsentMergePolicy",
        merge_batch_size: int = 100,
    ) -> None:
        """Add the configuration of a vector collection to the running cluster, before the collection is used.

        Args:
            name: Name of the collection.
            indexes: The indexes, at least one.
            backup_count: Number of synchronous backups.
            async_backup_count: Number of asynchronous backups.
            split_brain_protection_name: Name of a configured split brain protection; None for none.
            merge_policy: Class of the members that merges documents after a split brain.
            merge_batch_size: Number of documents that are merged together.

        Raises:
            UnsupportedOperationError: The members have no vector collections.
            TypeError, ValueError: An argument has the wrong type or is out of range.
        """
        from hz_proxies.vector_collection.config import create_config

        flow = create_config(
            self._engine,
            name,
            indexes,
            backup_count,
            async_backup_count,
            split_brain_protection_name,
            merge_policy,
            merge_batch_size,
        )
        await self.operations.run(flow)

    @classmethod
    async def create_and_start(cls, config: ClientConfig | None = None, **kwargs: Any) -> Self:
        """Create a client and connect it.

        Raises:
            IllegalStateError: No member could be connected within ``cluster_connect_timeout``.
        """
        client = cls(config, **kwargs)
        await client.start()
        return client


class HazelcastFailoverClient(HazelcastClient):
    """A Hazelcast client for asyncio programs with several clusters, such as blue and green.

    It connects to the first one. When its cluster cannot be reached within ``cluster_connect_timeout``, or does not
    allow the client, it continues on the next one: with the same listeners and objects, without the entries. Everything
    else is as for :class:`HazelcastClient`, which has the same with its option ``failover_configs``.

    Args:
        config: The configurations of the clusters. They may differ only in the cluster's name, its addresses, how it is
            found, the credentials and TLS.
        try_count: How often the list of clusters is tried again, when the current one cannot be reached; -1 for no
            limit, None to keep that of ``config``.

    Raises:
        InvalidConfigurationError: There is no configuration, or they differ in another option.
        TypeError, ValueError: An argument has the wrong type or is out of range.
    """

    def __init__(
        self, config: "FailoverConfig | Iterable[ClientConfig]", try_count: int | None = None
    ) -> None:
        super().__init__(FailoverConfig.of(config, try_count).client_config())

    @classmethod
    async def create_and_start(  # type: ignore[override]  # its configuration is that of several clusters
        cls, config: "FailoverConfig | Iterable[ClientConfig]", try_count: int | None = None
    ) -> Self:
        """Create a client and connect it.

        Raises:
            IllegalStateError: No member of any cluster could be connected.
        """
        client = cls(config, try_count)
        await client.start()
        return client
