"""Java's arrays, lists, sets, maps, iterators and other collections with Python's protocols.

They are based on py4j's classes of the same names, and behave as Python's collections where py4j's classes do not: a
missing key is a ``KeyError``, ``==`` compares with Python's collections, and a failing iterator raises.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence, Set
from typing import Any, Final, SupportsIndex, TypeVar, cast

from hz_embedded._py4j import (
    BaseArray,
    BaseIterator,
    BaseList,
    BaseMap,
    BaseObject,
    BaseSet,
    JavaMember,
    Py4JJavaError,
    detach,
    is_instance,
    protocol,
)
from hz_embedded.bridge.clients import marked

T = TypeVar("T")
S = TypeVar("S")
K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()


def java_method(thing: Any, name: str) -> Callable[..., Any]:
    """Return the Java method ``name`` of a Java object, even if a Python method hides it.

    Args:
        thing: A Java object, such as a ``JavaMap``, whose ``values`` is the Python method.
        name: Name of the method; the overload is chosen by the call.
    """
    member: Callable[..., Any] = JavaMember(name, thing, thing._target_id, thing._gateway_client)
    return member


class _Detachable(BaseObject):
    def _detach(self) -> None:
        """Release the object immediately; py4j calls this method to release an object."""
        detach(self)

    def _get_object_id(self) -> str:
        """Return what py4j sends as an argument: the id, and whose it is."""
        return marked(self._target_id, self._gateway_client)


class JavaReference(_Detachable):
    """A Java object whose type is not known to have a Python protocol.

    The JVM is asked for the type when a protocol is first used: a ``java.util.Collection`` (an ``IQueue``, the values
    of a map) then has length, iteration and ``in``; any other ``java.lang.Iterable`` has iteration.
    """

    _hz_resolved = False

    def _hz_resolve(self) -> bool:
        """Change the class of this object to the class for its Java type; return whether there is one."""
        if not self._hz_resolved:
            self._hz_resolved = True
            if is_instance(self, "java.util.Collection"):
                self.__class__ = JavaCollection
            elif is_instance(self, "java.lang.Iterable"):
                self.__class__ = JavaIterable
        return type(self) is not JavaReference

    def _hz_refuse(self, what: str) -> TypeError:
        return TypeError(f"the Java object of class {self.getClass().getName()} {what}")

    def __bool__(self) -> bool:
        return bool(self) if self._hz_resolve() else True

    def __len__(self) -> int:
        if self._hz_resolve() and isinstance(self, JavaCollection):
            return len(self)
        raise self._hz_refuse("has no length")

    def __iter__(self) -> Iterator[Any]:
        if self._hz_resolve():
            return iter(cast("Iterable[Any]", self))
        raise self._hz_refuse("is not iterable")

    def __contains__(self, value: object) -> bool:
        if self._hz_resolve():
            return value in cast("Iterable[Any]", self)
        raise self._hz_refuse("has no elements")


class JavaIterable(JavaReference):
    """Any ``java.lang.Iterable``: it supports iteration, as often as Java allows."""

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return cast("Iterator[Any]", self.iterator())

    def __contains__(self, value: object) -> bool:
        return any(value is each or value == each for each in self)


class JavaCollection(JavaReference):
    """A ``java.util.Collection`` that is neither a list nor a set: length, iteration and ``in``."""

    def __bool__(self) -> bool:
        return len(self) > 0

    def __len__(self) -> int:
        return int(self.size())

    def __iter__(self) -> Iterator[Any]:
        return cast("Iterator[Any]", self.iterator())

    def __contains__(self, value: object) -> bool:
        return bool(self.contains(value))


class JavaIterator(_Detachable, BaseIterator[T]):
    """A ``java.util.Iterator``. Java's ``NoSuchElementException`` ends it; other exceptions are raised."""

    def __next__(self) -> T:
        try:
            return cast("T", java_method(self, "next")())
        except Py4JJavaError as error:
            if is_instance(error.java_exception, "java.util.NoSuchElementException"):
                raise StopIteration from None
            raise

    next = __next__


class JavaArray(_Detachable, BaseArray[T]):
    """A Java array: a sequence whose elements can be set. Slices are copies in new Java arrays."""

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, Sequence, list)

    def __iter__(self) -> Iterator[T]:
        for index in range(len(self)):
            yield self[index]


