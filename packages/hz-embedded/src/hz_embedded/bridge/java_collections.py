"""Java's arrays, lists, sets, maps, iterators and other collections with Python's protocols.

They are based on py4j's classes of the same names, and behave as Python's collections where py4j's classes do not: a
missing key is a ``KeyError``, ``==`` compares with Python's collections, and a failing iterator raises. Lists and
arrays compare elements as Python does; sets and maps find them as Java does.
"""

from __future__ import annotations

import builtins
import contextlib
import operator
import sys
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    Set,
    ValuesView,
)
from types import FrameType
from typing import Any, Final, NoReturn, SupportsIndex, TypeVar, cast

from hz_embedded._py4j import (
    BaseArray,
    BaseIterator,
    BaseList,
    BaseMap,
    BaseObject,
    BaseSet,
    JavaMember,
    Py4JError,
    Py4JJavaError,
    detach,
    is_instance,
    protocol,
)
from hz_embedded.bridge import raw
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.errors import BridgeError
from hz_embedded.bridge.members import JavaMethod, call_with_element
from hz_embedded.bridge.reading import element, elements, entries, length

T = TypeVar("T")
S = TypeVar("S")
K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()
_ARRAY_LIST: Final = "java.util.ArrayList"
_UNSUPPORTED: Final = "java.lang.UnsupportedOperationException"


def java_method(thing: Any, name: str) -> Callable[..., Any]:
    """Return the Java method ``name`` of a Java object, even if a Python method hides it.

    Args:
        thing: A Java object, such as a ``JavaMap``, whose ``values`` is the Python method.
        name: Name of the method; the overload is chosen by the call.
    """
    member: Callable[..., Any] = JavaMethod(name, thing, thing._target_id, thing._gateway_client)
    return member


class _Help:
    """The docstring of a class of Java objects; for an object, what Java says about it."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, thing: BaseObject | None, owner: type) -> str | None:
        return (
            self._text if thing is None else cast("str", BaseObject.__dict__["__doc__"].__get__(thing, owner))
        )


class _Received(BaseObject):
    """What all Java objects have in common."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.__doc__ = _Help(cls.__dict__.get("__doc__"))  # type: ignore[assignment]  # a descriptor, as in py4j

    def __init__(self, target_id: str, gateway_client: Any) -> None:
        # Not that of py4j's collections: they refer to themselves, and would live until a full garbage collection.
        BaseObject.__init__(self, target_id, gateway_client)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_repr_"):
            raise AttributeError(
                name
            )  # notebooks and Hypothesis ask for _repr_html_, _repr_pretty_ and so on
        found = BaseObject.__getattr__(self, name)
        if type(found) is JavaMember:
            found.__class__ = JavaMethod
        return found

    def _detach(self) -> None:
        """Release the object immediately; py4j calls this method to release an object."""
        detach(self)

    def __copy__(self) -> Any:
        raise TypeError(
            "a Java object cannot be copied by copy.copy(); call its clone() or a constructor that copies, if its "
            "class has one"
        )

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(
            "a Java object cannot be copied by copy.deepcopy(), because it lives in the JVM; to_python() copies the "
            "content of a collection into Python"
        )

    def __reduce_ex__(self, version: SupportsIndex) -> NoReturn:
        raise TypeError(
            "a Java object cannot be pickled, because it lives in the JVM; to_python() copies the content of a "
            "collection into Python, which can be pickled"
        )


class JavaReference(_Received):
    """A Java object whose type has no Python protocol."""

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return bool(raw.call(self, "equals", other)) if isinstance(other, BaseObject) else NotImplemented


class _Unknown(JavaReference):
    """A Java object whose type is not yet known.

    The JVM is asked for the type when it matters: a ``java.util.Collection`` (an ``IQueue``, the values of a map) has
    length, iteration and ``in``; any other ``java.lang.Iterable`` has iteration.
    """

    @property  # type: ignore[misc]  # so that isinstance() with an ABC gets the right answer
    def __class__(self) -> type:
        # py4j asks whether an argument is a number or a string, which needs no call of Java.
        asking = sys._getframe(1).f_globals.get("__name__", "")
        if asking.startswith(("py4j.", "hz_embedded.")):
            return type(self)
        with contextlib.suppress(Py4JError):  # released, or the JVM has ended
            return _resolve(self)
        return type(self)

    def __bool__(self) -> bool:
        _resolve(self)
        return bool(self)

    def __len__(self) -> int:
        _resolve(self)
        return len(self)

    def __iter__(self) -> Iterator[Any]:
        _resolve(self)
        return iter(self)

    def __contains__(self, value: object) -> bool:
        _resolve(self)
        return value in self


