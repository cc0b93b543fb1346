"""SQL on a real member: values of every type, records and JSON, streams, cancelling, time limits, many rows."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import db
from hazelcast.errors import HazelcastSerializationError
from hazelcast.serialization.api import Portable, PortableReader, PortableWriter
from hazelcast.serialization.compact import GenericRecord
from hz_embedded import Cluster
from hz_proxies.sql import HazelcastSqlError, SqlColumnType, SqlErrorCode, SqlExpectedResultType
from hz_proxies.sql.paths import SqlPaths
from hz_serialization import HazelcastJsonValue
from map_harness import LIMIT, Caller, fresh_name
from object_harness import rows_of, sql

STREAM = "SELECT v FROM TABLE(generate_stream(1000))"
SLOW = "SELECT v FROM TABLE(generate_stream(5))"


@pytest.fixture(scope="module")
def cluster(sql_cluster: Cluster) -> Cluster:
    """Return a member that knows SQL."""
    return sql_cluster


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        yield connected


async def test_values_of_every_type(caller: Caller) -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789000)
    cases: list[tuple[str, SqlColumnType, Any]] = [
        ("VARCHAR", SqlColumnType.VARCHAR, "ü𝄞"),
        ("BOOLEAN", SqlColumnType.BOOLEAN, True),
        ("TINYINT", SqlColumnType.TINYINT, -128),
        ("SMALLINT", SqlColumnType.SMALLINT, 2**15 - 1),
        ("INTEGER", SqlColumnType.INTEGER, -(2**31)),
        ("BIGINT", SqlColumnType.BIGINT, 2**63 - 1),
        ("DECIMAL", SqlColumnType.DECIMAL, Decimal("-12345678901234567890.125")),
        ("REAL", SqlColumnType.REAL, 1.5),
        ("DOUBLE", SqlColumnType.DOUBLE, 0.1),
        ("DATE", SqlColumnType.DATE, date(2026, 2, 3)),
        ("TIME", SqlColumnType.TIME, time(4, 5, 6)),
        ("TIMESTAMP", SqlColumnType.TIMESTAMP, moment),
        ("TIMESTAMP WITH TIME ZONE", SqlColumnType.TIMESTAMP_WITH_TIME_ZONE, moment.replace(tzinfo=UTC)),
        (
            "TIMESTAMP WITH TIME ZONE",
            SqlColumnType.TIMESTAMP_WITH_TIME_ZONE,
            moment.replace(tzinfo=timezone(timedelta(hours=-3))),
        ),
        ("JSON", SqlColumnType.JSON, HazelcastJsonValue({"a": [1, None]})),
        ("OBJECT", SqlColumnType.OBJECT, [1, "two", None]),
    ]
    columns = ", ".join(f"CAST(? AS {name}) AS c{index}" for index, (name, _, _) in enumerate(cases))
    statement = f"SELECT {columns}, NULL AS n"
    result = await sql(caller).execute(statement, *(value for _, _, value in cases))
    (row,) = await rows_of(result)
    types = [column.type for column in result.metadata.columns]
    assert types == [*(type_ for _, type_, _ in cases), SqlColumnType.NULL]
    for index, (_, _, value) in enumerate(cases):
        assert row[f"c{index}"] == value
        assert type(row[index]) is type(value)
    assert row["n"] is None
    assert row["c13"].utcoffset() == timedelta(hours=-3)
    (row,) = await rows_of(await sql(caller).execute(statement, *(None for _ in cases)))
    assert tuple(row) == (None,) * (len(cases) + 1)


@dataclass
class Employee:
    """Is stored in Compact form."""

    name: str
    age: int
    born: datetime


def test_records_in_columns(cluster: Cluster) -> None:
    name = fresh_name("employees")
    born = datetime(1815, 12, 10, 1, 2, 3)
    ada = Employee("Ada", 36, born)
    with hazelcast.HazelcastClient(
        cluster_members=cluster.addresses, compact_serializers=[Employee]
    ) as client:
        client.get_map(name).blocking().put(1, ada)
        service = client.sql.blocking()
        service.execute(
            f'CREATE MAPPING "{name}" (__key INT, name VARCHAR, age BIGINT)'
            " TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='Employee')"
        )
        select = f'SELECT __key, name, age, this FROM "{name}"'
        (row,) = service.execute(select)
        assert (row["__key"], row["name"], row["age"]) == (1, "Ada", 36)
        assert row["this"] == ada
        (raw,) = service.execute(select, return_raw=True)
        assert isinstance(raw["this"], bytes)
        assert client.serialization.to_object(raw["this"]) == ada


async def test_records_of_classes_that_the_client_does_not_know(caller: Caller, cluster: Cluster) -> None:
    """Their schema is fetched for the page that has the first one."""
    name = fresh_name("employees")
    statements = [
        f'CREATE MAPPING "{name}" (__key INT, city VARCHAR, zip INT) TYPE IMap OPTIONS'
        f" ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='{name}')",
        f"INSERT INTO \"{name}\" (__key, city, zip) VALUES (1, 'Paris', 75001), (2, NULL, 10115)",
    ]
    for statement in statements:
        await sql(caller).execute(statement)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as other:
        rows = list(other.sql.blocking().execute(f'SELECT this FROM "{name}" ORDER BY __key'))
        records = [row["this"] for row in rows]
    assert all(isinstance(record, GenericRecord) for record in records)
    assert [(record["city"], record["zip"]) for record in records] == [("Paris", 75001), (None, 10115)]


class Town(Portable):
    """Is stored in Portable form."""

    def __init__(self, name: str = "", zip_code: int = 0) -> None:
        self.name = name
        self.zip_code = zip_code

    def get_factory_id(self) -> int:
        return 21

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_string("name", self.name)
        writer.write_int("zip", self.zip_code)

    def read_portable(self, reader: PortableReader) -> None:
        self.name = reader.read_string("name") or ""
        self.zip_code = reader.read_int("zip")


def test_objects_of_all_formats_in_one_column(cluster: Cluster) -> None:
    """Each is deserialized when it is accessed; what this client cannot read is an error of that cell alone."""
    name = fresh_name("objects")
    options: dict[str, Any] = {
        "cluster_members": cluster.addresses,
        "compact_serializers": [Employee],
        "portable_factories": {21: {1: Town}},
    }
    ada = Employee("Ada", 36, datetime(1815, 12, 10, 1, 2, 3))
    with hazelcast.HazelcastClient(**options) as client:
        town = f'CREATE MAPPING "{name}-towns" (__key INT, name VARCHAR, zip INT) TYPE IMap OPTIONS'
        service = client.sql.blocking()
        formats = "'valueFormat'='portable', 'valuePortableFactoryId'='21', 'valuePortableClassId'='1'"
        service.execute(f"{town} ('keyFormat'='int', {formats})")
        client.get_map(f"{name}-towns").blocking().put(1, Town("Ulm", 89073))
        (row,) = service.execute(f'SELECT name, zip, this FROM "{name}-towns"')
        assert (row["name"], row["zip"], row["this"].name, type(row["this"])) == ("Ulm", 89073, "Ulm", Town)
        values = client.get_map(name).blocking()
        values.put_all({1: [1, "two", ada], 2: {"a": None}, 3: 2.5, 4: UUID(int=5), 5: "text"})
        service.execute(
            f'CREATE MAPPING "{name}" (__key INT, this OBJECT) TYPE IMap OPTIONS'
            " ('keyFormat'='int', 'valueFormat'='java', 'valueJavaClass'='java.lang.Object')"
        )
        rows = list(service.execute(f'SELECT __key, this FROM "{name}" ORDER BY __key'))
        assert [row["this"] for row in rows] == [[1, "two", ada], {"a": None}, 2.5, UUID(int=5), "text"]
    with (
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as other,
        db.connect(client=other) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f'SELECT name, this FROM "{name}-towns"')
        (row,) = cursor.fetchall()
        assert row["name"] == "Ulm"
        with pytest.raises(HazelcastSerializationError, match="21"):
            row["this"]
        cursor.execute(f'SELECT __key, this FROM "{name}" ORDER BY __key')
        first = cursor.fetchall()[0]
        assert isinstance(first["this"][2], GenericRecord)
        assert (first["this"][2]["name"], first["__key"]) == ("Ada", 1)


async def test_unknown_records_inside_of_others_on_asyncio(cluster: Cluster) -> None:
    """Their schemas are there when a cell is read, which does not wait."""
    name = fresh_name("listed")
    listed = make_dataclass(name, [("number", int)])
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, compact_serializers=[listed]) as client:
        client.get_map(name).blocking().put_all({n: [listed(n)] for n in range(10)})
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as other:
        await other.sql.execute(
            f'CREATE MAPPING "{name}" (__key INT, this OBJECT) TYPE IMap OPTIONS'
            " ('keyFormat'='int', 'valueFormat'='java', 'valueJavaClass'='java.lang.Object')"
        )
        result = await other.sql.execute(f'SELECT this FROM "{name}" ORDER BY __key', cursor_buffer_size=3)
        assert [row["this"][0]["number"] async for row in result] == list(range(10))


async def test_json_in_a_map(caller: Caller) -> None:
    name = fresh_name("json")
    m = await caller.map(name)
    await m.put(1, HazelcastJsonValue({"user": {"name": "Ada"}}))
    await sql(caller).execute(
        f"CREATE MAPPING \"{name}\" TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='json')"
    )
    result = await sql(caller).execute(
        f"SELECT JSON_VALUE(this, '$.user.name') AS name, this FROM \"{name}\""
    )
    (row,) = await rows_of(result)
    assert row["name"] == "Ada"
    assert row["this"].loads() == {"user": {"name": "Ada"}}


@pytest.mark.parametrize("size", [1000, 4096, 100_000])
async def test_thousands_of_rows(caller: Caller, size: int) -> None:
    select = "SELECT v, 'row ' || CAST(v AS VARCHAR) AS name FROM TABLE(generate_series(1, 20000))"
    rows = await rows_of(await sql(caller).execute(select, cursor_buffer_size=size))
    assert sorted(rows) == [(number, f"row {number}") for number in range(1, 20001)]


async def test_a_stream(caller: Caller) -> None:
    result = await sql(caller).execute(STREAM, cursor_buffer_size=10)
    assert result.is_infinite() is True
    found = []
    if caller.surface == "asyncio":
        async with result:
            async for row in result:
                found.append(row[0])
                if len(found) == 50:
                    break
    else:
        with result:
            for row in result:
                found.append(row[0])
                if len(found) == 50:
                    break
    assert found == list(range(50))
    with pytest.raises(HazelcastSqlError) as caught:
        await rows_of(result)  # after what is left of the page
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


def test_a_stream_is_closed_by_another_thread(client: hazelcast.HazelcastClient) -> None:
    result = client.sql.blocking().execute(SLOW, cursor_buffer_size=1)
    begun = threading.Event()

    def read() -> None:
        for _ in result:
            begun.set()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        assert begun.wait(LIMIT)
        result.close()
        with pytest.raises(HazelcastSqlError) as caught:
            reading.result(LIMIT)
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


def test_an_execution_is_cancelled(client: hazelcast.HazelcastClient) -> None:
    """The join of two streams has no first row for a long time."""
    waiting = client.sql.execute("SELECT v FROM TABLE(generate_stream(1)) WHERE v > 1000000")
    assert waiting.done() is False
    assert waiting.cancel() is True
    # The member forgets it, and the connection goes on.
    assert [row[0] for row in client.sql.execute("SELECT 1").result()] == [1]


@pytest.mark.usefixtures("client")
async def test_a_stream_is_closed_by_another_task(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        result = await client.sql.execute(SLOW, cursor_buffer_size=1)
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in result:
                begun.set()

        reading = asyncio.ensure_future(read())
        async with asyncio.timeout(LIMIT):
            await begun.wait()
            await result.close()
            with pytest.raises(HazelcastSqlError) as caught:
                await reading
        assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER
        # A task that is cancelled while it waits leaves the result as it is.
        result = await client.sql.execute(SLOW, cursor_buffer_size=1)
        rows = result.iterator()
        assert (await anext(rows))[0] == 0

        async def briefly() -> None:
            async with asyncio.timeout(0.01):
                while True:
                    await anext(rows)

        with pytest.raises(TimeoutError):
            await briefly()
        assert (await anext(rows))[0] >= 1
        await result.close()


async def test_a_time_limit(caller: Caller) -> None:
    with pytest.raises(HazelcastSqlError, match="time limit of the statement") as caught:
        await rows_of(
            await sql(caller).execute(
                "SELECT v FROM TABLE(generate_stream(1)) WHERE v > 1000000", timeout=0.2
            )
        )
    assert caught.value.code == SqlErrorCode.TIMEOUT
    assert "0.2 s" in str(caught.value)
    assert caught.value.originating_member_uuid is not None


async def test_what_is_expected(caller: Caller) -> None:
    service = sql(caller)
    result = await service.execute("SELECT 1", expected_result_type=SqlExpectedResultType.ROWS)
    assert [tuple(row) for row in await rows_of(result)] == [(1,)]
    with pytest.raises(HazelcastSqlError, match="update count"):
        await service.execute("SELECT 1", expected_result_type=SqlExpectedResultType.UPDATE_COUNT)


async def test_an_error_in_the_middle(caller: Caller) -> None:
    select = "SELECT 1 / (5000 - v) FROM TABLE(generate_series(1, 10000))"
    with pytest.raises(HazelcastSqlError, match=r"(?i)zero") as caught:
        await rows_of(await sql(caller).execute(select, cursor_buffer_size=1000))
    assert caught.value.code == SqlErrorCode.DATA_EXCEPTION


async def test_the_member_tells_which_parameter_is_the_key(caller: Caller) -> None:
    name = fresh_name("keys")
    m = await caller.map(name)
    await m.put_all({n: n * n for n in range(5)})
    await sql(caller).execute(
        f"CREATE MAPPING \"{name}\" TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='int')"
    )
    select, update = (
        f'SELECT this FROM "{name}" WHERE __key = ?',
        f'UPDATE "{name}" SET this = ? WHERE __key = ?',
    )
    for key in range(5):
        assert [row[0] for row in await rows_of(await sql(caller).execute(select, key))] == [key * key]
        await sql(caller).execute(update, -key, key)
        assert await m.get(key) == -key
    statements = caller.client._engine.service(SqlPaths)._statements
    assert (statements[select].argument, statements[update].argument) == (0, 1)
    assert caller.client.sql is caller.client.sql  # made once


def test_a_lost_member() -> None:
    with (
        Cluster(members=1, sql=True) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        rows = iter(client.sql.blocking().execute(STREAM, cursor_buffer_size=10))
        assert next(rows)[0] == 0
        cluster.members[0].terminate()
        with pytest.raises(HazelcastSqlError, match="which has the query, was lost") as caught:
            for _ in rows:
                pass
        assert caught.value.code == SqlErrorCode.CONNECTION_PROBLEM


def test_whoever_waits_for_a_future_reads_the_reply(
    client: hazelcast.HazelcastClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a switch of threads between the reply and the caller, unless the reply was there before it waited."""
    threads = []
    learn = SqlPaths.learn

    def noted(self: SqlPaths, *given: Any) -> None:
        threads.append(threading.get_ident())
        learn(self, *given)

    monkeypatch.setattr(SqlPaths, "learn", noted)
    for _ in range(50):
        client.sql.execute("SELECT v FROM TABLE(generate_series(1, 3))").result()
        if threads[-1] == threading.get_ident():
            break
    assert threading.get_ident() in threads
