"""The client with a method for each data structure."""

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from hazelcast._near_caches import make_near_cached, report_near_caches
from hazelcast._objects import FuturesObjects
from hz_core.config import ClientConfig, FailoverConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hazelcast.cp import CPSubsystem
    from hz_core.invocation.observation import InvocationObserver
    from hz_core.kinds import MakeOperations
    from hz_core.surfaces import FuturesObject
    from hz_proxies.jet.futures import Jet
    from hz_proxies.sql.futures import Sql
    from hz_proxies.transaction.blocking import BlockingTransaction
    from hz_proxies.transaction.repeating import BlockingTransactions
    from hz_proxies.vector_collection.documents import IndexConfig


class HazelcastClient(FuturesObjects):
    """A Hazelcast client for threaded programs. The constructor connects to the cluster.

    A client is thread-safe: share one client between threads. Close it with ``shutdown``, or use it as a context
    manager.

    Args:
        config: The options as an object; None for those of the file that the environment variable
            ``HAZELCAST_CLIENT_CONFIG`` names, if it is set, and else the defaults.
        observer: Watches operations from the first on.
        **kwargs: Options by name, which override those of ``config``. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: An option does not exist.
        TypeError, ValueError: The value of an option has the wrong type or is out of range.
        IllegalStateError: No member could be connected within ``cluster_connect_timeout``.
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

    def get_distributed_objects(self) -> "list[FuturesObject]":
        """Return all distributed objects that there are in the cluster, whoever has created them.

        An object of a kind that this client has no operations for has a name and can be destroyed.

        Source: message ``Client.getDistributedObjects``.
        """
        from hz_proxies import kinds

        return self._distributed_objects(kinds())

    @property
    def jet(self) -> "Jet":
        """The jobs of the cluster."""
        from hz_proxies.jet.futures import Jet
        from hz_proxies.jet.operations import JetOperations

        return Jet(self.futures, JetOperations(self._engine))

    @property
    def cp_subsystem(self) -> "CPSubsystem":
        """The objects of the CP Subsystem. Open-source members have it up to version 5.4."""
        from hazelcast.cp import CPSubsystem

        return CPSubsystem(self)

    @cached_property
    def sql(self) -> "Sql":
        """The SQL service of the cluster."""
        from hz_proxies.sql.futures import Sql
        from hz_proxies.sql.operations import SqlOperations

        return Sql(self.futures, SqlOperations(self._engine))

    def new_transaction(
        self, timeout: float = 120, durability: int = 1, type: int = 1
    ) -> "BlockingTransaction":
        """Return a new transaction. Use it as a context manager, or call its ``begin``.

        Args:
            timeout: Seconds after which members roll the transaction back.
            durability: Number of backups of the transaction's state.
            type: One of :class:`hz_proxies.transaction.TransactionType`.

        Raises:
            TypeError, ValueError: An argument has the wrong type or is out of range.
        """
        from hz_proxies.transaction.blocking import BlockingTransaction
        from hz_proxies.transaction.operations import TransactionOperations

        operations = TransactionOperations(self._engine, timeout, durability, type)
        return BlockingTransaction(self.blocking, operations)

    def transaction(
        self, retries: int = 3, *, timeout: float = 120, durability: int = 1, type: int = 1
    ) -> "BlockingTransactions":
        """Return a decorator for functions that run in a transaction, again after a conflict.

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
        from hz_proxies.transaction.repeating import BlockingTransactions, Repetition

        self.new_transaction(timeout, durability, type)  # checks the arguments now
        make = partial(self.new_transaction, timeout, durability, type)
        return BlockingTransactions(self.blocking, make, Repetition(self._engine, retries))

    def create_vector_collection_config(
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
        self.blocking.run(flow)


class HazelcastFailoverClient(HazelcastClient):
    """A Hazelcast client for threaded programs with several clusters, such as blue and green.

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
        IllegalStateError: No member of any cluster could be connected.
    """

    def __init__(
        self, config: "FailoverConfig | Iterable[ClientConfig]", try_count: int | None = None
    ) -> None:
        super().__init__(FailoverConfig.of(config, try_count).client_config())
