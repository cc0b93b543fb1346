"""The compiled hash gives what the pure one gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization.data import murmur3
from hz_speedups._hash import partition_hash


@given(st.binary(min_size=0, max_size=200))
def test_without_a_hash_in_the_header_the_payload_is_hashed(payload: bytes) -> None:
    assert partition_hash(bytes(8) + payload) == murmur3(bytes(8) + payload)


@given(st.integers(-(2**31), 2**31 - 1).filter(bool))
def test_a_hash_in_the_header_counts(hash_: int) -> None:
    assert partition_hash(hash_.to_bytes(4, "big", signed=True) + b"\0\0\0\0payload") == hash_


def test_known_hashes() -> None:
    assert partition_hash(bytes(8)) == murmur3(bytes(8))
    with pytest.raises(TypeError):
        partition_hash(bytearray(8))  # type: ignore[arg-type]  # that is the test
