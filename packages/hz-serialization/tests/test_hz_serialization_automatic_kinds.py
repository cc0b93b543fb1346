"""The kind of each annotation, and the annotations that have none."""

from __future__ import annotations

import collections
import collections.abc
import typing
from array import array
from dataclasses import InitVar, dataclass, field, make_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from types import GenericAlias
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, NewType, Optional, TypeVar, Union
from uuid import UUID

import pytest
import typing_extensions

from hz_serialization import HazelcastSerializationError
from hz_serialization.compact.annotations import field_type
from hz_serialization.compact.automatic import (
    BigInt,
    FieldName,
    Float32,
    Float64,
    Float64Array,
    Int8,
    Int16,
    Int32,
    Int64,
    ZonedDatetime,
    record_of,
)
from hz_serialization.compact.kinds import FieldKind

UserId = NewType("UserId", int)
SmallId = NewType("SmallId", Int16)
Alias = typing_extensions.TypeAliasType("Alias", Int8)
Item = TypeVar("Item")


class Color(Enum):
    RED = "r"
    GREEN = "g"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Rights(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Point:
    x: int
    y: int


@dataclass
class Box(Generic[Item]):
    content: Item


class Plain:
    """No typed fields."""


class Movie(typing.TypedDict):
    title: str


def kind_of(annotation: Any) -> FieldKind:
    """The kind of a field with this annotation."""
    cls = make_dataclass("Holder", [("field", annotation)])
    return record_of(cls).schema.kinds["field"]


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (bool, FieldKind.BOOLEAN),
        (int, FieldKind.INT64),
        (Int8, FieldKind.INT8),
        (Int16, FieldKind.INT16),
        (Int32, FieldKind.INT32),
        (Int64, FieldKind.INT64),
        (BigInt, FieldKind.DECIMAL),
        (float, FieldKind.FLOAT64),
        (Float32, FieldKind.FLOAT32),
        (Float64, FieldKind.FLOAT64),
        (str, FieldKind.STRING),
        (bytes, FieldKind.ARRAY_OF_INT8),
        (bytearray, FieldKind.ARRAY_OF_INT8),
        (Decimal, FieldKind.DECIMAL),
        (date, FieldKind.DATE),
        (time, FieldKind.TIME),
        (datetime, FieldKind.TIMESTAMP),
        (ZonedDatetime, FieldKind.TIMESTAMP_WITH_TIMEZONE),
        (UUID, FieldKind.STRING),
        (Color, FieldKind.STRING),
        (Level, FieldKind.STRING),
        (Annotated[Level, FieldKind.INT32], FieldKind.INT32),
        (Rights, FieldKind.INT64),
        (Point, FieldKind.COMPACT),
        (Annotated[Plain, FieldKind.COMPACT], FieldKind.COMPACT),
        (Literal["a", "b"], FieldKind.STRING),
        (Literal[1, 2], FieldKind.INT64),
        (Annotated[Literal[1, 2], FieldKind.INT8], FieldKind.INT8),
        (Literal["a", None], FieldKind.STRING),
        (Literal[1, None], FieldKind.NULLABLE_INT64),
        (UserId, FieldKind.INT64),
        (SmallId, FieldKind.INT16),
        (Alias, FieldKind.INT8),
        (Final[int], FieldKind.INT64),
    ],
)
def test_scalars(annotation: Any, kind: FieldKind) -> None:
    assert kind_of(annotation) is kind


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (bool | None, FieldKind.NULLABLE_BOOLEAN),
        (Optional[int], FieldKind.NULLABLE_INT64),  # noqa: UP045 - old code has it
        (Union[None, int], FieldKind.NULLABLE_INT64),  # noqa: UP007 - old code has it
        (Int8 | None, FieldKind.NULLABLE_INT8),
        (Optional[Int16], FieldKind.NULLABLE_INT16),  # noqa: UP045 - old code has it
        (Annotated[int | None, FieldKind.INT32], FieldKind.NULLABLE_INT32),
        (Annotated[int, FieldKind.NULLABLE_INT32], FieldKind.NULLABLE_INT32),
        (Annotated[int | None, "a note of someone else"], FieldKind.NULLABLE_INT64),
        (Float32 | None, FieldKind.NULLABLE_FLOAT32),
        (float | None, FieldKind.NULLABLE_FLOAT64),
        (UserId | None, FieldKind.NULLABLE_INT64),
        (str | None, FieldKind.STRING),
        (Color | None, FieldKind.STRING),
        (Rights | None, FieldKind.NULLABLE_INT64),
        (Point | None, FieldKind.COMPACT),
        (list[int] | None, FieldKind.ARRAY_OF_INT64),
    ],
)
def test_optional(annotation: Any, kind: FieldKind) -> None:
    assert kind_of(annotation) is kind


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (list[bool], FieldKind.ARRAY_OF_BOOLEAN),
        (list[Int8], FieldKind.ARRAY_OF_INT8),
        (list[Int32], FieldKind.ARRAY_OF_INT32),
        (Annotated[list[int], FieldKind.ARRAY_OF_INT32], FieldKind.ARRAY_OF_INT32),
        (Annotated[list[int | None], FieldKind.ARRAY_OF_INT32], FieldKind.ARRAY_OF_NULLABLE_INT32),
        (list[int | None], FieldKind.ARRAY_OF_NULLABLE_INT64),
        (list[bool | None], FieldKind.ARRAY_OF_NULLABLE_BOOLEAN),
        (list[str], FieldKind.ARRAY_OF_STRING),
        (list[str | None], FieldKind.ARRAY_OF_STRING),
        (tuple[float, ...], FieldKind.ARRAY_OF_FLOAT64),
        (tuple[Float32, Float32], FieldKind.ARRAY_OF_FLOAT32),
        (typing.List[Decimal], FieldKind.ARRAY_OF_DECIMAL),  # noqa: UP006 - old code has it
        (collections.abc.Sequence[date], FieldKind.ARRAY_OF_DATE),
        (typing.Sequence[time], FieldKind.ARRAY_OF_TIME),
        (set[int], FieldKind.ARRAY_OF_INT64),
        (frozenset[Color], FieldKind.ARRAY_OF_STRING),
        (collections.abc.Set[str], FieldKind.ARRAY_OF_STRING),
        (list[Point], FieldKind.ARRAY_OF_COMPACT),
        (list[Point | None], FieldKind.ARRAY_OF_COMPACT),
        (list[datetime], FieldKind.ARRAY_OF_TIMESTAMP),
        (list[ZonedDatetime], FieldKind.ARRAY_OF_TIMESTAMP_WITH_TIMEZONE),
        (Annotated[array, FieldKind.ARRAY_OF_FLOAT32], FieldKind.ARRAY_OF_FLOAT32),
        (Float64Array, FieldKind.ARRAY_OF_FLOAT64),
    ],
)
def test_arrays(annotation: Any, kind: FieldKind) -> None:
    assert kind_of(annotation) is kind


