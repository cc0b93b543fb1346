"""Records of other versions of a type, and of Java's, read as a typed class."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.compact.automatic import FieldName, Float32, Int8, Int16, Int32, Int64, Int64Array
from hz_serialization.compact.field_types import readable_as
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.kinds import FieldKind


def read_as(cls: type, **fields: tuple[FieldKind, Any]) -> Any:
    """Reads a record of these fields as an object of a class of that name."""
    service = SerializationService(SerializationConfig(compact_serializers=[cls]))
    return service.to_object(service.to_data(GenericRecord(cls.__name__, fields)))


@dataclass
class User:
    name: str
    tags: list[str] = field(default_factory=lambda: ["new"])
    city: str = "unknown"
    nick: str | None = "nobody"
    age: int | None = None
    size: int = field(init=False, default=3)


@dataclass
class Strict:
    name: str
    age: int
    note: str | None


def test_missing_fields_get_their_defaults() -> None:
    assert read_as(User, name=(FieldKind.STRING, "Ada")) == User("Ada")


def test_a_default_factory_makes_a_new_object_each_time() -> None:
    first, second = (read_as(User, name=(FieldKind.STRING, "Ada")) for _ in range(2))
    assert first.tags is not second.tags


def test_fields_that_are_there_win_over_defaults() -> None:
    user = read_as(
        User, name=(FieldKind.STRING, "Ada"), nick=(FieldKind.STRING, None), size=(FieldKind.INT64, 9)
    )
    assert (user.nick, user.size, user.city) == (None, 9, "unknown")


def test_a_missing_optional_field_without_a_default_is_none() -> None:
    strict = read_as(Strict, name=(FieldKind.STRING, "Ada"), age=(FieldKind.INT64, 1))
    assert strict == Strict("Ada", 1, None)


def test_a_missing_field_without_a_default_is_named() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"as .*Strict: field 'age': .*no such field; give it a def"
    ):
        read_as(Strict, name=(FieldKind.STRING, "Ada"))


def test_fields_that_the_class_has_not_are_passed_over() -> None:
    strict = read_as(
        Strict,
        name=(FieldKind.STRING, "Ada"),
        age=(FieldKind.INT64, 1),
        note=(FieldKind.STRING, "x"),
        other=(FieldKind.STRING, "y"),
        more=(FieldKind.BOOLEAN, True),
    )
    assert strict == Strict("Ada", 1, "x")


@pytest.mark.parametrize(
    "kind", [FieldKind.STRING, FieldKind.FLOAT64, FieldKind.ARRAY_OF_INT64, FieldKind.BOOLEAN]
)
def test_a_field_of_another_kind_is_named(kind: FieldKind) -> None:
    value = {FieldKind.STRING: "1", FieldKind.FLOAT64: 1.0, FieldKind.BOOLEAN: True}.get(kind, [1])
    with pytest.raises(
        HazelcastSerializationError,
        match=f"field 'age': the record has {kind.name} where the class has INT64",
    ):
        read_as(Strict, name=(FieldKind.STRING, "Ada"), age=(kind, value))


@pytest.mark.parametrize(
    ("annotation", "kind", "value"),
    [
        (int, FieldKind.INT8, -3),
        (int, FieldKind.INT16, -3),
        (int, FieldKind.INT32, -3),
        (int, FieldKind.NULLABLE_INT64, -3),
        (int, FieldKind.NULLABLE_INT32, -3),
        (int | None, FieldKind.INT64, -3),
        (int | None, FieldKind.INT8, -3),
        (int | None, FieldKind.NULLABLE_INT8, None),
        (Int16, FieldKind.INT8, -3),
        (float, FieldKind.FLOAT32, 0.5),
        (float | None, FieldKind.NULLABLE_FLOAT32, None),
        (bool, FieldKind.NULLABLE_BOOLEAN, True),
        (bool | None, FieldKind.BOOLEAN, False),
        (list[int], FieldKind.ARRAY_OF_INT32, [1, -2]),
        (list[int], FieldKind.ARRAY_OF_INT8, [1, -2]),
        (list[int], FieldKind.ARRAY_OF_NULLABLE_INT64, [1, -2]),
        (list[int], FieldKind.ARRAY_OF_NULLABLE_INT32, [1, -2]),
        (list[int | None], FieldKind.ARRAY_OF_INT32, [1, -2]),
        (list[int | None], FieldKind.ARRAY_OF_NULLABLE_INT16, [1, None]),
        (list[Int8 | None], FieldKind.ARRAY_OF_INT8, [1, -2]),
        (list[Int8], FieldKind.ARRAY_OF_NULLABLE_INT8, [1, -2]),
        (list[float], FieldKind.ARRAY_OF_FLOAT32, [0.5]),
        (list[bool | None], FieldKind.ARRAY_OF_BOOLEAN, [True, False]),
        (Int64Array, FieldKind.ARRAY_OF_INT32, array("q", [1, -2])),
    ],
)
def test_narrower_numbers_and_null_or_not(annotation: Any, kind: FieldKind, value: Any) -> None:
    cls = make_dataclass("Holder", [("value", annotation), ("more", int, 0)])
    result = read_as(cls, value=(kind, value)).value
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("annotation", "kind", "value", "reason"),
    [
        (int, FieldKind.NULLABLE_INT64, None, "null"),
        (int, FieldKind.NULLABLE_INT32, None, "null"),
        (bool, FieldKind.NULLABLE_BOOLEAN, None, "null"),
        (str, FieldKind.STRING, None, "null"),
        (list[int], FieldKind.ARRAY_OF_NULLABLE_INT32, [1, None], "null"),
        (list[str], FieldKind.ARRAY_OF_STRING, ["a", None], "item 1: expected str, got None"),
        (Int32, FieldKind.INT64, 1, "INT64 where the class has INT32"),
        (Float32, FieldKind.FLOAT64, 1.0, "FLOAT64 where the class has FLOAT32"),
        (list[Int16], FieldKind.ARRAY_OF_INT32, [1], "ARRAY_OF_INT32 where the class has ARRAY_OF_INT16"),
        (list[int], FieldKind.INT64, 1, "INT64 where the class has ARRAY_OF_INT64"),
        (float, FieldKind.INT64, 1, "INT64 where the class has FLOAT64"),
    ],
)
def test_what_would_lose_something(annotation: Any, kind: FieldKind, value: Any, reason: str) -> None:
    cls = make_dataclass("Holder", [("value", annotation), ("more", int, 0)])
    with pytest.raises(HazelcastSerializationError, match=reason) as caught:
        read_as(cls, value=(kind, value))
    assert "field 'value'" in str(caught.value)


def test_only_the_same_family_is_readable() -> None:
    for found, wanted in itertools.product(FieldKind, FieldKind):
        kind = readable_as(found, wanted)
        if kind is None:
            assert found is not wanted
            continue
        base, goal = (each.name.replace("NULLABLE_", "") for each in (found, wanted))
        assert kind.name.replace("NULLABLE_", "") == base
        assert ("NULLABLE_" in kind.name) == ("NULLABLE_" in wanted.name)
        assert base.rstrip("0123468") == goal.rstrip("0123468")


def old_and_new(make_old: Callable[[], type], make_new: Callable[[], type]) -> tuple[Any, Any, Any, Any]:
    """Two versions of a class, each with a service that knows the other's schema."""
    old, new = make_old(), make_new()
    old_service = SerializationService(SerializationConfig(compact_serializers=[old]))
    new_service = SerializationService(SerializationConfig(compact_serializers=[new]))
    return old, new, old_service, new_service