def _resolve(thing: _Unknown) -> type[JavaReference]:
    """Change the class of an object to the class for its Java type, and return that."""
    kind: type[JavaReference] = JavaReference
    if is_instance(thing, "java.util.Collection"):
        kind = JavaCollection
    elif is_instance(thing, "java.lang.Iterable"):
        kind = JavaIterable
    object.__dict__["__class__"].__set__(thing, kind)
    return kind


class JavaIterable(JavaReference):
    """Any ``java.lang.Iterable``: it supports iteration, as often as Java allows."""

    def __iter__(self) -> Iterator[Any]:
        return cast("Iterator[Any]", self.iterator())

    def __contains__(self, value: object) -> bool:
        return any(value is each or value == each for each in self)


class JavaCollection(JavaIterable):
    """A ``java.util.Collection`` that is neither a list nor a set: length, iteration and ``in``."""

    def __len__(self) -> int:
        return length(self)

    def __contains__(self, value: object) -> bool:
        return bool(self.contains(value))


class JavaIterator(_Received, BaseIterator[T]):
    """A ``java.util.Iterator``. Java's ``NoSuchElementException`` ends it; other exceptions are raised."""

    def __next__(self) -> T:
        try:
            return cast("T", raw.call(self, "next", for_user=True))
        except Py4JJavaError as error:
            if is_instance(error.java_exception, "java.util.NoSuchElementException"):
                raise StopIteration from None
            raise

    next = __next__


