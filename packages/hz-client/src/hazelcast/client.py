"""The client with every data structure that is installed."""

from typing import Any, TypeVar, overload

from hz_core.client import Client
from hz_core.config import ClientConfig
from hz_proxies.map import MAP, Map

K = TypeVar("K")
V = TypeVar("V")


class HazelcastClient(Client):
    """A Hazelcast client: connects when it is made, and gives the cluster's distributed objects.

    It is safe to use from many threads, and best shared by them. End it with `shutdown`, or use it as a context
    manager.

    Args:
        config: The options as an object.
        **kwargs: Options by name; they go before those of `config`. See :class:`hazelcast.config.Config`.

    Raises:
        InvalidConfigurationError: there is no option of that name.
        TypeError, ValueError: an option's value is of a wrong type or out of range.
        IllegalStateError: no member could be connected within `cluster_connect_timeout`.
    """

    def __init__(self, config: ClientConfig | None = None, **kwargs: Any) -> None:
        super().__init__((config or ClientConfig()).updated(**kwargs))

    @overload
    def get_map(self, name: str) -> Map[Any, Any]: ...

    @overload
    def get_map(self, name: str, *, key: type[K], value: type[V]) -> Map[K, V]: ...

    def get_map(self, name: str, *, key: Any = None, value: Any = None) -> Map[Any, Any]:
        """Return the distributed map of that name.

        Args:
            name: Name of the map.
            key: Type of its keys, for type checkers.
            value: Type of its values, for type checkers.
        """
        return self.get_proxy(MAP, name)