class JavaSet(_Detachable, BaseSet[T]):
    """A ``java.util.Set`` as a ``MutableSet``. The operators ``& | - ^`` return Python sets."""

    __hash__ = BaseObject.__hash__

    @classmethod
    def _from_iterable(cls, values: Iterable[S]) -> Set[S]:
        return builtins.set(values)

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, Set, builtins.set)

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


class JavaMap(_Detachable, BaseMap[K, V]):
    """A ``java.util.Map`` as a ``MutableMapping``; a key with the value ``None`` exists if ``containsKey`` says so."""

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, Mapping, dict)

    def __getitem__(self, key: K) -> V:
        value = java_method(self, "get")(key)
        if value is None and not self.containsKey(key):
            raise KeyError(key)
        return cast("V", value)

    def __delitem__(self, key: K) -> None:
        if not self.containsKey(key):
            raise KeyError(key)
        java_method(self, "remove")(key)

    def pop(self, key: K, default: Any = _ABSENT) -> Any:
        """Remove ``key`` and return its value, or return ``default`` if there is no such key.

        Raises:
            KeyError: There is neither the key nor a default.
        """
        if self.containsKey(key):
            return java_method(self, "remove")(key)
        if default is _ABSENT:
            raise KeyError(key)
        return default

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        java_method(self, "clear")()


class JavaList(_Detachable, BaseList[T]):
    """A ``java.util.List`` as a ``MutableSequence``. Slices are copies in new Java lists."""

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, Sequence, list)

    def __iadd__(self, other: Iterable[T]) -> JavaList[T]:
        self.extend(other)
        return self

    def extend(self, values: Iterable[T]) -> None:
        """Append all ``values``; a Java collection is appended in one call."""
        if isinstance(values, BaseObject) and is_instance(values, "java.util.Collection"):
            self.addAll(values)
        else:
            for value in builtins.list(values):
                self.add(value)

    def insert(self, index: SupportsIndex, value: T) -> None:
        """Insert ``value`` before ``index``, or at the nearest end if ``index`` is out of range."""
        place, size = index.__index__(), len(self)
        self.add(max(0, size + place) if place < 0 else min(place, size), value)

    def index(self, value: T, start: int = 0, stop: int = sys.maxsize) -> int:
        """Return the first index of ``value``.

        Raises:
            ValueError: ``value`` is not in the list.
        """
        found = int(self.indexOf(value))
        if start or stop != sys.maxsize:
            places = range(*slice(start, stop).indices(len(self)))
            found = next((place for place in places if self[place] == value), -1)
        if found < 0:
            raise ValueError(f"{value!r} is not in the Java list")
        return found

    def remove(self, value: T) -> None:
        """Remove the first occurrence of ``value``.

        Raises:
            ValueError: ``value`` is not in the list.
        """
        java_method(self, "remove")(self.index(value))

    def pop(self, index: SupportsIndex = -1) -> T:
        """Remove the element at ``index`` and return it.

        Raises:
            IndexError: There is no such element.
        """
        place, size = index.__index__(), len(self)
        if not -size <= place < size:
            raise IndexError("pop from an empty Java list" if not size else "pop index out of range")
        return cast("T", java_method(self, "remove")(place % size))

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        java_method(self, "clear")()


def _equals(own: Any, other: object, protocol_of: type, copy: Callable[[Any], object]) -> bool:
    """Compare with another Java object by ``equals``, with a Python collection element by element."""
    if isinstance(other, BaseObject):
        return bool(own.equals(other))
    if not isinstance(other, protocol_of) or isinstance(other, str | bytes | bytearray):
        return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
    return copy(own) == copy(other)


CLASSES: Final[Mapping[str, Callable[[str, Any], BaseObject]]] = {
    protocol.REFERENCE_TYPE: JavaReference,
    protocol.LIST_TYPE: JavaList,
    protocol.SET_TYPE: JavaSet,
    protocol.MAP_TYPE: JavaMap,
    protocol.ARRAY_TYPE: JavaArray,
    protocol.ITERATOR_TYPE: JavaIterator,
}
"""The class for each kind of reference that py4j distinguishes."""

KINDS: Final[MutableMapping[str, str]] = {
    "java.util.List": protocol.LIST_TYPE,
    "java.util.Set": protocol.SET_TYPE,
    "java.util.Map": protocol.MAP_TYPE,
    "java.util.Iterator": protocol.ITERATOR_TYPE,
}
"""The kind of all objects with the interface."""
