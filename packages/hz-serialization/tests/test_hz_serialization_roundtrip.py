"""Python values come back as they went."""

from __future__ import annotations

import math
from array import array
from datetime import timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import (
    BooleanArray,
    CharArray,
    HazelcastJsonValue,
    JavaClass,
    MapEntry,
    ObjectArray,
    SerializationConfig,
    SerializationService,
    StringArray,
)

SERVICES = [
    SerializationService(SerializationConfig(is_big_endian=order, default_int_type=kind))
    for order in (True, False)
    for kind in ("VAR", "BIG_INT")
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ZONES = st.integers(-18 * 3600, 18 * 3600).map(lambda seconds: timezone(timedelta(seconds=seconds)))
HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    TEXTS,
    st.binary(max_size=40),
    st.uuids(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=ZONES),
    st.decimals(allow_nan=False, allow_infinity=False),
    TEXTS.map(HazelcastJsonValue),
    TEXTS.map(JavaClass),
)
ARRAYS = st.one_of(
    st.lists(st.integers(-(2**15), 2**15 - 1)).map(lambda items: array("h", items)),
    st.lists(st.integers(-(2**31), 2**31 - 1)).map(lambda items: array("i", items)),
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(lambda items: array("q", items)),
    st.lists(st.floats(width=32, allow_nan=False)).map(lambda items: array("f", items)),
    st.lists(st.floats(allow_nan=False)).map(lambda items: array("d", items)),
    st.lists(st.booleans()).map(BooleanArray),
    st.lists(st.characters(max_codepoint=0xFFFF)).map(CharArray),
    st.lists(st.none() | TEXTS).map(StringArray),
)
VALUES = st.recursive(
    HASHABLE | ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(ObjectArray),
        st.dictionaries(HASHABLE, inner, max_size=5),
        st.sets(HASHABLE, max_size=5),
        st.builds(MapEntry, inner, inner),
    ),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_comes_back_equal_and_of_its_type(value: Any) -> None:
    for service in SERVICES:
        data = service.to_data(value)
        result = service.to_object(data)
        assert result == value
        assert type(result) is type(value)
        assert service.read(b"before" + data + b"after", 6, 6 + len(data)) == value
        assert service.to_object(service.to_data(result)) == value


@given(st.lists(VALUES, max_size=4))
def test_sequences_and_frozen_sets_come_back_as_their_java_types_do(items: list[Any]) -> None:
    service = SERVICES[0]
    assert service.to_object(service.to_data(tuple(items))) == items
    assert service.to_data(tuple(items)) == service.to_data(items)


@given(st.frozensets(HASHABLE, max_size=5), st.binary())
def test_frozen_and_mutable_twins_are_written_alike(items: frozenset[Any], block: bytes) -> None:
    service = SERVICES[0]
    assert service.to_object(service.to_data(items)) == items
    assert service.to_data(bytearray(block)) == service.to_data(block) == service.to_data(memoryview(block))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308])
def test_edges_of_float(number: float) -> None:
    for service in SERVICES:
        result = service.to_object(service.to_data([number, array("d", [number])]))
        assert repr(result) == repr([number, array("d", [number])])


@pytest.mark.parametrize("bits", [0, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 4000])
def test_edges_of_int(bits: int) -> None:
    for number in (2**bits - 1, 2**bits, -(2**bits), -(2**bits) - 1):
        for service in SERVICES:
            assert service.to_object(service.to_data(number)) == number


@pytest.mark.parametrize("text", ["1E+2147483647", "1E-2147483647", "-0.000", "9" * 5000, "1." + "3" * 9000])
def test_edges_of_decimal(text: str) -> None:
    for service in SERVICES:
        result = service.to_object(service.to_data(Decimal(text)))
        assert result == Decimal(text)
        assert result.as_tuple().exponent == Decimal(text).as_tuple().exponent


def test_a_million_items_come_back_as_a_block() -> None:
    service = SERVICES[0]
    numbers = array("i", range(1_000_000))
    assert service.to_object(service.to_data(numbers)) == numbers
    assert service.to_object(service.to_data(memoryview(numbers))) == numbers


class _Colour(IntEnum):
    RED = 1


def test_subclasses_are_written_as_the_type_they_are_derived_from() -> None:
    service = SERVICES[0]
    assert service.to_data(_Colour.RED) == service.to_data(1)
    assert service.to_data([_Colour.RED]) == service.to_data([1])
    assert service.to_data(type("Words", (list,), {})("ab")) == service.to_data(["a", "b"])


def test_unhashable_keys_and_set_items_of_java_are_frozen() -> None:
    service = SERVICES[0]
    lists = service.to_data({(1, 2): "x"})
    assert service.to_object(lists) == {(1, 2): "x"}
    assert service.to_data(service.to_object(lists)) == lists
    nested = service.to_data({frozenset([(1, (2,))])})
    assert service.to_object(nested) == {frozenset([(1, (2,))])}
