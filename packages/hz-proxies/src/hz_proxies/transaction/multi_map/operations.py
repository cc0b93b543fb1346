"""Operations of a multimap in a transaction, from which its surfaces are generated."""

from typing import Generic

from hz_core.op import Op
from hz_proxies.codecs import transactional_multi_map as codec
from hz_proxies.transaction.scope import TransactionalOperations
from hz_proxies.types import K, V


class TransactionalMultiMapOperations(TransactionalOperations, Generic[K, V]):
    """A multimap in a transaction. The changed keys are locked until the end of the transaction."""

    def put(self, key: K, value: V) -> Op[bool]:
        """Add ``value`` to the values of ``key``; return whether it was added.

        Source: message ``TransactionalMultiMap.put``.
        """
        return codec.put(*self._scope, self._value(key, "key"), self._value(value))

    def get(self, key: K) -> Op[list[V]]:
        """Return the values of ``key``; an empty list if there is none.

        Source: message ``TransactionalMultiMap.get``.
        """
        return codec.get(*self._scope, self._value(key, "key"))

    def remove(self, key: K, value: V) -> Op[bool]:
        """Remove ``value`` from the values of ``key``, once; return whether it was there.

        Source: message ``TransactionalMultiMap.removeEntry``.
        """
        return codec.remove_entry(*self._scope, self._value(key, "key"), self._value(value))

    def remove_all(self, key: K) -> Op[list[V]]:
        """Remove all values of ``key`` and return them. Source: message ``TransactionalMultiMap.remove``."""
        return codec.remove(*self._scope, self._value(key, "key"))

    def value_count(self, key: K) -> Op[int]:
        """Return the number of values of ``key``. Source: message ``TransactionalMultiMap.valueCount``."""
        return codec.value_count(*self._scope, self._value(key, "key"))

    def size(self) -> Op[int]:
        """Return the number of values of all keys together. Source: message ``TransactionalMultiMap.size``."""
        return codec.size(*self._scope)
