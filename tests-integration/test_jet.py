"""Jet jobs on a real member, on all three surfaces: made by SQL, watched, suspended, resumed, restarted, cancelled."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import hazelcast
from hazelcast.jet import JobStatus, JobStatusEvent
from hz_core.errors import (
    CancellationByUserError,
    CancellationError,
    HazelcastError,
    IllegalStateError,
    JetDisabledError,
    JobNotFoundError,
    UnsupportedOperationError,
)
from hz_embedded import Cluster
from hz_proxies.sql import HazelcastSqlError
from map_harness import AnyObject, Caller, Recorder, fresh_name, until_now
from object_harness import jet, sql

ENDLESS = "SINK INTO numbers SELECT CAST(v AS INT), v FROM TABLE(generate_stream(?))"
SHORT = "SINK INTO numbers SELECT CAST(v AS INT), v FROM TABLE(generate_series(1, 10))"
METRICS = {"hazelcast.metrics.enabled": "true", "hazelcast.metrics.collection.frequency": "1"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Yield a member that executes jobs and measures them."""
    with Cluster(sql=True, jet=True, properties=METRICS) as started:
        yield started


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member, with a mapping for what jobs write."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        options = "TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='bigint')"
        connected.sql.blocking().execute(f"CREATE MAPPING numbers (__key INT, this BIGINT) {options}")
        warm = connected.get_map("warm").blocking()
        events = Recorder()
        warm.add_entry_listener(added_func=events)
        warm.put(1, 1)
        until_now(lambda: events.events)  # the thread of listeners has started
        yield connected


@pytest.fixture
async def job(caller: Caller) -> AsyncIterator[AnyObject]:
    """Yield a job that runs, and end it."""
    name = fresh_name("job")
    made = await jet(caller).new_job(name, ENDLESS, 10, options={"snapshotIntervalMillis": 1000})
    running = AnyObject(caller, made)
    await until_status(caller, running, JobStatus.RUNNING)
    yield running
    if not (await running.get_status()).is_terminal:
        await running.cancel()
        await until_status(caller, running, JobStatus.FAILED)


async def until_status(caller: Caller, job: AnyObject, wanted: JobStatus) -> None:
    """Wait until the job does this."""

    async def reached() -> bool:
        return bool(await job.get_status() is wanted)

    await caller.until(reached)


async def test_a_job_of_a_statement(caller: Caller, job: AnyObject) -> None:
    handle = job.proxy
    assert isinstance(handle.id, int)
    assert handle.name.startswith("job")
    assert handle.is_light is False
    submitted = await job.get_submission_time()
    assert abs(datetime.now(UTC) - submitted) < timedelta(minutes=5)
    summary = await job.get_summary()
    assert (summary.id, summary.name, summary.status) == (handle.id, handle.name, JobStatus.RUNNING)
    assert (summary.is_light, summary.is_unbounded, summary.completion_time) == (False, True, None)
    assert (summary.failure, summary.suspension_cause, summary.is_user_cancelled) == (None, None, False)
    assert "generate_stream" in summary.query
    assert summary.submission_time == submitted
    service = jet(caller)
    for key in (handle.id, handle.name):
        assert (await service.get_job(key)).id == handle.id
    assert [found.id for found in await service.get_jobs(handle.name)] == [handle.id]
    assert handle.id in [found.id for found in await service.get_jobs()]
    assert summary in await service.get_summaries()


async def test_jobs_that_there_are_not(caller: Caller) -> None:
    service = jet(caller)
    with pytest.raises(JobNotFoundError, match="'nobody'"):
        await service.get_job("nobody")
    with pytest.raises(JobNotFoundError, match="0000-0000-0000-0017"):
        await service.get_job(23)
    assert await service.get_jobs("nobody") == []
    with pytest.raises(TypeError, match="identifier"):
        await service.get_job(1.5)
    with pytest.raises(TypeError, match="name of a job"):
        await service.new_job("", SHORT)
    with pytest.raises(TypeError, match="options"):
        await service.new_job("wrong", SHORT, options={"snapshotIntervalMillis": 1.5})
    with pytest.raises(HazelcastSqlError):
        await service.new_job("wrong", "DELETE FROM numbers")


async def test_names_and_options_are_quoted(caller: Caller) -> None:
    name = fresh_name("""a "quoted" 'name' """)
    made = await jet(caller).new_job(name, SHORT, options={"initialSnapshotName": ""})
    assert made.name == name


async def test_a_name_belongs_to_one_active_job(caller: Caller, job: AnyObject) -> None:
    with pytest.raises(HazelcastSqlError, match="exists"):
        await jet(caller).new_job(job.proxy.name, SHORT)


