"""The engine of the Hazelcast client for Python: wire frames, connections, cluster view, invocations, drivers."""

from typing import TYPE_CHECKING, Any

from hz_core.__about__ import __version__

if TYPE_CHECKING:
    from hz_core.aio_client import AsyncioClient
    from hz_core.client import Client
    from hz_core.config import ClientConfig

__all__ = ["AsyncioClient", "Client", "ClientConfig", "__version__"]

_MODULES = {
    "AsyncioClient": "hz_core.aio_client",
    "Client": "hz_core.client",
    "ClientConfig": "hz_core.config",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: threaded programs do not need asyncio, and asyncio programs do not need threads.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
