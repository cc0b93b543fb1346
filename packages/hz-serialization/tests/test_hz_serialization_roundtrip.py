"""Python values come back as they went."""

from __future__ import annotations

import math
import struct
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import (
    BooleanArray,
    CharArray,
    DoubleArray,
    FloatArray,
    HazelcastJsonValue,
    HazelcastSerializationError,
    IntArray,
    IntType,
    JavaClass,
    LongArray,
    MapEntry,
    ObjectArray,
    SerializationConfig,
    SerializationService,
    ShortArray,
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
    st.lists(st.integers(-(2**15), 2**15 - 1)).map(ShortArray),
    st.lists(st.integers(-(2**31), 2**31 - 1)).map(IntArray),
    st.lists(st.integers(-(2**63), 2**63 - 1)).map(LongArray),
    st.lists(st.floats(width=32, allow_nan=False)).map(FloatArray),
    st.lists(st.floats(allow_nan=False)).map(DoubleArray),
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
        assert repr(result) == repr([number, [number]])


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


class _Count(int):
    """A subclass of a basic type."""


def test_subclasses_are_written_as_the_type_they_are_derived_from() -> None:
    service = SERVICES[0]
    assert service.to_data(_Count(1)) == service.to_data(1)
    assert service.to_data([_Count(1)]) == service.to_data([1])
    assert service.to_data(type("Words", (list,), {})("ab")) == service.to_data(["a", "b"])


def test_unhashable_keys_and_set_items_of_java_are_frozen() -> None:
    service = SERVICES[0]
    lists = service.to_data({(1, 2): "x"})
    assert service.to_object(lists) == {(1, 2): "x"}
    assert service.to_data(service.to_object(lists)) == lists
    nested = service.to_data({frozenset([(1, (2,))])})
    assert service.to_object(nested) == {frozenset([(1, (2,))])}


@given(st.text(st.characters(), min_size=1, max_size=20))
def test_a_text_comes_back_or_its_lone_surrogate_is_named(text: str) -> None:
    lone = any("\ud800" <= char <= "\udfff" for char in text)
    for service in SERVICES[::2]:
        for value in (
            text,
            [text],
            {text: 1},
            StringArray([text]),
            JavaClass(text),
            HazelcastJsonValue(text),
        ):
            if lone:
                with pytest.raises(HazelcastSerializationError, match=r"lone surrogate \(U\+D[89A-F]"):
                    service.to_data(value)
            else:
                assert service.to_object(service.to_data(value)) == value


@pytest.mark.parametrize("kind", list(IntType))
@given(
    st.integers() | st.sampled_from([0, 127, 128, -128, -129, 2**15, 2**31, -(2**31), 2**63, -(2**63) - 1])
)
def test_an_int_comes_back_whatever_its_java_type_or_is_refused(kind: IntType, number: int) -> None:
    bits = {IntType.BYTE: 8, IntType.SHORT: 16, IntType.INT: 32, IntType.LONG: 64}.get(kind)
    for order in (True, False):
        service = SerializationService(SerializationConfig(default_int_type=kind, is_big_endian=order))
        if bits is None or -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            result = service.to_object(service.to_data([number, True]))
            assert result == [number, True]
            assert [type(item) for item in result] == [int, bool]
        else:
            with pytest.raises(HazelcastSerializationError, match="default_int_type"):
                service.to_data([number, True])


@given(st.floats())
def test_a_float_keeps_its_bits(number: float) -> None:
    for service in SERVICES[::2]:
        for result in (
            service.to_object(service.to_data(number)),
            service.to_object(service.to_data([number]))[0],
        ):
            assert struct.pack(">d", result) == struct.pack(">d", number)


@given(st.decimals())
def test_a_decimal_comes_back_digit_by_digit_or_is_refused(number: Decimal) -> None:
    service = SERVICES[0]
    if number.is_finite():
        result = service.to_object(service.to_data(number))
        # Java's BigDecimal has no negative zero.
        assert result.as_tuple() == (number.copy_abs() if number == 0 else number).as_tuple()
    else:
        with pytest.raises(HazelcastSerializationError, match="Java's BigDecimal has no"):
            service.to_data(number)


def test_a_naive_datetime_stays_naive_and_loses_only_its_fold() -> None:
    service = SERVICES[0]
    value = datetime(2020, 10, 25, 2, 30, 15, 999999, fold=1)
    result = service.to_object(service.to_data(value))
    assert (result, result.tzinfo, result.fold) == (value, None, 0)


@given(st.datetimes(timezones=st.timezones()), st.integers(0, 1))
def test_a_datetime_of_a_zone_keeps_the_moment_and_the_offset(value: datetime, fold: int) -> None:
    value = value.replace(fold=fold)
    result = SERVICES[0].to_object(SERVICES[0].to_data(value))
    assert result.replace(tzinfo=None) == value.replace(tzinfo=None, fold=0)
    assert result.utcoffset() == value.utcoffset()
    assert isinstance(result.tzinfo, timezone)


@given(st.lists(HASHABLE, max_size=5), st.dictionaries(HASHABLE, HASHABLE, max_size=5))
def test_subclasses_of_containers_come_back_as_what_they_hold(
    items: list[Any], pairs: dict[Any, Any]
) -> None:
    service = SERVICES[0]
    ordered: list[Any] = [OrderedDict(pairs), defaultdict(list, pairs), MappingProxy(pairs)]
    for mapping in ordered:
        result = service.to_object(service.to_data(mapping))
        assert (type(result), list(result.items())) == (dict, list(pairs.items()))
    counted = Counter(map(str, items))
    assert service.to_object(service.to_data(counted)) == dict(counted)
    result = service.to_object(service.to_data(deque(items, maxlen=9)))
    assert (type(result), result) == (list, items)


class MappingProxy(dict[Any, Any]):
    """Any class derived from dict."""


@pytest.mark.parametrize("value", [range(3), timedelta(1), 1j, slice(1), object, len, Ellipsis, iter([1])])
def test_what_has_no_java_type_says_so(value: Any) -> None:
    for inside, path in ((value, "$"), ([value], "$[0]"), ({"k": (value,)}, "$['k'][0]")):
        with pytest.raises(HazelcastSerializationError, match="no serializer takes this type") as caught:
            SERVICES[0].to_data(inside)
        assert f" at {path}: " in str(caught.value)


@pytest.mark.parametrize(
    "value", [[], (), {}, set(), "", b"", array("i"), ObjectArray(), StringArray(), CharArray()]
)
def test_what_is_empty_stays_empty(value: Any) -> None:
    for service in SERVICES:
        for result in (
            service.to_object(service.to_data(value)),
            service.to_object(service.to_data([value]))[0],
        ):
            assert result == (list(value) if isinstance(value, tuple) else value)


def test_large_values_come_back() -> None:
    service = SERVICES[0]
    for value in (
        list(range(100_000)),
        ["a"] * 100_000,
        "\U0001f600" * 100_000,
        bytes(1_000_000),
        dict.fromkeys(range(50_000)),
    ):
        assert service.to_object(service.to_data(value)) == value
