"""Hash and partition of a Data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import SerializationService, partition_hash, partition_id
from hz_serialization.data import murmur3

SERVICE = SerializationService()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", 73), ("k1", 21), ("zz", 90), ("part", 101), ("key@part", 68),
        (10632764, 0), (1611540325, 0), (-323573523, 244), (-260010066, 1),
        ("q", 229), ("x", 226), ("b@c", 250), ("", 11),
    ],
)  # fmt: skip
def test_partitions_are_those_of_a_member_with_271(key: object, expected: int) -> None:
    assert partition_id(partition_hash(SERVICE.to_data(key)), 271) == expected


def test_the_smallest_hash_has_no_absolute_value_and_belongs_to_partition_0() -> None:
    assert partition_hash(SERVICE.to_data(1611540325)) == -(2**31)
    assert partition_id(-(2**31), 271) == 0


def test_a_hash_in_the_header_wins() -> None:
    assert partition_hash(bytes.fromhex("a97fbb74fffffff500000000")) == -1451246732


def test_the_header_alone_is_an_empty_payload() -> None:
    assert partition_hash(bytes(8)) == murmur3(b"", 0)


def _reference(payload: bytes) -> int:
    """MurmurHash3 as its definition reads, step by step."""
    mask = 0xFFFFFFFF
    h = 0x01000193
    whole = len(payload) - len(payload) % 4
    for at in (*range(0, whole, 4), whole):
        k = int.from_bytes(payload[at : at + 4], "little")
        k = (k * 0xCC9E2D51) & mask
        k = ((k << 15) & mask) | (k >> 17)
        k = (k * 0x1B873593) & mask
        h ^= k
        if at < whole:
            h = ((h << 13) & mask) | (h >> 19)
            h = (h * 5 + 0xE6546B64) & mask
    h ^= len(payload)
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & mask
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & mask
    h ^= h >> 16
    return h - 2**32 if h >= 2**31 else h


@given(st.binary(max_size=300))
def test_murmur_is_as_defined(payload: bytes) -> None:
    assert murmur3(bytes(8) + payload) == _reference(payload)
    assert partition_hash(bytes(8) + payload) == _reference(payload)


class _Keyed(str):
    def get_partition_key(self) -> str:
        return "pk"


def test_a_partition_aware_value_carries_the_hash_of_its_partition_key() -> None:
    data = SERVICE.to_data(_Keyed("value"))
    assert data[:4].hex() == "a97fbb74"
    assert partition_hash(data) == partition_hash(SERVICE.to_data("pk"))
    assert SERVICE.to_object(data) == "value"


class _OwnKey(str):
    def get_partition_key(self) -> _OwnKey:
        return self


def test_a_value_that_is_its_own_partition_key_carries_no_hash() -> None:
    assert SERVICE.to_data(_OwnKey("value")) == SERVICE.to_data("value")
