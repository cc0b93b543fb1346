"""The statistics of near caches: what members receive from this client and from a client in Java has the same names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hazelcast
from hz_embedded import Cluster
from hz_nearcache import near_cache
from map_harness import LIMIT, fresh_name, until_now
from received_statistics import ReceivedStatistics, received_statistics


@pytest.fixture
def java_client(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name of a client in Java, and its map of one entry with a near cache whose keys are kept in a file."""
    com = cluster.jvm.gateway.jvm.com.hazelcast
    name, map_name = fresh_name("java"), fresh_name("m")
    # While there are no near caches: members send invalidations up to a second later, which would empty one meanwhile.
    cluster.members[0].instance.getMap(map_name).put("k", "v")
    config = com.client.config.ClientConfig()
    config.setInstanceName(name)
    addresses = cluster.jvm.gateway.jvm.java.util.ArrayList()
    for address in cluster.addresses:
        addresses.add(address)
    config.getNetworkConfig().setAddresses(addresses)
    config.setProperty("hazelcast.client.statistics.enabled", "true")
    config.setProperty("hazelcast.client.statistics.period.seconds", "1")
    config.getMetricsConfig().setCollectionFrequencySeconds(1)
    near = com.config.NearCacheConfig(map_name)
    near.getPreloaderConfig().setEnabled(True).setDirectory(str(tmp_path))
    near.getPreloaderConfig().setStoreInitialDelaySeconds(1).setStoreIntervalSeconds(1)
    config.addNearCacheConfig(near)
    client = com.client.HazelcastClient.newHazelcastClient(config)
    yield name, client.getMap(map_name)
    client.shutdown()


def of_near_cache(received: ReceivedStatistics | None, map_name: str) -> tuple[set[str], set[str]]:
    """Return the names of the attributes, and the texts of the metrics, of the near cache of a map."""
    if received is None:
        return set(), set()
    start = f"nc.{map_name}."
    attributes = {name.removeprefix(start) for name in received.attributes if name.startswith(start)}
    metrics = {text.replace(map_name, "M") for text in received.metrics if f"name={map_name}," in text}
    return attributes, metrics


def test_the_names_are_those_of_a_client_in_java(
    cluster: Cluster, java_client: tuple[str, Any], tmp_path: Path
) -> None:
    java_name, java_map = java_client
    map_name = java_map.getName()
    assert [java_map.get("k") for _ in range(3)] == ["v"] * 3
    name = fresh_name("python")
    with hazelcast.HazelcastClient(
        cluster_members=cluster.addresses,
        client_name=name,
        statistics_enabled=True,
        statistics_period=0.2,
        near_caches={map_name: {"preload_file": str(tmp_path / "keys")}},
    ) as client:
        m = client.get_map(map_name).blocking()
        assert [m.get("k") for _ in range(3)] == ["v"] * 3
        cache = near_cache(m)
        assert cache is not None
        persist = cache.persist

        def both() -> bool:
            # Until the client knows that there is no file of a former run, it writes none.
            client.blocking.run(persist())
            java = received_statistics(cluster, java_name)
            ours = received_statistics(cluster, name)
            return all(
                one is not None and one.attributes.get(f"nc.{map_name}.lastPersistenceKeyCount") == "1"
                for one in (java, ours)
            )

        until_now(both, LIMIT)
        java, ours = received_statistics(cluster, java_name), received_statistics(cluster, name)
        assert of_near_cache(ours, map_name) == of_near_cache(java, map_name)
        assert len(of_near_cache(ours, map_name)[0]) >= 13
        for one in (java, ours):
            assert one is not None
            start = f"nc.{map_name}."
            assert (one.attributes[f"{start}hits"], one.attributes[f"{start}misses"]) == ("2", "1")
            assert int(one.attributes[f"{start}lastPersistenceWrittenBytes"]) > 4
            last = int(one.attributes[f"{start}lastPersistenceTime"])
            assert one.timestamp - 60_000 < last <= one.timestamp + 1