def test_an_array_with_the_subscript_that_newer_pythons_have() -> None:
    kinds = [field_type(GenericAlias(array, (item,)), Plain)[0].kind for item in (int, float, Int8)]
    assert kinds == [FieldKind.ARRAY_OF_INT64, FieldKind.ARRAY_OF_FLOAT64, FieldKind.ARRAY_OF_INT8]


@pytest.mark.parametrize(
    ("annotation", "advice"),
    [
        (dict[str, int], "use a list of a dataclass with a key and a value field"),
        (dict, "use a list of a dataclass with a key and a value field"),
        (collections.abc.Mapping[str, int], "use a list of a dataclass"),
        (Any, "name the one type that it holds"),
        (object, "name the one type that it holds"),
        (int | str, "name one type"),
        (int | str | None, "name one type"),
        (list, r"write for example list\[str\]"),
        (list[list[int]], "no arrays of arrays; put the inner collection into a class of its own"),
        (list[bytes], "no arrays of arrays"),
        (list[list[int] | None], "no arrays of arrays"),
        (tuple[int, str], "make it a NamedTuple or a dataclass"),
        (set[Point], "use a list"),
        (set[int | None], "use a list"),
        (complex, "use two float fields"),
        (Plain, "register a CompactSerializer for it"),
        (Movie, "no typed fields|has no maps"),
        (Box[int], "write a subclass with concrete types"),
        (Item, "write a subclass with concrete types"),
        (array, r"Annotated\[array, FieldKind.ARRAY_OF_INT32\]"),
        (collections.deque[int], "or a list, tuple or set"),
        (Annotated[str, FieldKind.INT32], "str cannot be INT32; it can be STRING"),
        (Annotated[int, FieldKind.FLOAT32], "it can be INT64, INT32, INT16, INT8, DECIMAL"),
        (Annotated[int, FieldKind.INT8, FieldKind.INT16], "names two kinds"),
        (Annotated[int, FieldName("a"), FieldName("b")], "names two fields"),
        (Annotated[list[int], FieldKind.INT32], "an array, not INT32"),
        (Annotated[Color, FieldKind.INT32], "STRING keeps the names"),
        (Annotated[Point, FieldKind.INT32], "a record cannot be INT32"),
        (Literal["a", 1], "all be str, all int or all bool"),
        (Annotated[Literal[1], FieldKind.DECIMAL], "literals cannot be DECIMAL"),
        (5, "Compact has no kind for this type"),
        (None, "Compact has no kind for this type|name one type|has no typed fields"),
    ],
)
def test_an_annotation_without_a_kind_says_what_to_do(annotation: Any, advice: str) -> None:
    cls = make_dataclass("Holder", [("good", int), ("bad", annotation)])
    with pytest.raises(HazelcastSerializationError, match=advice) as caught:
        record_of(cls)
    assert "Holder: field 'bad' is annotated " in str(caught.value)


