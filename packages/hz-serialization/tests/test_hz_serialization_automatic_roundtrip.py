"""Objects of typed classes come back as they went."""

from __future__ import annotations

import doctest
from array import array
from collections.abc import Sequence
from dataclasses import FrozenInstanceError, dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.compact import automatic
from hz_serialization.compact.automatic import (
    BigInt,
    FieldName,
    Float32,
    Int8,
    Int16,
    Int32,
    Int32Array,
    ZonedDatetime,
    compact_type,
    record_of,
)
from hz_serialization.compact.kinds import FieldKind


class Color(Enum):
    RED = "r"
    GREEN = "g"
    CRIMSON = "r"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Scalars:
    flag: bool
    large: int
    byte: Int8
    short: Int16
    medium: Int32
    huge: BigInt
    single: Float32
    double: float
    text: Annotated[str, FieldName("te.xt")]
    octets: bytes
    changeable: bytearray
    decimal: Decimal
    day: date
    hour: time
    moment: datetime
    instant: ZonedDatetime
    uuid: UUID
    color: Color
    level: Annotated[Level, FieldKind.INT8]
    rights: Rights
    choice: Literal["a", "b"]
    point: Point


@dataclass(kw_only=True)
class Optionals:
    flag: bool | None = None
    large: int | None = None
    byte: Int8 | None = None
    huge: BigInt | None = None
    single: Float32 | None = None
    double: float | None = None
    text: str | None = None
    octets: bytes | None = None
    moment: datetime | None = None
    uuid: UUID | None = None
    color: Color | None = None
    rights: Rights | None = None
    choice: Literal["a", None] = None
    point: Point | None = None
    numbers: list[int] | None = None


@dataclass
class Arrays:
    flags: list[bool]
    bytes_: list[Int8]
    large: Sequence[int]
    doubles: tuple[float, ...]
    pair: tuple[str, str]
    block: Int32Array
    names: list[str | None]
    numbers: list[Int32 | None]
    huge: list[BigInt]
    moments: list[datetime]
    uuids: set[UUID]
    colors: frozenset[Color]
    points: list[Point]
    gaps: tuple[Point | None, ...]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ZONES = st.integers(-18 * 3600, 18 * 3600).map(lambda seconds: timezone(timedelta(seconds=seconds)))
BYTES = st.integers(-128, 127)
INTS = st.integers(-(2**31), 2**31 - 1)
LONGS = st.integers(-(2**63), 2**63 - 1)
SINGLES = st.floats(width=32, allow_nan=False)
DOUBLES = st.floats(allow_nan=False)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
OCTETS = st.binary(max_size=300)
POINTS = st.builds(Point, LONGS, LONGS)
COLORS = st.sampled_from(Color)
RIGHTS = st.sampled_from([Rights(0), Rights.READ, Rights.WRITE, Rights.READ | Rights.WRITE])
SCALARS = st.builds(
    Scalars,
    flag=st.booleans(),
    large=LONGS,
    byte=BYTES,
    short=st.integers(-(2**15), 2**15 - 1),
    medium=INTS,
    huge=st.integers(),
    single=SINGLES,
    double=DOUBLES,
    text=TEXTS,
    octets=OCTETS,
    changeable=OCTETS.map(bytearray),
    decimal=DECIMALS,
    day=st.dates(),
    hour=st.times(),
    moment=st.datetimes(),
    instant=st.datetimes(timezones=ZONES),
    uuid=st.uuids(),
    color=COLORS,
    level=st.sampled_from(Level),
    rights=RIGHTS,
    choice=st.sampled_from(["a", "b"]),
    point=POINTS,
)
OPTIONALS = st.builds(
    Optionals,
    flag=st.none() | st.booleans(),
    large=st.none() | LONGS,
    byte=st.none() | BYTES,
    huge=st.none() | st.integers(),
    single=st.none() | SINGLES,
    double=st.none() | DOUBLES,
    text=st.none() | TEXTS,
    octets=st.none() | OCTETS,
    moment=st.none() | st.datetimes(),
    uuid=st.none() | st.uuids(),
    color=st.none() | COLORS,
    rights=st.none() | RIGHTS,
    choice=st.sampled_from(["a", None]),
    point=st.none() | POINTS,
    numbers=st.none() | st.lists(LONGS, max_size=40),
)
ARRAYS = st.builds(
    Arrays,
    flags=st.lists(st.booleans()),
    bytes_=st.lists(BYTES),
    large=st.lists(LONGS),
    doubles=st.lists(DOUBLES).map(tuple),
    pair=st.tuples(TEXTS, TEXTS),
    block=st.lists(INTS).map(lambda items: array("i", items)),
    names=st.lists(st.none() | TEXTS),
    numbers=st.lists(st.none() | INTS),
    huge=st.lists(st.integers()),
    moments=st.lists(st.datetimes()),
    uuids=st.sets(st.uuids()),
    colors=st.frozensets(COLORS),
    points=st.lists(POINTS, max_size=5),
    gaps=st.lists(st.none() | POINTS, max_size=5).map(tuple),
)
SERVICES = [
    SerializationService(
        SerializationConfig(is_big_endian=order, compact_serializers=[Scalars, Optionals, Arrays])
    )
    for order in (True, False)
]


def back(service: SerializationService, value: Any) -> Any:
    """The value, written and read."""
    return service.to_object(service.to_data(value))


@given(SCALARS | OPTIONALS | ARRAYS)
def test_objects_come_back(value: Scalars | Optionals | Arrays) -> None:
    for service in SERVICES:
        result = back(service, value)
        assert result == value
        assert type(result) is type(value)
        names = value.__dataclass_fields__
        assert [type(getattr(result, name)) for name in names] == [
            type(getattr(value, name)) for name in names
        ]