class JavaArray(_Received, BaseArray[T]):
    """A Java array: a sequence whose elements can be set. Slices are copies in new Java arrays."""

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, BaseArray, list, builtins.list)

    def __hash__(self) -> int:
        return hash(tuple(elements(self)))

    def __copy__(self) -> JavaArray[T]:
        return cast("JavaArray[T]", self[:])

    def __len__(self) -> int:
        return length(self)

    def __iter__(self) -> Iterator[T]:
        for index in range(len(self)):
            yield element(self, index)

    def __contains__(self, value: object) -> bool:
        return value in elements(self)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            places = range(*index.indices(len(self)))
            return raw.of_array(self, protocol.ARRAY_SLICE_SUB_COMMAND_NAME, *places, for_user=True)
        return element(self, _place(self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        convert = inputs_of(self._gateway_client).argument
        if not isinstance(index, slice):
            _set_element(self, _place(self, index), convert(value))
            return
        values = [convert(each) for each in builtins.list(value)]
        places = range(*index.indices(len(self)))
        _check_size(len(values), places)
        before = raw.of_array(self, protocol.ARRAY_SLICE_SUB_COMMAND_NAME, *places)
        try:
            for place, each in zip(places, values, strict=True):
                _set_element(self, place, each)
        except Py4JError:
            for number, place in enumerate(places):
                raw.call_static(
                    self._gateway_client, "java.lang.System", "arraycopy", before, number, self, place, 1
                )
            raise

    def index(self, value: Any, start: int = 0, stop: int = sys.maxsize) -> int:
        """Return the first index of ``value``.

        Raises:
            ValueError: ``value`` is not in the array.
        """
        return _index(self, value, start, stop, "Java array")

    def count(self, value: Any) -> int:
        """Return how many elements are equal to ``value``."""
        return elements(self).count(value)


def _set_element(array: BaseObject, place: int, value: object) -> None:
    raw.of_array(array, protocol.ARRAY_SET_SUB_COMMAND_NAME, place, value)


class JavaSet(_Received, BaseSet[T]):
    """A ``java.util.Set`` as a ``MutableSet``. The operators ``& | - ^`` return Python sets.

    An element is found as Java finds it: the ``Integer`` 1, the ``Long`` 1 and ``True`` are different elements.
    """

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, BaseSet, Set, builtins.set)

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
        return _compare(self, other, Set, operator.le, builtins.set)

    def __lt__(self, other: Any) -> bool:
        return _compare(self, other, Set, operator.lt, builtins.set)

    def __ge__(self, other: Any) -> bool:
        return _compare(self, other, Set, operator.ge, builtins.set)

    def __gt__(self, other: Any) -> bool:
        return _compare(self, other, Set, operator.gt, builtins.set)

    def __and__(self, other: Any) -> builtins.set[Any]:
        return self._hz_combined(other, builtins.set.intersection)

    def __or__(self, other: Any) -> builtins.set[Any]:
        return self._hz_combined(other, builtins.set.union)

    def __sub__(self, other: Any) -> builtins.set[Any]:
        return self._hz_combined(other, builtins.set.difference)

    def __xor__(self, other: Any) -> builtins.set[Any]:
        return self._hz_combined(other, builtins.set.symmetric_difference)

    def __rsub__(self, other: Any) -> builtins.set[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented
        return builtins.set(_items(other)) - builtins.set(elements(self))

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def _hz_combined(self, other: Any, operation: Callable[..., builtins.set[Any]]) -> builtins.set[Any]:
        if not isinstance(other, Iterable):
            return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
        return operation(builtins.set(elements(self)), _items(other))

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
        others = builtins.set(_items(other))
        added = others - builtins.set(elements(self))
        self -= others  # the same object
        self.update(added)
        return self

    def _hz_keep(self, wanted: Callable[[T, Set[Any]], bool], other: Iterable[Any]) -> None:
        others = builtins.set(_items(other))
        # By Java's objects, because Python's copies may have other types.
        own = raw.new(self._gateway_client, _ARRAY_LIST, self)
        doomed = [index for index, value in enumerate(elements(own)) if not wanted(value, others)]
        if doomed:
            raw.call(self, "removeAll", raw.gather(own, doomed))

    def add(self, value: T) -> None:
        """Add ``value`` if it is not in the set."""
        java_method(self, "add")(value)

    def update(self, *others: Iterable[T]) -> None:
        """Add all values of the others, those of each in one call to Java."""
        for other in others:
            values = _collected(self, other, "the set")
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
        own = raw.new(self._gateway_client, _ARRAY_LIST, self)
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


class _Keys(KeysView[K]):
    """The keys of a map; ``dict(map)`` reads the values with them.

    Python's ``dict(map)`` calls ``keys``, reads all keys, and then asks for the value of each. An entry that another
    member removes meanwhile would be a ``KeyError``. All of that happens in one instruction of the caller, which no
    other use of a map does, so the values are taken from a copy that was made when the keys were read.
    """

    def __init__(self, mapping: JavaMap[K, Any], caller: tuple[int, int]) -> None:
        super().__init__(mapping)
        self._caller = caller

    def __iter__(self) -> Iterator[K]:
        frame = sys._getframe(1)
        mapping: JavaMap[K, Any] = self._mapping  # type: ignore[attr-defined]  # typeshed leaves it out
        if (id(frame), frame.f_lasti) != self._caller:
            return iter(mapping)
        pairs = entries(mapping)
        mapping._hz_copy = (frame, frame.f_lasti, pairs[::-1]) if pairs else None
        return iter([key for key, _ in pairs])


class _Items(ItemsView[K, V]):
    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(entries(self._mapping))  # type: ignore[attr-defined]  # typeshed leaves it out


class _Values(ValuesView[V]):
    def __iter__(self) -> Iterator[V]:
        pairs = entries(self._mapping)  # type: ignore[attr-defined]  # typeshed leaves it out
        return iter([value for _, value in pairs])

    def __contains__(self, value: object) -> bool:
        return value in builtins.list(self)


class JavaMap(_Received, BaseMap[K, V]):
    """A ``java.util.Map`` as a ``MutableMapping``; a key with the value ``None`` exists if ``containsKey`` says so.

    A key is found as Java finds it: the ``Integer`` 1, the ``Long`` 1 and ``True`` are different keys.
    ``items`` and ``values`` iterate over a copy, so entries may be removed meanwhile.
    """

    __hash__ = BaseObject.__hash__
    _hz_copy: tuple[FrameType, int, list[tuple[K, V]]] | None = None

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, BaseMap, Mapping, dict)

    def __copy__(self) -> JavaMap[K, V]:
        return self.copy()

    def __len__(self) -> int:
        return length(self)

    def __iter__(self) -> Iterator[K]:
        return cast("Iterator[K]", self.keySet().iterator())

    def __contains__(self, key: object) -> bool:
        return bool(self.containsKey(key))

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key!r}: {value!r}' for key, value in entries(self))}}}"

    def __getitem__(self, key: K) -> V:
        if self._hz_copy is not None:
            frame, instruction, pairs = self._hz_copy
            caller = sys._getframe(1)
            is_dict = caller is frame and caller.f_lasti == instruction and pairs[-1][0] is key
            value = pairs.pop()[1]
            if not (is_dict and pairs):
                self._hz_copy = None
            if is_dict:
                return value
        found = java_method(self, "get")(key)
        if found is None and not self.containsKey(key):
            raise KeyError(key)
        return cast("V", found)

    def __setitem__(self, key: K, value: V) -> None:
        self.put(key, value)

    def __delitem__(self, key: K) -> None:
        if not self.containsKey(key):
            raise KeyError(key)
        java_method(self, "remove")(key)

    def __or__(self, other: Any) -> dict[Any, Any]:
        return {**self, **other} if isinstance(other, Mapping) else NotImplemented

    def __ror__(self, other: Any) -> dict[Any, Any]:
        return {**other, **self} if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> JavaMap[K, V]:
        self.update(other)
        return self

    def keys(self) -> KeysView[K]:
        """Return a view of the keys."""
        frame = sys._getframe(1)
        return _Keys(self, (id(frame), frame.f_lasti))

    def items(self) -> ItemsView[K, V]:
        """Return a view of the entries; each iteration reads all of them first."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Return a view of the values; each iteration reads all of them first."""
        return _Values(self)

    def pop(self, key: K, default: Any = _ABSENT) -> Any:
        """Remove ``key`` and return its value, or return ``default`` if there is no such key.

        Raises:
            KeyError: There is neither the key nor a default.
        """
        if self.containsKey(key):
            value = java_method(self, "remove")(key)
            if value is not None or not self._hz_is_concurrent():
                return value
        if default is _ABSENT:
            raise KeyError(key)
        return default

    def _hz_is_concurrent(self) -> bool:
        """Return whether ``None`` is no value in this map: if so, a removed None means that there was no entry."""
        return is_instance(self, "java.util.concurrent.ConcurrentMap")

    def popitem(self) -> tuple[K, V]:
        """Remove an entry and return its key and value.

        Raises:
            KeyError: The map is empty.
        """
        keys = raw.call(raw.call(self, "keySet"), "toArray")
        for index in range(length(keys)):
            value = call_with_element(self, "java.util.Map", "remove", keys, index)
            if value is not None or not self._hz_is_concurrent():
                return cast("K", element(keys, index)), cast("V", value)
        raise KeyError("popitem from an empty Java map")

    def setdefault(self, key: K, default: Any = None) -> Any:
        """Return the value of ``key``, after putting ``default`` if there is no such key."""
        value = java_method(self, "get")(key)
        if value is not None or self.containsKey(key):
            return value
        if default is None:
            self.put(key, default)
            return None
        known = self.putIfAbsent(key, default)
        return default if known is None else known

    def update(self, other: Any = (), /, **more: Any) -> None:
        """Put all entries of a mapping, or of an iterable of pairs, in one call to Java."""
        if isinstance(other, BaseMap):
            self.putAll(other)
            other = ()
        pairs = dict(other, **more)
        if pairs:
            raw.call(self, "putAll", inputs_of(self._gateway_client).collect(pairs, "the map"))

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        raw.call(self, "clear")

    def copy(self) -> JavaMap[K, V]:
        """Return a new Java map with the same entries in the same order."""
        made: JavaMap[K, V] = raw.new(self._gateway_client, "java.util.LinkedHashMap", self, for_user=True)
        return made


