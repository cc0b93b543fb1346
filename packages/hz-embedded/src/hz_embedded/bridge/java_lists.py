"""Java's lists as Python's."""

from __future__ import annotations

import contextlib
import operator
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, SupportsIndex, TypeVar, cast

from hz_embedded._py4j import BaseList, BaseObject, Py4JJavaError, is_instance
from hz_embedded.bridge import raw
from hz_embedded.bridge.comparing import (
    ARRAY_LIST,
    check_size,
    collected,
    compare,
    equals,
    index_of,
    place_of,
)
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.errors import BridgeError
from hz_embedded.bridge.java_objects import Received, java_method
from hz_embedded.bridge.reading import elements, length

T = TypeVar("T")

_UNSUPPORTED: Final = "java.lang.UnsupportedOperationException"


class JavaList(Received, BaseList[T]):
    """A ``java.util.List`` as a ``MutableSequence`` with the methods of Python's ``list``.

    Slices, ``+`` and ``*`` give copies in new Java lists. Values are compared as Python compares them, so ``1``,
    ``True`` and a ``Long`` 1 are equal; ``contains`` and ``indexOf`` are Java's answers.

    Several values are converted before any of them is put into the list. A list of a member has no operation for
    several elements in its middle: there, the new elements are inserted and then the old ones are removed.
    """

    def __hash__(self) -> int:
        return BaseObject.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return equals(self, other, BaseList, list, list)

    def __lt__(self, other: Any) -> bool:
        return compare(self, other, list | BaseList, operator.lt)

    def __le__(self, other: Any) -> bool:
        return compare(self, other, list | BaseList, operator.le)

    def __gt__(self, other: Any) -> bool:
        return compare(self, other, list | BaseList, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return compare(self, other, list | BaseList, operator.ge)

    def __copy__(self) -> JavaList[T]:
        return self.copy()

    def __len__(self) -> int:
        return length(self)

    def __iter__(self) -> Iterator[T]:
        return cast("Iterator[T]", self.iterator())

    def __contains__(self, value: object) -> bool:
        passes = inputs_of(self._gateway_client).passes(value)
        return (passes and bool(self.contains(value))) or value in elements(self)

    def __repr__(self) -> str:
        return repr(elements(self))

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return raw.call(self, "get", place_of(self, index), for_user=True)
        places = range(*index.indices(len(self)))
        if not places:
            return raw.new(self._gateway_client, ARRAY_LIST, for_user=True)
        low, high = min(places), max(places) + 1
        part = raw.call(self, "subList", low, high)
        if places.step == 1:
            return raw.new(self._gateway_client, ARRAY_LIST, part, for_user=True)
        part = raw.new(self._gateway_client, ARRAY_LIST, part)
        return raw.gather(part, [place - low for place in places], for_user=True)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            self.set(place_of(self, index), value)
            return
        new = collected(self, value, "the slice")
        places = range(*index.indices(len(self)))
        if places.step == 1:
            self._hz_replace(places.start, max(places.start, places.stop), new)
            return
        count = length(new)
        check_size(count, places)
        if places:
            low, high = min(places), max(places) + 1
            both = raw.new(self._gateway_client, ARRAY_LIST, raw.call(self, "subList", low, high))
            raw.call(both, "addAll", new)
            order = list(range(high - low))
            for number, place in enumerate(places):
                order[place - low] = high - low + number
            self._hz_replace(low, high, raw.gather(both, order))

    def __delitem__(self, index: Any) -> None:
        if not isinstance(index, slice):
            raw.call(self, "remove", place_of(self, index))
            return
        places = sorted(range(*index.indices(len(self))))
        if places and places[-1] - places[0] + 1 == len(places):
            self._hz_remove(places[0], places[-1] + 1)
        else:
            for place in reversed(places):
                raw.call(self, "remove", place)

    def _hz_replace(self, start: int, stop: int, new: BaseObject) -> None:
        """Replace the elements from ``start`` to ``stop`` by those of another Java list."""
        count = length(new)
        if count == stop - start and (not count or self._hz_overwrite(start, stop, new)):
            return
        # What Java may refuse comes first.
        if count and not raw.call(self, "addAll", stop, new):
            raise BridgeError(f"the Java list did not accept {count} more elements; is it full?")
        self._hz_remove(start, stop)

    def _hz_overwrite(self, start: int, stop: int, new: BaseObject) -> bool:
        """Replace elements by the same number of others; return False if Java cannot do that in this kind of list."""
        client = self._gateway_client
        part = raw.call(self, "subList", start, stop)
        before = raw.new(client, ARRAY_LIST, part)
        try:
            raw.call_static(client, "java.util.Collections", "copy", part, new)
        except Py4JJavaError as error:
            with contextlib.suppress(Py4JJavaError):
                raw.call_static(client, "java.util.Collections", "copy", part, before)
            if not is_instance(error.java_exception, _UNSUPPORTED):
                raise
            return False
        return True

    def _hz_remove(self, start: int, stop: int) -> None:
        if start >= stop:
            return
        try:
            raw.call(raw.call(self, "subList", start, stop), "clear")
        except Py4JJavaError as error:
            if not is_instance(error.java_exception, _UNSUPPORTED):
                raise
            for place in reversed(range(start, stop)):
                raw.call(self, "remove", place)

    def __add__(self, other: Any) -> JavaList[T]:
        return _joined(self, other) if isinstance(other, list | BaseList) else NotImplemented

    def __radd__(self, other: Any) -> JavaList[T]:
        if not isinstance(other, list):
            return NotImplemented
        return _joined(collected(self, other, "the list"), self)

    def __iadd__(self, other: Iterable[T]) -> JavaList[T]:  # type: ignore[misc]  # any iterable
        self.extend(other)
        return self

    def __mul__(self, count: Any) -> JavaList[T]:
        if not hasattr(count, "__index__"):
            return NotImplemented
        own = raw.new(self._gateway_client, ARRAY_LIST, self)
        order = list(range(length(own))) * count.__index__()
        made: JavaList[T] = raw.gather(own, order, for_user=True)
        return made

    __rmul__ = __mul__

    def __imul__(self, count: Any) -> JavaList[T]:
        if not hasattr(count, "__index__"):
            return NotImplemented
        if count.__index__() <= 0:
            self.clear()
        else:
            self.extend(self * (count.__index__() - 1))
        return self

    def append(self, value: T) -> None:
        """Append ``value``.

        Raises:
            BridgeError: A member's list is full.
        """
        if not self.add(value):
            raise BridgeError("the Java list did not accept one more element; is it full?")

    def extend(self, values: Iterable[T]) -> None:
        """Append all ``values`` in one call to Java.

        Raises:
            BridgeError: A member's list has no room for all of them; none has been appended.
        """
        new = collected(self, values, "the list")
        count = length(new)
        if count and not raw.call(self, "addAll", new):
            raise BridgeError(f"the Java list did not accept {count} more elements; is it full?")

    def insert(self, index: SupportsIndex, value: T) -> None:
        """Insert ``value`` before ``index``, or at the nearest end if ``index`` is out of range."""
        place, size = index.__index__(), len(self)
        self.add(max(0, size + place) if place < 0 else min(place, size), value)

    def index(self, value: T, start: int = 0, stop: int = sys.maxsize) -> int:
        """Return the first index of ``value``.

        Raises:
            ValueError: ``value`` is not in the list.
        """
        return index_of(self, value, start, stop, "Java list")

    def count(self, value: T) -> int:
        """Return how many elements are equal to ``value``."""
        return elements(self).count(value)

    def remove(self, value: T) -> None:
        """Remove the first occurrence of ``value``.

        Raises:
            ValueError: ``value`` is not in the list.
        """
        raw.call(self, "remove", self.index(value))

    def pop(self, index: SupportsIndex = -1) -> T:
        """Remove the element at ``index`` and return it.

        Raises:
            IndexError: There is no such element.
        """
        place, size = index.__index__(), len(self)
        if not -size <= place < size:
            why = f"the index {place} is out of range: there are {size} elements"
            raise IndexError(why if size else "the Java list is empty, so nothing can be popped")
        return cast("T", raw.call(self, "remove", place % size, for_user=True))

    @property
    def java_remove(self) -> Callable[..., Any]:
        """Java's ``remove``: of an index, or of a value that is no ``int``."""
        return java_method(self, "remove")

    def sort(self, *, key: Callable[[T], Any] | None = None, reverse: bool = False) -> None:
        """Sort the list, stably.

        Args:
            key: Returns what is compared instead of an element. Without it, Python's values are compared as Python
                does, and Java objects by their ``compareTo``.
            reverse: Whether the largest element comes first.

        Raises:
            TypeError: Elements cannot be compared; the list is unchanged.
        """
        own = raw.new(self._gateway_client, ARRAY_LIST, self)
        values = elements(own)
        if key is None and values and all(isinstance(value, BaseObject) for value in values):
            new = _sorted_by_java(own, reverse=reverse)
        else:
            keys = values if key is None else [key(value) for value in values]
            order = sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
            if order == list(range(len(keys))):
                order = []
            new = raw.gather(own, order)
        if length(new):
            self._hz_replace(0, len(values), new)

    def reverse(self) -> None:
        """Reverse the order of the elements."""
        new = raw.new(self._gateway_client, ARRAY_LIST, self)
        raw.call_static(self._gateway_client, "java.util.Collections", "reverse", new)
        self._hz_replace(0, length(new), new)

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        raw.call(self, "clear")

    def copy(self) -> JavaList[T]:
        """Return a new Java list with the same elements."""
        made: JavaList[T] = raw.new(self._gateway_client, ARRAY_LIST, self, for_user=True)
        return made


def _joined(first: BaseObject, second: Any) -> JavaList[Any]:
    second = collected(first, second, "the list")
    made: JavaList[Any] = raw.new(first._gateway_client, ARRAY_LIST, first, for_user=True)
    raw.call(made, "addAll", second)
    return made


def _sorted_by_java(values: BaseObject, *, reverse: bool) -> BaseObject:
    client = values._gateway_client
    order = [raw.call_static(client, "java.util.Collections", "reverseOrder")] if reverse else []
    try:
        raw.call_static(client, "java.util.Collections", "sort", values, *order)
    except Py4JJavaError as error:
        text = str(error.java_exception.toString())
        raise TypeError(f"the Java objects in the list cannot be compared: {text}") from error
    return values
