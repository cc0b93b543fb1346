"""SQL with members of every version that has it, as far as each goes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import db
from hazelcast.sql import HazelcastSqlError
from hz_embedded import Cluster

MAPPING = "TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='varchar')"


@pytest.mark.parametrize("version", ["5.3.8", "5.4.0", "5.5.0", "5.6.0"])
def test_queries_and_changes(version: str, hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    """5.7.0 is in the other tests."""
    cluster = hazelcast_cluster_factory(version=version, sql=True)
    with (
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
        db.connect(client=client) as connection,
    ):
        sql = client.sql.blocking()
        cursor = connection.cursor()
        cursor.execute(f"CREATE MAPPING m (__key INT, this VARCHAR) {MAPPING}")
        cursor.executemany("SINK INTO m VALUES (?, ?)", [(n, f"name {n}") for n in range(20)])
        for _ in range(
            2
        ):  # the second time to the owner of the key, if the member tells which parameter that is
            cursor.execute("SELECT this FROM m WHERE __key = ?", (7,))
            assert cursor.fetchall() == [("name 7",)]
        cursor.execute("UPDATE m SET this = 'new' WHERE __key = ?", (7,))
        cursor.execute("DELETE FROM m WHERE __key > 7")
        result = sql.execute("SELECT __key, this FROM m ORDER BY __key", cursor_buffer_size=3)
        assert [row["__key"] for row in result] == list(range(8))
        with sql.execute("SELECT v FROM TABLE(generate_stream(1000))", cursor_buffer_size=5) as stream:
            assert [row[0] for row, _ in zip(stream, range(20), strict=False)] == list(range(20))
        with pytest.raises(db.ProgrammingError) as caught:
            cursor.execute("SELECT * FROM nothing")
        assert caught.value.code == 1010
    asyncio.run(read(cluster, "SELECT __key, this FROM m ORDER BY __key", 8))


async def read(cluster: Cluster, statement: str, rows: int) -> None:
    """Read the same on asyncio."""
    async with hazelcast.asyncio.HazelcastClient(cluster_members=cluster.addresses) as client:
        found: list[Any] = [row async for row in await client.sql.execute(statement, cursor_buffer_size=3)]
    assert [row[0] for row in found] == list(range(rows))


def test_queries_of_4_2(hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    """There are no mappings, and no changes."""
    cluster = hazelcast_cluster_factory(version="4.2.8", sql=True)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        client.get_map("m").blocking().put_all({n: f"name {n}" for n in range(20)})
        sql = client.sql.blocking()
        result = sql.execute("SELECT __key, this FROM m WHERE __key < ?", 8, cursor_buffer_size=3)
        assert sorted(result) == [(n, f"name {n}") for n in range(8)]
        assert result.is_infinite() is False
        with pytest.raises(HazelcastSqlError) as caught:
            sql.execute(f"CREATE MAPPING x (__key INT, this VARCHAR) {MAPPING}")
        assert caught.value.code == 1008


def test_members_without_sql(hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    """The error tells what they need."""
    cluster = hazelcast_cluster_factory(version="5.7.0")
    with (
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
        pytest.raises(HazelcastSqlError, match="Jet engine is disabled"),
    ):
        client.sql.blocking().execute("SELECT 1")
