"""Aggregators: one result from many map entries, computed on the members.

Each takes the path of the attribute to aggregate; without one it aggregates the values themselves. Paths are
those of predicates (see ``hz_proxies.predicate.Predicate``), ``[any]`` included. What a member adds up must have
the Java type that the function names and must not be null, or the call fails; ``fixed_point_sum``,
``floating_point_sum`` and ``number_avg`` take numbers of any type, ``count`` and ``distinct`` take everything.

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
    """Aggregates map entries to one ``R`` on the members, for ``Map.aggregate``.

    The functions of this module return the built-in aggregators of the members. A custom aggregator, whose Java
    class is on the members' class path, is a subclass with its own factory id, class id and ``write_data``.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Return the factory id of the built-in aggregators; a custom aggregator returns its own."""
        return AGGREGATOR_FACTORY_ID


def _shape(name: str, class_id: int, *state: tuple[Field, Any]) -> Shape:
    """Return the shape of an aggregator; its constants are the initial running totals, which are serialized, too."""
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
    """A built-in aggregator; only created by the functions of this module."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}

    @property
    def attribute_path(self) -> str | None:
        """The path of the aggregated attribute, or None for the whole value."""
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
"""Constructors by class id, to deserialize built-in aggregators."""


def count(attribute_path: str | None = None) -> Aggregator[int]:
    """Return an aggregator for the number of entries (with a path: of attribute values, including null)."""
    return _make("count", attribute_path)


def distinct(attribute_path: str | None = None) -> Aggregator[set[Any]]:
    """Return an aggregator for the distinct values."""
    return _make("distinct", attribute_path)


def double_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Return an aggregator for the average of Double values; None if there are none."""
    return _make("double_avg", attribute_path)


def double_sum(attribute_path: str | None = None) -> Aggregator[float]:
    """Return an aggregator for the sum of Double values."""
    return _make("double_sum", attribute_path)


def fixed_point_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Return an aggregator for the sum of numbers of any type, each truncated to a Long first."""
    return _make("fixed_point_sum", attribute_path)


def floating_point_sum(attribute_path: str | None = None) -> Aggregator[float]:
    """Return an aggregator for the sum of numbers of any type, each converted to a Double first."""
    return _make("floating_point_sum", attribute_path)


def int_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Return an aggregator for the average of Integer values; None if there are none."""
    return _make("int_avg", attribute_path)


def int_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Return an aggregator for the sum of Integer values, as a Long."""
    return _make("int_sum", attribute_path)


def long_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Return an aggregator for the average of Long values; None if there are none."""
    return _make("long_avg", attribute_path)


def long_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Return an aggregator for the sum of Long values, which wraps around beyond 64 bits."""
    return _make("long_sum", attribute_path)


def number_avg(attribute_path: str | None = None) -> Aggregator[float | None]:
    """Return an aggregator for the average of numbers, each converted to a Double first; None if there are none."""
    return _make("number_avg", attribute_path)


def big_decimal_avg(attribute_path: str | None = None) -> Aggregator[Decimal | None]:
    """Return an aggregator for the average of BigDecimal values; None if there are none."""
    return _make("big_decimal_avg", attribute_path)


def big_decimal_sum(attribute_path: str | None = None) -> Aggregator[Decimal]:
    """Return an aggregator for the sum of BigDecimal values."""
    return _make("big_decimal_sum", attribute_path)


def big_integer_avg(attribute_path: str | None = None) -> Aggregator[Decimal | None]:
    """Return an aggregator for the average of BigInteger values, as a BigDecimal; None if there are none."""
    return _make("big_integer_avg", attribute_path)


def big_integer_sum(attribute_path: str | None = None) -> Aggregator[int]:
    """Return an aggregator for the sum of BigInteger values, of any size."""
    return _make("big_integer_sum", attribute_path)


def max_(attribute_path: str | None = None) -> Aggregator[Any]:
    """Return an aggregator for the greatest value; None if there are none. Values must be comparable in Java."""
    return _make("max_", attribute_path)


def min_(attribute_path: str | None = None) -> Aggregator[Any]:
    """Return an aggregator for the least value; None if there are none. Values must be comparable in Java."""
    return _make("min_", attribute_path)


def max_by(attribute_path: str | None = None) -> Aggregator[MapEntry[Any, Any] | None]:
    """Return an aggregator for an entry with the greatest attribute value; None if there are no entries."""
    return _make("max_by", attribute_path)


def min_by(attribute_path: str | None = None) -> Aggregator[MapEntry[Any, Any] | None]:
    """Return an aggregator for an entry with the least attribute value; None if there are no entries."""
    return _make("min_by", attribute_path)
