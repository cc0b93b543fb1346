"""Explicit and automatic conversion between Python values and Java objects (rows 45 to 52)."""

import copy
import dataclasses
import datetime as dt
import enum
import pickle
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from py4j import protocol
from py4j.java_collections import ListConverter, MapConverter, SetConverter
from py4j.java_gateway import JavaClass
from py4j.protocol import Py4JError, register_input_converter

from bridge_values import copied, pure
from hz_embedded import Cluster, Jvm
from hz_embedded.bridge import BridgeOptions, ConversionError, JavaList, JavaReference
from hz_embedded.interfaces import Long


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
    jvm = cluster.jvm
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


class Unit(enum.IntEnum):
    DAYS = 4


class NamedUnit(enum.StrEnum):
    HOURS = "hours"


class MixedUnit(int, enum.Enum):
    SECONDS = 5


class Odd(float):
    def __repr__(self) -> str:
        return "odd"


@pytest.mark.parametrize("member", [Unit.DAYS, NamedUnit.HOURS, MixedUnit.SECONDS])
def test_row_51_enums_of_numbers_and_strings(jvm: Jvm, member: Any) -> None:
    assert jvm.to_java(member) == member.value
    held = jvm.view.java.util.ArrayList()
    held.add(member)
    assert held.get(0) == member.value
    jvm.map_enum(type(member), "java.util.concurrent.TimeUnit")
    made = jvm.to_java([member])[0]
    assert made.toString() == member.name
    assert jvm.to_python(made) is member


def test_row_51_subclasses_of_numbers_and_strings_arrive_as_their_values(jvm: Jvm) -> None:
    class Text(str):
        def __str__(self) -> str:
            return "other"

    held = jvm.view.java.util.ArrayList()
    for value in (Odd(1.5), np.float64(2.5), Text("a"), Text("\u00e9"), True):
        held.add(value)
        held.append(value)
    assert copied(held) == [1.5, 1.5, 2.5, 2.5, "a", "a", "\u00e9", "\u00e9", True, True]
    assert copied(jvm.to_java([Odd(1.5), Text("a")] * 20)) == [1.5, "a"] * 20


@pytest.mark.parametrize("count", [1, 40])
def test_row_51_a_long_is_a_long_wherever_it_is_passed(jvm: Jvm, count: int) -> None:
    def longs(values: Any) -> int:
        """Count the elements that Java finds as a Long and not as an Integer."""
        return sum(values.subList(i, i + 1).contains(Long(5)) for i in range(len(values)) if values[i] == 5)

    by_add, by_extend = jvm.view.java.util.ArrayList(), jvm.view.java.util.ArrayList()
    for _ in range(count):
        by_add.add(Long(5))
    by_extend.extend([Long(5)] * count)
    mapping = jvm.view.java.util.HashMap()
    mapping[Long(5)] = Long(5)
    array = jvm.new_array(jvm.view.java.lang.Object, 1)
    array[0] = Long(5)
    assert longs(by_add) == longs(by_extend) == longs(jvm.to_java([Long(5)] * count)) == count
    assert mapping.containsKey(Long(5))
    assert not mapping.containsKey(5)
    assert longs(jvm.view.java.util.Arrays.asList(array)) == 1
    assert pure(jvm.to_python(by_add)) == [5] * count


@pytest.mark.parametrize("count", [1, 40])
def test_keys_and_elements_come_back_hashable(jvm: Jvm, count: int) -> None:
    rows = {(number, "a"): {frozenset({number})} for number in range(count)}
    made = jvm.to_java(rows)
    assert class_of(made) == "java.util.LinkedHashMap"
    assert pure(jvm.to_python(made)) == rows
    assert list(jvm.to_python(made)) == list(rows)


def test_what_would_be_lost_in_python_is_refused(jvm: Jvm) -> None:
    both = jvm.view.java.util.HashMap()
    both[1] = "integer"
    both[Long(1)] = "long"
    keys = jvm.view.java.util.HashSet(both.keySet())
    for lossy in (both, keys):
        with pytest.raises(ConversionError, match="1 and 1 are different in Java but equal in Python"):
            jvm.to_python(lossy)
        lossy.update(dict.fromkeys(range(2, 40)))
        with pytest.raises(ConversionError, match="different in Java"):
            jvm.to_python(lossy)
    assert sorted(both.items())[:2] == [(1, "integer"), (1, "long")]


def test_row_51_what_a_converter_returns_is_converted_in_turn() -> None:
    class Wrapped:
        def __init__(self, inner: object) -> None:
            self.inner = inner

    with Jvm.start() as jvm:
        jvm.input_converter(list, sorted)
        assert class_of(jvm.to_java([2, 1])) == "java.util.ArrayList"
        assert copied(jvm.to_java([2, 1])) == [1, 2]
        assert copied(jvm.to_java(list(range(40, 0, -1)))) == list(range(1, 41))
        assert copied(jvm.to_java({"a": [[2, 1], [1, 0]]})) == {"a": [[0, 1], [1, 2]]}
        jvm.input_converter(Wrapped, lambda value: value.inner)
        assert copied(jvm.to_java(Wrapped([3, 2]))) == [2, 3]
        # One that returns its own type is applied once, also where it is called for an element.
        jvm.input_converter(float, lambda value: value + 1)
        assert copied(jvm.to_java([0.5] * 30)) == [1.5] * 30
        jvm.auto_convert = True
        held = jvm.view.java.util.ArrayList()
        held.add(0.5)
        held.extend([0.5] * 30)
        held.addAll({0.5: 0.5}.values())
        assert copied(held) == [1.5] * 32


