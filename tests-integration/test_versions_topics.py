"""A walk through Ringbuffer, Topic and ReliableTopic with members of every version that the client speaks with."""

from collections.abc import Callable

import pytest

import hazelcast
from hz_core.errors import UnsupportedOperationError
from hz_embedded import Cluster
from map_harness import Recorder, until_now
from test_versions import VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_ringbuffers_and_topics(version: str, hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    cluster = hazelcast_cluster_factory(version=version)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        walk_ringbuffer(client)
        walk_topic(client, publishes_all=version != "4.0")
        walk_reliable_topic(client, cluster)


def walk_ringbuffer(client: hazelcast.HazelcastClient) -> None:
    """Adding, reading and iterating."""
    r = client.get_ringbuffer("r", item=int).blocking()
    assert r.add_all(range(1000)) == 999
    assert r.add(1000) == 1000
    assert list(r.iter(page_size=300)) == list(range(1001))
    found = r.read_many(990, 1, 100)
    assert (list(found), found.next_sequence_to_read_from) == (list(range(990, 1001)), 1001)
    assert found.get_sequence(0) == 990
    assert r.read_many(1001, 0, 10).next_sequence_to_read_from == 1001
    assert (r.read_one(5), r.size(), r.capacity(), r.head_sequence()) == (5, 1001, 10_000, 0)
    assert r.destroy() is True


def walk_topic(client: hazelcast.HazelcastClient, publishes_all: bool) -> None:
    """Publishing, listening and iterating."""
    t = client.get_topic("t", item=str).blocking()
    received = Recorder()
    registration = t.add_listener(received)
    t.publish("a")
    if publishes_all:
        t.publish_all(["b", "c"])
        until_now(lambda: [event.message for event in received.events] == ["a", "b", "c"])
    else:
        with pytest.raises(UnsupportedOperationError, match=r"Topic\.publishAll.*4\.0"):
            t.publish_all(["b", "c"])
        until_now(lambda: [event.message for event in received.events] == ["a"])
    assert t.remove_listener(registration) is True
    assert t.destroy() is True


def walk_reliable_topic(client: hazelcast.HazelcastClient, cluster: Cluster) -> None:
    """Publishing and listening, together with Java."""
    t = client.get_reliable_topic("t", item=str).blocking()
    received = Recorder()
    t.add_listener(received)
    t.publish("a")
    t.publish_all(["b", "c"])
    until_now(lambda: len(received.events) == 3)
    cluster.members[0].instance.getReliableTopic("t").publish("from Java")
    until_now(lambda: [event.message for event in received.events] == ["a", "b", "c", "from Java"])
    assert received.events[3].member.address == client.cluster_service.get_members()[0].address
    assert t.destroy() is True