class JavaList(_Received, BaseList[T]):
    """A ``java.util.List`` as a ``MutableSequence`` with the methods of Python's ``list``.

    Slices, ``+`` and ``*`` give copies in new Java lists. Values are compared as Python compares them, so ``1``,
    ``True`` and a ``Long`` 1 are equal; ``contains`` and ``indexOf`` are Java's answers.

    Several values are converted before any of them is put into the list. A list of a member has no operation for
    several elements in its middle: there, the new elements are inserted and then the old ones are removed.
    """

    __hash__ = BaseObject.__hash__

    def __eq__(self, other: object) -> bool:
        return _equals(self, other, BaseList, list, builtins.list)

    def __lt__(self, other: Any) -> bool:
        return _compare(self, other, list | BaseList, operator.lt)

    def __le__(self, other: Any) -> bool:
        return _compare(self, other, list | BaseList, operator.le)

    def __gt__(self, other: Any) -> bool:
        return _compare(self, other, list | BaseList, operator.gt)

    def __ge__(self, other: Any) -> bool:
        return _compare(self, other, list | BaseList, operator.ge)

    def __copy__(self) -> JavaList[T]:
        return self.copy()

    def __len__(self) -> int:
        return length(self)

    def __iter__(self) -> Iterator[T]:
        return cast("Iterator[T]", self.iterator())

    def __contains__(self, value: object) -> bool:
        inputs = inputs_of(self._gateway_client)
        return (inputs.passes(value) and bool(self.contains(value))) or value in elements(self)

    def __repr__(self) -> str:
        return repr(elements(self))

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return raw.call(self, "get", _place(self, index), for_user=True)
        places = range(*index.indices(len(self)))
        if not places:
            return raw.new(self._gateway_client, _ARRAY_LIST, for_user=True)
        low, high = min(places), max(places) + 1
        part = raw.call(self, "subList", low, high)
        if places.step == 1:
            return raw.new(self._gateway_client, _ARRAY_LIST, part, for_user=True)
        part = raw.new(self._gateway_client, _ARRAY_LIST, part)
        return raw.gather(part, [place - low for place in places], for_user=True)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(index, slice):
            self.set(_place(self, index), value)
            return
        new = _collected(self, value, "the slice")
        places = range(*index.indices(len(self)))
        if places.step == 1:
            self._hz_replace(places.start, max(places.start, places.stop), new)
            return
        count = length(new)
        _check_size(count, places)
        if places:
            low, high = min(places), max(places) + 1
            both = raw.new(self._gateway_client, _ARRAY_LIST, raw.call(self, "subList", low, high))
            raw.call(both, "addAll", new)
            order = builtins.list(range(high - low))
            for number, place in enumerate(places):
                order[place - low] = high - low + number
            self._hz_replace(low, high, raw.gather(both, order))

    def __delitem__(self, index: Any) -> None:
        if not isinstance(index, slice):
            raw.call(self, "remove", _place(self, index))
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
        before = raw.new(client, _ARRAY_LIST, part)
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
        return _joined(_collected(self, other, "the list"), self)

    def __iadd__(self, other: Iterable[T]) -> JavaList[T]:  # type: ignore[misc]  # any iterable
        self.extend(other)
        return self

    def __mul__(self, count: Any) -> JavaList[T]:
        if not hasattr(count, "__index__"):
            return NotImplemented
        own = raw.new(self._gateway_client, _ARRAY_LIST, self)
        order = builtins.list(range(length(own))) * count.__index__()
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
        new = _collected(self, values, "the list")
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
        return _index(self, value, start, stop, "Java list")

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
            raise IndexError("pop from an empty Java list" if not size else "pop index out of range")
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
        own = raw.new(self._gateway_client, _ARRAY_LIST, self)
        values = elements(own)
        if key is None and values and all(isinstance(value, BaseObject) for value in values):
            new = _sorted_by_java(own, reverse=reverse)
        else:
            keys = values if key is None else [key(value) for value in values]
            order = sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
            if order == builtins.list(range(len(keys))):
                order = []
            new = raw.gather(own, order)
        if length(new):
            self._hz_replace(0, len(values), new)

    def reverse(self) -> None:
        """Reverse the order of the elements."""
        new = raw.new(self._gateway_client, _ARRAY_LIST, self)
        raw.call_static(self._gateway_client, "java.util.Collections", "reverse", new)
        self._hz_replace(0, length(new), new)

    def clear(self) -> None:
        """Remove all elements in one call to Java."""
        raw.call(self, "clear")

    def copy(self) -> JavaList[T]:
        """Return a new Java list with the same elements."""
        made: JavaList[T] = raw.new(self._gateway_client, _ARRAY_LIST, self, for_user=True)
        return made


