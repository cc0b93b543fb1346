"""Connections and cursors for threads."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Self
from weakref import WeakSet

from hazelcast.client import HazelcastClient
from hazelcast.config import Config
from hazelcast.db import _errors as errors
from hazelcast.db._errors import InterfaceError, NotSupportedError, error_for, translated
from hazelcast.db._results import CursorBase, Parameters
from hazelcast.db._settings import settings
from hazelcast.errors import HazelcastError
from hazelcast.sql import BlockingSqlResult, SqlRow


class Connection:
    """A connection to a cluster, which threads may share. Each statement is committed when it has been executed.

    Args:
        config: The options.
        client: A client to use instead of one of its own; closing the connection leaves it as it is.
    """

    Warning = errors.Warning
    Error = errors.Error
    InterfaceError = errors.InterfaceError
    DatabaseError = errors.DatabaseError
    DataError = errors.DataError
    OperationalError = errors.OperationalError
    IntegrityError = errors.IntegrityError
    InternalError = errors.InternalError
    ProgrammingError = errors.ProgrammingError
    NotSupportedError = errors.NotSupportedError

    def __init__(self, config: Config | None, *, client: HazelcastClient | None = None) -> None:
        self._owns_client = client is None
        if client is None:
            with translated():
                client = HazelcastClient(config)
        self._client: HazelcastClient | None = client
        self._cursors: WeakSet[Cursor] = WeakSet()

    @property
    def client(self) -> HazelcastClient:
        """The client, for what SQL does not have.

        Raises:
            InterfaceError: The connection is closed.
        """
        if self._client is None:
            raise InterfaceError("the connection is closed")
        return self._client

    @property
    def is_open(self) -> bool:
        """Whether it was not closed yet."""
        return self._client is not None

    @property
    def autocommit(self) -> bool:
        """True: SQL of clusters has no transactions."""
        return True

    def cursor(self) -> "Cursor":
        """Return a new cursor.

        Raises:
            InterfaceError: The connection is closed.
        """
        self.client  # noqa: B018  # checked
        cursor = Cursor(self)
        self._cursors.add(cursor)
        return cursor

    def commit(self) -> None:
        """Do nothing: each statement is committed when it has been executed.

        Raises:
            InterfaceError: The connection is closed.
        """
        self.client  # noqa: B018  # checked

    def rollback(self) -> None:
        """Refuse: there are no transactions.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError("SQL of clusters has no transactions, so there is nothing to roll back")

    def close(self) -> None:
        """Close all cursors and the connection. Idempotent."""
        client, self._client = self._client, None
        if client is None:
            return
        for cursor in list(self._cursors):
            cursor.close()
        if self._owns_client:
            client.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        self.close()


class Cursor(CursorBase):
    """Executes statements one after another, and returns their rows. Threads cannot share a cursor.

    Args:
        conn: The connection.
    """

    def __init__(self, conn: Connection) -> None:
        super().__init__()
        self._connection = conn
        self._result: BlockingSqlResult | None = None
        self._rows: Iterator[SqlRow] | None = None

    @property
    def connection(self) -> Connection:
        """The connection."""
        return self._connection

    def execute(self, operation: str, params: Parameters | None = None) -> None:
        """Execute a statement.

        Args:
            operation: The statement, with a ``?`` for each parameter.
            params: The parameters.

        Raises:
            Error: One of its subclasses, if the statement fails.
        """
        self._check()
        self._forget()
        with translated():
            sql = self._connection.client.sql.blocking()
            result = self._result = sql.execute(operation, *self._parameters(params))
            self._take(result._ops)
            if result.is_row_set():
                self._rows = iter(result)

    def executemany(self, operation: str, seq_of_params: Sequence[Parameters]) -> None:
        """Execute a statement that returns no rows with each of several parameters, in their order.

        Args:
            operation: The statement, with a ``?`` for each parameter.
            seq_of_params: The parameters of each execution.

        Raises:
            Error: One of its subclasses, if one fails. Those before it stay executed.
        """
        self._check()
        self._forget()
        total = 0
        with translated():
            sql = self._connection.client.sql.blocking()
            for params in seq_of_params:
                with sql.execute(operation, *self._parameters(params), expected_result_type=2) as result:
                    total += result.update_count()
        self._changed(total)

    def fetchone(self) -> SqlRow | None:
        """Return the next row; None after the last one."""
        rows = self._some(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[SqlRow]:
        """Return the next rows; an empty list after the last one.

        Args:
            size: How many; None for ``arraysize``.
        """
        self._left()
        return self._some(self._many(size))

    def fetchall(self) -> list[SqlRow]:
        """Return all rows that are left."""
        return self._some(None)

    def next(self) -> SqlRow:
        """Return the next row.

        Raises:
            StopIteration: There is none.
        """
        return self.__next__()

    def close(self) -> None:
        """Close the cursor, and end its query. Idempotent."""
        if not self._closed:
            self._closed = True
            self._forget()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SqlRow:
        try:
            row = next(self._left())
        except HazelcastError as e:
            self._again()
            raise error_for(e) from e
        self._count(1)
        return row

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        self.close()

    def _left(self) -> Iterator[SqlRow]:
        self._check()
        if self._rows is None:
            raise self._no_rows()
        return self._rows

    def _some(self, number: int | None) -> list[SqlRow]:
        """Return the next rows, at most ``number`` of them; None for all."""
        rows = self._left()
        found: list[SqlRow] = []
        try:
            found.extend(rows if number is None else islice(rows, number))
        except HazelcastError as e:
            self._again()
            raise error_for(e) from e
        self._count(len(found))
        return found

    def _again(self) -> None:
        """Make the next fetch fail, too, or go on: an iterator that has failed would end instead."""
        if self._result is not None:
            self._rows = iter(self._result)

    def _forget(self) -> None:
        result, self._result, self._rows = self._result, None, None
        self._begin()
        if result is not None:
            try:
                result.close()
            except HazelcastError:
                # The query ends with its member or its client.
                return


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
    given = (config, dsn or None, user, password, host, port, cluster_name)
    if client is not None:
        if any(value is not None for value in given):
            raise InterfaceError("client has all options, so no others can be given, too")
        return Connection(None, client=client)
    return Connection(settings(config, dsn, user, password, host, port, cluster_name))
