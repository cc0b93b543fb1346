"""The operations of a CPMap, from which its surfaces are generated."""

from typing import Generic

from hz_core.op import Op
from hz_core.wire.decode import empty_response
from hz_cp.codecs import cp_map as codec
from hz_cp.cp_object import CPObjectOperations
from hz_cp.types import K, V


class CPMapOperations(CPObjectOperations, Generic[K, V]):
    """A map in a CP group; all changes are linearizable. All its entries are on each member of the group.

    Keys and values are compared by their serialized bytes. Only Hazelcast Enterprise members of 5.4 and later have it.

    A change is not retried after a lost connection, because it may have been executed.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:raft:mapService"
    getter_note = "which only Enterprise members of 5.4 and later have"

    def get(self, key: K) -> Op[V | None]:
        """Return the value of ``key``; None if there is none. Source: message ``CPMap.get``."""
        return codec.get(self._group, self._object_name, self._value(key, "key"))

    def put(self, key: K, value: V) -> Op[V | None]:
        """Set the value of ``key``; return the previous one. Source: message ``CPMap.put``."""
        return codec.put(self._group, self._object_name, self._value(key, "key"), self._value(value))

    def set(self, key: K, value: V) -> Op[None]:
        """Set the value of ``key``. Source: message ``CPMap.set``."""
        request = codec.set(self._group, self._object_name, self._value(key, "key"), self._value(value))
        return request.decoded(empty_response)

    def put_if_absent(self, key: K, value: V) -> Op[V | None]:
        """Set the value of ``key`` if there is none.

        Returns:
            The value that there is; None if it was set.

        Source: message ``CPMap.putIfAbsent``.
        """
        return codec.put_if_absent(
            self._group, self._object_name, self._value(key, "key"), self._value(value)
        )

    def compare_and_set(self, key: K, expected_value: V, new_value: V) -> Op[bool]:
        """Set the value of ``key`` to ``new_value`` if it is ``expected_value``.

        Returns:
            Whether it was set.

        Source: message ``CPMap.compareAndSet``.
        """
        expected, new = self._value(expected_value, "expected_value"), self._value(new_value, "new_value")
        return codec.compare_and_set(self._group, self._object_name, self._value(key, "key"), expected, new)

    def remove(self, key: K) -> Op[V | None]:
        """Remove the entry of ``key``; return its value. Source: message ``CPMap.remove``."""
        return codec.remove(self._group, self._object_name, self._value(key, "key"))

    def delete(self, key: K) -> Op[None]:
        """Remove the entry of ``key``. Source: message ``CPMap.delete``."""
        request = codec.delete(self._group, self._object_name, self._value(key, "key"))
        return request.decoded(empty_response)
