"""Items of every serialization format in queues, lists and sets; Compact schemas that the cluster does not know."""

import datetime
import decimal
import uuid
from collections.abc import Iterator
from dataclasses import make_dataclass
from typing import Any

import pytest

import hazelcast
from hazelcast.core import HazelcastJsonValue
from hazelcast.serialization.compact import GenericRecord
from hz_core.kinds import ObjectKind
from hz_embedded import Cluster
from hz_proxies import LIST, QUEUE, SET
from hz_serialization.api import (
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
    StreamSerializer,
)
from map_harness import Recorder, fresh_name, until_now
from member_side import Adder


class Ticket(Portable):
    """A Portable with one field."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def get_factory_id(self) -> int:
        return 7

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("number", self.number)

    def read_portable(self, reader: PortableReader) -> None:
        self.number = reader.read_int("number")

    def __repr__(self) -> str:
        return f"Ticket({self.number})"


class Celsius:
    """A class with a serializer of its own."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def __repr__(self) -> str:
        return f"Celsius({self.degrees})"


class CelsiusSerializer(StreamSerializer):
    def read(self, inp: ObjectDataInput) -> Celsius:
        return Celsius(inp.read_double())

    def write(self, out: ObjectDataOutput, obj: Celsius) -> None:
        out.write_double(obj.degrees)

    def get_type_id(self) -> int:
        return 99

    def destroy(self) -> None:
        pass


Point = make_dataclass("Point", [("x", int), ("label", str)], frozen=True)

VALUES: dict[str, Any] = {
    "numbers": (1, 2.5, -(2**31), True),
    "texts": ("a", "", "grüße", "😀"),
    "bytes": (b"\x00\xff", b""),
    "dates": (datetime.date(2026, 11, 28), datetime.datetime(2026, 11, 28, 9, 30, tzinfo=datetime.UTC)),
    "decimals and UUIDs": (decimal.Decimal("1.50"), uuid.UUID(int=5)),
    "JSON": (HazelcastJsonValue({"a": 1}),),
    "Portable": (Ticket(3), Ticket(4)),
    "custom": (Celsius(36.6),),
    "Compact": (Point(1, "one"), Point(2, "two")),
    "containers": ([1, "list"], {"key": 2}, []),
    "a pickle": (complex(1, 2),),
}

KINDS: dict[str, ObjectKind[Any, Any]] = {"list": LIST, "queue": QUEUE, "set": SET}


@pytest.fixture(scope="module")
def knowing(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """A client that knows all classes."""
    with hazelcast.HazelcastClient(
        cluster_members=cluster.addresses,
        portable_factories={7: {1: Ticket}},
        custom_serializers={Celsius: CelsiusSerializer},
        compact_serializers=[Point],
    ) as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_items_of_a_format(knowing: hazelcast.HazelcastClient, kind: str, values: tuple[Any, ...]) -> None:
    found = knowing.get_object(KINDS[kind], fresh_name(kind)).blocking()
    assert found.add_all(values) is True
    assert found.contains_all(values) is True
    items = found.iterator() if kind == "queue" else found.get_all()
    assert sorted(map(repr, items)) == sorted(map(repr, values))
    assert found.remove(values[0]) is True
    assert found.contains(values[0]) is False
    found.destroy()


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_that_the_cluster_does_not_know(
    cluster: Cluster, client: hazelcast.HazelcastClient, kind: str
) -> None:
    new = make_dataclass(f"New{kind.title()}", [("number", int)])
    name = fresh_name(kind)
    heard = Recorder()
    # The other client meets the type in an event first, and then in an item.
    theirs = client.get_object(KINDS[kind], name).blocking()
    theirs.add_listener(True, item_added_func=heard)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, compact_serializers=[new]) as writer:
        with writer.new_transaction() as tx:
            within = getattr(tx, f"get_{kind}")(name)
            assert (within.offer if kind == "queue" else within.add)(new(1)) is True
        ours = writer.get_object(KINDS[kind], name).blocking()
        assert ours.add(new(2)) is True
        assert ours.contains(new(1)) is True
    until_now(lambda: len(heard.events) == 2)
    items = theirs.iterator() if kind == "queue" else theirs.get_all()
    for found in ([event.item for event in heard.events], items):
        assert all(isinstance(item, GenericRecord) for item in found)
        assert sorted(item["number"] for item in found) == [1, 2]
    assert theirs.remove(items[0]) is True
    theirs.destroy()


@pytest.mark.parametrize("kind", KINDS)
def test_identified_data_serializable(client: hazelcast.HazelcastClient, kind: str) -> None:
    found = client.get_object(KINDS[kind], fresh_name(kind)).blocking()
    assert found.add(Adder(5)) is True
    assert found.contains(Adder(5)) is True
    assert found.contains(Adder(6)) is False
    assert found.remove(Adder(5)) is True
    found.destroy()
