"""The statistics that members receive from clients of both kinds."""

import asyncio
import os
import time
from typing import Any

import hazelcast
import hazelcast.asyncio
from hz_core.statistics.metrics_blob import Metric, Unit
from hz_core.statistics.report import Report
from hz_embedded import Cluster
from map_harness import LIMIT, fresh_name, until_now
from received_statistics import ReceivedStatistics, received_statistics

PERIOD = 0.1
AWKWARD = "m,ä=.\\1"


def options(cluster: Cluster, name: str) -> dict[str, Any]:
    """Return the options of a client with statistics."""
    return {
        "cluster_members": cluster.addresses,
        "statistics_enabled": True,
        "statistics_period": PERIOD,
        "client_name": name,
    }


def source(report: Report) -> None:
    """Report as a near cache does."""
    report.add_metric(Metric("nearcache", "hits", 2**40, Unit.COUNT, "name", AWKWARD))
    report.add_metric(Metric("nearcache", "ratio", 0.25, Unit.PERCENT, "name", AWKWARD))


def check(received: ReceivedStatistics | None, name: str) -> None:
    assert received is not None
    now = time.time() * 1000
    attributes, metrics = received.attributes, received.metrics
    assert now - 60_000 < received.timestamp <= now
    assert attributes["clientName"] == name
    assert attributes["enterprise"] == "false"
    assert attributes["clientType"] == "PYH"
    assert attributes["clientAddress"].startswith("127.0.0.1:")
    assert now - 60_000 < int(attributes["clusterConnectionTimestamp"]) <= received.timestamp
    assert int(attributes["lastStatisticsCollectionTime"]) == received.timestamp
    assert int(attributes["runtime.availableProcessors"]) == os.cpu_count()
    assert float(attributes["os.systemLoadAverage"]) >= 0
    assert metrics["[unit=bytes,metric=os.totalPhysicalMemorySize]"] == int(
        attributes["os.totalPhysicalMemorySize"]
    )
    assert metrics["[unit=ns,metric=os.processCpuTime]"] > 1_000_000
    assert metrics["[unit=bytes,metric=tcp.bytesReceived]"] > 100
    assert metrics["[unit=count,metric=invocations.pendingCalls]"] >= 0
    assert metrics[f"[name={AWKWARD},unit=count,metric=nearcache.hits]"] == 2**40
    assert metrics[f"[name={AWKWARD},unit=percent,metric=nearcache.ratio]"] == 0.25


def with_source(received: ReceivedStatistics | None) -> bool:
    """Return whether these statistics have those of `source`."""
    return received is not None and any("nearcache" in name for name in received.metrics)


def test_a_member_reads_the_statistics_of_a_client_of_threads(cluster: Cluster) -> None:
    name = fresh_name("a,b=c.d\\e")
    with hazelcast.HazelcastClient(**options(cluster, name)) as client:
        assert client.statistics is not None
        client.statistics.add_source(source)
        until_now(lambda: with_source(received_statistics(cluster, name)))
        first = received_statistics(cluster, name)
        check(first, name)
        assert first is not None
        until_now(lambda: timestamp(cluster, name) > first.timestamp)


def timestamp(cluster: Cluster, name: str) -> int:
    """Return the time of the last statistics of a client."""
    received = received_statistics(cluster, name)
    assert received is not None
    return received.timestamp


async def test_a_member_reads_the_statistics_of_a_client_of_asyncio(cluster: Cluster) -> None:
    name = fresh_name("asyncio")
    async with hazelcast.asyncio.HazelcastClient(**options(cluster, name)) as client:
        assert client.statistics is not None
        client.statistics.add_source(source)
        async with asyncio.timeout(LIMIT):
            while not with_source(received_statistics(cluster, name)):
                await asyncio.sleep(0.02)
        check(received_statistics(cluster, name), name)
