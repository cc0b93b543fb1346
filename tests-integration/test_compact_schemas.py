"""Compact schemas between clients and real members: first use, many at once, listeners, restarts, old members."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, make_dataclass
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast.errors import HazelcastSerializationError
from hazelcast.predicate import equal
from hazelcast.serialization.compact import GenericRecord
from hz_embedded import Cluster
from map_harness import Recorder, until_now

Factory = Callable[..., Cluster]


@dataclass
class Person:
    """A class whose Compact form follows from its types."""

    name: str
    age: int


@pytest.fixture(scope="module")
def trio() -> Iterator[Cluster]:
    with Cluster(members=3) as cluster:
        yield cluster


def connect(cluster: Cluster, *classes: type, **options: Any) -> hazelcast.HazelcastClient:
    return hazelcast.HazelcastClient(
        cluster_members=cluster.addresses, compact_serializers=list(classes), **options
    )


def test_many_threads_use_many_schemas_for_the_first_time_at_once(trio: Cluster) -> None:
    classes = [
        make_dataclass(f"Kind{number}", [("number", int), (f"f{number}", str)]) for number in range(12)
    ]
    with connect(trio, *classes) as client:
        people = client.get_map("kinds").blocking()

        def write(number: int) -> None:
            for turn in range(5):
                people.set((number, turn), classes[number](number, f"{turn}"))

        with ThreadPoolExecutor(12) as threads:
            list(threads.map(write, range(12)))
        for number, cls in enumerate(classes):
            assert people.get((number, 4)) == cls(number, "4")
        assert len(people.key_set(equal("number", 7))) == 5


def test_futures_of_one_key_keep_their_order(trio: Cluster) -> None:
    cls = make_dataclass("Ordered", [("turn", int)])
    with connect(trio, cls) as client:
        ordered = client.get_map("ordered")
        # Operations take another way before the client knows the owners of partitions, and may overtake each other.
        ordered.put("first", 0).result()
        until_now(lambda: client.partition_service.get_partition_owner(0) is not None)
        futures = [ordered.put("k", cls(turn) if turn % 2 else turn) for turn in range(20)]
        before = [future.result() for future in futures]
        assert before == [None, *(cls(turn) if turn % 2 else turn for turn in range(19))]


def test_a_listener_meets_a_type_it_does_not_know(trio: Cluster) -> None:
    cls = make_dataclass("Told", [("word", str), ("number", int)])
    heard = Recorder()
    with connect(trio) as listener, connect(trio, cls) as writer:
        listener.get_map("told").blocking().add_entry_listener(True, added_func=heard)
        told = writer.get_map("told").blocking()
        for number in range(5):
            told.set(number, cls("hé", number))
        until_now(lambda: len(heard.events) == 5)
        values = [event.value for event in heard.events]
        assert all(isinstance(value, GenericRecord) for value in values)
        assert sorted(value["number"] for value in values) == list(range(5))


def test_on_asyncio(trio: Cluster) -> None:
    async def walk() -> None:
        cls = make_dataclass("Awaited", [("number", int)])
        options: dict[str, Any] = {"cluster_members": trio.addresses, "compact_serializers": [cls]}
        async with hazelcast.asyncio.HazelcastClient(**options) as client:
            awaited = await client.get_map("awaited")
            await asyncio.gather(*(awaited.set(number, cls(number)) for number in range(50)))
            assert await awaited.get(7) == cls(7)
        async with hazelcast.asyncio.HazelcastClient(cluster_members=trio.addresses) as other:
            awaited = await other.get_map("awaited")
            found: list[Any] = await asyncio.gather(*(awaited.get(number) for number in range(50)))
            assert [record["number"] for record in found] == list(range(50))

    asyncio.run(walk())


def test_a_restarted_cluster_learns_the_schemas_again(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory()
    with connect(cluster, Person, cluster_connect_timeout=60) as client:
        people = client.get_map("people").blocking()
        people.set(1, Person("Ada", 36))
        cluster.members[0].restart()
        assert people.get(1) is None  # a lone member keeps nothing
        people.set(2, Person("Bob", 60))
        # Only a member that has the schema finds a field.
        assert people.key_set(equal("age", 60)) == [2]
        assert people.get(2) == Person("Bob", 60)


def test_a_member_that_joins_later_knows_the_schemas(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory()
    with connect(cluster, Person) as client:
        people = client.get_map("people").blocking()
        people.put_all({number: Person(f"name {number}", number) for number in range(300)})
        cluster.add_member()
        assert sorted(people.key_set(equal("age", 7))) == [7]
        assert people.get_all(range(300)) == {n: Person(f"name {n}", n) for n in range(300)}


@pytest.mark.parametrize("version", ["4.2.8", "5.1.7"])
def test_members_that_are_too_old_are_named(version: str, hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(version=version)
    with connect(cluster, Person) as client:
        people = client.get_map("people").blocking()
        with pytest.raises(
            HazelcastSerializationError, match=rf"'Person'.*Hazelcast {version}.*from 5\.2 on"
        ):
            people.set(1, Person("Ada", 36))
        people.set(1, "a text passes")
        assert people.get(1) == "a text passes"
