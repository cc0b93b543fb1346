"""The operations of an AtomicLong, from which its surfaces are generated."""

from typing import Any, Final

from hz_core.arguments import int64
from hz_core.op import Op
from hz_core.wire.decode import empty_response
from hz_cp.codecs import atomic_long as codec
from hz_cp.cp_object import CPObjectOperations

_OLD: Final = 0
_NEW: Final = 1


class AtomicLongOperations(CPObjectOperations):
    """A 64-bit signed number in a CP group; all changes are linearizable.

    A change is not retried after a lost connection, because it may have been executed.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:atomicLongService"

    def get(self) -> Op[int]:
        """Return the value. Source: message ``AtomicLong.get``."""
        return codec.get(self._group, self._object_name)

    def set(self, new_value: int) -> Op[None]:
        """Set the value. Source: message ``AtomicLong.getAndSet``."""
        return codec.get_and_set(self._group, self._object_name, int64(new_value, "new_value")).decoded(
            empty_response
        )

    def get_and_set(self, new_value: int) -> Op[int]:
        """Set the value and return the previous one. Source: message ``AtomicLong.getAndSet``."""
        return codec.get_and_set(self._group, self._object_name, int64(new_value, "new_value"))

    def add_and_get(self, delta: int) -> Op[int]:
        """Add ``delta`` and return the new value. Source: message ``AtomicLong.addAndGet``."""
        return codec.add_and_get(self._group, self._object_name, int64(delta, "delta"))

    def get_and_add(self, delta: int) -> Op[int]:
        """Add ``delta`` and return the previous value. Source: message ``AtomicLong.getAndAdd``."""
        return codec.get_and_add(self._group, self._object_name, int64(delta, "delta"))

    def increment_and_get(self) -> Op[int]:
        """Add one and return the new value. Source: message ``AtomicLong.addAndGet``."""
        return codec.add_and_get(self._group, self._object_name, 1)

    def decrement_and_get(self) -> Op[int]:
        """Subtract one and return the new value. Source: message ``AtomicLong.addAndGet``."""
        return codec.add_and_get(self._group, self._object_name, -1)

    def get_and_increment(self) -> Op[int]:
        """Add one and return the previous value. Source: message ``AtomicLong.getAndAdd``."""
        return codec.get_and_add(self._group, self._object_name, 1)

    def get_and_decrement(self) -> Op[int]:
        """Subtract one and return the previous value. Source: message ``AtomicLong.getAndAdd``."""
        return codec.get_and_add(self._group, self._object_name, -1)

    def compare_and_set(self, expect: int, update: int) -> Op[bool]:
        """Set the value to ``update`` if it is ``expect``.

        Returns:
            Whether it was set.

        Source: message ``AtomicLong.compareAndSet``.
        """
        old, new = int64(expect, "expect"), int64(update, "update")
        return codec.compare_and_set(self._group, self._object_name, old, new)

    def apply(self, function: object) -> Op[Any]:
        """Return the result of ``function``, an object that members can deserialize, for the value.

        Source: message ``AtomicLong.apply``.
        """
        return codec.apply(self._group, self._object_name, self._value(function, "function"))

    def alter(self, function: object) -> Op[None]:
        """Set the value to the result of ``function`` for it. Source: message ``AtomicLong.alter``."""
        return self._alter(function, _OLD).decoded(empty_response)

    def alter_and_get(self, function: object) -> Op[int]:
        """Set the value to the result of ``function`` for it; return the new value. Source: ``AtomicLong.alter``."""
        return self._alter(function, _NEW)

    def get_and_alter(self, function: object) -> Op[int]:
        """Set the value to the result of ``function`` for it; return the previous one. Source: ``AtomicLong.alter``."""
        return self._alter(function, _OLD)

    def _alter(self, function: object, returned: int) -> Op[int]:
        return codec.alter(self._group, self._object_name, self._value(function, "function"), returned)
