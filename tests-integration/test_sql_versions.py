"""SQL and jobs with members of every version that has them, as far as each goes."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import db
from hazelcast.errors import CancellationByUserError, CancellationError, JobNotFoundError
from hazelcast.jet import JobStatus
from hazelcast.sql import HazelcastSqlError
from hz_embedded import Cluster
from map_harness import Recorder, until_now
from sql_values import ARROW_TYPES, ARROW_VALUES, EVERY_TYPE, VALUES

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
        table = sql.execute(EVERY_TYPE, *VALUES).to_arrow()
        assert [str(kind) for kind in table.schema.types] == ARROW_TYPES
        assert [column[0].as_py() for column in table.columns] == ARROW_VALUES
        run_job(client)
    asyncio.run(read(cluster, "SELECT __key, this FROM m ORDER BY __key", 8))


def run_job(client: hazelcast.HazelcastClient) -> None:
    """Submit a job, find, watch and control it, on the same member."""
    client.sql.blocking().execute(
        "CREATE MAPPING n (__key INT, this BIGINT) TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='bigint')"
    )
    jet = client.jet.blocking()
    endless = "SINK INTO n SELECT CAST(v AS INT), v FROM TABLE(generate_stream(?))"
    job = jet.new_job("endless", endless, 100, options={"processingGuarantee": "atLeastOnce"})

    def until_status(wanted: JobStatus) -> None:
        until_now(lambda: job.get_status() is wanted)

    until_status(JobStatus.RUNNING)
    assert jet.get_job("endless").id == job.id
    assert [found.name for found in jet.get_jobs() if not found.is_light] == ["endless"]
    summary = job.get_summary()
    assert (summary.id, summary.name, summary.status, summary.is_light) == (
        job.id, "endless", JobStatus.RUNNING, False,
    )  # fmt: skip
    assert summary.submission_time == job.get_submission_time()
    numbers = client.get_map("n").blocking()
    until_now(lambda: numbers.size() > 10)
    events = Recorder()
    job.add_status_listener(events)
    job.suspend()
    until_status(JobStatus.SUSPENDED)
    assert "user" in (job.get_suspension_cause() or "").lower()
    job.resume()
    until_status(JobStatus.RUNNING)
    before = job.get_summary().execution_id
    job.restart()
    until_now(lambda: job.get_summary().execution_id not in (None, before))
    until_status(JobStatus.RUNNING)
    job.get_metrics()
    job.cancel()
    with pytest.raises((CancellationError, CancellationByUserError)):
        job.join(60)
    until_status(JobStatus.FAILED)
    assert job.is_user_cancelled() is True
    until_now(lambda: any(event.new_status is JobStatus.FAILED for event in events.events))
    short = jet.new_job("short", "SINK INTO n SELECT CAST(v AS INT), v FROM TABLE(generate_series(1, 3))")
    short.join(60)
    assert short.get_status() is JobStatus.COMPLETED
    with pytest.raises(JobNotFoundError):
        jet.get_job("nobody")


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
        table = sql.execute("SELECT __key, this FROM m").to_arrow().sort_by("__key")
        assert table["this"].to_pylist() == [f"name {n}" for n in range(20)]
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
