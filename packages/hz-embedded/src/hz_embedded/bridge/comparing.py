"""What arrays, lists, sets and maps of Java share: indexes, comparisons, and values to put into them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final

from hz_embedded._py4j import BaseArray, BaseList, BaseObject, BaseSet
from hz_embedded.bridge import raw
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.java_objects import JavaCollection, UnknownReference, are_equal, resolve
from hz_embedded.bridge.reading import elements, entries, length

ARRAY_LIST: Final = "java.util.ArrayList"


def place_of(thing: BaseObject, index: Any) -> int:
    """Return an index from 0.

    Raises:
        IndexError: There is no such element.
    """
    try:
        place = operator.index(index)
    except TypeError:
        raise TypeError(f"list indices must be integers or slices, not {type(index).__name__}") from None
    size = length(thing)
    if not -size <= place < size:
        raise IndexError(f"the index {place} is out of range: there are {size} elements")
    return place % size


def check_size(count: int, places: range) -> None:
    """Check that as many values are assigned to a slice as it has elements.

    Raises:
        ValueError: The numbers differ.
    """
    if count != len(places):
        raise ValueError(
            f"a slice with a step keeps its size: {count} values cannot be assigned to its {len(places)} elements"
        )


def items_of(values: Iterable[Any]) -> Iterable[Any]:
    """Return the values, those of a Java collection or array all at once."""
    return elements(values) if isinstance(values, BaseArray | BaseList | BaseSet) else values


def collected(thing: BaseObject, values: Iterable[Any], path: str) -> Any:
    """Return a new Java list of the values that shall go into ``thing``; those of Java keep their types."""
    if isinstance(values, UnknownReference):
        resolve(values)
    if isinstance(values, BaseList | BaseSet | JavaCollection):
        return raw.new(thing._gateway_client, ARRAY_LIST, values)
    return inputs_of(thing._gateway_client).collect(list(values), path)


def index_of(thing: BaseObject, value: object, start: int, stop: int, kind: str) -> int:
    """Return the first index of a value between two places, as ``list.index`` does.

    Raises:
        ValueError: There is no such element.
    """
    try:
        return elements(thing).index(value, start, stop)
    except ValueError:
        raise ValueError(f"{value!r} is not in the {kind}") from None


def compare(
    own: BaseObject,
    other: Any,
    kind: Any,
    operation: Callable[[Any, Any], bool],
    copy: Callable[[Any], Any] = list,
) -> bool:
    """Compare the elements of a Java collection with another collection.

    Args:
        own: The Java collection.
        other: What it is compared with.
        kind: The types that it can be compared with.
        operation: The comparison.
        copy: The Python type of both.
    """
    if not isinstance(other, kind):
        return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
    return operation(copy(elements(own)), copy(items_of(other)))


def equals(own: Any, other: object, java: type, python: Any, copy: Callable[[Any], Any]) -> bool:
    """Compare with a Java object of the same kind, or with a Python collection, by the elements."""
    if isinstance(other, BaseObject):
        if are_equal(own, other):
            return True
        if not isinstance(other, java):
            return False
        return length(own) == length(other) and _content(own, copy) == _content(other, copy)
    if not isinstance(other, python):
        return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
    return length(own) == len(other) and bool(_content(own, copy) == other)


def _content(thing: Any, copy: Callable[[Any], Any]) -> Any:
    return dict(entries(thing)) if copy is dict else copy(elements(thing))
