"""Compact schemas that nobody else knows, in ringbuffers and topics."""

from dataclasses import make_dataclass
from functools import partial
from typing import Any

import hazelcast
from hazelcast.serialization.compact import GenericRecord
from hz_embedded import Cluster
from map_harness import Recorder, fresh_name, until_now


def connect(cluster: Cluster, *classes: type) -> hazelcast.HazelcastClient:
    return hazelcast.HazelcastClient(cluster_members=cluster.addresses, compact_serializers=list(classes))


def fresh_class() -> Any:
    return make_dataclass(fresh_name("kind").replace("-", ""), [("number", int)])


def test_items_of_ringbuffers(cluster: Cluster) -> None:
    name, cls = fresh_name("ring"), fresh_class()
    with connect(cluster, cls) as writer, connect(cluster) as reader:
        writer.get_ringbuffer(name).blocking().add_all([cls(1), cls(2)])
        found = reader.get_ringbuffer(name).blocking().read_many(0, 2, 10)
        assert all(isinstance(item, GenericRecord) for item in found)
        assert [item["number"] for item in reader.get_ringbuffer(name).iter()] == [1, 2]
        assert list(writer.get_ringbuffer(name).iter()) == [cls(1), cls(2)]
        writer.get_ringbuffer(name).destroy()


def test_messages(cluster: Cluster) -> None:
    for kind in ("get_topic", "get_reliable_topic"):
        name, cls = fresh_name("compact"), fresh_class()
        with connect(cluster, cls) as writer, connect(cluster) as reader:
            received, own = Recorder(), Recorder()
            getattr(reader, kind)(name).add_listener(received).result()
            getattr(writer, kind)(name).add_listener(own).result()
            topic = getattr(writer, kind)(name).blocking()
            topic.publish(cls(1))
            topic.publish_all([cls(2), cls(3)])
            for recorder in (received, own):
                until_now(partial(_has, recorder, 3))
            assert [event.message["number"] for event in received.events] == [1, 2, 3]
            assert [event.message for event in own.events] == [cls(1), cls(2), cls(3)]
            topic.destroy()


def _has(recorder: Recorder, count: int) -> bool:
    return len(recorder.events) == count
