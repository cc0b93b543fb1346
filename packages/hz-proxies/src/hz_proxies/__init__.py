"""Hazelcast's data structures for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_proxies.__about__ import __version__

if TYPE_CHECKING:
    from hz_proxies.list import LIST
    from hz_proxies.map import MAP
    from hz_proxies.queue import QUEUE
    from hz_proxies.set import SET

__all__ = ["LIST", "MAP", "QUEUE", "SET", "__version__"]

_MODULES = {
    "LIST": "hz_proxies.list",
    "MAP": "hz_proxies.map",
    "QUEUE": "hz_proxies.queue",
    "SET": "hz_proxies.set",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that a program loads only the kinds that it uses.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
