"""Values that are not what the annotations of a typed class say."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.compact.automatic import (
    BigInt,
    Int32,
    Int32Array,
    ZonedDatetime,
    compact_type,
    record_of,
)
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind

NIL = UUID(int=0)


class Color(Enum):
    RED = 1
    GREEN = 2


@dataclass
class Point:
    x: int
    y: int


@dataclass
class Sample:
    number: int = 0
    small: Int32 = 0
    flag: bool = False
    ratio: float = 0.0
    text: str = ""
    maybe: str | None = None
    day: date = date(2020, 1, 1)
    hour: time = time()
    moment: datetime = datetime(2020, 1, 1)
    instant: ZonedDatetime = datetime(2020, 1, 1, tzinfo=UTC)
    amount: Decimal = Decimal(0)
    color: Color = Color.RED
    uuid: UUID = NIL
    choice: Literal["a", "b"] = "a"
    octets: bytes = b""
    names: list[str] = field(default_factory=list)
    numbers: list[Int32] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    pair: tuple[int, int] = (0, 0)
    moments: list[datetime] = field(default_factory=list)
    block: Int32Array = field(default_factory=lambda: array("i"))
    point: Point | None = None
    points: list[Point] = field(default_factory=list)


SERVICE = SerializationService(SerializationConfig(compact_serializers=[Sample]))
NAIVE = datetime(2020, 1, 1)
AWARE = datetime(2020, 1, 1, tzinfo=UTC)


def sample_with(name: str, value: Any) -> Sample:
    """A sample with another value of one attribute."""
    fields: dict[str, Any] = {name: value}
    return Sample(**fields)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("number", "1", "expected int, got str"),
        ("number", 1.0, "expected int, got float"),
        ("number", None, "expected int, got None; annotate it as `... | None`"),
        ("flag", 1, "expected bool, got int"),
        ("ratio", "1", "expected float, got str"),
        ("ratio", Decimal(1), "expected float, got decimal.Decimal"),
        ("ratio", 2**53 + 1, "expected float, got an int of 54 bits that no float equals"),
        ("ratio", 10**400, "expected float, got an int of 1329 bits that no float equals"),
        ("text", b"x", "expected str, got bytes"),
        ("text", None, "expected str, got None"),
        ("maybe", 1, "expected str or None, got int"),
        ("day", NAIVE, "expected date, got datetime.datetime"),
        ("hour", time(tzinfo=UTC), "expected a time without tzinfo"),
        ("moment", AWARE, r"Annotated\[datetime, FieldKind.TIMESTAMP_WITH_TIMEZONE\]"),
        ("moment", date(2020, 1, 1), "expected datetime, got datetime.date"),
        ("instant", NAIVE, "expected a datetime with tzinfo, got one without"),
        ("amount", 1.5, "expected Decimal, got float"),
        ("color", "RED", "Color, got str"),
        ("uuid", str(NIL), "expected UUID, got str"),
        ("choice", "c", r"expected one of the annotated literals \('a', 'b'\), got 'c'"),
        ("octets", "x", "expected bytes, got str"),
        ("names", ("a",), "expected list of str, got tuple"),
        ("names", "abc", "expected list of str, got str"),
        ("names", ["a", 1], "item 1: expected str, got int"),
        ("names", ["a", None], "item 1: expected str, got None"),
        ("numbers", [1, 2, "3"], "item 2: expected int, got str"),
        ("numbers", [1, None], "item 1: expected int, got None"),
        ("numbers", [1, 2**31], "item 1: expected an int of kind INT32, got 2147483648"),
        ("numbers", [1, 0.5], "item 1: expected int, got float"),
        ("pair", (1, 2**63), "item 1: expected an int of kind INT64, got 9223372036854775808"),
        ("ratios", [0.5, 2**53 + 1], "item 1: expected float, got an int of 54 bits"),
        ("pair", (1, 2, 3), "expected 2 items, got 3"),
        ("moments", [NAIVE, AWARE], "item 1: expected a datetime without tzinfo"),
        ("block", array("q"), "expected an array of type code 'i', got 'q'"),
        ("block", array("f"), "expected an array of type code 'i', got 'f'"),
        ("block", [1], "expected array of INT32, got list"),
        ("point", (1, 2), "Point or None, got tuple"),
        ("points", [Point(1, 2), Color.RED], "item 1: expected .*Point, got .*Color"),
    ],
)
def test_a_value_that_is_not_what_its_annotation_says(name: str, value: Any, reason: str) -> None:
    sample = sample_with(name, value)
    with pytest.raises(HazelcastSerializationError, match=reason) as caught:
        SERVICE.to_data(sample)
    assert f"Cannot serialize {__name__}.Sample at $: field {name!r}: " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("number", 2**63, "INT64"), ("small", 2**31, "INT32"), ("small", -(2**40), "INT32")],
)
def test_an_int_that_is_too_large_for_its_kind(name: str, value: int, kind: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=rf"\$\.{name}: .*{kind}.*{value}"):
        SERVICE.to_data(sample_with(name, value))


def test_a_nested_value_is_named_with_its_path() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"Point at \$\.point: field 'y': expected int, got str"
    ):
        SERVICE.to_data(Sample(point=Point(1, "2")))  # type: ignore[arg-type]  # the mistake to be found
    with pytest.raises(
        HazelcastSerializationError, match=r"Point at \$\.points\[1\]: field 'y': expected int"
    ):
        SERVICE.to_data(Sample(points=[Point(1, 2), Point(1, "2")]))  # type: ignore[arg-type]  # as above


def test_a_missing_attribute_is_named() -> None:
    sample = Sample()
    del sample.names
    with pytest.raises(HazelcastSerializationError, match="field 'names': attribute 'names' is not set"):
        SERVICE.to_data(sample)


def test_an_attribute_that_cannot_be_read_is_told() -> None:
    @dataclass
    class Computed:
        value: int

    value = Computed(1)
    Computed.value = property(lambda self: 1 // 0)  # type: ignore[assignment]  # a field that fails
    service = SerializationService(SerializationConfig(compact_serializers=[Computed]))
    with pytest.raises(HazelcastSerializationError, match=r"Computed at \$: ZeroDivisionError"):
        service.to_data(value)


def test_a_value_that_fitted_once_does_not_let_others_pass() -> None:
    SERVICE.to_data(Sample(number=True, names=["a"]))
    SERVICE.to_data(Sample(maybe="x"))
    with pytest.raises(HazelcastSerializationError, match="field 'names'"):
        SERVICE.to_data(Sample(number=True, names=["a", b"b"]))  # type: ignore[list-item]  # as above


def read_as(cls: type, **fields: tuple[FieldKind, Any]) -> Any:
    """Reads a record of these fields as an object of a class of that type name."""
    service = SerializationService(SerializationConfig(compact_serializers=[cls]))
    name = record_of(cls).type_name
    return service.to_object(service.to_data(GenericRecord(name, fields)))


@dataclass
class Texts:
    text: str
    color: Color
    names: list[str]
    uuid: UUID
    choice: Literal["a"]
    pair: tuple[int, int]
    point: Point
    big: BigInt


GOOD: dict[str, tuple[FieldKind, Any]] = {
    "text": (FieldKind.STRING, "x"),
    "color": (FieldKind.STRING, "RED"),
    "names": (FieldKind.ARRAY_OF_STRING, ["a"]),
    "uuid": (FieldKind.STRING, str(UUID(int=1))),
    "choice": (FieldKind.STRING, "a"),
    "pair": (FieldKind.ARRAY_OF_INT64, [1, 2]),
    "point": (FieldKind.COMPACT, Point(1, 2)),
    "big": (FieldKind.DECIMAL, Decimal("1E+3")),
}


def test_what_others_wrote_is_read() -> None:
    expected = Texts("x", Color.RED, ["a"], UUID(int=1), "a", (1, 2), Point(1, 2), 1000)
    assert read_as(Texts, **GOOD) == expected


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("text", None, r"null where str must be; annotate it as `... \| None`"),
        ("color", None, "null where"),
        ("color", "BLUE", r"expected one of the names of .*Color \('RED', 'GREEN'\), got 'BLUE'"),
        ("names", None, "null where"),
        ("names", ["a", None], "item 1: expected str, got None"),
        ("uuid", "1234", "expected the 36 characters of a UUID, got '1234'"),
        ("choice", "b", "expected one of the annotated literals"),
        ("pair", [1], "expected 2 items, got 1"),
        ("point", None, "null where"),
        (
            "point",
            GenericRecord("Stranger", {"x": (FieldKind.INT32, 1)}),
            "name its class in compact_serializers",
        ),
        ("big", Decimal("1.5"), "expected a whole number"),
    ],
)
def test_what_others_wrote_and_the_class_cannot_hold(name: str, value: Any, reason: str) -> None:
    fields = {**GOOD, name: (GOOD[name][0], value)}
    with pytest.raises(HazelcastSerializationError, match=reason) as caught:
        read_as(Texts, **fields)
    assert f"Cannot read Compact type 'Texts' as {__name__}.Texts: field {name!r}: " in str(caught.value)


@dataclass
class Positive:
    value: int

    def __post_init__(self) -> None:
        if self.value <= 0:
            raise ValueError("not positive")


def test_a_constructor_that_refuses_is_named() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"Positive: its constructor refuses .*: ValueError: not po"
    ):
        read_as(Positive, value=(FieldKind.INT64, -1))
    with pytest.raises(
        HazelcastSerializationError, match=r"Positive: its constructor refuses .*: ValueError: not po"
    ):
        read_as(Positive, value=(FieldKind.INT32, -1))


@dataclass
class Broken:
    good: int
    bad: dict[str, int]


def test_registration_names_class_and_field() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"Broken: field 'bad' is annotated dict\[str, int\]"
    ):
        SerializationService(SerializationConfig(compact_serializers=[Broken]))


@dataclass
class Outer:
    inner: Broken


def test_registration_of_a_nested_class_names_that() -> None:
    with pytest.raises(HazelcastSerializationError, match=r"Broken: field 'bad'"):
        SerializationService(SerializationConfig(compact_serializers=[Outer]))


def test_two_classes_of_one_type_name_are_refused() -> None:
    def make() -> type:
        @dataclass
        class Point:
            z: int

        return Point

    with pytest.raises(HazelcastSerializationError, match="type name 'Point'"):
        SerializationService(SerializationConfig(compact_serializers=[Point, make()]))


def test_a_mark_needs_a_typed_class_and_a_free_name() -> None:
    with pytest.raises(HazelcastSerializationError, match="above the decorator that makes it one"):

        @dataclass
        @compact_type
        class Wrong:
            x: int

    @compact_type(name="taken")
    @dataclass
    class First:
        x: int

    with pytest.raises(HazelcastSerializationError, match="First has the type name 'taken' already"):

        @compact_type(name="taken")
        @dataclass
        class Second:
            x: int

    assert record_of(First).type_name == "taken"


@dataclass
class Chain:
    next: Chain | None = None


def test_a_chain_that_is_too_deep_or_endless() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Chain]))
    endless = Chain()
    endless.next = endless
    with pytest.raises(HazelcastSerializationError, match="deeper than"):
        service.to_data(endless)


class Money:
    """Has an opaque form."""


@dataclass
class Priced:
    price: Annotated[Money, FieldKind.COMPACT]


def test_an_opaque_class_needs_a_serializer() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Priced]))
    with pytest.raises(HazelcastSerializationError, match="add the class or its CompactSerializer"):
        service.to_data(Priced(Money()))


def test_an_array_may_have_another_code_of_the_same_size() -> None:
    code = "l" if array("l").itemsize == 4 else "i"
    value = Sample(block=array(code, [1, 2]))
    assert SERVICE.to_object(SERVICE.to_data(value)).block == array("i", [1, 2])
