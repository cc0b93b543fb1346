"""Explicit and automatic conversion between Python values and Java objects (rows 45 to 52)."""

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from py4j.java_collections import ListConverter, MapConverter, SetConverter

from bridge_values import copied, pure
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import BridgeOptions, ConversionError, JavaReference


class TimeUnit(enum.Enum):
    SECONDS = 1
    DAYS = 2
    FORTNIGHTS = 3


@dataclasses.dataclass
class Point:
    x: int
    y: int
    tags: set[str] = dataclasses.field(default_factory=set)


@pytest.fixture(scope="module")
def jvm() -> Iterator[Jvm]:
    with Jvm.start() as started:
        yield started


@pytest.fixture
def automatic(jvm: Jvm) -> Iterator[Jvm]:
    jvm.auto_convert = True
    yield jvm
    jvm.auto_convert = False


def class_of(value: Any) -> str:
    return str(value.getClass().getName())


def test_row_45_a_list_is_refused_without_conversion(jvm: Jvm) -> None:
    assert jvm.auto_convert is False
    with pytest.raises(
        ConversionError, match=r"type list cannot be passed .* to_java\(\), or .* auto_convert"
    ):
        jvm.view.java.util.Collections.max([1, 2])
    with pytest.raises(ConversionError, match="type set"):
        jvm.view.java.util.ArrayList({1})
    assert issubclass(ConversionError, TypeError)


def test_row_46_explicit_converters(jvm: Jvm) -> None:
    assert class_of(jvm.to_java([1, 2])) == "java.util.ArrayList"
    assert class_of(jvm.to_java({1, 2})) == "java.util.HashSet"
    assert class_of(jvm.to_java({"a": 1})) == "java.util.LinkedHashMap"
    nested = jvm.to_java({"a": [1, {2}], "b": (None, True, 1.5, "s")})
    assert copied(nested) == pure(jvm.to_python(nested)) == {"a": [1, {2}], "b": [None, True, 1.5, "s"]}


def test_row_46_py4js_own_converters(jvm: Jvm) -> None:
    client = jvm.gateway._gateway_client
    assert copied(ListConverter().convert([2, 1], client)) == [2, 1]
    assert copied(SetConverter().convert({1}, client)) == {1}
    assert copied(MapConverter().convert({"a": 1}, client)) == {"a": 1}


def test_row_47_the_copy_is_independent(jvm: Jvm) -> None:
    own = [3, 1, 2]
    copy = jvm.to_java(own)
    jvm.view.java.util.Collections.sort(copy)
    assert copied(copy) == [1, 2, 3]
    assert own == [3, 1, 2]
    own.append(4)
    assert len(copy) == 3
    back = jvm.to_python(copy)
    copy.clear()
    assert pure(back) == [1, 2, 3]


def test_row_48_automatic_conversion(automatic: Jvm) -> None:
    assert automatic.view.java.util.Collections.frequency([1, 2, 2], 1) == 1
    assert copied(automatic.view.java.util.ArrayList([1, 2])) == [1, 2]


def test_row_48_automatic_conversion_from_the_start() -> None:
    with Jvm.start(bridge=BridgeOptions(auto_convert=True)) as jvm:
        assert jvm.auto_convert
        assert jvm.view.java.util.Collections.max([1, 3, 2]) == 3


def test_row_48_automatic_conversion_on_a_members_map(cluster: Cluster) -> None:
    jvm = cluster.shared_jvm
    numbers = cluster.members[0].instance.getMap(f"bridge-{uuid.uuid4()}")
    jvm.auto_convert = True
    try:
        numbers.putAll({"a": 1, "b": 2})
        assert copied(numbers.getAll({"a", "b", "c"})) == {"a": 1, "b": 2}
        numbers["list"] = [1, 2]
    finally:
        jvm.auto_convert = False
    assert copied(numbers["list"]) == [1, 2]


def test_row_49_what_becomes_of_what(automatic: Jvm) -> None:
    class Keyed:
        def keys(self) -> list[str]:
            return ["k"]

        def __getitem__(self, key: str) -> str:
            return key.upper()

    held = automatic.view.java.util.ArrayList()
    for value in ({1}, frozenset({1}), {"a": 1}, Keyed(), [1], (1,), range(2), (x for x in "ab"), 5, b"b"):
        held.append(value)
    names = ["HashSet"] * 2 + ["HashMap"] * 2 + ["ArrayList"] * 4
    for each, name in zip(list(held)[:8], names, strict=True):
        assert automatic.is_instance(each, f"java.util.{name}")
    values = [{1}, {1}, {"a": 1}, {"k": "K"}, [1], [1], [0, 1], ["a", "b"], 5, b"b"]
    assert [copied(each) for each in list(held)] == values


def test_row_50_strings_and_java_objects_are_left_alone(automatic: Jvm) -> None:
    values = automatic.view.java.util.ArrayList()
    inner = automatic.view.java.util.LinkedList()
    values.append("text")
    values.append(inner)
    assert values[0] == "text"
    assert class_of(values[1]) == "java.util.LinkedList"
    inner.add(1)
    assert copied(values[1]) == [1]


