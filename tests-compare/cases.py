"""What programs do with a client, a few lines each: run with our client and with the official one, on one member.

A case returns what the program sees. What both clients return must be the same, except where the case is marked with
``differs``: then docs/compatibility.md says why.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import hazelcast
import hazelcast.asyncio
from hazelcast import aggregator, predicate, projection
from hazelcast.config import Config
from hazelcast.core import HazelcastJsonValue
from hazelcast.future import Future
from hazelcast.serialization.api import (
    CompactSerializer,
    IdentifiedDataSerializable,
    Portable,
    StreamSerializer,
)
from session import Raised, Session, outcome_of

Case = Callable[[Session], Any]

CASES: dict[str, Case] = {}
DIFFERENT: dict[str, tuple[str, Any, Any]] = {}
"""Heading in docs/compatibility.md, our outcome and that of the official client, by case."""


def case(function: Case) -> Case:
    """Register a case under the name of its function."""
    CASES[function.__name__] = function
    return function


def differs(heading: str, *, ours: Any, official: Any) -> Callable[[Case], Case]:
    """Register a case whose outcomes differ on purpose."""

    def register(function: Case) -> Case:
        DIFFERENT[function.__name__] = heading, ours, official
        return case(function)

    return register


# --- 1, 2: Compact


class Filter(predicate.Predicate):
    """Identified by its base class, Compact by its serializer."""


class FilterSerializer(CompactSerializer):  # type: ignore[type-arg]  # not generic in the official client
    """Reads what it wrote, and a field that it did not write."""

    def get_class(self) -> Any:
        return Filter

    def get_type_name(self) -> str:
        return "compare.Filter"

    def write(self, writer: Any, obj: Any) -> None:
        writer.write_int32("a", 5)
        writer.write_nullable_int32("n", None)

    def read(self, reader: Any) -> Any:
        made = Filter()
        made.__dict__["seen"] = READS[0](reader)
        return made


READS: list[Callable[[Any], Any]] = [lambda reader: None]


def read_compact(session: Session, read: Callable[[Any], Any]) -> Any:
    m = session.client(compact_serializers=[FilterSerializer()]).get_map(session.name()).blocking()
    m.set("k", Filter())
    READS[:] = [read]
    return m.get("k").seen


@case
def compact_before_identified(session: Session) -> Any:
    return read_compact(session, lambda reader: reader.read_int32("a"))


@case
def compact_predicate_reaches_the_member(session: Session) -> Any:
    m = session.client(compact_serializers=[FilterSerializer()]).get_map(session.name()).blocking()
    m.set("k", "v")
    return m.values(Filter())


@case
def compact_defaults(session: Session) -> Any:
    return read_compact(
        session,
        lambda reader: [
            reader.read_int32_or_default("a", 7),
            reader.read_int32_or_default("new", 7),
            reader.read_string_or_default("a", "other kind"),
            reader.read_int32_or_default("n", 7),
            reader.read_nullable_int32_or_default("a", 7),
            reader.read_array_of_compact_or_default("new", None),
        ],
    )


@case
def compact_field_that_is_missing(session: Session) -> Any:
    return outcome_of(lambda: read_compact(session, lambda reader: reader.read_int32("new")), with_chain=True)


# --- 3: Portable


class Part(Portable):
    """A nested Portable."""

    def __init__(self, size: int = 0, name: str | None = "n") -> None:
        self.size, self.name = size, name

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 2

    def write_portable(self, writer: Any) -> None:
        writer.write_int("size", self.size)
        writer.write_string("name", self.name)
        writer.write_int_array("numbers", [1, 2])

    def read_portable(self, reader: Any) -> None:
        self.size = reader.read_int("size")


class Whole(Portable):
    """Reads by paths what the case asks for."""

    def __init__(self, part: Part | None = None) -> None:
        self.part = part

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: Any) -> None:
        if self.part is None:
            writer.write_null_portable("part", 1, 2)
        else:
            writer.write_portable("part", self.part)
        writer.write_portable_array("parts", [Part(7), Part(8)])
        writer.write_int("dotted.name", 9)

    def read_portable(self, reader: Any) -> None:
        self.seen = READS[0](reader)


def read_portable(session: Session, value: Whole, *reads: tuple[str, str]) -> Any:
    m = session.client(portable_factories={1: {1: Whole, 2: Part}}).get_map(session.name()).blocking()
    READS[:] = [lambda reader: None]
    m.set("first", Whole(Part()))  # tells the classes
    m.set("k", value)
    READS[:] = [lambda reader: [outcome_of(getattr(reader, method), path) for method, path in reads]]
    return m.get("k").seen


@case
def portable_paths(session: Session) -> Any:
    return read_portable(
        session,
        Whole(Part(5)),
        ("read_int", "part.size"),
        ("read_string", "part.name"),
        ("read_int_array", "part.numbers"),
        ("read_int", "dotted.name"),
        ("read_int", "part.nothing"),
        ("read_string", "part.size"),
    )


@differs(
    "Paths to fields of Portables",
    ours=[5, 7, [7, 8], 2],
    official=[Raised("HazelcastSerializationError")] * 4,
)
def portable_paths_as_in_java(session: Session) -> Any:
    return read_portable(
        session,
        Whole(Part(5)),
        ("read_long", "part.size"),
        ("read_int", "parts[0].size"),
        ("read_int_array", "parts[any].size"),
        ("read_int", "parts[0].numbers[1]"),
    )


@differs(
    "Paths to fields of Portables",
    ours=[Raised("HazelcastSerializationError"), None],
    official=[Raised("ValueError"), Raised("ValueError")],
)
def portable_paths_through_null(session: Session) -> Any:
    return read_portable(session, Whole(None), ("read_int", "part.size"), ("read_string", "part.name"))


# --- 4: arrays


@case
def primitive_arrays(session: Session) -> Any:
    m = session.client().get_map("java-arrays").blocking()
    return [
        [m.get(key) == expected, json.dumps(m.get(key)), m.get(key) * 2, len(m.get(key))]
        for key, expected in (
            ("int", [1, 2]),
            ("long", [1, 2]),
            ("short", [1, 2]),
            ("double", [1.5]),
            ("float", [1.5]),
        )
    ] + [m.get("boolean"), m.get("char"), m.get("byte"), m.get("empty")]


@case
def a_list_is_not_an_array(session: Session) -> Any:
    m = session.client().get_map(session.name()).blocking()
    m.set("k", [1, 2])
    return m.get("k")


@differs("Java's primitive arrays", ours=True, official=False)
def primitive_arrays_stay_arrays(session: Session) -> Any:
    m = session.client().get_map("java-arrays").blocking()
    return m.replace_if_same("int", m.get("int"), m.get("int"))


# --- 5, 6: queries and indexes


@case
def paging_is_refused(session: Session) -> Any:
    m = session.client().get_map(session.name())
    pages = predicate.paging(predicate.true(), 2)
    return [
        outcome_of(call)
        for surface in (m, m.blocking())
        for call in (
            lambda surface=surface: surface.aggregate(aggregator.count(), pages),
            lambda surface=surface: surface.project(projection.identity(), pages),
        )
    ]


@differs(
    "Paging predicates",
    ours=[Raised("AssertionError")] * 2,
    official=[None, "a registration"],
)
def paging_is_refused_elsewhere(session: Session) -> Any:
    m = session.client().get_map(session.name()).blocking()
    pages = predicate.paging(predicate.true(), 2)
    listen = outcome_of(lambda: m.add_entry_listener(predicate=pages, added_func=print))
    return [outcome_of(lambda: m.remove_all(pages)), "a registration" if isinstance(listen, str) else listen]


@case
def bitmap_indexes(session: Session) -> Any:
    found = []
    for attribute, unique_key in (("this", "this"), ("__key", "__key"), ("this", "__key"), ("age", "this")):
        m = session.client().get_map(session.name()).blocking()
        m.add_index([attribute], "BITMAP", bitmap_index_options={"unique_key": unique_key})
        if attribute != "age":
            m.put_all({n: n for n in range(5)})
            found.append(sorted(m.key_set(predicate.equal(attribute, 3))))
    return found


# --- 7: futures


@case
def continue_with_follows_futures(session: Session) -> Any:
    m = session.client().get_map(session.name())
    m.put_all({n: n for n in range(5)}).result()

    def level(n: int) -> Any:
        return m.get(n).continue_with(lambda future: level(n + 1) if n < 4 else future.result())

    def returning(n: int) -> Any:
        return m.get(n).continue_with(lambda _: m.get(n + 1).continue_with(lambda _: m.get(n + 2)))

    return [
        level(0).result(),
        returning(0).result(),
        returning(1).continue_with(lambda f: f.result() + 1).result(),
    ]


@case
def continue_with_follows_a_future_whose_result_is_a_future(session: Session) -> Any:
    m = session.client().get_map(session.name())
    m.put_all({1: "one", 2: "two"}).result()

    def around(future: Any) -> Any:
        made: Any = Future()
        made.set_result(future)
        return made

    return [
        m.get(1).continue_with(lambda _: around(m.get(2))).result(),
        m.get(1).continue_with(lambda _: around(around(m.get(2)))).result(),
        around(m.get(2)).continue_with(lambda future: future.result()).result(),
        around(m.get(2)).result().result(),
    ]


@case
def continue_with_passes_arguments_and_errors(session: Session) -> Any:
    m = session.client().get_map(session.name())
    added = m.put("k", 1).continue_with(lambda future, a, b: [future.result(), a, b], 1, 2)
    failing = m.get("k").continue_with(lambda future: future.result() / 0)
    inner = m.get("k").continue_with(lambda _: m.get("k").continue_with(lambda _: [][0]))
    return [added.result(), outcome_of(failing.result), outcome_of(inner.result)]


# --- 8: asyncio


@case
async def asyncio_partition_service(session: Session) -> Any:
    client = await session.asyncio_client()
    found = client.partition_service.get_partition_id("key")
    return [inspect.iscoroutine(found), await found, client.partition_service.get_partition_count()]


@case
async def asyncio_lock_context(session: Session) -> Any:
    client = await session.asyncio_client()
    m = await client.get_map(session.name())
    async with m.lock_context("k"):
        inside = await m.is_locked("k")
    return [inside, await m.is_locked("k")]


@case
async def asyncio_members_that_are_there_already(session: Session) -> Any:
    client = await session.asyncio_client()
    seen: list[Any] = []
    added = client.cluster_service.add_listener(member_added=seen.append, fire_for_existing=True)
    if inspect.isawaitable(added):
        added = await added
    return [len(seen), isinstance(added, str)]


# --- 9 to 12


@case
def json_of_none(session: Session) -> Any:
    return [outcome_of(lambda: HazelcastJsonValue(None)), HazelcastJsonValue({"a": None}).to_string()]


@case
def text_of_a_structure(session: Session) -> Any:
    client = session.client()
    m, q = client.get_map("named"), client.get_queue("named")
    with client.new_transaction() as transaction:
        in_transaction = str(transaction.get_map("named"))
    return [str(m), str(m.blocking()), str(q), str(q.blocking()), in_transaction]


@case
async def text_of_a_structure_of_asyncio(session: Session) -> Any:
    client = await session.asyncio_client()
    return str(await client.get_map("named"))


@differs(
    "A configuration and keyword arguments", ours="connected", official=Raised("InvalidConfigurationError")
)
def config_and_keywords(session: Session) -> Any:
    config = Config()
    config.cluster_members = [session.address]
    return outcome_of(
        lambda: session.keep(hazelcast.HazelcastClient(config, cluster_name="dev")) and "connected"
    )


@case
def config_alone(session: Session) -> Any:
    config = Config()
    config.cluster_members = [session.address]
    return outcome_of(lambda: session.keep(hazelcast.HazelcastClient(config)) and "connected")


# --- 13: options


@case
def options_of_features(session: Session) -> Any:
    options: list[dict[str, Any]] = [
        {"statistics_enabled": True},
        {"near_caches": {"m": {}}},
        {"flake_id_generators": {"f": {}}},
        {"reliable_topics": {"t": {}}},
    ]
    return [outcome_of(lambda each: session.client(**each) and "connected", each) for each in options]


@case
def wrong_options(session: Session) -> Any:
    options: list[dict[str, Any]] = [
        {"no_such_option": 1},
        {"heartbeat_interval": "5"},
        {"heartbeat_interval": -5},
        {"reconnect_mode": "SOMETIMES"},
        {"cluster_name": 5},
    ]
    return [outcome_of(lambda each: session.client(**each), each) for each in options]


@differs(
    "Durations",
    ours=[Raised("ValueError")] * 3,
    official=["connected"] * 3,
)
def durations_of_options_that_no_clock_can_hold(session: Session) -> Any:
    values = (1e300, float("inf"), float("nan"))
    return [
        outcome_of(lambda value: session.client(heartbeat_interval=value) and "connected", value)
        for value in values
    ]


# --- keys, durations, empty collections, users' errors


@differs("Sets as keys and values", ours=[1, True, True], official=[None, False, False])
def equal_sets(session: Session) -> Any:
    m = session.client().get_map(session.name()).blocking()
    m.set(frozenset([0, 8]), 1)
    m.set("v", {0, 8})
    return [m.get(frozenset([8, 0])), m.contains_key(frozenset([8, 0])), m.replace_if_same("v", {8, 0}, 1)]


@case
def durations(session: Session) -> Any:
    m = session.client().get_map(session.name()).blocking()
    values = (0, 5, 1.5, None, -1, 2**31)
    return [outcome_of(lambda value: m.put("k", 1, ttl=value), value) for value in values] + [
        outcome_of(lambda value: m.lock("k", lease_time=value), value) for value in values
    ]


@differs(
    "Durations",
    ours=[Raised(name) for name in ["ValueError"] * 4 + ["TypeError"] * 3],
    official=[
        Raised(name) for name in ["error", "error", "OverflowError", "ValueError", "error", "TypeError"]
    ]
    + [None],
)
def wrong_durations(session: Session) -> Any:
    m = session.client().get_map(session.name()).blocking()
    values: list[Any] = [1e300, 10**30, float("inf"), float("nan"), "5", timedelta(seconds=5), True]
    return [outcome_of(lambda value: m.put("k", 1, ttl=value), value) for value in values]


@case
def empty_collections(session: Session) -> Any:
    client = session.client()
    m, q = client.get_map(session.name()).blocking(), client.get_queue(session.name()).blocking()
    return [
        m.put_all({}),
        m.get_all([]),
        m.execute_on_keys([], "no processor"),
        q.add_all([]),
        q.contains_all([]),
        q.remove_all([]),
        q.retain_all([]),
    ]


@case
def none_is_refused_at_the_call(session: Session) -> Any:
    client = session.client()
    m, q = client.get_map(session.name()), client.get_queue(session.name())
    calls: list[Callable[[], Any]] = [
        lambda: m.get(None),
        lambda: m.put("k", None),
        lambda: m.get_all(None),
        lambda: m.get_all([None]),
        lambda: m.put_all(None),
        lambda: m.put_all({"k": None}),
        lambda: q.add(None),
        lambda: q.add_all([None]),
    ]
    return [outcome_of(lambda call: bool(call()), call) for call in calls]


class Failing(IdentifiedDataSerializable):
    """Raises what the case asks for while it is read."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: Any) -> None:
        object_data_output.write_int(1)

    def read_data(self, object_data_input: Any) -> None:
        READS[0](object_data_input)


