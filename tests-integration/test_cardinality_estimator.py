"""Cardinality estimators, on all three surfaces; values of Java and of Python count as the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_embedded import Cluster
from hz_proxies import CARDINALITY_ESTIMATOR
from hz_proxies.cardinality_estimator.hashing import hash64
from hz_serialization import HazelcastJsonValue
from map_harness import Caller


async def test_distinct_values(caller: Caller) -> None:
    e = await caller.object(CARDINALITY_ESTIMATOR)
    assert await e.estimate() == 0
    for value in ("a", "b", "a", 1, 1.0, ["a"], HazelcastJsonValue("{}")):
        assert await e.add(value) is None
    assert await e.estimate() == 6
    assert await e.add_all(["a", "b", "c", "c"]) is None
    assert await e.estimate() == 7
    assert await e.add_all([]) is None


async def test_many_values(caller: Caller) -> None:
    e = await caller.object(CARDINALITY_ESTIMATOR)
    await e.add_all(f"value {n % 5000}" for n in range(10_000))
    assert await e.estimate() == pytest.approx(5000, rel=0.03)


async def test_none_is_refused(caller: Caller) -> None:
    e = await caller.object(CARDINALITY_ESTIMATOR)
    for call in (e.add(None), e.add_all(["a", None]), e.add_all(None)):
        with pytest.raises(AssertionError, match="item"):
            await call
    assert await e.estimate() == 0


@pytest.mark.parametrize("value", ["", "a", "é" * 7, "x" * 16, "y" * 1000, 5, -1.5, True])
async def test_a_value_of_java_counts_as_the_same(caller: Caller, cluster: Cluster, value: Any) -> None:
    e = await caller.object(CARDINALITY_ESTIMATOR)
    cluster.members[0].instance.getCardinalityEstimator(e.name).add(value)
    await e.add(value)
    assert await e.estimate() == 1


def test_the_hash_is_that_of_members(cluster: Cluster) -> None:
    java = cluster.jvm.com.hazelcast.internal.util.HashUtil.MurmurHash3_x64_64

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=70))
    def same(payload: bytes) -> None:
        assert hash64(payload) == java(payload, 0, len(payload))

    for size in range(40):
        payload = bytes((37 * n + 200) % 256 for n in range(size))
        assert hash64(payload) == java(payload, 0, size)
    same()
