"""Java's maps as Python mappings."""

from __future__ import annotations

import sys
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from threading import get_ident
from types import FrameType, MappingProxyType
from typing import Any, Final, TypeVar, cast

from hz_embedded._py4j import BaseMap, BaseObject, is_instance
from hz_embedded.bridge import raw
from hz_embedded.bridge.comparing import equals
from hz_embedded.bridge.converting import inputs_of
from hz_embedded.bridge.java_objects import Received, java_method
from hz_embedded.bridge.members import call_with_element
from hz_embedded.bridge.reading import element, entries, length

K = TypeVar("K")
V = TypeVar("V")

_ABSENT: Final = object()


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
        if pairs:
            vars(mapping).setdefault("_hz_copies", {})[get_ident()] = (frame, frame.f_lasti, pairs[::-1])
        return iter([key for key, _ in pairs])


class _Items(ItemsView[K, V]):
    def __iter__(self) -> Iterator[tuple[K, V]]:
        return iter(entries(self._mapping))  # type: ignore[attr-defined]  # typeshed leaves it out


class _Values(ValuesView[V]):
    def __iter__(self) -> Iterator[V]:
        pairs = entries(self._mapping)  # type: ignore[attr-defined]  # typeshed leaves it out
        return iter([value for _, value in pairs])

    def __contains__(self, value: object) -> bool:
        return value in list(self)


class JavaMap(Received, BaseMap[K, V]):
    """A ``java.util.Map`` as a ``MutableMapping``; a key with the value ``None`` exists if ``containsKey`` says so.

    A key is found as Java finds it: the ``Integer`` 1, the ``Long`` 1 and ``True`` are different keys.
    ``items`` and ``values`` iterate over a copy, so entries may be removed meanwhile.
    """

    __hash__ = BaseObject.__hash__
    _hz_copies: Mapping[int, tuple[FrameType, int, list[tuple[K, V]]]] = MappingProxyType({})
    """What ``dict()`` reads in each thread, see :class:`_Keys`."""

    def __eq__(self, other: object) -> bool:
        return equals(self, other, BaseMap, Mapping, dict)

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
        if self._hz_copies and (value := self._hz_copied(key, sys._getframe(1))) is not _ABSENT:
            return cast("V", value)
        found = java_method(self, "get")(key)
        if found is None and not self.containsKey(key):
            raise KeyError(key)
        return cast("V", found)

    def _hz_copied(self, key: K, caller: FrameType) -> Any:
        copies = cast("dict[int, tuple[FrameType, int, list[tuple[K, V]]]]", self._hz_copies)
        frame, instruction, pairs = copies.pop(get_ident(), (None, 0, []))
        if caller is not frame or caller.f_lasti != instruction or pairs[-1][0] is not key:
            return _ABSENT
        value = pairs.pop()[1]
        if pairs:
            copies[get_ident()] = (frame, instruction, pairs)
        return value

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
