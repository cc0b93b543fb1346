"""The database API on a real member, for threads and for asyncio."""

import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import db
from hazelcast.config import Config
from hazelcast.db import aio
from hazelcast.sql import SqlErrorCode, SqlRow
from hz_embedded import Cluster
from map_harness import LIMIT, fresh_name

MAPPING = "TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='varchar')"


@pytest.fixture(scope="module")
def client(sql_cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of the member."""
    with hazelcast.HazelcastClient(cluster_members=sql_cluster.addresses) as connected:
        yield connected


class Either:
    """Makes every method of a connection or cursor awaitable, whichever module it is of."""

    def __init__(self, target: Any) -> None:
        self.target = target

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.target, name)
        if not callable(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            result = found(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return call

    def cursor(self) -> "Either":
        """Return a cursor."""
        return Either(self.target.cursor())


@pytest.fixture(params=["threads", "asyncio"])
async def connection(
    request: pytest.FixtureRequest, client: hazelcast.HazelcastClient, sql_cluster: Cluster
) -> AsyncIterator[Either]:
    """Yield a connection of each module."""
    if request.param == "threads":
        with db.connect(client=client) as of_threads:
            yield Either(of_threads)
    else:
        async with aio.connect(Config.from_kwargs(cluster_members=sql_cluster.addresses)) as of_asyncio:
            yield Either(of_asyncio)


async def mapped(cursor: Either) -> str:
    """Create a mapping and return its name."""
    name = fresh_name("db")
    await cursor.execute(f'CREATE MAPPING "{name}" (__key INT, this VARCHAR) {MAPPING}')
    return name


async def rows_of(cursor: Either, statement: str, parameters: Any) -> list[SqlRow]:
    """Execute a query and return its rows."""
    await cursor.execute(statement, parameters)
    rows: list[SqlRow] = await cursor.fetchall()
    return rows


async def test_statements(connection: Either) -> None:
    cursor = connection.cursor()
    assert (cursor.description, cursor.rowcount, cursor.rownumber, cursor.arraysize) == (None, -1, None, 1)
    name = await mapped(cursor)
    await cursor.executemany(f'INSERT INTO "{name}" VALUES (?, ?)', [(n, f"name {n}") for n in range(7)])
    assert (cursor.description, cursor.rowcount) == (None, -1)  # members do not count inserted rows
    await connection.commit()
    assert connection.autocommit is True
    await cursor.execute(f'SELECT __key, this FROM "{name}" WHERE __key < ? ORDER BY __key', (6,))
    assert cursor.description == [
        ("__key", db.Type.INTEGER, None, None, None, None, True),
        ("this", db.Type.STRING, None, None, None, None, True),
    ]
    assert (cursor.rowcount, cursor.rownumber) == (-1, 0)
    first = await cursor.fetchone()
    assert isinstance(first, SqlRow)
    assert (first, first["this"], cursor.rownumber) == ((0, "name 0"), "name 0", 1)
    assert await cursor.fetchmany() == [(1, "name 1")]
    cursor.target.arraysize = 2
    assert [row[0] for row in await cursor.fetchmany()] == [2, 3]
    assert await cursor.fetchmany(0) == []
    assert [row[0] for row in await cursor.fetchall()] == [4, 5]
    assert cursor.rownumber == 6
    assert (await cursor.fetchone(), await cursor.fetchmany(3), await cursor.fetchall()) == (None, [], [])
    await cursor.setinputsizes([1])
    await cursor.setoutputsize(1, 1)
    assert cursor.lastrowid is None
    assert cursor.connection is connection.target


async def test_iteration(connection: Either) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT v FROM TABLE(generate_series(1, 10000)) ORDER BY v")
    if isinstance(connection.target, db.Connection):
        found = list(cursor.target)
        with pytest.raises(StopIteration):
            cursor.target.next()
    else:
        found = [row async for row in cursor.target]
    assert [row[0] for row in found] == list(range(1, 10001))
    assert cursor.rownumber == 10000


async def test_blocks_close(connection: Either) -> None:
    target = connection.target
    if isinstance(target, db.Connection):
        with target.cursor() as cursor:
            cursor.execute("SELECT v FROM TABLE(generate_stream(1000))")
            assert cursor.fetchone() == (0,)
        with pytest.raises(db.InterfaceError, match="cursor is closed"):
            cursor.fetchone()
    else:
        async with target.cursor() as cursor:
            await cursor.execute("SELECT v FROM TABLE(generate_stream(1000))")
            assert await cursor.fetchone() == (0,)
        with pytest.raises(db.InterfaceError, match="cursor is closed"):
            await cursor.fetchone()


async def test_errors(connection: Either) -> None:
    cursor = connection.cursor()
    name = await mapped(cursor)
    await cursor.execute(f'INSERT INTO "{name}" VALUES (1, ?)', ["one"])
    cases: list[tuple[str, Any, type[db.Error], int | None]] = [
        ("SELEC 1", None, db.ProgrammingError, SqlErrorCode.PARSING),
        ("SELECT * FROM nothing", None, db.ProgrammingError, SqlErrorCode.OBJECT_NOT_FOUND),
        ("SELECT 1 / ?", [0], db.DataError, SqlErrorCode.DATA_EXCEPTION),
        ("SELECT ?", [lambda: None], db.DataError, None),
        ("SELECT 1", "text", db.ProgrammingError, None),
        ("SELECT 1", 5, db.ProgrammingError, None),
        (f'INSERT INTO "{name}" VALUES (1, ?)', ["two"], db.IntegrityError, SqlErrorCode.GENERIC),
    ]
    for statement, parameters, kind, code in cases:
        with pytest.raises(kind) as caught:
            await rows_of(cursor, statement, parameters)
        assert type(caught.value) is kind
        assert caught.value.code == code
    with pytest.raises(db.ProgrammingError):
        await cursor.execute(None)
    with pytest.raises(db.DatabaseError, match="update count"):
        await cursor.executemany("SELECT 1", [()])
    with pytest.raises(db.ProgrammingError, match="no rows"):
        await cursor.fetchone()
    await cursor.execute("SELECT 1")
    with pytest.raises(db.ProgrammingError, match="not negative"):
        await cursor.fetchmany(-1)
    with pytest.raises(db.NotSupportedError):
        await connection.rollback()
    with pytest.raises(db.ProgrammingError) as caught:
        await cursor.execute(f'SELECT * FROM "{name}x"')
    assert caught.value.suggestion is None


async def test_a_suggestion(connection: Either, client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("unmapped")
    client.get_map(name).blocking().put(1, "one")
    cursor = connection.cursor()
    with pytest.raises(db.ProgrammingError) as caught:
        await cursor.execute(f'SELECT * FROM "{name}"')
    assert caught.value.suggestion is not None
    await cursor.execute(caught.value.suggestion)
    await cursor.execute(f'SELECT * FROM "{name}"')
    assert await cursor.fetchall() == [(1, "one")]


async def test_an_error_between_rows_is_not_an_end(connection: Either) -> None:
    cursor = connection.cursor()
    await cursor.execute("SELECT 1 / (150000 - v) FROM TABLE(generate_series(1, 200000))")
    for _ in range(2):
        with pytest.raises(db.DataError):
            await cursor.fetchall()
        with pytest.raises(db.DataError):
            await cursor.fetchone()


async def test_a_closed_connection(sql_cluster: Cluster) -> None:
    address = sql_cluster.addresses[0]
    host, _, port = address.rpartition(":")
    for connection in (
        Either(db.connect(f"hz://{address}?cluster.name={sql_cluster.cluster_name}")),
        Either(await aio.connect(host=host, port=int(port), cluster_name=sql_cluster.cluster_name)),
    ):
        cursor, other = connection.cursor(), connection.cursor()
        await cursor.execute("SELECT 1")
        client = connection.client
        await connection.close()
        await connection.close()
        assert client.lifecycle_service.is_running() is False
        for use in (
            cursor.fetchone,
            lambda c=cursor: c.execute("SELECT 1"),
            other.fetchall,
            connection.commit,
        ):
            with pytest.raises(db.InterfaceError, match="closed"):
                await use()
        with pytest.raises(db.InterfaceError, match="closed"):
            connection.cursor()
        await cursor.close()


async def test_a_client_that_is_given_stays_open(
    sql_cluster: Cluster, client: hazelcast.HazelcastClient
) -> None:
    db.connect(client=client).close()
    assert client.lifecycle_service.is_running()
    async with hazelcast.asyncio.HazelcastClient(cluster_members=sql_cluster.addresses) as other:
        async with aio.connect(client=other) as connection:
            assert connection.client is other
        assert other.lifecycle_service.is_running()
    for module in (db, aio):
        with pytest.raises(db.InterfaceError, match="client has all options"):
            module.connect("hz://localhost", client=client)


def test_no_member() -> None:
    with pytest.raises(db.OperationalError):
        db.connect(Config.from_kwargs(cluster_members=["127.0.0.1:1"], cluster_connect_timeout=0.1))


def test_a_query_is_ended_by_another_thread(client: hazelcast.HazelcastClient) -> None:
    cursor = db.connect(client=client).cursor()
    cursor.execute("SELECT v FROM TABLE(generate_stream(100))")
    begun = threading.Event()

    def read() -> str:
        try:
            for _ in cursor:
                begun.set()
        except db.Error as e:
            return type(e).__name__
        return "end"

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        assert begun.wait(LIMIT)
        cursor.close()
        assert reading.result(LIMIT) in {"OperationalError", "InterfaceError"}


def test_threads_share_a_connection(client: hazelcast.HazelcastClient) -> None:
    connection = db.connect(client=client)

    def read(number: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT v + ? FROM TABLE(generate_series(1, 2000))", (number,))
            return sum(row[0] for row in cursor)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(8))) == [2001000 + 2000 * number for number in range(8)]


def test_types_of_columns(client: hazelcast.HazelcastClient) -> None:
    cases: list[tuple[str, db.Type, Any]] = [
        ("CAST('a' AS VARCHAR)", db.Type.STRING, db.STRING),
        ("TRUE", db.Type.BOOLEAN, None),
        ("CAST(1 AS TINYINT)", db.Type.INTEGER, db.NUMBER),
        ("CAST(1 AS BIGINT)", db.Type.INTEGER, db.NUMBER),
        ("CAST(1 AS DECIMAL)", db.Type.DECIMAL, db.NUMBER),
        ("CAST(1 AS REAL)", db.Type.FLOAT, db.NUMBER),
        ("CAST('2026-01-02' AS DATE)", db.Type.DATE, db.DATETIME),
        ("CAST('01:02:03' AS TIME)", db.Type.TIME, db.DATETIME),
        ("CAST('2026-01-02T03:04:05' AS TIMESTAMP)", db.Type.DATETIME, db.DATETIME),
        ("CAST(NULL AS OBJECT)", db.Type.OBJECT, None),
        ("CAST('{}' AS JSON)", db.Type.JSON, None),
        ("NULL", db.Type.NULL, None),
    ]
    cursor = db.connect(client=client).cursor()
    cursor.execute("SELECT " + ", ".join(expression for expression, _, _ in cases))
    assert cursor.description is not None
    kinds = (db.STRING, db.NUMBER, db.DATETIME, db.BINARY, db.ROWID)
    for column, (_, type_, kind) in zip(cursor.description, cases, strict=True):
        assert column.type is type_
        assert [other for other in kinds if other == column.type] == ([] if kind is None else [kind])
    cursor.execute("SELECT CAST(? AS DATE), CAST(? AS TIME), CAST(? AS TIMESTAMP), CAST(? AS DECIMAL)", (
        db.Date(2026, 1, 2), db.Time(3, 4, 5), db.Timestamp(2026, 1, 2, 3, 4, 5), Decimal("1.5"),
    ))  # fmt: skip
    assert cursor.fetchone() == (
        date(2026, 1, 2),
        time(3, 4, 5),
        datetime(2026, 1, 2, 3, 4, 5),
        Decimal("1.5"),
    )
