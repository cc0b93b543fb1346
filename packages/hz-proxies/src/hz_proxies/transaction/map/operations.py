"""Operations of a map in a transaction, from which its surfaces are generated."""

from typing import Final, Generic
from uuid import UUID

from hz_core.arguments import milliseconds_or_default
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.local_copies import LocalCopies
from hz_core.op import Op
from hz_proxies.codecs import transactional_map as codec
from hz_proxies.predicate import Predicate, unpaged
from hz_proxies.transaction.scope import TransactionalOperations
from hz_proxies.types import K, V
from hz_serialization import Data

MAP_SERVICE: Final = "hz:impl:mapService"
"""The service of the map whose entries the transaction changes."""


class TransactionalMapOperations(TransactionalOperations, Generic[K, V]):
    """A map in a transaction. The changed entries are locked until the end of the transaction."""

    def __init__(
        self,
        context: ClientContext,
        name: str,
        connection: Connection,
        transaction_id: UUID,
        thread_id: int,
    ) -> None:
        super().__init__(context, name, connection, transaction_id, thread_id)
        self._changed_keys: set[Data] = set()

    def _changed(self, key: K) -> Data:
        """Return the ``Data`` of a key, and note that the transaction may change its entry."""
        data = self._value(key, "key")
        self._changed_keys.add(data)
        return data

    def _forget_copies(self, certain: bool) -> None:
        """Let near caches forget what the commit changes."""
        self._context.service(LocalCopies).changed(MAP_SERVICE, self.name, self._changed_keys, certain)

    def contains_key(self, key: K) -> Op[bool]:
        """Return whether there is an entry for ``key``. Source: message ``TransactionalMap.containsKey``."""
        return codec.contains_key(*self._scope, self._value(key, "key"))

    def get(self, key: K) -> Op[V | None]:
        """Return the value of ``key``, or None. Source: message ``TransactionalMap.get``."""
        return codec.get(*self._scope, self._value(key, "key"))

    def get_for_update(self, key: K) -> Op[V | None]:
        """Lock ``key`` and return its value, or None.

        Source: message ``TransactionalMap.getForUpdate``.
        """
        return codec.get_for_update(*self._scope, self._value(key, "key"))

    def size(self) -> Op[int]:
        """Return the number of entries. Source: message ``TransactionalMap.size``."""
        return codec.size(*self._scope)

    def is_empty(self) -> Op[bool]:
        """Return whether the map is empty. Source: message ``TransactionalMap.isEmpty``."""
        return codec.is_empty(*self._scope)

    def put(self, key: K, value: V, ttl: float | None = None) -> Op[V | None]:
        """Store ``value`` under ``key`` and return the previous value, or None.

        Args:
            key: The key.
            value: The value.
            ttl: Seconds after which the entry expires; 0 for never, None for the map's configuration.

        Source: message ``TransactionalMap.put``.
        """
        millis = milliseconds_or_default(ttl, "ttl")
        return codec.put(*self._scope, self._changed(key), self._value(value), millis)

    def put_if_absent(self, key: K, value: V) -> Op[V | None]:
        """Store ``value`` under ``key`` if there is no entry; return the existing value, or None if stored.

        Source: message ``TransactionalMap.putIfAbsent``.
        """
        return codec.put_if_absent(*self._scope, self._changed(key), self._value(value))

    def set(self, key: K, value: V) -> Op[None]:
        """Store ``value`` under ``key``. Source: message ``TransactionalMap.set``."""
        return codec.set(*self._scope, self._changed(key), self._value(value))

    def replace(self, key: K, value: V) -> Op[V | None]:
        """Store ``value`` under ``key`` if there is an entry; return the previous value, or None if nothing was stored.

        Source: message ``TransactionalMap.replace``.
        """
        return codec.replace(*self._scope, self._changed(key), self._value(value))

    def replace_if_same(self, key: K, old_value: V, new_value: V) -> Op[bool]:
        """Store ``new_value`` under ``key`` if its value is ``old_value``; return whether it was stored.

        Source: message ``TransactionalMap.replaceIfSame``.
        """
        old_data, new_data = self._value(old_value, "old_value"), self._value(new_value, "new_value")
        return codec.replace_if_same(*self._scope, self._changed(key), old_data, new_data)

    def remove(self, key: K) -> Op[V | None]:
        """Remove the entry of ``key`` and return its value, or None.

        Source: message ``TransactionalMap.remove``.
        """
        return codec.remove(*self._scope, self._changed(key))

    def remove_if_same(self, key: K, value: V) -> Op[bool]:
        """Remove the entry of ``key`` if its value is ``value``; return whether it was removed.

        Source: message ``TransactionalMap.removeIfSame``.
        """
        return codec.remove_if_same(*self._scope, self._changed(key), self._value(value))

    def delete(self, key: K) -> Op[None]:
        """Remove the entry of ``key``. Source: message ``TransactionalMap.delete``."""
        return codec.delete(*self._scope, self._changed(key))

    def key_set(self, predicate: Predicate | None = None) -> Op[list[K]]:
        """Return all keys, or those whose entries match ``predicate``.

        Source: messages ``TransactionalMap.keySet`` and ``TransactionalMap.keySetWithPredicate``.
        """
        if predicate is None:
            return codec.key_set(*self._scope)
        return codec.key_set_with_predicate(
            *self._scope, self._to_data(unpaged(predicate, "key_set of a transaction"))
        )

    def values(self, predicate: Predicate | None = None) -> Op[list[V]]:
        """Return all values, or those whose entries match ``predicate``.

        Source: messages ``TransactionalMap.values`` and ``TransactionalMap.valuesWithPredicate``.
        """
        if predicate is None:
            return codec.values(*self._scope)
        return codec.values_with_predicate(
            *self._scope, self._to_data(unpaged(predicate, "values of a transaction"))
        )
