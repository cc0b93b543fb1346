"""attrs classes, pydantic models and msgspec Structs as Compact."""

from __future__ import annotations

import subprocess
import sys
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import attr
import attrs
import msgspec
import pydantic
import pydantic.dataclasses
import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.compact.automatic import FieldName, Int32, compact_type, record_of
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind

Item = TypeVar("Item")


class Color(Enum):
    RED = 1
    GREEN = 2


@dataclass
class Point:
    x: int
    y: int


@attrs.define
class Defined:
    name: str
    age: Int32 = 3
    tags: list[str] = attrs.Factory(list)
    point: Point | None = None


@attrs.frozen(kw_only=True)
class Private:
    _secret: str
    name: str = "x"
    length: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))


@attrs.define
class Child(Defined):
    extra: float = 0.0


@attr.s
class Old:
    name = attr.ib(type=str)


Untyped = attrs.make_class("Untyped", ["name"])


class Struct(msgspec.Struct):
    name: str
    age: Int32 = 3
    tags: list[str] = []
    point: Point | None = None


class Named(msgspec.Struct, frozen=True):
    name: str
    age: Int32 = 3


class Frozen(Named, frozen=True, kw_only=True):
    color: Color
    mail: Annotated[str, FieldName("e-mail")] = "none"


class Renamed(msgspec.Struct, rename="camel", tag=True, array_like=True):
    first_name: str
    last_name: str | None = None


class Model(pydantic.BaseModel):
    name: str
    age: Annotated[Int32, pydantic.Field(ge=0)] = 3
    tags: list[str] = pydantic.Field(default_factory=list)
    point: Point | None = None
    color: Color = Color.RED
    next: Model | None = None


class Constrained(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    size: pydantic.PositiveInt
    name: Annotated[str, pydantic.StringConstraints(max_length=5)]
    instant: pydantic.AwareDatetime
    moment: pydantic.NaiveDatetime
    small: Annotated[int, FieldKind.INT16, pydantic.Field(lt=100)] = 1


class Aliased(pydantic.BaseModel):
    mail: str = pydantic.Field(alias="e-mail")
    first: str = pydantic.Field(validation_alias="firstName")
    either: int = pydantic.Field(validation_alias=pydantic.AliasChoices("one", "two"))
    plain: int = 0


class ByName(pydantic.BaseModel):
    # validate_by_name would say it better; it is new in pydantic 2.11.
    model_config = pydantic.ConfigDict(populate_by_name=True, validate_by_alias=False)

    mail: str = pydantic.Field(alias="e-mail")


class Box(pydantic.BaseModel, Generic[Item]):
    content: Item


class IntBox(Box[int]):
    pass


@pydantic.dataclasses.dataclass
class Checked:
    size: pydantic.PositiveInt
    name: str = "x"


class Pair(NamedTuple):
    left: int
    right: str = "r"


AWARE, NAIVE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1)


