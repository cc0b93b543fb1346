"""Java's sets as Python's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Set
from typing import Any, TypeVar, cast

from hz_embedded._py4j import BaseObject, BaseSet
from hz_embedded.bridge import raw
from hz_embedded.bridge.comparing import ARRAY_LIST, collected, compare, equals, items_of
from hz_embedded.bridge.java_objects import Received, java_method
from hz_embedded.bridge.reading import elements, length

T = TypeVar("T")


class JavaSet(Received, BaseSet[T]):
    """A ``java.util.Set`` as a ``MutableSet``. The operators ``& | - ^`` return Python sets.

    An element is found as Java finds it: the ``Integer`` 1, the ``Long`` 1 and ``True`` are different elements.
    """

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return equals(self, other, BaseSet, Set, set)

    def __copy__(self) -> JavaSet[T]:
        return self.copy()

    def __len__(self) -> int:
        return length(self)

    def __contains__(self, value: object) -> bool:
        return bool(self.contains(value))

    def __repr__(self) -> str:
        found = elements(self)
        return f"{{{', '.join(map(repr, found))}}}" if found else "set()"

    def __le__(self, other: Any) -> bool:
        return compare(self, other, Set, operator.le, set)

    def __lt__(self, other: Any) -> bool:
        return compare(self, other, Set, operator.lt, set)

    def __ge__(self, other: Any) -> bool:
        return compare(self, other, Set, operator.ge, set)

    def __gt__(self, other: Any) -> bool:
        return compare(self, other, Set, operator.gt, set)

    def __and__(self, other: Any) -> set[Any]:
        return self._hz_combined(other, set.intersection)

    def __or__(self, other: Any) -> set[Any]:
        return self._hz_combined(other, set.union)

    def __sub__(self, other: Any) -> set[Any]:
        return self._hz_combined(other, set.difference)

    def __xor__(self, other: Any) -> set[Any]:
        return self._hz_combined(other, set.symmetric_difference)

    def __rsub__(self, other: Any) -> set[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return set(items_of(other)) - set(elements(self))

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def _hz_combined(self, other: Any, operation: Callable[..., set[Any]]) -> set[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
        return operation(set(elements(self)), items_of(other))

    def __ior__(self, other: Iterable[T]) -> JavaSet[T]:  # type: ignore[override,misc]  # any iterable
        self.update(other)
        return self

    def __isub__(self, other: Iterable[T]) -> JavaSet[T]:  # type: ignore[misc]  # any iterable
        self._hz_keep(lambda value, others: value not in others, other)
        return self

    def __iand__(self, other: Iterable[T]) -> JavaSet[T]:  # type: ignore[misc]  # any iterable
        self._hz_keep(lambda value, others: value in others, other)
        return self

    def __ixor__(self, other: Iterable[T]) -> JavaSet[T]:  # type: ignore[override,misc]  # any iterable
        others = set(items_of(other))
        added = others - set(elements(self))
        self -= others  # the same object
        self.update(added)
        return self

    def _hz_keep(self, wanted: Callable[[T, Set[Any]], bool], other: Iterable[Any]) -> None:
        others = set(items_of(other))
        # By Java's objects, because Python's copies may have other types.
        own = raw.new(self._gateway_client, ARRAY_LIST, self)
        doomed = [index for index, value in enumerate(elements(own)) if not wanted(value, others)]
        if doomed:
            raw.call(self, "removeAll", raw.gather(own, doomed))

    def add(self, value: T) -> None:
        """Add ``value`` if it is not in the set."""
        java_method(self, "add")(value)

    def update(self, *others: Iterable[T]) -> None:
        """Add all values of the others, those of each in one call to Java."""
        for other in others:
            values = collected(self, other, "the set")
            if length(values):
                raw.call(self, "addAll", values)

    def discard(self, value: T) -> None:
        """Remove ``value`` if it is in the set."""
        java_method(self, "remove")(value)

    def remove(self, value: T) -> None:
        """Remove ``value``.

        Raises:
            KeyError: ``value`` is not in the set.
        """
        if not java_method(self, "remove")(value):
            raise KeyError(value)

    def pop(self) -> T:
        """Remove an element and return it.

        Raises:
            KeyError: The set is empty.
        """
        own = raw.new(self._gateway_client, ARRAY_LIST, self)
        if not length(own):
            raise KeyError("pop from an empty Java set")
        raw.call(self, "removeAll", raw.gather(own, [0]))
        return cast("T", raw.call(own, "get", 0, for_user=True))

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        raw.call(self, "clear")

    def copy(self) -> JavaSet[T]:
        """Return a new Java set with the same elements in the same order."""
        made: JavaSet[T] = raw.new(self._gateway_client, "java.util.LinkedHashSet", self, for_user=True)
        return made
