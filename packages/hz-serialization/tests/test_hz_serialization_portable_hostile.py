"""Damaged and hostile Portables give a value or HazelcastSerializationError, in bounded time and memory."""

from __future__ import annotations

import gc
import string
import struct
import tracemalloc
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.api import Portable, PortableReader
from hz_serialization_portables import Inner, Node, Record, record, service_of
from test_hz_serialization_portable import EACH, service_with_node_definition
from test_hz_serialization_portable_vectors import ALL, Compatible, Identified

NAMES = {kind: f"f_{kind}" for kind in EACH if not kind.startswith("utf")}
EVERY = record(*((name, kind) for kind, name in NAMES.items()), ids=(1, 5))


class Everything(Portable):
    """Reads whatever fields the bytes have, each by its type, then the raw data."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    def read_portable(self, reader: PortableReader) -> None:
        for name in sorted(reader.get_field_names()):
            kind = reader.get_field_type(name)
            self.found.append(getattr(reader, f"read_{kind.name.lower()}")(name))
        self.found.append(reader.get_raw_data_input().read_object())

    def __repr__(self) -> str:
        return repr(self.found)


def services() -> list[SerializationService]:
    factories: dict[int, dict[int, type[Portable]]] = {
        1: {1: Compatible, 2: Inner, 5: EVERY, 9: Everything},
        2: {1: Node},
    }
    return [
        SerializationService(
            SerializationConfig(
                portable_factories=factories,
                data_serializable_factories={1: {1: Identified}},
                is_big_endian=is_big_endian,
            )
        )
        for is_big_endian in (True, False)
    ]


def samples() -> list[bytes]:
    every = EVERY([(name, kind, EACH[kind][0]) for kind, name in NAMES.items()])
    tree = Node("a", Node("b"), Node("c", Node("d", None, None), Node("e")))
    made = [service.to_data(every) for service in services()]
    made.append(service_of().to_data([Inner(1, 2.0), [Inner(3, 4.0)]]))
    made.append(service_with_node_definition().to_data(tree))
    made += [data[:8] + data[8:12] + b"\0\0\0\x09" + data[16:] for data in made[:1]]
    return made


SAMPLES = samples()
KNOWING = services()
for _service in KNOWING:
    for _data in SAMPLES:
        try:
            _service.to_object(_data)
        except HazelcastSerializationError:
            continue


def outcome(service: SerializationService, data: bytes, offset: int) -> str:
    try:
        if offset:
            inside = bytes(offset) + data + b"\xff" * 40
            return repr(service.read(inside, offset, offset + len(data)))
        return repr(service.to_object(data))
    except HazelcastSerializationError:
        return "refused"


def try_all(data: bytes) -> None:
    for service in KNOWING:
        alone = outcome(service, data, 0)
        assert outcome(service, data, 3) == alone, "a Data inside a larger buffer reads as it does alone"


@pytest.mark.parametrize("data", SAMPLES, ids=range(len(SAMPLES)))
def test_every_cut(data: bytes) -> None:
    for size in range(len(data)):
        try_all(data[:size])


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_random_mutations(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    try_all(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3))
def test_what_was_read_before_makes_no_difference(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    for known, fresh in zip(KNOWING, services(), strict=True):
        assert outcome(known, bytes(damaged), 0) == outcome(fresh, bytes(damaged), 0)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(
        st.tuples(st.integers(2, 10**6), st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(0, 900))),
        min_size=1,
        max_size=3,
    ),
)
def test_random_numbers_in_the_head_and_elsewhere(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, number in changes:
        struct.pack_into(">i", damaged, 4 * at % (len(damaged) - 4), number)
    try_all(bytes(damaged))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([1, 2, 5, 9]), st.integers(0, 12), st.binary(max_size=150))
def test_random_bodies(class_id: int, count: int, payload: bytes) -> None:
    head = struct.pack(">iiiiiii", 0, -1, 1, class_id, 0, 28 + len(payload), count)
    try_all(head + payload)


@pytest.mark.parametrize(
    "data", [SAMPLES[0], ALL["compatibility.APortable", True]], ids=["all kinds", "java"]
)
@pytest.mark.parametrize("number", [0x7FFFFFFF, 0x10000000, -1, -2, -(2**31), 8, 28])
def test_numbers_are_checked_before_memory_is_taken(data: bytes, number: int) -> None:
    value = struct.pack(">i", number)
    services_ = services()[:1]
    gc.freeze()  # the collections below need not go through all that other tests have imported
    tracemalloc.start()
    try:
        for at in range(8, min(len(data), 1000) - 4, 3):
            for service in services_:
                outcome(service, data[:at] + value + data[at + 4 :], 0)
            if at % 50 < 3:
                gc.collect()  # errors and frames in cycles are no memory that a number has taken
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert peak < 3_000_000


def portable(position: int, fields: list[tuple[bytes, bytes]], positions: list[int] | None = None) -> bytes:
    """From the class version on, at an absolute position; fields of name-and-type and value."""
    at = position + 12 + 4 * (len(fields) + 1)
    body, found = b"", []
    for head, value in fields:
        found.append(at + len(body))
        body += struct.pack(">h", len(head) - 1) + head + value
    return (
        struct.pack(f">iii{len(fields) + 1}i", 0, at + len(body), len(fields), *(positions or found), 0)
        + body
    )


def test_fields_that_share_a_nested_object_are_refused() -> None:
    """Thirty levels, each with two fields whose objects are one: two to the power of thirty readings."""

    class Twins(Portable):
        reads = 0

        def read_portable(self, reader: PortableReader) -> None:
            type(self).reads += 1
            for name in ("a", "b"):
                reader.read_portable(name)

    # Each object's two fields begin right after its head; the value of both goes on to where the next level is.
    data, position = bytearray(struct.pack(">iiii", 0, -1, 1, 1)), 16
    nested = b"\0" + struct.pack(">ii", 1, 1)
    total = 16 + 30 * 60
    for _ in range(30):
        first = position + 24
        second = first + 4 + len(nested)
        level = struct.pack(">iiiiii", 0, total, 2, first, second, 0)
        level += b"\0\1a\0" + nested + b"\0\1b\0" + nested
        data += level
        position += len(level)
    data += bytes(total - len(data))
    service = SerializationService(SerializationConfig(portable_factories={1: {1: Twins}}))
    with pytest.raises(HazelcastSerializationError):
        service.to_object(bytes(data))
    assert Twins.reads < 100


def test_items_that_are_one_object_are_refused() -> None:
    item_at = 16 + 20 + 5 + 12 + 4 * 100
    item = struct.pack(">iiii", 0, item_at + 16, 0, 0)
    array = struct.pack(">iii", 100, 1, 2) + struct.pack(">i", item_at) * 100 + item
    data = struct.pack(">iiii", 0, -1, 1, 1) + portable(16, [(b"ps\x0a", array)])
    cls, inner = record(("ps", "portable_array")), record(ids=(1, 2))
    with pytest.raises(HazelcastSerializationError, match="'ps' lies within what is before it"):
        service_of(cls, inner).to_object(data)
    one = data.replace(struct.pack(">i", 100), struct.pack(">i", 1))
    assert len(service_of(cls, inner).to_object(one).values["ps"]) == 1, "it is the sharing that is refused"


@pytest.mark.parametrize("kind", ["decimal_array", "date_array"])
def test_items_of_an_array_that_are_one_are_refused(kind: str) -> None:
    cls = record(("it", kind))
    data = service_of().to_data(cls([("it", kind, EACH[kind][0] * 3)]))
    count = len(EACH[kind][0]) * 3
    at = 16 + 20 + 2 + 2 + 1 + 4
    first = data[at : at + 4]
    assert outcome(service_of(cls), data, 0) != "refused"
    same = data[:at] + first * count + data[at + 4 * count :]
    with pytest.raises(HazelcastSerializationError, match="lies within what is before it"):
        service_of(cls).to_object(same)


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    levels = 5000
    total = 16 + levels * 38
    data, position = bytearray(struct.pack(">iiii", 0, -1, 1, 1)), 16
    for _ in range(levels):
        data += (
            struct.pack(">iiiii", 0, total, 1, position + 20, 0)
            + b"\0\1a\0"
            + b"\0"
            + struct.pack(">ii", 1, 1)
        )
        position += 33
    data += bytes(total - len(data))
    with pytest.raises(HazelcastSerializationError, match="nested deeper than 128 levels"):
        service_of(record(("a", "portable"))).to_object(bytes(data))


def test_more_fields_than_any_class_has() -> None:
    data = struct.pack(">iiiiiii", 0, -1, 1, 1, 0, 28 + 4 * 20_001, 20_000) + bytes(4 * 20_001)
    with pytest.raises(HazelcastSerializationError, match="A Portable with 20000 fields; at most 16384"):
        service_of(record()).to_object(data)
    with pytest.raises(HazelcastSerializationError, match="A Portable with 16385 fields; at most 16384"):
        service_of().to_data(Record([(f"f{number}", "byte", 0) for number in range(16385)]))


def test_a_name_twice_and_names_that_overlap() -> None:
    cls = record(("a", "int"))
    twice = struct.pack(">iiii", 0, -1, 1, 1) + portable(16, [(b"a\5", bytes(4)), (b"a\5", bytes(4))])
    with pytest.raises(HazelcastSerializationError, match="'a' at byte 48 is there twice"):
        service_of(cls).to_object(twice)
    count = 3000
    start = 16 + 12 + 4 * (count + 1)
    names = struct.pack(">h", 0x3030) * (count * 8)
    positions = range(start, start + 2 * count, 2)
    head = struct.pack(f">iiiiiii{count + 1}i", 0, -1, 1, 1, 0, start + len(names), count, *positions, 0)
    with pytest.raises(HazelcastSerializationError, match=r"name of|there twice or of type"):
        service_of(cls).to_object(head + names)


NAME = st.text(string.ascii_letters + string.digits + "_.$ ", min_size=1, max_size=12)
INT = st.integers(-(2**31), 2**31 - 1)
LONG = st.integers(-(2**63), 2**63 - 1)
SHORT = st.integers(-(2**15), 2**15 - 1)
DOUBLE = st.floats(allow_nan=False)
FLOAT = st.floats(width=32, allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
CHAR = st.characters(max_codepoint=0xFFFF)
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False)
ZONE = st.integers(-64800, 64800).map(lambda seconds: timezone(timedelta(seconds=seconds)))
TIMES = st.times().map(lambda value: value.replace(fold=0))
DATETIMES = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)).map(
    lambda value: value.replace(fold=0)
)
AWARE = st.builds(datetime.replace, DATETIMES, tzinfo=ZONE)
SINGLE: dict[str, st.SearchStrategy[Any]] = {
    "byte": st.integers(-128, 127), "boolean": st.booleans(), "char": CHAR, "short": SHORT, "int": INT,
    "long": LONG, "float": FLOAT, "double": DOUBLE,
}  # fmt: skip
NULLABLE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXT, "decimal": DECIMAL, "time": TIMES, "date": st.dates(), "timestamp": DATETIMES,
    "timestamp_with_timezone": AWARE,
}  # fmt: skip
ARRAYS: dict[str, st.SearchStrategy[Any]] = {
    f"{kind}_array": st.lists(st.none() | items if kind == "string" else items, max_size=4)
    for kind, items in {**SINGLE, **NULLABLE}.items()
    if kind != "byte"
}
VALUES = {
    **SINGLE,
    **{kind: st.none() | items for kind, items in {**NULLABLE, **ARRAYS}.items()},
    "byte_array": st.none() | st.binary().map(bytearray),
    "portable": st.builds(Inner, INT, FLOAT),
    "portable_array": st.lists(st.builds(Inner, INT, FLOAT), min_size=1, max_size=3),
}
FIELDS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(NAME, st.just(kind), VALUES[kind])),
    unique_by=lambda field: field[0],
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(FIELDS, st.booleans(), st.integers(-(2**31), 2**31 - 1))
def test_any_fields_come_back(fields: list[tuple[str, str, Any]], is_big_endian: bool, version: int) -> None:
    cls = record(*((name, kind) for name, kind, _ in fields), version=version)
    factories = {1: {1: cls, 2: Inner}}
    config = SerializationConfig(portable_factories=factories, is_big_endian=is_big_endian)
    data = SerializationService(config).to_data([Inner(), cls(fields)])
    service = SerializationService(config)
    expected = {name: value for name, _, value in fields}
    for _ in range(2):
        values = service.to_object(data)[1].values
        assert values == expected
        assert repr(values) == repr(expected), "-0.0, scales and offsets too"
    assert service.to_data([Inner(), cls(fields)]) == data


def test_the_strategies_have_every_kind() -> None:
    assert set(VALUES) == {kind for kind in EACH if not kind.startswith("utf")}
    assert isinstance(Record(), Portable)
    assert (time, date) == (type(EACH["time"][0]), type(EACH["date"][0]))