def test_the_annotation_itself_is_named() -> None:
    cls = make_dataclass("Holder", [("bad", dict[str, int])])
    with pytest.raises(HazelcastSerializationError, match=r"annotated dict\[str, int\]: Compact has no maps"):
        record_of(cls)


@dataclass
class Unresolved:
    good: int
    bad: list[Nowhere]  # type: ignore[name-defined]  # noqa: F821 - that it is not defined is the point


def test_an_annotation_that_cannot_be_resolved_is_named() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"field 'bad' is annotated list\[Nowhere\].*NameError"
    ):
        record_of(Unresolved)


@dataclass
class NeedsMore:
    total: int
    rate: InitVar[int]


@dataclass
class NeedsNoMore:
    total: int
    rate: InitVar[int] = 3
    shared: ClassVar[dict[str, Any]] = {}


@dataclass(init=False)
class OwnConstructor:
    total: int

    def __init__(self, amounts: list[int]) -> None:
        self.total = sum(amounts)


def test_what_the_constructor_wants_beside_the_fields() -> None:
    assert list(record_of(NeedsNoMore).schema.kinds) == ["total"]
    for cls in (NeedsMore, OwnConstructor):
        with pytest.raises(
            HazelcastSerializationError, match="constructor cannot be called with the fields alone"
        ):
            record_of(cls)


@dataclass
class Empty:
    pass


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (Plain, "add @dataclass, or register a CompactSerializer"),
        (Movie, "make it a dataclass"),
        (Box, "write a subclass with concrete types"),
        (Empty, "no typed fields"),
        (int, "is not a dataclass"),
        (collections.namedtuple("Old", ["x"]), "use typing.NamedTuple"),
        (Point(1, 2), "it is not a class"),
    ],
)
def test_a_class_without_typed_fields_is_refused(cls: Any, reason: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=reason):
        record_of(cls)


@dataclass
class Renamed:
    mail: Annotated[str, FieldName("e-mail")]
    size: Annotated[Int32, FieldName("Size")] = field(default=3)


def test_a_field_can_have_another_name_in_the_record() -> None:
    kinds = record_of(Renamed).schema.kinds
    assert dict(kinds) == {"Size": FieldKind.INT32, "e-mail": FieldKind.STRING}


def test_a_name_given_twice_is_refused() -> None:
    cls = make_dataclass("Twice", [("a", Annotated[int, FieldName("b")]), ("b", int)])
    with pytest.raises(HazelcastSerializationError, match="'b' twice"):
        record_of(cls)


@dataclass
class Family:
    head: Point
    others: list[Point | None]


@dataclass
class Tree:
    name: str
    left: Tree | None = None
    leaves: list[Point] = field(default_factory=list)


def test_classes_in_fields_are_nested_and_the_class_itself_is_not_among_them() -> None:
    assert record_of(Tree).nested == (Point,)
    cls = make_dataclass("Pair", [("a", Point), ("b", Color), ("c", Tree | None), ("d", list[Tree])])
    assert record_of(cls).nested == (Point, Tree)
    opaque = make_dataclass("Opaque", [("a", Annotated[Plain, FieldKind.COMPACT])])
    assert record_of(opaque).nested == ()


def test_a_class_in_a_function_can_name_itself() -> None:
    @dataclass
    class Node:
        value: int
        next: Node | None

    record = record_of(Node)
    assert dict(record.schema.kinds) == {"next": FieldKind.COMPACT, "value": FieldKind.INT64}


@dataclass
class Pages(Box[Item], Generic[Item]):
    rest: list[Item]
    note: Annotated[Item | None, FieldName("remark")]


@dataclass
class Words(Pages[str]):
    """Says what the type variables of its bases are."""


def test_a_subclass_of_a_generic_class_with_concrete_types() -> None:
    assert dict(record_of(Words).schema.kinds) == {
        "content": FieldKind.STRING,
        "remark": FieldKind.STRING,
        "rest": FieldKind.ARRAY_OF_STRING,
    }


@dataclass
class Chain:
    next: typing.Self | None = None


def test_self_is_the_class_around_it() -> None:
    assert record_of(Chain).schema.kinds["next"] is FieldKind.COMPACT


@dataclass
class Shadow:
    """A field with the name of its own type, as many have."""

    date: date
    time: time | None = None


def test_a_field_may_have_the_name_of_its_type() -> None:
    assert dict(record_of(Shadow).schema.kinds) == {"date": FieldKind.DATE, "time": FieldKind.TIME}
