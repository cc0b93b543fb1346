"""Uses of Python's collections that are done with a Java collection as well, to compare what happens."""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SOME = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Enough to find each of the old differences."""

LARGEST = 200
"""From this size on, no more steps are done."""


class Operation(NamedTuple):
    """One use of a collection: a name for messages, and a function with a result of Python's own types."""

    name: str
    function: Callable[[Any], Any]


Unary = tuple[str, Callable[[Any], Any]]
Binary = tuple[str, Callable[[Any, Any], Any]]


def unary(*uses: Unary) -> st.SearchStrategy[Operation]:
    """Return one of the uses."""
    return st.sampled_from([Operation(*use) for use in uses])


def binary(values: st.SearchStrategy[Any], *uses: Binary) -> st.SearchStrategy[Operation]:
    """Return one of the uses, with a value."""

    def with_value(use: Binary, value: Any) -> Operation:
        return Operation(f"{use[0]} {value!r}", lambda each: use[1](each, value))

    return st.builds(with_value, st.sampled_from(uses), values)


def put(index: Any, value: Any) -> Operation:
    """Return the use ``each[index] = value``."""
    return Operation(f"[{index!r}] = {value!r}", lambda each: operator.setitem(each, index, value))


def assigned(name: str, each: Any, value: Any) -> bool:
    """Do an assignment such as ``+=`` by its name in ``operator``; return whether it changed the collection itself."""
    return getattr(operator, name)(each, value) is each


def in_place(name: str) -> Binary:
    """Return an assignment such as ``+=``."""
    return name, lambda each, value: assigned(name, each, value)


def outcome(operation: Operation, target: Any) -> tuple[str, Any]:
    """Return what an operation returns, or the kind of its error."""
    try:
        return "returned", operation.function(target)
    except (IndexError, KeyError, ValueError, TypeError) as error:
        return "raised", type(error)


def first_difference(
    java: Any,
    own: Any,
    steps: list[Operation],
    content: Callable[[Any], Any],
    same: Callable[[Any, Any], bool],
) -> str:
    """Do the steps with both collections, and compare results, errors and contents after each.

    Args:
        java: The Java collection.
        own: The Python collection with the same content.
        steps: The operations.
        content: Reads the Java collection without the classes under test.
        same: Compares two results or contents.

    Returns:
        What was different after a step; empty if nothing was.
    """
    for step in steps:
        before = own.copy()
        expected = outcome(step, own)
        if step.name.startswith("sort") and expected[0] == "raised":
            own = before  # Python leaves a list half sorted there
        found = outcome(step, java)
        if not same(found, expected):
            return f"{before} {step.name}: {found}, not {expected}"
        if not same(content(java), own):
            return f"{before} {step.name}: {content(java)}, not {own}"
        if len(own) > LARGEST:
            break
    return ""