def _place(thing: BaseObject, index: Any) -> int:
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
        raise IndexError("list index out of range")
    return place % size


def _check_size(count: int, places: range) -> None:
    if count != len(places):
        raise ValueError(
            f"attempt to assign sequence of size {count} to extended slice of size {len(places)}"
        )


def _items(values: Iterable[Any]) -> Iterable[Any]:
    """Return the values, those of a Java collection or array all at once."""
    return elements(values) if isinstance(values, BaseArray | BaseList | BaseSet) else values


def _collected(thing: BaseObject, values: Iterable[Any], path: str) -> Any:
    """Return a new Java list of the values that shall go into ``thing``; those of Java keep their types."""
    if isinstance(values, _Unknown):
        _resolve(values)
    if isinstance(values, BaseList | BaseSet | JavaCollection):
        return raw.new(thing._gateway_client, _ARRAY_LIST, values)
    return inputs_of(thing._gateway_client).collect(builtins.list(values), path)


def _joined(first: BaseObject, second: Any) -> JavaList[Any]:
    second = _collected(first, second, "the list")
    made: JavaList[Any] = raw.new(first._gateway_client, _ARRAY_LIST, first, for_user=True)
    raw.call(made, "addAll", second)
    return made


def _index(thing: BaseObject, value: object, start: int, stop: int, kind: str) -> int:
    try:
        return elements(thing).index(value, start, stop)
    except ValueError:
        raise ValueError(f"{value!r} is not in the {kind}") from None


