"""The engine of the Hazelcast client for Python: wire frames, connections, cluster view, invocations, drivers."""

from typing import TYPE_CHECKING

from hz_core.__about__ import __version__
from hz_serialization.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hz_core.aio_client import AsyncioClient
    from hz_core.client import Client
    from hz_core.config import ClientConfig

__all__ = ["AsyncioClient", "Client", "ClientConfig", "__version__"]

# Loaded on first use: threaded programs do not need asyncio, and asyncio programs do not need threads.
__getattr__: "Callable[[str], Any]"
__dir__: "Callable[[], list[str]]"
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AsyncioClient": "hz_core.aio_client",
        "Client": "hz_core.client",
        "ClientConfig": "hz_core.config",
    },
)
