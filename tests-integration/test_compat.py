"""What programs that were written for the official client rely on, on a real member and all surfaces."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
import hazelcast.asyncio
from hazelcast import predicate
from hazelcast.errors import HazelcastSerializationError
from hazelcast.serialization.api import CompactSerializer, Portable, StreamSerializer
from hz_embedded import Cluster
from hz_proxies import MAP, QUEUE
from map_harness import SURFACES, AnyMap, AsyncioCaller, BlockingCaller, Caller, FuturesCaller


class Failing:
    """A value whose serializer raises what it was made with when it is read."""


class OwnError(HazelcastSerializationError, ValueError):
    """An error of a user that is an error of serialization and a ValueError."""


FAILURES: list[Exception] = [
    ValueError("mine"),
    KeyError("mine"),
    IndexError("mine"),
    struct.error("mine"),
    UnicodeDecodeError("utf-8", b"a", 0, 1, "mine"),
]
RAISED: list[Exception] = FAILURES[:1]


class FailingSerializer(StreamSerializer):
    """Raises the first of ``RAISED``."""

    def get_type_id(self) -> int:
        return 777

    def write(self, out: Any, obj: Any) -> None:
        out.write_int(1)

    def read(self, inp: Any) -> Any:
        raise RAISED[0]

    def destroy(self) -> None:
        """Do nothing."""


class Part(Portable):
    """A nested Portable."""

    def __init__(self, size: int = 0) -> None:
        self.size = size

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 2

    def write_portable(self, writer: Any) -> None:
        writer.write_int("size", self.size)

    def read_portable(self, reader: Any) -> None:
        self.size = reader.read_int("size")


class Whole(Part):
    """Reads a field of its part by a path."""

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: Any) -> None:
        writer.write_portable("part", Part(self.size))

    def read_portable(self, reader: Any) -> None:
        self.size = reader.read_int("part.size")


class Mine(predicate.Predicate):
    """Derived from an identified class, and registered as Compact."""


class MineSerializer(CompactSerializer[Mine]):
    """Reads a field that the written version lacks."""

    def get_class(self) -> type[Mine]:
        return Mine

    def get_type_name(self) -> str:
        return "compat.Mine"

    def write(self, writer: Any, obj: Mine) -> None:
        writer.write_int32("a", 1)

    def read(self, reader: Any) -> Any:
        return Mine(), reader.read_int32_or_default("a", 7), reader.read_string_or_default("new", "default")


OPTIONS: dict[str, Any] = {
    "custom_serializers": {Failing: FailingSerializer},
    "portable_factories": {1: {1: Whole, 2: Part}},
    "compact_serializers": [MineSerializer()],
}


@pytest.fixture(params=SURFACES)
async def user(request: pytest.FixtureRequest, cluster: Cluster) -> Any:
    """Yield the caller of each surface, of a client with serializers of its own."""
    if request.param == "asyncio":
        async with AsyncioCaller(cluster_members=cluster.addresses, **OPTIONS) as made:
            yield made
        return
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, **OPTIONS) as client:
        async with FuturesCaller(client) if request.param == "futures" else BlockingCaller(client) as threads:
            yield threads


def chained(error: BaseException) -> list[BaseException]:
    """Return the errors that a traceback shows before this one."""
    found: list[BaseException] = []
    while True:
        shown = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if shown is None:
            return found
        found.append(shown)
        error = shown


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_errors_of_users_deserializers(user: Caller, failure: Exception) -> None:
    m = await user.map()
    await m.set("k", Failing())
    RAISED[:] = [failure]
    calls: list[Callable[[], Any]] = [
        lambda: m.get("k"),
        lambda: m.get_all(["k"]),
        lambda: m.values(),
        lambda: m.get_entry_view("k"),
        lambda: m.put("k", Failing()),
    ]
    for call in calls:
        with pytest.raises(
            HazelcastSerializationError, match=r"FailingSerializer\.read\(\) raised"
        ) as raised:
            await call()
        assert type(raised.value) is HazelcastSerializationError
        assert raised.value.__cause__ is failure
        assert chained(raised.value) == [failure]


async def test_a_users_own_error_of_serialization_stays_what_it_is(user: Caller) -> None:
    m = await user.map()
    await m.set("k", Failing())
    RAISED[:] = [OwnError("mine")]
    with pytest.raises(OwnError, match="mine") as raised:
        await m.get("k")
    assert raised.value is RAISED[0]


async def test_formats(user: Caller) -> None:
    m = await user.map()
    await m.set(1, Whole(5))
    assert (await m.get(1)).size == 5
    await m.set(2, Mine())
    mine, known, new = await m.get(2)
    assert (type(mine), known, new) == (Mine, 1, "default")


async def test_errors_show_no_internal_look_ups(caller: Caller) -> None:
    m = await caller.map()
    q = await caller.object(QUEUE)
    await m.set("k", "v")
    calls: list[Callable[[], Any]] = [
        lambda: m.set(1, {"a": [1, 2**40]}),
        lambda: m.set("\ud800", 1),
        lambda: m.set(None, 1),
        lambda: m.get_all([None]),
        lambda: m.unlock("nobody"),
        lambda: m.add_index([]),
        lambda: m.add_index(["a"], "X"),
        lambda: m.execute_on_key("k", "no processor"),
        lambda: m.add_entry_listener(),
        lambda: m.set("k", "v", ttl="5"),
        lambda: q.offer(None),
        lambda: q.drain_to([], "x"),
    ]
    for call in calls:
        with pytest.raises(Exception) as raised:  # noqa: PT011  # which one is not the question
            await call()
        assert chained(raised.value) == []


async def test_copies(caller: Caller) -> None:
    m = await caller.map("copied")
    assert str(m.proxy) == 'Map(name="copied")'
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(
            TypeError, match=r"can be neither copied nor pickled.* pass on its name, 'copied'"
        ):
            copied(m.proxy)
        with pytest.raises(TypeError, match="pass on its config, and make another client from that"):
            copied(caller.client)


async def test_nothing_to_do(caller: Caller) -> None:
    m: AnyMap = await caller.map()
    assert await m.execute_on_keys([], "never sent") == []
    assert await m.get_all([]) == {}
    assert await m.put_all({}) is None
    q = await caller.object(QUEUE)
    assert [await q.add_all([]), await q.contains_all([]), await q.remove_all([])] == [True, True, False]


async def test_sets_are_keys_and_values(caller: Caller) -> None:
    m = await caller.map()
    await m.set(frozenset([0, 8]), 1)
    await m.set(("a", frozenset([0, 8])), 2)
    assert await m.get(frozenset([8, 0])) == 1
    assert await m.get(("a", frozenset([8, 0]))) == 2
    words = {f"word{n}" for n in range(50)}
    await m.set("v", words)
    for n in range(10):
        old = await m.get("v")
        assert await m.replace_if_same("v", old, old | {f"more{n}"}) is True
    assert await m.contains_value({*words, *(f"more{n}" for n in range(10))})


async def test_bitmap_indexes_of_the_value(caller: Caller) -> None:
    for attribute, unique_key in (("this", "this"), ("__key", "__key"), ("age", "this")):
        m = await caller.map()
        await m.add_index([attribute], "BITMAP", bitmap_index_options={"unique_key": unique_key})
        if attribute != "age":
            await m.put_all({n: n for n in range(10)})
            assert await m.key_set(predicate.equal(attribute, 5)) == [5]


async def test_primitive_arrays_equal_lists(cluster: Cluster, caller: Caller) -> None:
    m = await caller.map()
    cluster.members[0].instance.getMap(m.name).put(
        "k", cluster.jvm.java.util.stream.IntStream.range(0, 3).toArray()
    )
    numbers = await m.get("k")
    assert numbers == [0, 1, 2]
    await m.set("copy", numbers)
    java = cluster.members[0].instance.getMap(m.name)
    assert cluster.jvm.java.util.Arrays.toString(java.get("copy")) == "[0, 1, 2]"


async def test_a_java_class_is_named_without_what_follows(cluster: Cluster, caller: Caller) -> None:
    m = await caller.map()
    cluster.members[0].instance.getMap(m.name).put("k", cluster.jvm.java.util.BitSet(5))
    with pytest.raises(HazelcastSerializationError, match=r"class java\.util\.BitSet: only Java"):
        await m.get("k")


def test_maps_are_not_values(client: hazelcast.HazelcastClient) -> None:
    m = client.get_object(MAP, "not-a-value").blocking()
    with pytest.raises(HazelcastSerializationError, match="a BlockingMap can be neither copied nor pickled"):
        m.set("k", m)
    m.destroy()