class Temperature:
    """What only the user's converter knows."""

    def __init__(self, degrees: int) -> None:
        self.degrees = degrees


class Readings(list[int]):
    """What py4j converts itself, unless a converter comes first."""


class OwnConverter:
    """A converter as py4j documents it."""

    def __init__(self, kind: type, make: Any) -> None:
        self.kind = kind
        self.make = make

    def can_convert(self, value: object) -> bool:
        return isinstance(value, self.kind)

    def convert(self, value: Any, client: Any) -> Any:
        return self.make(value, client)


@pytest.fixture
def registered() -> Iterator[None]:
    before = list(protocol.INPUT_CONVERTER)
    yield
    protocol.INPUT_CONVERTER[:] = before


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("prepend", [True, False])
def test_row_51_py4js_own_register_input_converter(prepend: bool) -> None:
    with Jvm.start(bridge=BridgeOptions(auto_convert=True)) as jvm:
        to_text = jvm.view.java.util.Objects.toString
        with pytest.raises(ConversionError, match="Temperature"):
            to_text(Temperature(20))
        for converter in (
            OwnConverter(Temperature, lambda value, _: f"{value.degrees} C"),
            OwnConverter(dt.date, lambda _, client: JavaClass("java.util.Date", client)(0)),
            OwnConverter(Readings, lambda value, _: sum(value)),
        ):
            register_input_converter(converter, prepend=prepend)
        assert to_text(Temperature(20)) == "20 C"
        assert copied(jvm.to_java([Temperature(number) for number in range(30)]))[-1] == "29 C"
        assert class_of(jvm.to_java([dt.date(2024, 2, 29)])[0]) == "java.util.Date"
        # As in py4j, a converter behind those of py4j gets only what they do not convert.
        assert to_text(Readings([1, 2])) == ("3" if prepend else "[1, 2]")
        jvm.input_converter(Temperature, lambda value: "own")
        assert to_text(Temperature(20)) == "own"
        jvm.auto_convert = False
        with pytest.raises(ConversionError, match="Temperature"):
            to_text(Temperature(20))


def test_halves_of_characters_are_refused(jvm: Jvm, automatic: Jvm, caplog: pytest.LogCaptureFixture) -> None:
    view = jvm.view.java
    held = view.util.ArrayList()
    text = "a\ud800"
    changes: list[Callable[[], object]] = [
        lambda: held.add(text),
        lambda: held.append(text),
        lambda: held.extend([text] * 30),
        lambda: view.lang.String(text),
        lambda: view.util.Objects.toString(text),
        lambda: jvm.to_java([text]),
        lambda: jvm.to_java({"k": [text] * 30}),
        lambda: jvm.new_array(view.lang.Object, 1).__setitem__(0, text),
        lambda: view.util.Objects.toString(type("Text", (str,), {})(text)),
    ]
    for auto in (False, True):
        jvm.auto_convert = auto
        for change in changes:
            with pytest.raises(ConversionError, match="half of a surrogate pair"):
                change()
    assert copied(held) == []
    assert not caplog.records
    held.add("\U0001d11e")
    assert copied(held) == ["\U0001d11e"]


def test_row_56_a_refused_argument_is_an_error_of_py4j_too(jvm: Jvm) -> None:
    with pytest.raises(Py4JError) as caught:
        jvm.view.java.util.Collections.max([1, 2])
    assert caught.value.cause is None
    with pytest.raises(ConversionError), jvm.errors():
        jvm.view.java.util.Collections.max([1, 2])


def test_copies_and_pickles_of_java_objects(jvm: Jvm) -> None:
    array = jvm.new_array(jvm.view.java.lang.Object, 1)
    for original in (jvm.to_java([1]), jvm.to_java({1}), jvm.to_java({1: 2}), array):
        twin = copy.copy(original)
        assert copied(twin) == copied(original)
        if original is array:
            twin[0] = 5
        else:
            twin.clear()
        assert copied(twin) != copied(original)
    things = [jvm.to_java([1]), array, jvm.view.java.lang.Object(), jvm.to_java([1]).iterator()]
    for thing in things:
        with pytest.raises(TypeError, match=r"cannot be copied by copy\.deepcopy\(\), .* to_python"):
            copy.deepcopy([thing])
        with pytest.raises(TypeError, match=r"cannot be pickled, .* to_python"):
            pickle.dumps(thing)
    for thing in things[2:]:
        with pytest.raises(TypeError, match=r"cannot be copied by copy\.copy"):
            copy.copy(thing)


def test_java_describes_its_objects(jvm: Jvm) -> None:
    assert "Help on class Object in package java.lang" in str(jvm.view.java.lang.Object().__doc__)
    assert "Help on class ArrayList in package java.util" in str(jvm.to_java([1]).__doc__)
    assert "java.util.List" in str(JavaList.__doc__)


def test_many_elements_need_few_calls(jvm: Jvm, monkeypatch: pytest.MonkeyPatch) -> None:
    client = jvm.gateway._gateway_client
    calls: list[str] = []
    send = client.send_command

    def counted(command: str, *more: Any) -> Any:
        calls.append(command)
        return send(command, *more)

    monkeypatch.setattr(client, "send_command", counted)
    values = {"list": list(range(1000)), "map": dict.fromkeys(range(1000), "x")}
    for value in values.values():
        made = jvm.to_java(value)
        assert jvm.to_python(made) == value
        assert made == value
    assert len(calls) < 60
