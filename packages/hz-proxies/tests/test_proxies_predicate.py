"""Predicates: their bytes as members write them, their checks, their printed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_proxies import predicate as predicates
from hz_proxies.predicate import (
    PREDICATE_FACTORY,
    PREDICATE_FACTORY_ID,
    Predicate,
    and_,
    between,
    equal,
    false,
    greater,
    greater_or_equal,
    ilike,
    in_,
    instance_of,
    less,
    less_or_equal,
    like,
    not_,
    not_equal,
    or_,
    paging,
    partition,
    regex,
    sql,
    true,
)
from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

HEADER = "00000000fffffffe01"  # no partition hash, type -2, identified
EQUAL = "ffffffec000000030000000461747472fffffff900000001"
TRUE = "ffffffec0000000e"

# What a member's own serialization service makes of each.
VECTORS: list[tuple[Predicate, str]] = [
    (true(), TRUE),
    (false(), "ffffffec0000000d"),
    (sql("this > 5"), "ffffffec000000000000000874686973203e2035"),
    (equal("attr", 1), EQUAL),
    (not_equal("attr", 1), "ffffffec000000090000000461747472fffffff900000001"),
    (greater("attr", 1), "ffffffec000000040000000461747472fffffff9000000010000"),
    (greater_or_equal("attr", 1), "ffffffec000000040000000461747472fffffff9000000010100"),
    (less("attr", 1), "ffffffec000000040000000461747472fffffff9000000010001"),
    (less_or_equal("attr", 1), "ffffffec000000040000000461747472fffffff9000000010101"),
    (between("attr", 1, 2), "ffffffec000000020000000461747472fffffff900000002fffffff900000001"),
    (like("attr", "a%"), "ffffffec000000050000000461747472000000026125"),
    (ilike("attr", "a%"), "ffffffec000000060000000461747472000000026125"),
    (in_("attr", 1, 2), "ffffffec00000007000000046174747200000002fffffff900000001fffffff900000002"),
    (regex("attr", "a.*"), "ffffffec0000000c000000046174747200000003612e2a"),
    (and_(equal("attr", 1), true()), f"ffffffec0000000100000002fffffffe01{EQUAL}fffffffe01{TRUE}"),
    (or_(equal("attr", 1), true()), f"ffffffec0000000b00000002fffffffe01{EQUAL}fffffffe01{TRUE}"),
    (not_(equal("attr", 1)), f"ffffffec0000000afffffffe01{EQUAL}"),
    (instance_of("java.lang.String"), "ffffffec00000008000000106a6176612e6c616e672e537472696e67"),
    (partition("key", true()), f"ffffffec00000010fffffff5000000036b6579fffffffe01{TRUE}"),
]


@pytest.fixture
def service() -> SerializationService:
    return SerializationService(
        SerializationConfig(builtin_factories={PREDICATE_FACTORY_ID: PREDICATE_FACTORY})
    )


@pytest.mark.parametrize(("predicate", "payload"), VECTORS, ids=repr)
def test_bytes_are_the_members_own(service: SerializationService, predicate: Predicate, payload: str) -> None:
    assert service.to_data(predicate).hex() == HEADER + payload


@pytest.mark.parametrize("predicate", [predicate for predicate, _ in VECTORS], ids=repr)
def test_reads_back_as_an_equal_predicate(service: SerializationService, predicate: Predicate) -> None:
    again = service.to_object(service.to_data(predicate))
    assert again == predicate
    assert hash(again) == hash(predicate)
    assert type(again) is type(predicate)


@pytest.mark.parametrize("predicate", [predicate for predicate, _ in VECTORS], ids=repr)
def test_repr_is_the_call_that_makes_it(predicate: Predicate) -> None:
    assert eval(repr(predicate), vars(predicates)) == predicate


def test_every_vector_differs_from_every_other() -> None:
    assert len({predicate for predicate, _ in VECTORS}) == len(VECTORS)


def test_the_factory_makes_every_class_that_a_vector_has() -> None:
    assert set(PREDICATE_FACTORY) == {predicate.get_class_id() for predicate, _ in VECTORS}


def test_little_endian_members_get_little_endian_fields() -> None:
    service = SerializationService(SerializationConfig(is_big_endian=False))
    expected = "00000000fffffffe01ecffffff030000000400000061747472f9ffffff01000000"
    assert service.to_data(equal("attr", 1)).hex() == expected


@pytest.mark.parametrize(
    "predicate",
    [
        equal("a", None),
        not_equal("a", None),
        in_("a", None, 1),
        in_("a"),
        like("a", None),
        ilike("a", None),
        regex("a", None),
        and_(),
        or_(),
    ],
    ids=repr,
)
def test_none_and_nothing_where_they_are_allowed(service: SerializationService, predicate: Predicate) -> None:
    assert service.to_object(service.to_data(predicate)) == predicate


@given(st.text(min_size=1), st.lists(st.none() | st.booleans() | st.text() | st.floats(allow_nan=False)))
def test_any_values_read_back(attribute: str, values: list[Any]) -> None:
    service = SerializationService(
        SerializationConfig(builtin_factories={PREDICATE_FACTORY_ID: PREDICATE_FACTORY})
    )
    predicate = or_(in_(attribute, *values), not_(and_(*(not_equal(attribute, value) for value in values))))
    assert service.to_object(service.to_data(predicate)) == predicate


@pytest.mark.parametrize("other", [1.0, True])
def test_equal_in_python_is_not_equal_to_a_member(other: object) -> None:
    assert equal("a", 1) == equal("a", 1)
    assert equal("a", 1) != equal("a", other)
    assert in_("a", [1]) != in_("a", [other])
    other_kind: object = "equal('a', 1)"
    assert equal("a", 1) != other_kind


WRONG_CALLS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: equal(5, 1), TypeError, "equal: attribute must be a str, not int"),  # type: ignore[arg-type] # misuse
    (lambda: equal("", 1), ValueError, "equal: attribute must not be empty"),
    (lambda: sql(None), TypeError, "sql: expression must be a str, not NoneType"),  # type: ignore[arg-type] # misuse
    (lambda: instance_of(str), TypeError, "instance_of: class_name must be a str"),  # type: ignore[arg-type] # misuse
    (lambda: like("a", b"x"), TypeError, "like: pattern must be a str or None"),  # type: ignore[arg-type] # misuse
    (lambda: greater("a", None), TypeError, "greater: value must not be None"),
    (lambda: less_or_equal("a", None), TypeError, "less_or_equal: value must not be None"),
    (lambda: between("a", None, 1), TypeError, "between: from_ must not be None"),
    (lambda: between("a", 1, None), TypeError, "between: to must not be None"),
    (lambda: and_(true(), "age > 3"), TypeError, "and_: expected a predicate, not str"),  # type: ignore[arg-type] # misuse
    (lambda: or_(True), TypeError, "or_: expected a predicate, not bool"),  # type: ignore[arg-type] # misuse
    (lambda: not_(None), TypeError, "not_: expected a predicate, not NoneType"),  # type: ignore[arg-type] # misuse
    (lambda: and_(paging(None, 3)), TypeError, "and_: .*cannot be a part of another predicate"),
    (lambda: not_(partition(1, true())), TypeError, "not_: .*cannot be a part of another predicate"),
    (lambda: paging(paging(None, 3), 3), TypeError, "paging: .*cannot be a part of another predicate"),
    (lambda: paging(partition(1, true()), 3), TypeError, r"Put it outside: .*partition\(key, paging"),
    (lambda: paging("x", 3), TypeError, "paging: expected a predicate, not str"),  # type: ignore[arg-type] # misuse
    (lambda: paging(None, 0), ValueError, "paging: page_size must be between 1 and"),
    (lambda: paging(None, 1 << 31), ValueError, "paging: page_size must be between 1 and"),
    (lambda: paging(None, "5"), TypeError, "paging: page_size must be an int, not str"),  # type: ignore[arg-type] # misuse
    (lambda: paging(None, True), TypeError, "paging: page_size must be an int, not bool"),
    (lambda: paging(None, 5, lambda a, b: 0), TypeError, "members sort the entries and cannot call"),
    (lambda: paging(None, 5, Reverse), TypeError, "members sort the entries and cannot call"),
    (lambda: partition(None, true()), TypeError, "partition: partition_key must not be None"),
    (lambda: partition(1, None), TypeError, "partition: expected a predicate"),  # type: ignore[arg-type] # misuse
    (lambda: partition(1, partition(2, true())), TypeError, "partition: .*cannot be a part"),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), WRONG_CALLS, ids=[message for _, _, message in WRONG_CALLS]
)
def test_wrong_arguments(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


class Reverse(IdentifiedDataSerializable):
    """Stands for a comparator class of the members."""

    def get_factory_id(self) -> int:
        return 66

    def get_class_id(self) -> int:
        return 2

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_boolean(True)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_boolean()


class StartsWith(Predicate):
    """Stands for a predicate class of the members."""

    def get_factory_id(self) -> int:
        return 66

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_utf("x")

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_utf()


def test_a_predicate_of_the_users_own_can_be_combined(service: SerializationService) -> None:
    own = "fffffffe0100000042000000010000000178"
    assert service.to_data(not_(StartsWith())).hex() == HEADER + "ffffffec0000000a" + own
