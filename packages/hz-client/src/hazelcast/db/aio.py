"""SQL by the database API of Python (PEP 249), for asyncio: the same names, with coroutines.

``connection = await connect(...)``, or ``async with connect(...) as connection``. Exceptions, types and constructors
are those of :mod:`hazelcast.db`.
"""

from collections.abc import AsyncIterator, Generator, Sequence
from typing import Any, Final, Self
from weakref import WeakSet

from hazelcast.asyncio import HazelcastClient
from hazelcast.config import Config
from hazelcast.db import _errors as errors
from hazelcast.db._errors import InterfaceError, NotSupportedError, error_for, translated
from hazelcast.db._results import CursorBase, Parameters
from hazelcast.db._settings import settings
from hazelcast.errors import HazelcastError
from hazelcast.sql import SqlRow
from hz_proxies.sql.result.aio import AsyncSqlResult

apilevel: Final = "2.0"
"""The version of the database API."""

threadsafety: Final = 1
"""Threads may share the module only: a connection belongs to an event loop. Tasks may share it, but not cursors."""

paramstyle: Final = "qmark"
"""Parameters are question marks in statements."""

__all__ = ["Connection", "Cursor", "apilevel", "connect", "paramstyle", "threadsafety"]


class Connection:
    """A connection to a cluster. Each statement is committed when it has been executed.

    Args:
        client: The client, which is connected.
        owns_client: Whether closing the connection shuts it down.
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

    def __init__(self, client: HazelcastClient, *, owns_client: bool) -> None:
        self._owns_client = owns_client
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

    async def commit(self) -> None:
        """Do nothing: each statement is committed when it has been executed.

        Raises:
            InterfaceError: The connection is closed.
        """
        self.client  # noqa: B018  # checked

    async def rollback(self) -> None:
        """Refuse: there are no transactions.

        Raises:
            NotSupportedError: Always.
        """
        raise NotSupportedError("SQL of clusters has no transactions, so there is nothing to roll back")

    async def close(self) -> None:
        """Close all cursors and the connection. Idempotent."""
        client, self._client = self._client, None
        if client is None:
            return
        for cursor in list(self._cursors):
            await cursor.close()
        if self._owns_client:
            await client.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        await self.close()


class Cursor(CursorBase):
    """Executes statements one after another, and returns their rows. Tasks cannot share a cursor.

    Args:
        conn: The connection.
    """

    def __init__(self, conn: Connection) -> None:
        super().__init__()
        self._connection = conn
        self._result: AsyncSqlResult | None = None
        self._rows: AsyncIterator[SqlRow] | None = None

    @property
    def connection(self) -> Connection:
        """The connection."""
        return self._connection

    async def execute(self, operation: str, params: Parameters | None = None) -> None:
        """Execute a statement; see :meth:`hazelcast.db.Cursor.execute`."""
        self._check()
        await self._forget()
        with translated():
            result = await self._connection.client.sql.execute(operation, *self._parameters(params))
            self._result = result
            self._take(result._ops)
            if result.is_row_set():
                self._rows = aiter(result)

    async def executemany(self, operation: str, seq_of_params: Sequence[Parameters]) -> None:
        """Execute a statement with each of several parameters; see :meth:`hazelcast.db.Cursor.executemany`."""
        self._check()
        await self._forget()
        total = 0
        with translated():
            sql = self._connection.client.sql
            for params in seq_of_params:
                result = await sql.execute(operation, *self._parameters(params), expected_result_type=2)
                total += result.update_count()
        self._changed(total)

    async def fetchone(self) -> SqlRow | None:
        """Return the next row; None after the last one."""
        rows = await self._some(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[SqlRow]:
        """Return the next rows; an empty list after the last one.

        Args:
            size: How many; None for ``arraysize``.
        """
        self._left()
        return await self._some(self._many(size))

    async def fetchall(self) -> list[SqlRow]:
        """Return all rows that are left."""
        return await self._some(None)

    async def close(self) -> None:
        """Close the cursor, and end its query. Idempotent."""
        if not self._closed:
            self._closed = True
            await self._forget()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SqlRow:
        try:
            row = await anext(self._left())
        except HazelcastError as e:
            raise error_for(e) from e
        self._count(1)
        return row

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        await self.close()

    async def _some(self, number: int | None) -> list[SqlRow]:
        """Return the next rows, at most ``number`` of them; None for all."""
        rows = self._left()
        found: list[SqlRow] = []
        with translated():
            while (number is None or len(found) < number) and (row := await anext(rows, None)) is not None:
                found.append(row)
        self._count(len(found))
        return found

    def _left(self) -> AsyncIterator[SqlRow]:
        self._check()
        if self._rows is None:
            raise self._no_rows()
        return self._rows

    async def _forget(self) -> None:
        result, self._result, self._rows = self._result, None, None
        self._begin()
        if result is not None:
            try:
                await result.close()
            except HazelcastError:
                # The query ends with its member or its client.
                return


class connect:  # a function in PEP 249
    """Connect to a cluster: to be awaited, or used with ``async with``.

    Args:
        config: As those of :func:`hazelcast.db.connect`.
        dsn: As above.
        user: As above.
        password: As above.
        host: As above.
        port: As above.
        cluster_name: As above.
        client: A started client to use, instead of all these; closing the connection leaves it as it is.

    Raises:
        InterfaceError: The arguments contradict each other, or are not valid.
        OperationalError: No member could be connected.
    """

    def __init__(
        self,
        config: Config | str | None = None,
        *,
        dsn: str = "",
        user: str | None = None,
        password: str | None = None,
        host: str | None = None,
        port: int | None = None,
        cluster_name: str | None = None,
        client: HazelcastClient | None = None,
    ) -> None:
        given = (config, dsn or None, user, password, host, port, cluster_name)
        if client is not None and any(value is not None for value in given):
            raise InterfaceError("client has all options, so no others can be given, too")
        self._client = client
        self._config = (
            None if client is not None else settings(config, dsn, user, password, host, port, cluster_name)
        )
        self._connection: Connection | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._connect().__await__()

    async def __aenter__(self) -> Connection:
        self._connection = await self._connect()
        return self._connection

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _connect(self) -> Connection:
        if self._client is not None:
            return Connection(self._client, owns_client=False)
        with translated():
            client = HazelcastClient(self._config)
            await client.start()
        return Connection(client, owns_client=True)