def share(*services: SerializationService) -> None:
    """Lets every service know all schemas, as a cluster does."""
    for schema in [schema for service in services for schema in service.schemas.by_id.values()]:
        for service in services:
            service.schemas.add(schema)


def test_two_versions_read_each_other() -> None:
    def make_old() -> type:
        @dataclass
        class Account:
            owner: str
            balance: Int32
            closed: bool = False

        return Account

    def make_new() -> type:
        @dataclass
        class Account:
            owner: str
            balance: Int32 | None
            mail: Annotated[str, FieldName("e-mail")] = "none"
            limit: Int64 = 100

        return Account

    old, new, old_service, new_service = old_and_new(make_old, make_new)
    from_old = old_service.to_data(old("Ada", 5, True))
    from_new = new_service.to_data(new("Bob", 6, "b@example.org", 7))
    share(old_service, new_service)
    assert new_service.to_object(from_old) == new("Ada", 5)
    assert old_service.to_object(from_new) == old("Bob", 6)


@dataclass
class Address:
    street: str
    number: Int32 = 0


@dataclass
class Person:
    name: str
    home: Address
    others: list[Address] = field(default_factory=list)


def test_nested_records_of_another_version() -> None:
    service = SerializationService(SerializationConfig(compact_serializers=[Person]))
    street = GenericRecord("Address", {"street": (FieldKind.STRING, "High Street")})
    record = GenericRecord(
        "Person",
        {
            "name": (FieldKind.STRING, "Ada"),
            "home": (FieldKind.COMPACT, street),
            "others": (FieldKind.ARRAY_OF_COMPACT, [street, street]),
        },
    )
    address = Address("High Street")
    assert service.to_object(service.to_data(record)) == Person("Ada", address, [address, address])


@dataclass
class Late:
    name: str
    seen: int | None = field(init=False)
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = len(self.name)


def test_missing_fields_that_the_constructor_does_not_take() -> None:
    late = read_as(Late, name=(FieldKind.STRING, "Ada"))
    assert (late.name, late.seen, late.total) == ("Ada", None, 3)


@dataclass
class Never:
    name: str
    seen: int = field(init=False)


def test_a_missing_field_that_nothing_sets_is_named() -> None:
    with pytest.raises(HazelcastSerializationError, match="field 'seen'"):
        read_as(Never, name=(FieldKind.STRING, "Ada"))