async def test_waiting_for_the_end(caller: Caller) -> None:
    made = AnyObject(caller, await jet(caller).new_job(fresh_name("job"), SHORT))
    assert await made.join(60) is None
    assert await made.get_status() is JobStatus.COMPLETED
    assert await made.is_user_cancelled() is False
    summary = await made.get_summary()
    assert summary.completion_time >= summary.submission_time


async def test_waiting_no_longer_than_said(caller: Caller, job: AnyObject) -> None:
    with pytest.raises(TimeoutError, match=f"job '{job.proxy.name}' has not ended within 0.05 s"):
        await job.join(0.05)
    with pytest.raises(ValueError, match="timeout"):
        await job.join(-1)
    assert await job.get_status() is JobStatus.RUNNING


async def test_suspended_and_resumed(caller: Caller, job: AnyObject) -> None:
    with pytest.raises(IllegalStateError):
        await job.is_user_cancelled()
    await job.suspend()
    await until_status(caller, job, JobStatus.SUSPENDED)
    assert "user" in (await job.get_suspension_cause()).lower()
    await job.resume()
    await until_status(caller, job, JobStatus.RUNNING)
    assert await job.get_suspension_cause() is None


async def test_restarted(caller: Caller, job: AnyObject) -> None:
    before = (await job.get_summary()).execution_id
    await job.restart()

    async def restarted() -> bool:
        summary = await job.get_summary()
        return bool(summary.status is JobStatus.RUNNING and summary.execution_id != before)

    await caller.until(restarted)


async def test_cancelled(caller: Caller, job: AnyObject) -> None:
    events = caller.recorder()
    registration = await job.add_status_listener(events)
    await job.cancel()
    with pytest.raises((CancellationError, CancellationByUserError)):
        await job.join(60)
    await until_status(caller, job, JobStatus.FAILED)
    assert await job.is_user_cancelled() is True
    assert (await job.get_summary()).is_user_cancelled is True
    (event,) = await events.wait_for(1)
    assert event == JobStatusEvent(job.proxy.id, JobStatus.RUNNING, JobStatus.FAILED, "Cancel", True)
    assert await job.remove_status_listener(registration) is True
    assert await job.remove_status_listener(registration) is False
    with pytest.raises(IllegalStateError):
        await job.add_status_listener(events)


async def test_a_removed_listener_hears_nothing(caller: Caller, job: AnyObject) -> None:
    removed, events = caller.recorder(), caller.recorder()
    assert await job.remove_status_listener(await job.add_status_listener(removed)) is True
    await job.add_status_listener(events)
    await job.suspend()
    await events.wait_for(1)
    assert removed.events == []
    await until_status(caller, job, JobStatus.SUSPENDED)


async def test_metrics(caller: Caller, job: AnyObject) -> None:
    async def measured() -> bool:
        return any(metric.name == "emittedCount" and metric.value > 0 for metric in await job.get_metrics())

    await caller.until(measured)
    emitted = [metric for metric in await job.get_metrics() if metric.name == "emittedCount"]
    assert all(metric.tags["vertex"] and metric.tags["jobName"] == job.proxy.name for metric in emitted)
    assert abs(datetime.now(UTC) - emitted[0].time) < timedelta(minutes=5)


async def test_snapshots_need_another_edition(job: AnyObject) -> None:
    for export in (job.export_snapshot, job.cancel_and_export_snapshot):
        with pytest.raises(HazelcastError, match=r"(?i)enterprise"):
            await export("saved")
    with pytest.raises(TypeError, match="name of a snapshot"):
        await job.export_snapshot("")


async def test_queries_are_light_jobs(caller: Caller) -> None:
    result = await sql(caller).execute("SELECT * FROM TABLE(generate_stream(1))")
    service = jet(caller)

    async def listed() -> Any:
        return next((one for one in await service.get_jobs() if one.is_light), None)

    light = await caller.until(listed)
    query = AnyObject(caller, light)
    assert light.name is None
    assert await query.get_status() is JobStatus.RUNNING
    assert "generate_stream(1)" in (await query.get_summary()).query
    assert (await query.get_submission_time()).tzinfo is UTC
    for refused in (query.suspend, query.resume, query.restart, query.get_metrics, query.is_user_cancelled):
        with pytest.raises(UnsupportedOperationError, match="light"):
            await refused()
    with pytest.raises(TimeoutError):
        await query.join(0.05)
    await query.cancel()

    async def gone() -> bool:
        return light.id not in [one.id for one in await service.get_jobs()]

    await caller.until(gone)
    with pytest.raises(JobNotFoundError):
        await query.get_submission_time()
    with pytest.raises(JobNotFoundError):
        await query.get_status()
    await caller.call(result.close)


def test_members_without_jet_say_so() -> None:
    with (
        Cluster() as without,
        hazelcast.HazelcastClient(cluster_members=without.addresses) as client,
        pytest.raises(JetDisabledError),
    ):
        client.jet.blocking().get_jobs()
