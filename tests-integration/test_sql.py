"""SQL on a real member, on all three surfaces: pages, metadata, update counts, errors, closing early."""

from collections.abc import Iterator

import pytest

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_proxies.sql import HazelcastSqlError, SqlColumnType, SqlErrorCode
from hz_proxies.sql.rows import SqlColumnMetadata
from map_harness import AnyObject, Caller
from object_harness import rows_of, sql

SQUARES = "SELECT __key, this FROM squares WHERE this >= ? ORDER BY __key"


@pytest.fixture(scope="module")
def cluster(sql_cluster: Cluster) -> Cluster:
    """Return a member that knows SQL."""
    return sql_cluster


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member, after it has filled a map that SQL knows."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        for name in ("squares", "changed"):
            mapping = "TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='int')"
            connected.sql.blocking().execute(f"CREATE MAPPING {name} (__key INT, this INT) {mapping}")
        connected.get_map("squares").blocking().put_all({n: n * n for n in range(10)})
        yield connected


async def test_two_pages(caller: Caller) -> None:
    result = await sql(caller).execute(SQUARES, 9, cursor_buffer_size=4)
    assert result.is_row_set() is True
    assert result.update_count() == -1
    assert result.get_row_metadata().columns == [
        SqlColumnMetadata("__key", SqlColumnType.INTEGER, True),
        SqlColumnMetadata("this", SqlColumnType.INTEGER, True),
    ]
    rows = await rows_of(result)
    assert [(row[0], row["this"]) for row in rows] == [(n, n * n) for n in range(3, 10)]
    assert await rows_of(result) == []


async def test_update_counts(caller: Caller) -> None:
    service = sql(caller)
    deleted = await service.execute("DELETE FROM changed")
    assert (deleted.is_row_set(), deleted.update_count()) == (False, 0)
    with pytest.raises(ValueError, match="update count"):
        deleted.get_row_metadata()
    await service.execute("INSERT INTO changed VALUES (?, ?)", 1, 2, expected_result_type=2, timeout=20)
    assert [list(row) for row in await rows_of(await service.execute("SELECT * FROM changed"))] == [[1, 2]]


async def test_errors(caller: Caller) -> None:
    service = sql(caller)
    for statement, text in (
        ("SELECT", "parse|Encountered"),
        ("SELECT * FROM nothing", r"nothing.*not found"),
    ):
        with pytest.raises(HazelcastSqlError, match=text) as caught:
            await service.execute(statement)
        assert caught.value.code > 1000
    with pytest.raises(HazelcastSqlError, match="parameter"):
        await service.execute(SQUARES)
    with pytest.raises(HazelcastSqlError, match=r"row|update count"):
        await service.execute(SQUARES, 1, expected_result_type=2)


async def test_a_suggestion(caller: Caller) -> None:
    m = await caller.map("unmapped")
    await m.put(1, "one")
    with pytest.raises(HazelcastSqlError) as caught:
        await sql(caller).execute("SELECT * FROM unmapped")
    assert str(caught.value.suggestion).startswith(
        'CREATE OR REPLACE EXTERNAL MAPPING "hazelcast"."public"."unmapped"'
    )


async def test_closing_early(caller: Caller) -> None:
    service = sql(caller)
    result = AnyObject(caller, await service.execute(SQUARES, 0, cursor_buffer_size=2))
    assert await result.close() is None
    assert await result.close() is None
    with pytest.raises(HazelcastSqlError, match="closed before all rows") as caught:
        await rows_of(result.proxy)
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


def test_a_block_closes_the_result_at_its_end(client: hazelcast.HazelcastClient) -> None:
    with client.sql.blocking().execute(SQUARES, 0, cursor_buffer_size=2) as result:
        assert next(iter(result))["this"] == 0
    assert next(iter(result))[0] == 1  # of the page that was there
    with pytest.raises(HazelcastSqlError, match="closed before all rows"):
        list(result)


@pytest.mark.usefixtures("client")
async def test_an_asyncio_block_closes_the_result_at_its_end(cluster: Cluster) -> None:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        async with await client.sql.execute(SQUARES, 0, cursor_buffer_size=2) as result:
            async for row in result:
                assert list(row) == [0, 0]
                break
        with pytest.raises(HazelcastSqlError, match="closed before all rows"):
            await rows_of(result)