class Plain:
    """Has a custom serializer."""


class PlainSerializer(StreamSerializer):
    """Raises what the case asks for while it reads."""

    def get_type_id(self) -> int:
        return 777

    def write(self, out: Any, obj: Any) -> None:
        out.write_int(1)

    def read(self, inp: Any) -> Any:
        return READS[0](inp)

    def destroy(self) -> None:
        """Do nothing."""


@case
def errors_of_users_deserializers(session: Session) -> Any:
    client = session.client(
        data_serializable_factories={1: {1: Failing}}, custom_serializers={Plain: PlainSerializer}
    )
    m = client.get_map(session.name()).blocking()
    m.put_all({"identified": Failing(), "custom": Plain()})
    errors = [ValueError("v"), KeyError("k"), IndexError("i"), UnicodeDecodeError("utf-8", b"a", 0, 1, "u")]

    def failing(error: Exception) -> Callable[[Any], Any]:
        def read(inp: Any) -> Any:
            raise error

        return read

    found = []
    for error in errors:
        READS[:] = [failing(error)]
        found.append([outcome_of(lambda key: m.get(key), key) for key in ("identified", "custom")])
    return found


@case
def what_only_java_can_read(session: Session) -> Any:
    m = session.client().get_map("java-objects").blocking()
    return outcome_of(lambda: m.get("bit set"))
