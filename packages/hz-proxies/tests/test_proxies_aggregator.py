"""Aggregators: their bytes as members write them, their checks and their printed form."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, assert_type

import pytest

from hz_proxies import aggregator as aggregators
from hz_proxies.aggregator import (
    AGGREGATOR_FACTORY,
    AGGREGATOR_FACTORY_ID,
    Aggregator,
    BuiltInAggregator,
    big_decimal_avg,
    big_decimal_sum,
    big_integer_avg,
    big_integer_sum,
    count,
    distinct,
    double_avg,
    double_sum,
    fixed_point_sum,
    floating_point_sum,
    int_avg,
    int_sum,
    long_avg,
    long_sum,
    max_,
    max_by,
    min_,
    min_by,
    number_avg,
)
from hz_serialization import HazelcastSerializationError, IntType, SerializationConfig, SerializationService
from hz_serialization.api import ObjectDataInput, ObjectDataOutput

HEADER = "00000000fffffffe01ffffffe3"  # no partition hash, type -2, identified, factory -29
ATTR = "0000000461747472"

# What a member's own serialization service makes of each: class id and, after "attr", the running totals.
VECTORS: list[tuple[Callable[[str | None], Aggregator[Any]], str, str]] = [
    (count, "00000004", "0000000000000000"),
    (distinct, "00000005", "00000000"),
    (double_avg, "00000006", "00000000000000000000000000000000"),
    (double_sum, "00000007", "0000000000000000"),
    (fixed_point_sum, "00000008", "0000000000000000"),
    (floating_point_sum, "00000009", "0000000000000000"),
    (int_avg, "0000000a", "00000000000000000000000000000000"),
    (int_sum, "0000000b", "0000000000000000"),
    (long_avg, "0000000c", "00000000000000000000000000000000"),
    (long_sum, "0000000d", "0000000000000000"),
    (max_, "0000000e", "00000000"),
    (min_, "0000000f", "00000000"),
    (number_avg, "00000010", "00000000000000000000000000000000"),
    (max_by, "00000011", "0000000000000000"),
    (min_by, "00000012", "0000000000000000"),
    (big_decimal_sum, "00000001", "ffffffe5000000010000000000"),
    (big_decimal_avg, "00000000", "ffffffe50000000100000000000000000000000000"),
    (big_integer_sum, "00000003", "ffffffe60000000100"),
    (big_integer_avg, "00000002", "ffffffe600000001000000000000000000"),
]
IDS = [make.__name__ for make, _, _ in VECTORS]


def service(int_type: IntType = IntType.INT) -> SerializationService:
    factories = {AGGREGATOR_FACTORY_ID: AGGREGATOR_FACTORY}
    return SerializationService(SerializationConfig(builtin_factories=factories, default_int_type=int_type))


@pytest.mark.parametrize("int_type", [IntType.INT, IntType.BYTE, IntType.VAR, IntType.BIG_INT])
@pytest.mark.parametrize(("make", "class_id", "state"), VECTORS, ids=IDS)
def test_bytes_are_the_members_own_whatever_an_int_is(
    make: Callable[[str | None], Aggregator[Any]], class_id: str, state: str, int_type: IntType
) -> None:
    to_data = service(int_type).to_data
    assert to_data(make("attr")).hex() == HEADER + class_id + ATTR + state
    assert to_data(make(None)).hex() == HEADER + class_id + "ffffffff" + state


@pytest.mark.parametrize("path", ["attr", None])
@pytest.mark.parametrize("make", [make for make, _, _ in VECTORS], ids=IDS)
def test_reads_back_as_an_equal_aggregator(
    make: Callable[[str | None], Aggregator[Any]], path: str | None
) -> None:
    aggregator = make(path)
    again = service().to_object(service().to_data(aggregator))
    assert again == aggregator
    assert isinstance(again, BuiltInAggregator)
    assert again.attribute_path == path


def test_running_totals_are_not_taken_for_a_fresh_aggregator() -> None:
    data = bytes.fromhex(HEADER + "00000004" + ATTR + "0000000000000007")
    with pytest.raises(
        HazelcastSerializationError, match=r"factory -29, class 4: its last fields are \(7,\)"
    ):
        service().to_object(data)


@pytest.mark.parametrize("make", [make for make, _, _ in VECTORS], ids=IDS)
def test_repr_is_the_call_that_makes_it(make: Callable[[str | None], Aggregator[Any]]) -> None:
    assert repr(make("a.b[any]")) == f"{make.__name__}('a.b[any]')"
    assert repr(make(None)) == f"{make.__name__}()"


def test_different_aggregators_differ() -> None:
    made = {make(path) for make, _, _ in VECTORS for path in ("a", "b", None)}
    assert len(made) == 3 * len(VECTORS)
    assert count("a") != aggregators.count("b")


def test_the_factory_makes_every_class_that_a_vector_has() -> None:
    assert set(AGGREGATOR_FACTORY) == {int(class_id, 16) for _, class_id, _ in VECTORS}


@pytest.mark.parametrize("make", [make for make, _, _ in VECTORS], ids=IDS)
def test_wrong_paths(make: Callable[[Any], Aggregator[Any]]) -> None:
    with pytest.raises(TypeError, match=f"^{make.__name__}: attribute_path must be a str, not int"):
        make(5)
    with pytest.raises(ValueError, match=f"^{make.__name__}: attribute_path must not be empty"):
        make("")


def test_result_types() -> None:
    assert_type(count(), Aggregator[int])
    assert_type(distinct("a"), Aggregator[set[Any]])
    assert_type(double_sum("a"), Aggregator[float])
    assert_type(int_avg("a"), Aggregator[float | None])
    assert_type(big_decimal_sum(), Aggregator[Decimal])
    assert count().get_factory_id() == AGGREGATOR_FACTORY_ID


class Median(Aggregator[float]):
    """Stands for an aggregator class of the members."""

    def get_factory_id(self) -> int:
        return 66

    def get_class_id(self) -> int:
        return 3

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_utf("a")

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_utf()


def test_an_aggregator_of_the_users_own() -> None:
    assert service().to_data(Median()).hex() == "00000000fffffffe0100000042000000030000000161"
