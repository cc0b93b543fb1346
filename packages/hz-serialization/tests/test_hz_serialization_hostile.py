"""Damaged and hostile bytes give a value or HazelcastSerializationError, nothing else."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hz_serialization_vectors as vectors
from hz_serialization import (
    HazelcastSerializationError,
    SerializationConfig,
    SerializationService,
)

SERVICE = SerializationService()
SERVICES = [SERVICE, SerializationService(SerializationConfig(is_big_endian=False))]
SAMPLES = [vector.data for vector in vectors.all_vectors() if len(vector.data) < 1000]
SAMPLES.append(SERVICE.to_data({"a": [1, {2.5: (b"x", None)}], "b": {1, 2}}))


def _read(data: bytes) -> None:
    """Reads in every way; whatever else than a value or the named error comes out fails the test."""
    for service in SERVICES:
        alone = _outcome(service, data, 0)
        assert _outcome(service, data, 3) == alone, "a Data inside a larger buffer reads as it does alone"


def _outcome(service: SerializationService, data: bytes, offset: int) -> str:
    try:
        if offset:
            inside = bytes(offset) + data + b"\xff" * 40
            return repr(service.read(inside, offset, offset + len(data)))
        return repr(service.to_object(data))
    except HazelcastSerializationError:
        return "refused"


@pytest.mark.parametrize("data", SAMPLES, ids=lambda data: data[4:12].hex())
def test_every_cut(data: bytes) -> None:
    for size in range(len(data)):
        _read(data[:size])


@settings(max_examples=400)
@given(st.sampled_from(SAMPLES), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_random_mutations(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    _read(bytes(damaged))


@settings(max_examples=400)
@given(st.integers(-140, 3), st.binary(max_size=120))
def test_random_payloads_of_every_type(type_id: int, payload: bytes) -> None:
    _read(struct.pack(">ii", 0, type_id) + payload)


@pytest.mark.parametrize("type_id", [*range(-56, -1), -100, -101, -120, -130])
@pytest.mark.parametrize("count", [0x7FFFFFFF, 0x10000000, -2, -(2**31)])
def test_length_fields_are_checked_before_memory_is_taken(type_id: int, count: int) -> None:
    data = struct.pack(">iii", 0, type_id, count) + struct.pack(">ii", count, count) * 4
    tracemalloc.start()
    try:
        _read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("type_id", [-28, -29, -32, -36, -22, -50, -37, -38])
def test_deep_nesting_is_an_error_and_not_a_crash(type_id: int) -> None:
    levels = {-50: b"\1", -22: b"", -32: struct.pack(">i", 1), -36: struct.pack(">ii", 0, 1)}
    step = struct.pack(">i", type_id) + levels.get(type_id, struct.pack(">i", 1))
    with pytest.raises(HazelcastSerializationError):
        SERVICE.to_object(bytes(4) + step * 20_000)
    with pytest.raises(HazelcastSerializationError, match="nested deeper than 128 levels"):
        SERVICE.to_object(bytes(4) + (struct.pack(">ii", -29, 1) * 20_000))


@pytest.mark.parametrize(
    ("type_id", "hint"),
    [
        (-56, "its schema"),
        (-102, "ByteBuffer"), (-110, r"\.NET"), (-140, "Go client"), (-200, "Hibernate or Jet"),
        (7, "custom_serializers"),
        (-99, "unknown"), (-(2**31), "unknown"), (2**31 - 1, "custom serializer"),
    ],
)  # fmt: skip
def test_ids_without_reader_say_what_to_do(type_id: int, hint: str) -> None:
    for service, order in zip(SERVICES, "><", strict=True):
        for data in (
            struct.pack(">ii", 0, type_id),
            struct.pack(">ii", 0, -29) + struct.pack(order + "ii", 1, type_id),
        ):
            with pytest.raises(HazelcastSerializationError, match=rf"type id {type_id} .*{hint}"):
                service.to_object(data)


@pytest.mark.parametrize("size", range(8))
def test_less_than_a_header(size: int) -> None:
    with pytest.raises(HazelcastSerializationError, match="too few"):
        SERVICE.to_object(bytes(size))
    with pytest.raises(HazelcastSerializationError, match="too few"):
        SERVICE.read(bytes(50), 3, 3 + size)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_damaged_pickles(block: bytes) -> None:
    service = SerializationService(SerializationConfig(pickle_policy=[set]))
    data = struct.pack(">iii", 0, -120, len(block)) + block
    assert _outcome(service, data, 0) == _outcome(service, data, 3)
