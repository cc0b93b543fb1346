"""The mapping interface of distributed maps."""

from typing import Generic

from hz_proxies.mappings import AsyncioKeyLocks, AsyncioMapping, BlockingKeyLocks, BlockingMapping
from hz_proxies.types import K, V


class BlockingMapMapping(BlockingKeyLocks[K], BlockingMapping[K, V], Generic[K, V]):
    """The mapping interface of a blocking map."""

    def __setitem__(self, key: K, value: V) -> None:
        self._call(self._ops.set(key, value))

    def setdefault(self, key: K, default: V, /) -> V:
        """Return the value of ``key``; store ``default`` first if there is none. Atomic."""
        value: V | None = self._call(self._ops.put_if_absent(key, default))
        return default if value is None else value


class AsyncioMapMapping(AsyncioKeyLocks[K], AsyncioMapping[K, V], Generic[K, V]):
    """The mapping interface of an asyncio map."""
