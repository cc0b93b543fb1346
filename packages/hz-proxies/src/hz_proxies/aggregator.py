"""Aggregators: one result from many map entries, computed on the members.

Each takes the path of the attribute to aggregate; without one it aggregates the values themselves. Paths are
those of predicates (see `hz_proxies.predicate.Predicate`), `[any]` included. What a member adds up must have
the Java type that the function names and must not be null, or the call fails; `fixed_point_sum`,
`floating_point_sum` and `number_avg` take numbers of any type, `count` and `distinct` take everything.

Source: the aggregator factory (-29) of the members' serialization.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, TypeVar

from hz_proxies.built_in import (
    BIG_DECIMAL_ZERO,
    BIG_INTEGER_ZERO,
    DOUBLE,
    INT,
    LONG,
    OBJECT,
    UTF,
    BuiltIn,
    Field,
    Shape,
    check_text,
)
from hz_serialization import MapEntry
from hz_serialization.api import IdentifiedDataSerializable

R = TypeVar("R")

AGGREGATOR_FACTORY_ID: Final = -29


class Aggregator(IdentifiedDataSerializable, Generic[R]):
    """Makes one `R` of many map entries on the members, for `Map.aggregate`.

    The functions of this module make the ones that every member knows. An aggregator of your own, whose Java
    class is on the members' class path, derives from this class and has its own factory id, class id and
    `write_data`.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Factory id of the member's own aggregators; an aggregator of your own returns another."""
        return AGGREGATOR_FACTORY_ID


def _shape(name: str, class_id: int, *state: tuple[Field, Any]) -> Shape:
    """An aggregator is written with its running totals: here their values before the first entry."""
    return Shape(name, class_id, (UTF,), constants=state)


_LONG: Final = (LONG, 0)
_DOUBLE: Final = (DOUBLE, 0.0)
_NULL: Final = (OBJECT, None)
_BIG_DECIMAL: Final = (BIG_DECIMAL_ZERO, Decimal(0))
_BIG_INTEGER: Final = (BIG_INTEGER_ZERO, 0)

_SHAPES: Final = (
    _shape("big_decimal_avg", 0, _BIG_DECIMAL, _LONG),
    _shape("big_decimal_sum", 1, _BIG_DECIMAL),
    _shape("big_integer_avg", 2, _BIG_INTEGER, _LONG),
    _shape("big_integer_sum", 3, _BIG_INTEGER),
    _shape("count", 4, _LONG),
    _shape("distinct", 5, (INT, 0)),
    _shape("double_avg", 6, _DOUBLE, _LONG),
    _shape("double_sum", 7, _DOUBLE),
    _shape("fixed_point_sum", 8, _LONG),
    _shape("floating_point_sum", 9, _DOUBLE),
    _shape("int_avg", 10, _LONG, _LONG),
    _shape("int_sum", 11, _LONG),
    _shape("long_avg", 12, _LONG, _LONG),
    _shape("long_sum", 13, _LONG),
    _shape("max_", 14, _NULL),
    _shape("min_", 15, _NULL),
    _shape("number_avg", 16, _DOUBLE, _LONG),
    _shape("max_by", 17, _NULL, _NULL),
    _shape("min_by", 18, _NULL, _NULL),
)


class BuiltInAggregator(BuiltIn, Aggregator[R]):
    """An aggregator of the table above; made by the functions of this module only."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}

    @property
    def attribute_path(self) -> str | None:
        """Path of the aggregated attribute, or None for the whole value."""
        path: str | None = self._arguments[0]
        return path

    def __repr__(self) -> str:
        return f"{self._shape.name}({'' if self.attribute_path is None else repr(self.attribute_path)})"


def _make(name: str, attribute_path: str | None) -> BuiltInAggregator[Any]:
    if attribute_path is not None:
        check_text(name, "attribute_path", attribute_path)
    return BuiltInAggregator.make(name, attribute_path)


AGGREGATOR_FACTORY: Final[Mapping[int, Callable[[], Aggregator[Any]]]] = MappingProxyType(
    BuiltInAggregator.factory()
)
"""Class id to constructor, for reading built-in aggregators back."""


def count(attribute_path: str | None = None) -> Aggregator[int]:
    """Number of entries (with a path: of attribute values, null ones included)."""
    return _make("count", attribute_path)


def distinct(attribute_path: str | None = None) -> Aggregator[set[Any]]:
    """The different values."""
    return _make("distinct", attribute_path)


def double_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Average of Double values; None if there is none."""
    return _make("double_avg", attribute_path)


def double_sum(attribute_path: str | None = None) -> Aggregator[float]:
    """Sum of Double values."""
    return _make("double_sum", attribute_path)


def fixed_point_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Sum of numbers of any type, each cut to a Long first."""
    return _make("fixed_point_sum", attribute_path)


def floating_point_sum(attribute_path: str | None = None) -> Aggregator[float]:
    """Sum of numbers of any type, each turned into a Double first."""
    return _make("floating_point_sum", attribute_path)


def int_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Average of Integer values; None if there is none."""
    return _make("int_avg", attribute_path)


def int_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Sum of Integer values, as a Long."""
    return _make("int_sum", attribute_path)


def long_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Average of Long values; None if there is none."""
    return _make("long_avg", attribute_path)


def long_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Sum of Long values; beyond 64 bits it wraps around."""
    return _make("long_sum", attribute_path)


def number_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Average of numbers of any type, each turned into a Double first; None if there is none."""
    return _make("number_avg", attribute_path)


def big_decimal_avg(attribute_path: str | None = None) -> Aggregator[Decimal | None]:
    """Average of BigDecimal values; None if there is none."""
    return _make("big_decimal_avg", attribute_path)


def big_decimal_sum(attribute_path: str | None = None) -> Aggregator[Decimal]:
    """Sum of BigDecimal values."""
    return _make("big_decimal_sum", attribute_path)


def big_integer_avg(attribute_path: str | None = None) -> Aggregator[Decimal | None]:
    """Average of BigInteger values, as a BigDecimal; None if there is none."""
    return _make("big_integer_avg", attribute_path)


def big_integer_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Sum of BigInteger values, of any size."""
    return _make("big_integer_sum", attribute_path)


def max_(attribute_path: str | None = None) -> Aggregator[Any]:
    """The greatest value, which must be comparable in Java; None if there is none."""
    return _make("max_", attribute_path)


def min_(attribute_path: str | None = None) -> Aggregator[Any]:
    """The least value, which must be comparable in Java; None if there is none."""
    return _make("min_", attribute_path)


def max_by(attribute_path: str | None = None) -> Aggregator[MapEntry[Any, Any] | None]:
    """The entry with the greatest attribute (with several, one of them); None if there is none."""
    return _make("max_by", attribute_path)


def min_by(attribute_path: str | None = None) -> Aggregator[MapEntry[Any, Any] | None]:
    """The entry with the least attribute (with several, one of them); None if there is none."""
    return _make("min_by", attribute_path)
