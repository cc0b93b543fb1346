"""The functions that create predicates."""

from __future__ import annotations

from typing import Any

from hz_core.arguments import shown
from hz_proxies.built_in import check_int, check_text
from hz_proxies.predicate.base import BuiltInPredicate, Predicate
from hz_proxies.predicate.paging_predicate import PagingPredicate
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization.api import IdentifiedDataSerializable, Portable


def sql(expression: str) -> Predicate:
    """Match entries that fulfil a condition in the style of a ``WHERE`` clause of SQL.

    Supports ``= == != <> < <= > >= BETWEEN IN LIKE ILIKE REGEX AND OR NOT``, in any case, and parentheses:
    ``active AND (age > 20 OR salary < 60000)``. Attribute names are case-sensitive. There is no ``UNKNOWN``:
    a comparison with a null attribute is false; use ``= NULL`` instead of ``IS NULL``.

    Args:
        expression: The condition. It is parsed by the members, so the query fails if it is invalid.
    """
    return BuiltInPredicate.make("sql", check_text("sql", "expression", expression))


def equal(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is equal to ``value``, which may be None."""
    return BuiltInPredicate.make("equal", check_text("equal", "attribute", attribute), value)


def not_equal(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is not equal to ``value``, which may be None."""
    return BuiltInPredicate.make("not_equal", check_text("not_equal", "attribute", attribute), value)


def like(attribute: str, pattern: str | None) -> Predicate:
    r"""Match entries whose attribute matches a pattern, case-sensitively.

    Args:
        attribute: Attribute path.
        pattern: The pattern: ``%`` matches any number of characters, ``_`` one, ``\%`` and ``\_`` the characters
            themselves. May be None.
    """
    return _matching("like", attribute, pattern)


def ilike(attribute: str, pattern: str | None) -> Predicate:
    """Match entries whose attribute matches a pattern as in ``like``, but case-insensitively. It may be None."""
    return _matching("ilike", attribute, pattern)


def regex(attribute: str, pattern: str | None) -> Predicate:
    """Match entries whose whole attribute matches a regular expression.

    Args:
        attribute: Attribute path.
        pattern: The expression, in the syntax of ``java.util.regex.Pattern``. May be None.
    """
    return _matching("regex", attribute, pattern)


def and_(*predicates: Predicate) -> Predicate:
    """Match entries that match all ``predicates``; all entries if there are none."""
    return BuiltInPredicate.make("and_", _operands("and_", *predicates))


def or_(*predicates: Predicate) -> Predicate:
    """Match entries that match at least one of ``predicates``; no entries if there are none."""
    return BuiltInPredicate.make("or_", _operands("or_", *predicates))


def not_(predicate: Predicate) -> Predicate:
    """Match entries that do not match ``predicate``."""
    return BuiltInPredicate.make("not_", *_operands("not_", predicate))


def between(attribute: str, from_: object, to: object) -> Predicate:
    """Match entries whose attribute is between ``from_`` and ``to``, both inclusive and not None."""
    return BuiltInPredicate.make(
        "between",
        check_text("between", "attribute", attribute),
        _not_none("between", "from_", from_),
        _not_none("between", "to", to),
    )


def in_(attribute: str, *values: object) -> Predicate:
    """Match entries whose attribute is equal to one of ``values``, which may be None.

    Values are separate arguments (``in_("age", 20, 30)``); a list is one value.
    """
    return BuiltInPredicate.make("in_", check_text("in_", "attribute", attribute), values)


def instance_of(class_name: str) -> Predicate:
    """Match entries whose value is an instance of a Java class, given by its full name (``java.lang.String``)."""
    return BuiltInPredicate.make("instance_of", check_text("instance_of", "class_name", class_name))


def false() -> Predicate:
    """Match no entries."""
    return BuiltInPredicate.make("false")


def true() -> Predicate:
    """Match all entries."""
    return BuiltInPredicate.make("true")


def greater(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is greater than ``value``, which must not be None."""
    return _compared("greater", attribute, value)


def greater_or_equal(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is greater than or equal to ``value``, which must not be None."""
    return _compared("greater_or_equal", attribute, value)


def less(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is less than ``value``, which must not be None."""
    return _compared("less", attribute, value)


def less_or_equal(attribute: str, value: object) -> Predicate:
    """Match entries whose attribute is less than or equal to ``value``, which must not be None."""
    return _compared("less_or_equal", attribute, value)


def paging(predicate: Predicate | None, page_size: int, comparator: object = None) -> PagingPredicate:
    """Return the results of ``predicate`` in pages, for ``Map.key_set``, ``values`` and ``entry_set``.

    Args:
        predicate: Filters the entries; None for all.
        page_size: Number of results of a page, at least 1.
        comparator: An object (Portable, IdentifiedDataSerializable or other) whose class on the members is
            a ``Comparator<Map.Entry>``. None for the natural order of the keys or values, which must then be
            comparable in Java.

    Raises:
        TypeError: If ``predicate`` is not a predicate or is a paging one, or ``comparator`` is a Python function.
        ValueError: If ``page_size`` is less than 1.
    """
    if predicate is not None:
        _operands("paging", predicate)
    if callable(comparator) and not isinstance(comparator, IdentifiedDataSerializable | Portable):
        raise TypeError(
            f"paging: members sort the entries and cannot call the Python object {comparator!r}. Use an "
            f"instance of a Portable or IdentifiedDataSerializable class that is a comparator in Java."
        )
    return PagingPredicate(predicate, check_int("paging", "page_size", page_size, minimum=1), comparator)


def partition(partition_key: object, predicate: Predicate) -> Predicate:
    """Restrict ``predicate`` to the partition that ``partition_key`` belongs to.

    It must be the outermost predicate, also around a paging predicate.

    Args:
        partition_key: object key of that partition; an entry is not required.
        predicate: Filters the entries of the partition.

    Raises:
        TypeError: If ``partition_key`` is None, or ``predicate`` is not a predicate or is a partition predicate.
    """
    _not_none("partition", "partition_key", partition_key)
    if not isinstance(predicate, PagingPredicate):
        _operands("partition", predicate)
    return PartitionPredicate.make("partition", partition_key, predicate)


def _matching(name: str, attribute: str, pattern: str | None) -> Predicate:
    if pattern is not None and not isinstance(pattern, str):
        raise TypeError(
            f"{name}: pattern must be a str or None, not {type(pattern).__name__} ({shown(pattern)})."
        )
    return BuiltInPredicate.make(name, check_text(name, "attribute", attribute), pattern)


def _compared(name: str, attribute: str, value: object) -> Predicate:
    return BuiltInPredicate.make(
        name, check_text(name, "attribute", attribute), _not_none(name, "value", value)
    )


def _not_none(function: str, parameter: str, value: object) -> Any:
    if value is None:
        raise TypeError(
            f"{function}: {parameter} must not be None: it has no place in an order or a partition."
        )
    return value


def _operands(function: str, *predicates: object) -> tuple[Predicate, ...]:
    """Return ``predicates`` if each of them can be a part of another predicate."""
    checked: list[Predicate] = []
    for predicate in predicates:
        if not isinstance(predicate, Predicate):
            raise TypeError(
                f"{function}: expected a predicate, not {type(predicate).__name__} ({predicate!r}). Make one "
                f"with a function of this module such as equal(), or derive your own from Predicate."
            )
        if isinstance(predicate, PagingPredicate | PartitionPredicate):
            raise TypeError(
                f"{function}: {predicate!r} cannot be a part of another predicate: it says how the whole "
                f"query runs. Put it outside: paging(and_(...), 10), partition(key, paging(...))."
            )
        checked.append(predicate)
    return tuple(checked)
