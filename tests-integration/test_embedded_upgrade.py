"""Upgrades of clusters with a running client."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
from hz_embedded import Cluster, MemberStateError, UnsupportedVersionError
from map_harness import Recorder, until_now

Factory = Callable[..., Cluster]
QUICK: dict[str, Any] = {
    "retry_initial_backoff": 0.1,
    "retry_max_backoff": 0.5,
    "cluster_connect_timeout": 60,
}


def running_versions(cluster: Cluster) -> list[str]:
    """Return the versions that the running members report."""
    return [
        str(member.instance.getCluster().getLocalMember().getVersion().toString())
        for member in cluster.members
        if member.running
    ]


def test_rolling_within_a_minor_version(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(
        members=2, version="5.3.7", jvm="own", properties={"hazelcast.partition.count": "11"}
    )
    addresses = cluster.addresses
    entries = {key: key for key in range(200)}
    with hazelcast.HazelcastClient(cluster_members=addresses, **QUICK) as client:
        m = client.get_map("m").blocking()
        m.put_all(entries)
        states: list[str] = []
        client.lifecycle_service.add_listener(states.append)
        cluster.upgrade("5.3.8")
        assert running_versions(cluster) == ["5.3.8", "5.3.8"]
        assert cluster.addresses == addresses
        assert cluster.version == "5.3.8"
        assert m.get_all(entries) == entries
        assert "SHUTDOWN" not in states
    assert cluster.add_member().version == "5.3.8"


@pytest.mark.parametrize("jvm", ["shared", "own"])
def test_all_at_once_between_minor_versions(jvm: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2, version="5.4.0", jvm=jvm)
    addresses = cluster.addresses
    with hazelcast.HazelcastClient(cluster_members=addresses, **QUICK) as client:
        m = client.get_map("m").blocking()
        m.put("k", "in memory only")
        seen = Recorder()
        m.add_entry_listener(added_func=seen)
        cluster.upgrade("5.5.0")
        assert running_versions(cluster) == ["5.5.0", "5.5.0"]
        assert cluster.addresses == addresses
        assert m.get("k") is None
        keys = itertools.count()

        def heard() -> bool:
            # A listener is registered again some time after the first operation succeeds.
            m.put(next(keys), "again")
            return bool(seen.events)

        until_now(heard)


def test_what_cannot_be_upgraded(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=1, version="5.3.7")
    with pytest.raises(UnsupportedVersionError, match="no rolling upgrade between minor versions"):
        cluster.upgrade("5.4.0", rolling=True)
    with pytest.raises(UnsupportedVersionError, match="no SHA-256 is known"):
        cluster.upgrade("5.9.0")
    with pytest.raises(MemberStateError, match=r"cannot restart by itself member .*shares its JVM"):
        cluster.upgrade("5.3.8")
    own = cluster.add_member(jvm="own")
    own.suspend()
    with pytest.raises(MemberStateError, match="suspended"):
        cluster.upgrade("5.3.8", rolling=False)
    own.resume()
    assert running_versions(cluster) == ["5.3.7", "5.3.7"]
