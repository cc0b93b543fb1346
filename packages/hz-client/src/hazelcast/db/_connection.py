"""Connections and cursors for threads."""

from collections.abc import Sequence
from typing import Any, Self

from hazelcast.client import HazelcastClient
from hazelcast.config import Config
from hazelcast.db._errors import translated
from hazelcast.db._settings import settings, without_options
from hazelcast.db._steps import ConnectionBase, CursorBase, Done, Parameters, finished
from hazelcast.sql import SqlRow


class Connection(ConnectionBase[HazelcastClient, "Cursor"]):
    """A connection to a cluster, which threads may share. Each statement is committed when it has been executed.

    Args:
        client: The client, which is connected.
        owns_client: Whether closing the connection shuts it down.
    """

    @property
    def _sql(self) -> Any:
        return self.client.sql.blocking()

    def _wait(self, called: Any) -> Any:
        return Done(called)

    def cursor(self) -> "Cursor":
        """Return a new cursor.

        Raises:
            InterfaceError: The connection is closed.
        """
        return self._added(Cursor(self))

    def commit(self) -> None:
        """Do nothing: each statement is committed when it has been executed.

        Raises:
            InterfaceError: The connection is closed.
        """
        self._check()

    def rollback(self) -> None:
        """Refuse: there are no transactions.

        Raises:
            NotSupportedError: Always.
        """
        raise self._refused()

    def close(self) -> None:
        """Close all cursors and the connection. Idempotent."""
        finished(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        self.close()


class Cursor(CursorBase[Connection]):
    """Executes statements one after another, and returns their rows. Threads cannot share a cursor.

    Args:
        conn: The connection.
    """

    def execute(self, operation: str, params: Parameters | None = None) -> None:
        """Execute a statement.

        Args:
            operation: The statement, with a ``?`` for each parameter.
            params: The parameters.

        Raises:
            Error: One of its subclasses, if the statement fails.
        """
        finished(self._execute(operation, params))

    def executemany(self, operation: str, seq_of_params: Sequence[Parameters]) -> None:
        """Execute a statement that returns no rows with each of several parameters, in their order.

        Args:
            operation: The statement, with a ``?`` for each parameter.
            seq_of_params: The parameters of each execution.

        Raises:
            Error: One of its subclasses, if one fails. Those before it stay executed.
        """
        finished(self._executemany(operation, seq_of_params))

    def fetchone(self) -> SqlRow | None:
        """Return the next row; None after the last one."""
        return finished(self._fetchone())

    def fetchmany(self, size: int | None = None) -> list[SqlRow]:
        """Return the next rows; an empty list after the last one.

        Args:
            size: How many; None for ``arraysize``.
        """
        return finished(self._fetchmany(size))

    def fetchall(self) -> list[SqlRow]:
        """Return all rows that are left."""
        return finished(self._fetch(None))

    def next(self) -> SqlRow:
        """Return the next row.

        Raises:
            StopIteration: There is none.
        """
        return self.__next__()

    def close(self) -> None:
        """Close the cursor, and end its query. Idempotent."""
        finished(self._close())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SqlRow:
        row = self._at_hand() or self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        self.close()


def connect(
    config: Config | str | None = None,
    *,
    dsn: str = "",
    user: str | None = None,
    password: str | None = None,
    host: str | None = None,
    port: int | None = None,
    cluster_name: str | None = None,
    client: HazelcastClient | None = None,
) -> Connection:
    """Connect to a cluster.

    Args:
        config: The options of the client, or the DSN.
        dsn: The options as a DSN: ``hz://user:password@host:port,host:port?cluster_name=dev&smart_routing=false``, with
            any option of the client that :meth:`hazelcast.config.Config.from_url` takes.
        user: Name of the user, without ``config`` and ``dsn``.
        password: Password of the user.
        host: Host of a member; None for localhost.
        port: Its port; None for 5701.
        cluster_name: Name of the cluster; None for the default of the client.
        client: A connected client to use, instead of all these; closing the connection leaves it as it is.

    Raises:
        InterfaceError: The arguments contradict each other, or are not valid.
        OperationalError: No member could be connected.
    """
    if client is not None:
        without_options(config, dsn, user, password, host, port, cluster_name)
        return Connection(client, owns_client=False)
    options = settings(config, dsn, user, password, host, port, cluster_name)
    with translated():
        return Connection(HazelcastClient(options), owns_client=True)