def test_row_51_input_converters_of_ones_own(jvm: Jvm) -> None:
    class Celsius:
        def __init__(self, degrees: float) -> None:
            self.degrees = degrees

    class Fahrenheit(Celsius):
        pass

    with pytest.raises(ConversionError, match=r"the value\['t'\]\[0\] is of type .*Celsius"):
        jvm.to_java({"t": [Celsius(1.0)]})
    jvm.input_converter(Celsius, lambda value: [value.degrees])
    jvm.input_converter(Fahrenheit, lambda value: jvm.view.java.math.BigDecimal("32"))
    assert copied(jvm.to_java({"t": Celsius(20.5)})) == {"t": [20.5]}
    assert pure(jvm.to_java(Fahrenheit(0))) == 32
    jvm.auto_convert = True
    try:
        assert jvm.view.java.util.Objects.toString(Celsius(1.5)) == "[1.5]"
    finally:
        jvm.auto_convert = False


def test_row_51_a_converters_own_java_object_is_not_released(automatic: Jvm) -> None:
    class Shared:
        pass

    one = automatic.view.java.util.ArrayList()
    automatic.input_converter(Shared, lambda value: one)
    for count in range(3):
        assert automatic.view.java.util.Objects.toString(Shared()) == str(["x"] * count).replace("'", "")
        one.add("x")


@pytest.mark.parametrize(
    ("value", "java_class"),
    [
        (uuid.UUID(int=1 << 100), "java.util.UUID"),
        (dt.date(2024, 2, 29), "java.time.LocalDate"),
        (dt.time(1, 2, 3, 456), "java.time.LocalTime"),
        (dt.time(1, 2, tzinfo=dt.timezone(dt.timedelta(hours=-5, minutes=-30))), "java.time.OffsetTime"),
        (dt.datetime(1, 1, 1), "java.time.LocalDateTime"),
        (dt.datetime(9999, 12, 31, 23, 59, 59, 999999, dt.UTC), "java.time.OffsetDateTime"),
        (dt.timedelta(days=-3, microseconds=7), "java.time.Duration"),
        (1 << 64, "java.math.BigInteger"),
        (-(1 << 63) - 1, "java.math.BigInteger"),
    ],
)
def test_row_51_values_beyond_collections(jvm: Jvm, value: object, java_class: str) -> None:
    made = jvm.to_java(value)
    assert class_of(made) == java_class
    assert pure(jvm.to_python(made)) == value
    assert pure(jvm.to_python(jvm.to_java([value]))) == [value]


@pytest.mark.parametrize(
    "value",
    [Decimal("1.50"), Decimal("-1E+40"), -(1 << 63), (1 << 63) - 1, float("inf"), "é𝄞\n\\n", b"", None],
)
def test_row_51_values_that_go_by_themselves(jvm: Jvm, value: object) -> None:
    assert jvm.to_java(value) is value
    held = jvm.to_java([value])
    assert held.get(0) == value
    assert type(held.get(0)) is type(value)


def test_row_51_dataclasses(jvm: Jvm) -> None:
    made = jvm.to_java(Point(1, 2, {"a"}))
    assert class_of(made) == "java.util.LinkedHashMap"
    assert copied(made) == pure(jvm.to_python(made)) == {"x": 1, "y": 2, "tags": {"a"}}
    assert list(made) == ["x", "y", "tags"]


def test_row_51_enums(jvm: Jvm) -> None:
    assert jvm.to_java(TimeUnit.DAYS) == "DAYS"
    jvm.map_enum(TimeUnit, "java.util.concurrent.TimeUnit")
    made = jvm.to_java(TimeUnit.DAYS)
    assert made.toHours(2) == 48
    assert jvm.to_python(made) is TimeUnit.DAYS
    with pytest.raises(ConversionError, match="has no constant FORTNIGHTS"):
        jvm.to_java([TimeUnit.FORTNIGHTS])
    with pytest.raises(ConversionError, match="HOURS cannot be converted to Python"):
        jvm.to_python(jvm.view.java.util.concurrent.TimeUnit.HOURS)


def test_row_51_classes_and_buffers(jvm: Jvm) -> None:
    assert jvm.to_java(jvm.view.java.lang.String).getName() == "java.lang.String"
    assert jvm.to_java(memoryview(b"abc")) == b"abc"


def test_copies_into_python(jvm: Jvm) -> None:
    view = jvm.view
    assert jvm.to_python(view.java.util.Optional.of(5)) == 5
    assert jvm.to_python(view.java.util.Optional.empty()) is None
    assert jvm.to_python(view.java.util.Date(0)) == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert jvm.to_python(view.java.time.Instant.ofEpochSecond(1)) == dt.datetime(
        1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC
    )
    zoned = view.java.time.ZonedDateTime.of(2024, 7, 1, 12, 0, 0, 0, view.java.time.ZoneId.of("+02:00"))
    assert jvm.to_python(zoned) == dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert pure(jvm.to_python(view.java.util.ArrayDeque(jvm.to_java([1, 2])))) == [1, 2]
    assert pure(jvm.to_python(jvm.new_array(view.int, 2))) == [0, 0]
    assert isinstance(jvm.to_python(view.java.lang.Object()), JavaReference)
    with pytest.raises(ConversionError, match=r"LocalDate \+12000-01-01 cannot be converted to Python"):
        jvm.to_python(view.java.time.LocalDate.of(12000, 1, 1))


def test_values_that_hold_themselves(jvm: Jvm) -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ConversionError, match="levels deep"):
        jvm.to_java(endless)
    java_endless = jvm.view.java.util.ArrayList()
    java_endless.add(java_endless)
    with pytest.raises(ConversionError, match="over 200 levels"):
        jvm.to_python(java_endless)


def test_row_52_automatic_conversion_is_off_unless_asked_for(jvm: Jvm) -> None:
    assert BridgeOptions().auto_convert is False
    assert jvm.bridge_options.auto_convert is False
    assert jvm.auto_convert is False
