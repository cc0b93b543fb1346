"""Damaged and hostile Compact bytes give a value or the named error, in little time and memory."""

from __future__ import annotations

import struct
import tracemalloc
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import HazelcastSerializationError, SerializationService
from hz_serialization.api import CompactReader, FieldKind
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.schema import Schema
from hz_serialization_records import (
    SAMPLES,
    Inner,
    InnerSerializer,
    Record,
    RecordSerializer,
    Written,
    kind_of,
    service_of,
    share,
)

METHODS = [(method, f"f{index}") for index, method in enumerate([*SAMPLES, "compact", "array_of_compact"])]
VALUES: dict[str, Any] = {
    **{
        method: samples[-1][:8] if method.startswith("array") else samples[-1]
        for method, samples in SAMPLES.items()
    }
}
VALUES |= {
    "compact": Inner(n="a", v=1),
    "array_of_compact": [Inner(n="b", v=2), None],
    "string": "text",
    "array_of_string": ["a", None, "b"],
    "array_of_decimal": [None],
}
TREE = Schema(
    "tree",
    [
        ("left", FieldKind.COMPACT),
        ("right", FieldKind.COMPACT),
        ("items", FieldKind.ARRAY_OF_COMPACT),
        ("text", FieldKind.STRING),
    ],
)
HEAD = struct.pack(">ii", 0, -55)


def _services() -> list[SerializationService]:
    explicit = service_of(RecordSerializer(*METHODS), InnerSerializer())
    explicit.to_data(Record(**{name: VALUES[method] for method, name in METHODS}))
    generic = service_of()
    share(explicit, generic)
    for service in (explicit, generic):
        service.schemas.add(TREE)
    return [explicit, generic]


SERVICES = _services()
ALL = SERVICES[0].to_data(Record(**{name: VALUES[method] for method, name in METHODS}))
SMALL = [
    SERVICES[0].to_data(Inner(n="hello", v=1)),
    SERVICES[1].to_data(
        GenericRecord(
            "small",
            {
                "a": (FieldKind.ARRAY_OF_STRING, ["x", None, "yy"]),
                "b": (FieldKind.ARRAY_OF_BOOLEAN, [True] * 9),
                "c": (
                    FieldKind.COMPACT,
                    GenericRecord("inner", {"n": (FieldKind.STRING, "z"), "v": (FieldKind.INT32, 5)}),
                ),
                "d": (FieldKind.DECIMAL, None),
                "i": (FieldKind.INT16, 3),
            },
        )
    ),
]
share(SERVICES[1], SERVICES[0])


def _outcome(service: SerializationService, data: bytes) -> str:
    try:
        return repr(service.to_object(data))
    except HazelcastSerializationError:
        return "refused"


def _read(data: bytes) -> None:
    for service in SERVICES:
        alone = _outcome(service, data)
        try:
            inside = repr(service.read(b"\xff" * 3 + data + b"\xff" * 40, 3, 3 + len(data)))
        except HazelcastSerializationError:
            inside = "refused"
        assert inside == alone


@pytest.mark.parametrize("data", SMALL, ids=len)
def test_every_cut(data: bytes) -> None:
    for size in range(len(data)):
        _read(data[:size])
        assert _outcome(SERVICES[1], data[:size]) == "refused"


