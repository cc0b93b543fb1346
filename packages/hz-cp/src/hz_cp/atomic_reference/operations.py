"""The operations of an AtomicReference, from which its surfaces are generated."""

from typing import Any, Final, Generic

from hz_core.op import Op
from hz_core.wire.decode import empty_response
from hz_cp.codecs import atomic_ref as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.types import E
from hz_serialization import Data

_NOTHING: Final = 0
_OLD: Final = 1
_NEW: Final = 2


class AtomicReferenceOperations(CPObjectOperations, Generic[E]):
    """A value in a CP group, None at first; all changes are linearizable.

    Values are compared by their serialized bytes. What is returned is a copy: to change the value, set it.

    A change is not retried after a lost connection, because it may have been executed.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:atomicRefService"

    def get(self) -> Op[E | None]:
        """Return the value. Source: message ``AtomicRef.get``."""
        return codec.get(self._group, self._object_name)

    def set(self, new_value: E | None) -> Op[None]:
        """Set the value. Source: message ``AtomicRef.set``."""
        return self._set(new_value, returns_old=False).decoded(empty_response)

    def get_and_set(self, new_value: E | None) -> Op[E | None]:
        """Set the value and return the previous one. Source: message ``AtomicRef.set``."""
        return self._set(new_value, returns_old=True)

    def compare_and_set(self, expect: E | None, update: E | None) -> Op[bool]:
        """Set the value to ``update`` if it is ``expect``.

        Returns:
            Whether it was set.

        Source: message ``AtomicRef.compareAndSet``.
        """
        old, new = self._nullable(expect), self._nullable(update)
        return codec.compare_and_set(self._group, self._object_name, old, new)

    def is_none(self) -> Op[bool]:
        """Return whether the value is None. Source: message ``AtomicRef.contains``."""
        return self.contains(None)

    def clear(self) -> Op[None]:
        """Set the value to None. Source: message ``AtomicRef.set``."""
        return self.set(None)

    def contains(self, value: E | None) -> Op[bool]:
        """Return whether ``value`` is the value. Source: message ``AtomicRef.contains``."""
        return codec.contains(self._group, self._object_name, self._nullable(value))

    def alter(self, function: object) -> Op[None]:
        """Set the value to the result of ``function`` for it.

        Args:
            function: An object that members can deserialize as an implementation of ``IFunction``.

        Source: message ``AtomicRef.apply``.
        """
        return self._apply(function, _NOTHING, alter=True).decoded(empty_response)

    def alter_and_get(self, function: object) -> Op[E | None]:
        """Set the value to the result of ``function`` for it; return the new value. Source: ``AtomicRef.apply``."""
        return self._apply(function, _NEW, alter=True)

    def get_and_alter(self, function: object) -> Op[E | None]:
        """Set the value to the result of ``function`` for it; return the previous one. Source: ``AtomicRef.apply``."""
        return self._apply(function, _OLD, alter=True)

    def apply(self, function: object) -> Op[Any]:
        """Return the result of ``function``, an object that members can deserialize, for the value.

        Source: message ``AtomicRef.apply``.
        """
        return self._apply(function, _NEW, alter=False)

    def _apply(self, function: object, returned: int, *, alter: bool) -> Op[Any]:
        data = self._value(function, "function")
        return codec.apply(self._group, self._object_name, data, returned, alter)

    def _set(self, value: E | None, *, returns_old: bool) -> Op[Any]:
        return codec.set(self._group, self._object_name, self._nullable(value), returns_old)

    def _nullable(self, value: E | None) -> Data | None:
        return None if value is None else self._to_data(value)
