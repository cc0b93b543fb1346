"""The functions that make predicates."""

from __future__ import annotations

from typing import Any

from hz_proxies.built_in import check_int, check_text
from hz_proxies.predicate.base import BuiltInPredicate, Predicate
from hz_proxies.predicate.paging_predicate import PagingPredicate
from hz_proxies.predicate.partition_predicate import PartitionPredicate
from hz_serialization.api import IdentifiedDataSerializable, Portable


def sql(expression: str) -> Predicate:
    """Entries for which a condition in the style of an SQL ``WHERE`` holds.

    Knows ``= == != <> < <= > >= BETWEEN IN LIKE ILIKE REGEX AND OR NOT``, in any case, and parentheses:
    ``active AND (age > 20 OR salary < 60000)``. Attribute names are case-sensitive. There is no ``UNKNOWN``:
    a comparison with a null attribute is simply false, and ``= NULL`` takes the place of ``IS NULL``.

    Args:
        expression: The condition. Members parse it, so that a mistake in it makes the query fail.
    """
    return BuiltInPredicate.make("sql", check_text("sql", "expression", expression))


def equal(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute equals `value`, which may be None."""
    return BuiltInPredicate.make("equal", check_text("equal", "attribute", attribute), value)


def not_equal(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute differs from `value`, which may be None."""
    return BuiltInPredicate.make("not_equal", check_text("not_equal", "attribute", attribute), value)


def like(attribute: str, pattern: str | None) -> Predicate:
    r"""Entries whose attribute matches a pattern, case-sensitively.

    Args:
        attribute: Attribute path.
        pattern: ``%`` stands for any number of characters, ``_`` for one, ``\%`` and ``\_`` for themselves.
            May be None.
    """
    return _matching("like", attribute, pattern)


def ilike(attribute: str, pattern: str | None) -> Predicate:
    """Entries whose attribute matches a pattern as in `like`, but in any case. The pattern may be None."""
    return _matching("ilike", attribute, pattern)


def regex(attribute: str, pattern: str | None) -> Predicate:
    """Entries whose attribute as a whole matches a regular expression.

    Args:
        attribute: Attribute path.
        pattern: In the syntax of Java's ``java.util.regex.Pattern``. May be None.
    """
    return _matching("regex", attribute, pattern)


def and_(*predicates: Predicate) -> Predicate:
    """Entries that pass all `predicates`; all entries if there are none."""
    return BuiltInPredicate.make("and_", _operands("and_", *predicates))


def or_(*predicates: Predicate) -> Predicate:
    """Entries that pass one of `predicates` or more; no entry if there are none."""
    return BuiltInPredicate.make("or_", _operands("or_", *predicates))


def not_(predicate: Predicate) -> Predicate:
    """Entries that do not pass `predicate`."""
    return BuiltInPredicate.make("not_", *_operands("not_", predicate))


def between(attribute: str, from_: Any, to: Any) -> Predicate:
    """Entries whose attribute is not less than `from_` and not greater than `to`; neither may be None."""
    return BuiltInPredicate.make(
        "between",
        check_text("between", "attribute", attribute),
        _not_none("between", "from_", from_),
        _not_none("between", "to", to),
    )


def in_(attribute: str, *values: Any) -> Predicate:
    """Entries whose attribute equals one of `values`, of which any may be None.

    Values are given one by one (``in_("age", 20, 30)``); a list is one value.
    """
    return BuiltInPredicate.make("in_", check_text("in_", "attribute", attribute), values)


def instance_of(class_name: str) -> Predicate:
    """Entries whose value is of a class of the member, given by its full name (``java.lang.String``)."""
    return BuiltInPredicate.make("instance_of", check_text("instance_of", "class_name", class_name))


def false() -> Predicate:
    """No entry."""
    return BuiltInPredicate.make("false")


def true() -> Predicate:
    """All entries."""
    return BuiltInPredicate.make("true")


def greater(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute is greater than `value`, which may not be None."""
    return _compared("greater", attribute, value)


def greater_or_equal(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute is greater than or equal to `value`, which may not be None."""
    return _compared("greater_or_equal", attribute, value)


def less(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute is less than `value`, which may not be None."""
    return _compared("less", attribute, value)


def less_or_equal(attribute: str, value: Any) -> Predicate:
    """Entries whose attribute is less than or equal to `value`, which may not be None."""
    return _compared("less_or_equal", attribute, value)


def paging(predicate: Predicate | None, page_size: int, comparator: object = None) -> PagingPredicate:
    """The results of `predicate` in pages of `page_size`, for `Map.key_set`, `values` and `entry_set`.

    Args:
        predicate: Filters the entries; None for all.
        page_size: Number of results in a page, 1 or more.
        comparator: An object (Portable, IdentifiedDataSerializable or other) whose class on the members is
            a ``Comparator<Map.Entry>``; its data only name it. None for the natural order of the keys or
            values, which must then be comparable in Java.

    Raises:
        TypeError: If `predicate` is no predicate, or pages itself, or `comparator` is a Python function.
        ValueError: If `page_size` is less than 1.
    """
    if predicate is not None:
        _operands("paging", predicate)
    if callable(comparator) and not isinstance(comparator, IdentifiedDataSerializable | Portable):
        raise TypeError(
            f"paging: members sort the entries and cannot call the Python object {comparator!r}. Give an "
            f"instance of a Portable or IdentifiedDataSerializable class that is a comparator in Java."
        )
    return PagingPredicate(predicate, check_int("paging", "page_size", page_size, minimum=1), comparator)


def partition(partition_key: Any, predicate: Predicate) -> Predicate:
    """The results of `predicate` in the one partition that `partition_key` belongs to.

    It must be the outermost predicate, also around a paging predicate.

    Args:
        partition_key: Any key of that partition; it need not be in the map.
        predicate: Filters the entries of the partition.

    Raises:
        TypeError: If `partition_key` is None, or `predicate` is no predicate or a partition predicate itself.
    """
    _not_none("partition", "partition_key", partition_key)
    if not isinstance(predicate, PagingPredicate):
        _operands("partition", predicate)
    return PartitionPredicate.make("partition", partition_key, predicate)


def _matching(name: str, attribute: str, pattern: str | None) -> Predicate:
    if pattern is not None and not isinstance(pattern, str):
        raise TypeError(f"{name}: pattern must be a str or None, not {type(pattern).__name__} ({pattern!r}).")
    return BuiltInPredicate.make(name, check_text(name, "attribute", attribute), pattern)


def _compared(name: str, attribute: str, value: Any) -> Predicate:
    return BuiltInPredicate.make(
        name, check_text(name, "attribute", attribute), _not_none(name, "value", value)
    )


def _not_none(function: str, parameter: str, value: Any) -> Any:
    if value is None:
        raise TypeError(
            f"{function}: {parameter} must not be None: it has no place in an order or a partition."
        )
    return value


def _operands(function: str, *predicates: object) -> tuple[Predicate, ...]:
    """`predicates` if each of them can be a part of another predicate."""
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