@settings(max_examples=300)
@given(st.sampled_from(SMALL), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=5))
def test_random_changes(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    _read(bytes(damaged))


@settings(max_examples=300)
@given(st.sampled_from(list(SERVICES[0].schemas.by_id)), st.integers(-1, 300), st.binary(max_size=200))
def test_random_bytes_of_a_known_schema(schema_id: int, size: int, rest: bytes) -> None:
    _read(HEAD + struct.pack(">qi", schema_id, size) + rest)


@settings(max_examples=60)
@given(st.integers(0, len(ALL) - 1), st.integers(0, 255))
def test_a_changed_byte_in_all_kinds(at: int, byte: int) -> None:
    data = bytearray(ALL)
    data[at] = byte
    _read(bytes(data))


@pytest.mark.parametrize("method", [*SAMPLES, "compact", "array_of_compact"])
@pytest.mark.parametrize("count", [-1, -2, -(2**31), 2**31 - 1, 2**28, 1000])
def test_length_fields(method: str, count: int) -> None:
    schema = Schema("one", [("f", kind_of(method))])
    SERVICES[1].schemas.add(schema)
    fixed = len(schema.slots) and not schema.kinds["f"] >= 17
    for body in (
        struct.pack(">iii", count, count, count),
        struct.pack(">iiii", 4, count, 0, 0),
        struct.pack(">i", count),
    ):
        data = HEAD + struct.pack(">qi", schema.schema_id, len(body)) + body + b"\0"
        tracemalloc.start()
        try:
            outcome = _outcome(SERVICES[1], data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1_000_000
        assert fixed or len(outcome) < 500
        wrong = HEAD + struct.pack(">qi", schema.schema_id, count) + body + b"\0"
        assert len(_outcome(SERVICES[1], wrong)) < 500


def _tree(left: bytes, right: bytes, offsets: tuple[int, int, int, int]) -> bytes:
    body = left + right
    return struct.pack(">qi", TREE.schema_id, len(body)) + body + struct.pack(">BBBB", *offsets)


def _refused_quickly(data: bytes, match: str) -> None:
    lazy = service_of(
        Written(
            lambda writer, value: None,
            lambda reader: [
                reader.read_compact("left"),
                reader.read_compact("right"),
                reader.read_array_of_compact("items"),
            ],
        )
    )
    lazy.schemas.add(TREE)
    for service in (SERVICES[1], lazy):
        begin = perf_counter()
        with pytest.raises(HazelcastSerializationError, match=match):
            service.to_object(data)
        assert perf_counter() - begin < 5


def test_two_fields_cannot_share_their_bytes() -> None:
    """Else a record within a record within a record ... would be read twice at each level."""
    record = _tree(b"", b"", (255, 255, 255, 255))
    for _ in range(12):
        record = _tree(record, b"", (255, 0, 0, 255))
    _refused_quickly(HEAD + record, "overlap")


def test_sharing_at_great_depth() -> None:
    levels = 120
    record = struct.pack(">qi", TREE.schema_id, 0) + b"\xff" * 4
    for _ in range(levels):
        size = len(record)
        if size < 255:
            table = struct.pack(">BBBB", 255, 0, 0, 255)
        elif size < 65535:
            table = struct.pack(">HHHH", 65535, 0, 0, 65535)
        else:
            table = struct.pack(">IIII", 2**32 - 1, 0, 0, 2**32 - 1)
        record = struct.pack(">qi", TREE.schema_id, size) + record + table
    _refused_quickly(HEAD + record, "overlap|deeper")


def test_items_cannot_share_their_bytes() -> None:
    text = struct.pack(">i", 100_000) + b"x" * 100_000
    count = 50_000
    items = struct.pack(">ii", len(text), count) + text + bytes(4 * count)
    schema = Schema("texts", [("f", FieldKind.ARRAY_OF_STRING)])
    SERVICES[1].schemas.add(schema)
    data = HEAD + struct.pack(">qi", schema.schema_id, len(items)) + items + bytes(4)
    tracemalloc.start()
    try:
        with pytest.raises(HazelcastSerializationError, match="begins inside the one before it"):
            SERVICES[1].to_object(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


def test_texts_cannot_share_their_bytes() -> None:
    schema = Schema("two", [("a", FieldKind.STRING), ("b", FieldKind.STRING)])
    text = struct.pack(">i", 20) + b"x" * 20
    data = HEAD + struct.pack(">qi", schema.schema_id, len(text)) + text + b"\0\0"
    lazy = service_of(RecordSerializer(("string", "a"), ("string", "b"), name="two"))
    for service in (SERVICES[1], lazy):
        service.schemas.add(schema)
        with pytest.raises(HazelcastSerializationError, match="overlap"):
            service.to_object(data)


def test_values_beyond_the_end_of_their_record() -> None:
    inner = Schema("one-text", [("a", FieldKind.STRING)])
    generic, explicit = service_of(), service_of(RecordSerializer(("string", "a"), name="one-text"))
    body = struct.pack(">i", 1) + b"xyyyyyyy"
    for service in (generic, explicit):
        service.schemas.add(inner)
        data = HEAD + struct.pack(">qi", inner.schema_id, 4) + body + b"\0"
        with pytest.raises(HazelcastSerializationError):
            service.to_object(data)


def test_endless_nesting() -> None:
    _refused_quickly(HEAD + struct.pack(">qi", TREE.schema_id, 0) * 3000, "Cannot read the value")


def test_a_reader_that_is_kept_still_works() -> None:
    kept: list[CompactReader] = []
    service = service_of(
        Written(lambda writer, value: writer.write_string("s", "x"), lambda reader: kept.append(reader))
    )
    service.to_object(service.to_data(Record()))
    assert kept[0].read_string("s") == "x"