def _sorted_by_java(values: BaseObject, *, reverse: bool) -> BaseObject:
    client = values._gateway_client
    order = [raw.call_static(client, "java.util.Collections", "reverseOrder")] if reverse else []
    try:
        raw.call_static(client, "java.util.Collections", "sort", values, *order)
    except Py4JJavaError as error:
        text = str(error.java_exception.toString())
        raise TypeError(f"the Java objects in the list cannot be compared: {text}") from error
    return values


def _compare(
    own: BaseObject,
    other: Any,
    kind: Any,
    operation: Callable[[Any, Any], bool],
    copy: Callable[[Any], Any] = builtins.list,
) -> bool:
    if not isinstance(other, kind):
        return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
    return operation(copy(elements(own)), copy(_items(other)))


def _equals(own: Any, other: object, java: type, python: Any, copy: Callable[[Any], Any]) -> bool:
    """Compare with a Java object of the same kind, or with a Python collection, by the elements."""
    if isinstance(other, BaseObject):
        if raw.call(own, "equals", other):
            return True
        if not isinstance(other, java):
            return False
        return length(own) == length(other) and _content(own, copy) == _content(other, copy)
    if not isinstance(other, python):
        return NotImplemented  # type: ignore[no-any-return]  # Python's own protocol for it
    return length(own) == len(other) and bool(_content(own, copy) == other)


def _content(thing: Any, copy: Callable[[Any], Any]) -> Any:
    return dict(entries(thing)) if copy is dict else copy(elements(thing))


CLASSES: Final[Mapping[str, Callable[[str, Any], BaseObject]]] = {
    protocol.REFERENCE_TYPE: _Unknown,
    protocol.LIST_TYPE: JavaList,
    protocol.SET_TYPE: JavaSet,
    protocol.MAP_TYPE: JavaMap,
    protocol.ARRAY_TYPE: JavaArray,
    protocol.ITERATOR_TYPE: JavaIterator,
}
"""The class for each kind of reference that py4j distinguishes."""

raw.CLASSES.update(CLASSES)

KINDS: Final[MutableMapping[str, str]] = {
    "java.util.List": protocol.LIST_TYPE,
    "java.util.Set": protocol.SET_TYPE,
    "java.util.Map": protocol.MAP_TYPE,
    "java.util.Iterator": protocol.ITERATOR_TYPE,
}
"""The kind of all objects with the interface."""