@given(st.sets(st.text("abc", max_size=4)), st.randoms())
def test_equal_sets_have_equal_bytes(items: set[str], random: Any) -> None:
    @dataclass
    class Tags:
        tags: set[str]

    service = SerializationService(SerializationConfig(compact_serializers=[Tags]))
    shuffled = random.sample(sorted(items), len(items))
    assert service.to_data(Tags(items)) == service.to_data(Tags(set(shuffled)))


def test_the_example_of_the_module_runs() -> None:
    text = automatic.__doc__
    assert text is not None
    example = doctest.DocTestParser().get_doctest(text, {"__name__": "__main__"}, "automatic", None, None)
    results = doctest.DocTestRunner(verbose=False).run(example)
    assert results.attempted > 5
    assert results.failed == 0


@dataclass
class Node:
    value: int
    next: Node | None = None
    children: list[Node] = field(default_factory=list)


def test_a_class_that_holds_itself() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Node]))
    tree = Node(1, Node(2, None, [Node(3)]), [Node(4), Node(5, Node(6))])
    assert back(service, tree) == tree


@dataclass
class Animal:
    name: str


@dataclass
class Dog(Animal):
    """Its inherited field comes first in the constructor."""

    tricks: list[str]
    age: int = 0


@dataclass
class Owner:
    pet: Animal


def test_inherited_fields_and_objects_of_a_subclass() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Owner, Dog]))
    for value in (Dog("Rex", ["sit"], 3), Owner(Animal("Tom")), Owner(Dog("Rex", []))):
        assert back(service, value) == value


@dataclass(frozen=True)
class Order:
    """Has a computed field, a constant of the class, and arguments that only names reach."""

    amounts: tuple[int, ...]
    total: int = field(init=False)
    note: str = field(default="", kw_only=True)
    currency: ClassVar[str] = "EUR"

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", sum(self.amounts))


@dataclass
class Counter:
    name: str
    hits: int = field(init=False, default=0)


def test_fields_that_the_constructor_does_not_take() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Order, Counter]))
    order = back(service, Order((1, 2), note="x"))
    assert order == Order((1, 2), note="x")
    with pytest.raises(FrozenInstanceError):
        order.note = "y"
    counter = Counter("a")
    counter.hits = 7
    assert back(service, counter).hits == 7


def test_the_constructor_is_called() -> None:
    calls = []

    @dataclass
    class Watched:
        value: int

        def __post_init__(self) -> None:
            calls.append(self.value)

    service = SerializationService(SerializationConfig(compact_serializers=[Watched]))
    back(service, Watched(3))
    assert calls == [3, 3]


@dataclass
class One:
    value: str


def test_a_constructor_without_a_signature_is_called_by_name() -> None:
    @dataclass
    class Opaque:
        first: int
        second: int

    Opaque.__signature__ = "unknown"  # type: ignore[attr-defined]  # inspect cannot make anything of it
    service = SerializationService(SerializationConfig(compact_serializers=[Opaque]))
    assert back(service, Opaque(1, 2)) == Opaque(1, 2)


def test_a_class_of_one_field() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[One]))
    assert back(service, One("x")) == One("x")


def test_values_that_are_equal_but_of_another_class() -> None:
    @dataclass
    class Loose:
        double: float
        number: int
        doubles: list[float]

    service = SerializationService(SerializationConfig(compact_serializers=[Loose]))
    result = back(service, Loose(3, True, [1, 2.5, Level.HIGH]))
    assert result == Loose(3.0, 1, [1.0, 2.5, 2.0])
    assert [type(result.double), type(result.number)] == [float, int]


def test_more_combinations_of_classes_than_are_remembered() -> None:
    service = SERVICES[0]
    names = [
        "flag",
        "large",
        "byte",
        "huge",
        "single",
        "double",
        "text",
        "octets",
        "moment",
        "color",
        "point",
    ]
    some = Optionals(
        flag=True,
        large=1,
        byte=2,
        huge=3,
        single=0.5,
        double=1.5,
        text="x",
        octets=b"y",
        moment=datetime(2020, 1, 1),
        color=Color.RED,
        point=Point(1),
    )
    for bits in range(2 ** len(names)):
        chosen = {name: getattr(some, name) for index, name in enumerate(names) if bits >> index & 1}
        value = Optionals(**chosen)
        assert back(service, value) == value


@compact_type
@dataclass
class Marked:
    value: int


@compact_type(name="a.b.Named")
@dataclass(slots=True)
class Named:
    value: int
    marked: Marked | None = None


@dataclass
class Derived(Named):
    extra: str = ""


def test_marked_classes_need_no_configuration() -> None:
    service = SerializationService()
    data = service.to_data(Named(1, Marked(2)))
    assert service.to_object(data) == Named(1, Marked(2))
    other = SerializationService()
    for schema in service.schemas.by_id.values():
        other.schemas.add(schema)
    assert other.to_object(data) == Named(1, Marked(2))


def test_a_mark_gives_the_type_name_and_is_not_inherited() -> None:
    assert record_of(Marked).type_name == "Marked"
    assert record_of(Named).type_name == "a.b.Named"
    assert record_of(Derived).type_name == "Derived"
    assert automatic.is_marked(Named)
    assert not automatic.is_marked(Derived)
    assert automatic.marked_class("a.b.Named") is Named
    assert automatic.marked_class("Derived") is None


def test_a_class_that_is_made_again_keeps_its_name() -> None:
    def make() -> type:
        @compact_type(name="made again")
        @dataclass
        class Again:
            value: int

        return Again

    first, second = make(), make()
    assert first is not second
    assert automatic.marked_class("made again") is second
