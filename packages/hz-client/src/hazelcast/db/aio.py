"""SQL by the database API of Python (PEP 249), for asyncio: the same names, with coroutines.

``connection = await connect(...)``, or ``async with connect(...) as connection``. Exceptions, types and constructors
are those of :mod:`hazelcast.db`.
"""

from collections.abc import Generator, Sequence
from typing import Any, Final, Self

from hazelcast.asyncio import HazelcastClient
from hazelcast.config import Config
from hazelcast.db._errors import translated
from hazelcast.db._settings import settings, without_options
from hazelcast.db._steps import ConnectionBase, CursorBase, Parameters
from hazelcast.sql import SqlRow

apilevel: Final = "2.0"
"""The version of the database API."""

threadsafety: Final = 1
"""Threads may share the module only: a connection belongs to an event loop. Tasks may share it, but not cursors."""

paramstyle: Final = "qmark"
"""Parameters are question marks in statements."""

__all__ = ["Connection", "Cursor", "apilevel", "connect", "paramstyle", "threadsafety"]


class Connection(ConnectionBase[HazelcastClient, "Cursor"]):
    """A connection to a cluster. Each statement is committed when it has been executed.

    Args:
        client: The client, which is connected.
        owns_client: Whether closing the connection shuts it down.
    """

    @property
    def _sql(self) -> Any:
        return self.client.sql

    def _wait(self, called: Any) -> Any:
        return called

    def cursor(self) -> "Cursor":
        """Return a new cursor; see :meth:`hazelcast.db.Connection.cursor`."""
        return self._added(Cursor(self))

    async def commit(self) -> None:
        """Do nothing; see :meth:`hazelcast.db.Connection.commit`."""
        self._check()

    async def rollback(self) -> None:
        """Refuse; see :meth:`hazelcast.db.Connection.rollback`."""
        raise self._refused()

    async def close(self) -> None:
        """Close all cursors and the connection. Idempotent."""
        await self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        await self.close()


class Cursor(CursorBase[Connection]):
    """Executes statements one after another, and returns their rows. Tasks cannot share a cursor.

    Args:
        conn: The connection.
    """

    async def execute(self, operation: str, params: Parameters | None = None) -> None:
        """Execute a statement; see :meth:`hazelcast.db.Cursor.execute`."""
        await self._execute(operation, params)

    async def executemany(self, operation: str, seq_of_params: Sequence[Parameters]) -> None:
        """Execute a statement with each of several parameters; see :meth:`hazelcast.db.Cursor.executemany`."""
        await self._executemany(operation, seq_of_params)

    async def fetchone(self) -> SqlRow | None:
        """Return the next row; None after the last one."""
        return await self._fetchone()

    async def fetchmany(self, size: int | None = None) -> list[SqlRow]:
        """Return the next rows; see :meth:`hazelcast.db.Cursor.fetchmany`."""
        return await self._fetchmany(size)

    async def fetchall(self) -> list[SqlRow]:
        """Return all rows that are left."""
        return await self._fetch(None)

    async def close(self) -> None:
        """Close the cursor, and end its query. Idempotent."""
        await self._close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SqlRow:
        row = self._at_hand() or await self._fetchone()
        if row is None:
            raise StopAsyncIteration
        return row

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None:
        await self.close()


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
        if client is None:
            self._config = settings(config, dsn, user, password, host, port, cluster_name)
        else:
            without_options(config, dsn, user, password, host, port, cluster_name)
        self._client = client
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