@pytest.mark.parametrize(
    "value",
    [
        Defined("a", 1, ["x"], Point(1, 2)),
        Defined("a"),
        Private(secret="s", name="abc"),
        Child("a", 1, [], None, 2.5),
        Old("a"),
        Struct("a", 1, ["x"], Point(1, 2)),
        Frozen("a", color=Color.GREEN, mail="b"),
        Renamed("a", "b"),
        Model(name="a", age=1, tags=["x"], point=Point(1, 2), next=Model(name="b")),
        Constrained(size=1, name="a", instant=AWARE, moment=NAIVE),
        Aliased.model_validate({"e-mail": "a", "firstName": "b", "two": 3}),
        ByName.model_validate({"mail": "a"}),
        IntBox(content=1),
        Box[str](content="x"),
        Checked(3),
        Pair(1, "x"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("order", [True, False])
def test_objects_come_back(value: Any, order: bool) -> None:
    cls = type(value)
    service = SerializationService(SerializationConfig(is_big_endian=order, compact_serializers=[cls]))
    result = service.to_object(service.to_data(value))
    assert result == value
    assert type(result) is cls


def test_markers_in_the_libraries_annotations() -> None:
    assert record_of(Model).schema.kinds["age"] is FieldKind.INT32
    assert record_of(Struct).schema.kinds["age"] is FieldKind.INT32
    assert record_of(Frozen).schema.kinds["e-mail"] is FieldKind.STRING
    assert record_of(Defined).schema.kinds["age"] is FieldKind.INT32
    assert record_of(Private).schema.kinds["_secret"] is FieldKind.STRING
    assert record_of(Renamed).schema.kinds["first_name"] is FieldKind.STRING
    assert dict(record_of(Constrained).schema.kinds) == {
        "size": FieldKind.INT64,
        "small": FieldKind.INT16,
        "name": FieldKind.STRING,
        "instant": FieldKind.TIMESTAMP_WITH_TIMEZONE,
        "moment": FieldKind.TIMESTAMP,
    }


@pytest.mark.parametrize("cls", [Defined, Child, Struct, Model])
def test_missing_fields_get_their_defaults(cls: Any) -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[cls]))
    record = GenericRecord(cls.__name__, {"name": (FieldKind.STRING, "a")})
    assert service.to_object(service.to_data(record)) == cls(name="a")


@pytest.mark.parametrize("cls", [Defined, Private, Struct, Model, Pair])
def test_missing_fields_without_a_default_are_named(cls: Any) -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[cls]))
    record = GenericRecord(cls.__name__, {"strange": (FieldKind.STRING, "a")})
    with pytest.raises(HazelcastSerializationError, match="no such field; give it a default"):
        service.to_object(service.to_data(record))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Defined("a", "b"), "age"),  # type: ignore[arg-type]  # the mistake to be found
        (Struct("a", "b"), "age"),  # type: ignore[arg-type]  # the mistake to be found
        (Model.model_construct(name="a", age="b"), "age"),
        (Pair("a"), "left"),  # type: ignore[arg-type]  # the mistake to be found
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_value_is_named(value: Any, name: str) -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[type(value)]))
    with pytest.raises(HazelcastSerializationError, match=f"field '{name}': expected int, got str"):
        service.to_data(value)


def test_the_models_own_checks_run_when_it_is_read() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Model]))
    record = GenericRecord("Model", {"name": (FieldKind.STRING, "a"), "age": (FieldKind.INT32, -1)})
    with pytest.raises(HazelcastSerializationError, match="Model: its constructor refuses what was stored"):
        service.to_object(service.to_data(record))


class Root(pydantic.RootModel[list[int]]):
    pass


class Open(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")

    name: str


class Deep(pydantic.BaseModel):
    name: str = pydantic.Field(validation_alias=pydantic.AliasPath("names", 0))


class Unresolved(pydantic.BaseModel):
    name: Nowhere  # type: ignore[name-defined]  # noqa: F821 - that it is not defined is the point


class MsgspecBox(msgspec.Struct, Generic[Item]):
    content: Item


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (Root, "a RootModel has no named fields"),
        (Open, "extra='allow' admits fields"),
        (Deep, "path of aliases"),
        (Unresolved, "a name in its annotations cannot be resolved .*Nowhere"),
        (Box, "generic; write a subclass"),
        (MsgspecBox, "generic; write a subclass"),
        (Untyped, "'name' has no type; annotate it"),
        (namedtuple("Loose", ["x"]), "'x' has no annotation; use typing.NamedTuple"),
    ],
)
def test_what_has_no_compact_form_is_refused(cls: Any, reason: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=reason):
        record_of(cls)


@compact_type(name="library.Struct")
class MarkedStruct(msgspec.Struct):
    value: int


@compact_type(name="library.Model")
class MarkedModel(pydantic.BaseModel):
    value: int


@compact_type(name="library.Attrs")
@attrs.define
class MarkedAttrs:
    value: int


@pytest.mark.parametrize("cls", [MarkedStruct, MarkedModel, MarkedAttrs])
def test_marked_classes(cls: Any) -> None:
    service = SerializationService()
    assert service.to_object(service.to_data(cls(value=1))) == cls(value=1)
    assert record_of(cls).type_name.startswith("library.")


def test_no_library_is_imported_for_a_dataclass() -> None:
    code = (
        "import sys, dataclasses\n"
        "from hz_serialization.compact.automatic import record_of\n"
        "Point = dataclasses.make_dataclass('Point', [('x', int)])\n"
        "record_of(Point)\n"
        "print([name for name in ('attr', 'attrs', 'pydantic', 'msgspec') if name in sys.modules])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.strip() == "[]"
