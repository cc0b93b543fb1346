"""The client for asyncio programs, with every data structure that is installed."""

from typing import Any, Self, TypeVar, overload

from hz_core.aio_client import AsyncioClient
from hz_core.config import ClientConfig
from hz_proxies.map import MAP
from hz_proxies.map.aio import AsyncMap as Map

__all__ = ["HazelcastClient", "Map"]

K = TypeVar("K")
V = TypeVar("V")


class HazelcastClient(AsyncioClient):
    """A Hazelcast client on the running event loop.

    ``async with HazelcastClient(...) as client``, or ``await HazelcastClient.create_and_start(...)`` and, at the end,
    ``await client.shutdown()``.

    Args:
        config: The options as an object.
        **kwargs: Options by name; they go before those of `config`. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: there is no option of that name.
        TypeError, ValueError: an option's value is of a wrong type or out of range.
    """

    def __init__(self, config: ClientConfig | None = None, **kwargs: Any) -> None:
        super().__init__((config or ClientConfig()).updated(**kwargs))

    @classmethod
    async def create_and_start(cls, config: ClientConfig | None = None, **kwargs: Any) -> Self:
        """Make a client and connect it.

        Raises:
            IllegalStateError: no member could be connected within `cluster_connect_timeout`.
        """
        client = cls(config, **kwargs)
        await client.start()
        return client

    @overload
    async def get_map(self, name: str) -> Map[Any, Any]: ...

    @overload
    async def get_map(self, name: str, *, key: type[K], value: type[V]) -> Map[K, V]: ...

    async def get_map(self, name: str, *, key: Any = None, value: Any = None) -> Map[Any, Any]:
        """Return the distributed map of that name.

        Args:
            name: Name of the map.
            key: Type of its keys, for type checkers.
            value: Type of its values, for type checkers.
        """
        found: Map[Any, Any] = await self.get_proxy(MAP, name)
        return found
