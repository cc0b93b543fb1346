"""Code of the members that works on a map: entry processors and interceptors."""

from collections.abc import Iterable
from typing import Any, Generic

from hz_core.invocation.op import Op
from hz_core.proxy import Operations, none_refused
from hz_proxies.codecs import map as codec
from hz_proxies.predicate import Predicate
from hz_proxies.types import K, V


class ProcessingOperations(Operations, Generic[K, V]):
    """Processors and interceptors are objects that the member can deserialize to a Java class of its own."""

    def execute_on_key(self, key: K, entry_processor: Any) -> Op[Any]:
        """Let the owner of `key` run `entry_processor` on its entry, atomically.

        Returns:
            What the processor returned. Source: message ``Map.executeOnKey``.
        """
        data, partition = self._keyed(key)
        request = codec.execute_on_key_request(
            partition, self.name, self._value(entry_processor, "entry_processor"), data, self._owner()
        )
        return Op(codec.EXECUTE_ON_KEY, request, partition)

    def execute_on_keys(self, keys: Iterable[K], entry_processor: Any) -> Op[list[tuple[K, Any]]]:
        """Run `entry_processor` on the entries of `keys`, each where it lives.

        Returns:
            Key and result of each entry. Source: message ``Map.executeOnKeys``.
        """
        if keys is None:
            raise none_refused("keys", self.name)
        data = [self._value(key, "key") for key in keys]
        processor = self._value(entry_processor, "entry_processor")
        return Op(codec.EXECUTE_ON_KEYS, codec.execute_on_keys_request(-1, self.name, processor, data))

    def execute_on_entries(
        self, entry_processor: Any, predicate: Predicate | None = None
    ) -> Op[list[tuple[K, Any]]]:
        """Run `entry_processor` on all entries, or on those that match `predicate`, each where it lives.

        Returns:
            Key and result of each entry. Source: messages ``Map.executeOnAllKeys`` and ``Map.executeWithPredicate``.
        """
        processor = self._value(entry_processor, "entry_processor")
        if predicate is None:
            request = codec.execute_on_all_keys_request(-1, self.name, processor)
            return Op(codec.EXECUTE_ON_ALL_KEYS, request)
        request = codec.execute_with_predicate_request(-1, self.name, processor, self._to_data(predicate))
        return Op(codec.EXECUTE_WITH_PREDICATE, request)

    def add_interceptor(self, interceptor: Any) -> Op[str]:
        """Let the members run `interceptor` around reads and writes of this map.

        Returns:
            The id to remove it with. Source: message ``Map.addInterceptor``.
        """
        request = codec.add_interceptor_request(-1, self.name, self._value(interceptor, "interceptor"))
        return Op(codec.ADD_INTERCEPTOR, request)

    def remove_interceptor(self, registration_id: str) -> Op[bool]:
        """Remove an interceptor; return whether it was there. Source: message ``Map.removeInterceptor``."""
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return Op(codec.REMOVE_INTERCEPTOR, codec.remove_interceptor_request(-1, self.name, registration_id))
