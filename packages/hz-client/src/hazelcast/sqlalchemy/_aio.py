"""The dialect on asyncio: the cursors of :mod:`hazelcast.db.aio`, as SQLAlchemy calls them from its greenlets."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine import AdaptedConnection, ExecutionContext
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.util import await_only

from hazelcast import db
from hazelcast.db import aio
from hazelcast.sqlalchemy._dialect import HazelcastDialect


class _Cursor:
    """A cursor that has all rows of a statement when it has been executed."""

    server_side = False

    def __init__(self, connection: aio.Connection) -> None:
        self._cursor = connection.cursor()
        self._rows: deque[Any] = deque()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> None:
        return None

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._cursor.arraysize = value

    def execute(self, operation: str, params: Any = None) -> None:
        self._rows.clear()
        await_only(self._cursor.execute(operation, params))
        if self._cursor.description is not None and not self.server_side:
            self._rows.extend(await_only(self._cursor.fetchall()))

    def executemany(self, operation: str, seq_of_params: Any) -> None:
        self._rows.clear()
        await_only(self._cursor.executemany(operation, seq_of_params))

    def setinputsizes(self, *sizes: Any) -> None:
        pass

    def fetchone(self) -> Any:
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        number = self.arraysize if size is None else size
        return [self._rows.popleft() for _ in range(min(number, len(self._rows)))]

    def fetchall(self) -> list[Any]:
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def __iter__(self) -> Iterator[Any]:
        while self._rows:
            yield self._rows.popleft()

    async def _async_soft_close(self) -> None:
        await self._cursor.close()

    def close(self) -> None:
        # Called without a greenlet, too. What has been read to its end needs no more.
        self._rows.clear()


class _ServerSideCursor(_Cursor):
    """A cursor that fetches rows as they are asked for."""

    server_side = True

    def fetchone(self) -> Any:
        return await_only(self._cursor.fetchone())

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return await_only(self._cursor.fetchmany(size))

    def fetchall(self) -> list[Any]:
        return await_only(self._cursor.fetchall())

    def __iter__(self) -> Iterator[Any]:
        while (row := self.fetchone()) is not None:
            yield row

    def close(self) -> None:
        await_only(self._cursor.close())


class _Connection(AdaptedConnection):
    """A connection whose methods wait in the greenlet that calls them."""

    def __init__(self, connection: aio.Connection) -> None:
        self._connection: Any = connection

    @property
    def is_open(self) -> bool:
        return bool(self._connection.is_open)

    def cursor(self, server_side: bool = False) -> _Cursor:
        return (_ServerSideCursor if server_side else _Cursor)(self._connection)

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        pass

    def close(self) -> None:
        await_only(self._connection.close())


class _Module:
    """The module of PEP 249 whose connections wait in greenlets."""

    paramstyle = db.paramstyle

    def __getattr__(self, name: str) -> Any:
        return getattr(db, name)

    def connect(self, **kwargs: Any) -> _Connection:
        async def connected() -> aio.Connection:
            return await aio.connect(**kwargs)

        return _Connection(await_only(connected()))


class _Execution(DefaultExecutionContext):
    """The execution of a statement."""

    def create_server_side_cursor(self) -> Any:
        return self._dbapi_connection.cursor(server_side=True)


class AsyncHazelcastDialect(HazelcastDialect):
    """Clusters, by :mod:`hazelcast.db.aio`. All users of an engine share one connection, and thereby one client."""

    driver = "aio"
    execution_ctx_cls: type[ExecutionContext] = _Execution
    is_async = True
    supports_statement_cache = True
    """Compiled statements are kept."""
    supports_server_side_cursors: bool = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the module of PEP 249."""
        return _Module()

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the connection of :mod:`hazelcast.db.aio`."""
        return connection._connection
