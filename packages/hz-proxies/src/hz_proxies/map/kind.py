"""The map as a kind of distributed object."""

from typing import TYPE_CHECKING, Any, Final

from hz_core.proxy import Cluster, Operations, ProxyKind
from hz_proxies.map.futures import Map
from hz_proxies.map.operations import MapOperations

if TYPE_CHECKING:
    from hz_proxies.map.aio import AsyncMap


def _operations(cluster: Cluster, name: str) -> Operations:
    return MapOperations(cluster, name)


def _asyncio(client: Any, service_name: str, name: str, operations: Any) -> "AsyncMap[Any, Any]":
    # Programs of threads alone do without the module.
    from hz_proxies.map.aio import AsyncMap

    return AsyncMap(client, service_name, name, operations)


def _futures(client: Any, service_name: str, name: str, operations: Any) -> Map[Any, Any]:
    return Map(client, service_name, name, operations)


MAP: Final = ProxyKind("hz:impl:mapService", _operations, _futures, _asyncio)
"""Give this to `get_proxy`."""
