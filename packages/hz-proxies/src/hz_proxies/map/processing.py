"""Entry processors and interceptors of a map."""

from collections.abc import Iterable
from typing import Any, Generic

from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, none_refused
from hz_proxies.codecs import map as codec
from hz_proxies.own_keys import with_own_keys
from hz_proxies.predicate import Predicate, unpaged
from hz_proxies.types import K, V
from hz_serialization import Data


class ProcessingOperations(KeyedOperations, Generic[K, V]):
    """Processors and interceptors are objects that members can deserialize to a Java class."""

    def execute_on_key(self, key: K, entry_processor: object) -> Op[Any]:
        """Run ``entry_processor`` on the entry of ``key``, atomically, on the owner of its partition.

        Returns:
            The result of the processor. Source: message ``Map.executeOnKey``.
        """
        processor = self._value(entry_processor, "entry_processor")
        data, partition = self._keyed(key)
        return self._write(data, codec.execute_on_key(partition, self.name, processor, data, self._owner()))

    def submit_to_key(self, key: K, entry_processor: object) -> Op[Any]:
        """Run ``entry_processor`` on the entry of ``key``, as ``execute_on_key`` does, with a message of its own.

        Returns:
            The result of the processor. Source: message ``Map.submitToKey``.
        """
        processor = self._value(entry_processor, "entry_processor")
        data, partition = self._keyed(key)
        return self._write(data, codec.submit_to_key(partition, self.name, processor, data, self._owner()))

    def execute_on_keys(self, keys: Iterable[K], entry_processor: object) -> Op[list[tuple[K, Any]]]:
        """Run ``entry_processor`` on the entries of ``keys``, each on the owner of its partition.

        Returns:
            Key and result of each entry; the keys are the objects that were given. Source: message
            ``Map.executeOnKeys``.
        """
        if keys is None:
            raise none_refused("keys", self.name)
        own = list(keys)
        data = self._values(own, "keys")
        processor = self._value(entry_processor, "entry_processor")
        if not data:
            return Op.ready([])
        execute = codec.execute_on_keys(self.name, processor, data)
        return self._write_many(execute.decoded(with_own_keys(dict(zip(data, own, strict=True)))), data)

    def execute_on_entries(
        self, entry_processor: object, predicate: Predicate | None = None
    ) -> Op[list[tuple[K, Any]]]:
        """Run ``entry_processor`` on all entries, or on those that match ``predicate``.

        Returns:
            Key and result of each entry. Source: messages ``Map.executeOnAllKeys`` and ``Map.executeWithPredicate``.
        """
        if predicate is not None:
            unpaged(predicate, "execute_on_entries")
        processor = self._value(entry_processor, "entry_processor")
        if predicate is None:
            return self._write_all(codec.execute_on_all_keys(self.name, processor))
        return self._write_all(codec.execute_with_predicate(self.name, processor, self._to_data(predicate)))

    def replace_all(self, function: object) -> Flow[None]:
        """Replace the value of each entry by the result of ``function`` for its key and value.

        All partitions are processed in parallel. This is not atomic: if it fails, some of the values may have been
        replaced. After a lost connection a partition may be processed twice.

        Args:
            function: An object that members can deserialize to a ``java.util.function.BiFunction``.

        Source: message ``Map.replaceAll`` (members since 5.1).
        """
        data = self._value(function, "function")
        return self._replace_all(data)

    def _replace_all(self, function: Data) -> Flow[None]:
        yield [
            self._write_all(codec.replace_all(partition, self.name, function))
            for partition in range(self._context.partition_count())
        ]

    def add_interceptor(self, interceptor: object) -> Op[str]:
        """Add an interceptor, which members call for reads and writes of this map.

        Returns:
            The id to remove the interceptor. Source: message ``Map.addInterceptor``.
        """
        return codec.add_interceptor(self.name, self._value(interceptor, "interceptor"))

    def remove_interceptor(self, registration_id: str) -> Op[bool]:
        """Remove an interceptor; return whether it was registered. Source: message ``Map.removeInterceptor``."""
        if registration_id is None:
            raise none_refused("registration_id", self.name)
        return codec.remove_interceptor(self.name, registration_id)
