"""What connections and cursors do, written once for threads and for asyncio.

The steps are coroutines, in which everything that a client returns is awaited. On asyncio that is a coroutine. For
threads it is a :class:`Done`, as their clients have waited already, so :func:`finished` gets through a step at once.
"""

from collections.abc import Coroutine, Generator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from hazelcast.db import _errors as errors
from hazelcast.db._errors import InterfaceError, ProgrammingError, translated
from hazelcast.db._types import ColumnDescription, described
from hazelcast.errors import HazelcastError
from hazelcast.sql import SqlRow
from hz_proxies.sql.result.operations import SqlResultOperations

T = TypeVar("T")
ClientT = TypeVar("ClientT")
ConnectionT = TypeVar("ConnectionT", bound="ConnectionBase[Any, Any]")
CursorT = TypeVar("CursorT", bound="CursorBase[Any]")

Parameters = Sequence[Any]


class Done(Generic[T]):
    """What need not be waited for.

    Args:
        value: The result.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, T]:
        yield from ()
        return self._value


def finished(step: Coroutine[Any, Any, T]) -> T:
    """Return the result of a step in which everything is :class:`Done`."""
    try:
        step.send(None)
    except StopIteration as e:
        value: T = e.value
        return value
    step.close()
    raise AssertionError("a step for threads waits")


class ConnectionBase(Generic[ClientT, CursorT]):
    """The state of a connection.

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

    def __init__(self, client: ClientT, *, owns_client: bool) -> None:
        self._owns_client = owns_client
        self._client: ClientT | None = client
        self._cursors: WeakSet[CursorT] = WeakSet()

    @property
    def client(self) -> ClientT:
        """The client, for what SQL does not have.

        Raises:
            InterfaceError: The connection is closed.
        """
        if self._client is None:
            raise InterfaceError("the connection is closed: make another one with connect()")
        return self._client

    @property
    def is_open(self) -> bool:
        """Whether it was not closed yet."""
        return self._client is not None

    @property
    def autocommit(self) -> bool:
        """True: SQL of clusters has no transactions."""
        return True

    @property
    def _sql(self) -> Any:
        """The SQL service of the client, on the surface of the connection."""
        raise NotImplementedError(f"{type(self).__name__} must define how SQL is executed")

    def _wait(self, called: Any) -> Any:
        """Return what a step awaits for what a method of the client has returned."""
        raise NotImplementedError(f"{type(self).__name__} must define how its steps wait")

    def _check(self) -> None:
        self.client  # noqa: B018  # raises

    def _added(self, cursor: CursorT) -> CursorT:
        self._check()
        self._cursors.add(cursor)
        return cursor

    def _refused(self) -> errors.NotSupportedError:
        return errors.NotSupportedError(
            "SQL of clusters has no transactions, so there is nothing to roll back"
        )

    async def _close(self) -> None:
        client: Any = self._client
        self._client = None
        if client is None:
            return
        for cursor in list(self._cursors):
            await cursor._close()
        if self._owns_client:
            await self._wait(client.shutdown())


class CursorBase(Generic[ConnectionT]):
    """The state of a cursor, and its steps.

    Args:
        conn: The connection.

    Attributes:
        arraysize: The number of rows that ``fetchmany`` returns.
    """

    def __init__(self, conn: ConnectionT) -> None:
        self.arraysize = 1
        self._connection = conn
        self._closed = False
        self._description: Sequence[ColumnDescription] | None = None
        self._rowcount = -1
        self._rownumber: int | None = None
        self._result: Any = None

    @property
    def connection(self) -> ConnectionT:
        """The connection."""
        return self._connection

    @property
    def description(self) -> Sequence[ColumnDescription] | None:
        """The columns of the result; None if it has no rows, or nothing was executed yet."""
        return self._description

    @property
    def rowcount(self) -> int:
        """The number of changed rows, if the member reports one; else -1, as for queries. Members do not at present."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """The index of the next row, from 0; None if there are no rows."""
        return self._rownumber

    @property
    def lastrowid(self) -> None:
        """None: rows have keys, which the program chooses."""
        return

    def setinputsizes(self, sizes: object) -> None:
        """Do nothing: sizes need not be known."""

    def setoutputsize(self, size: object = None, column: object = None) -> None:
        """Do nothing: sizes need not be known."""

    async def _execute(self, operation: str, params: Parameters | None) -> None:
        await self._begin()
        connection = self._connection
        with translated():
            called = connection._sql.execute(operation, *_checked(params))
            result = self._result = await connection._wait(called)
        if result.is_row_set():
            self._description = described(result.get_row_metadata())
            self._rownumber = 0
        else:
            self._changed(result.update_count())

    async def _executemany(self, operation: str, seq_of_params: Sequence[Parameters]) -> None:
        await self._begin()
        connection = self._connection
        total = 0
        with translated():
            sql = connection._sql
            for params in seq_of_params:
                called = sql.execute(operation, *_checked(params), expected_result_type=2)
                result = await connection._wait(called)
                total += result.update_count()
        self._changed(total)

    async def _fetch(self, number: int | None) -> list[SqlRow]:
        """Return the next rows, at most ``number`` of them; None for all."""
        rows = self._left()
        found: list[SqlRow] = []
        with translated():
            while True:
                found.extend(islice(rows._rows, None if number is None else number - len(found)))
                if len(found) == number or not await self._more(rows):
                    break
        self._count(len(found))
        return found

    async def _fetchone(self) -> SqlRow | None:
        rows = await self._fetch(1)
        return rows[0] if rows else None

    async def _fetchmany(self, size: int | None) -> list[SqlRow]:
        self._left()
        number: Any = self.arraysize if size is None else size
        if not isinstance(number, int) or number < 0:
            raise ProgrammingError(f"the number of rows must be an integer, not negative, not {number!r}")
        return await self._fetch(number)

    async def _close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._forget()

    def _at_hand(self) -> SqlRow | None:
        """Return the next row, if it came already."""
        row: SqlRow | None = next(self._left()._rows, None)
        if row is not None:
            self._count(1)
        return row

    async def _more(self, rows: SqlResultOperations) -> bool:
        """Fetch the next page; return whether there was one."""
        return await self._connection._wait(self._result._run(rows._next_rows())) is not None

    async def _begin(self) -> None:
        self._check()
        await self._forget()
        self._connection._check()

    async def _forget(self) -> None:
        """Forget the result of the last statement."""
        result, self._result = self._result, None
        self._description = self._rownumber = None
        self._rowcount = -1
        if result is not None:
            try:
                await self._connection._wait(result.close())
            except HazelcastError:
                # The query ends with its member or its client.
                return

    def _check(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed: make another one with connection.cursor()")

    def _left(self) -> SqlResultOperations:
        self._check()
        if self._description is None:
            raise ProgrammingError("there are no rows: execute a query first")
        rows: SqlResultOperations = self._result._ops
        return rows

    def _changed(self, rows: int) -> None:
        # Members report 0, whatever a statement has changed.
        self._rowcount = rows or -1

    def _count(self, rows: int) -> None:
        if self._rownumber is not None:
            self._rownumber += rows


def _checked(params: Parameters | None) -> Parameters:
    if params is None:
        return ()
    given: Any = params  # checked for those who check no types
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise ProgrammingError(
            f"parameters must be a sequence with a value for each ?, not a {type(given).__name__}"
        )
    return given
