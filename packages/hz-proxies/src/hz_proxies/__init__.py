"""Hazelcast's data structures for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_proxies.__about__ import __version__

if TYPE_CHECKING:
    from hz_proxies.map import MAP
    from hz_proxies.queue import QUEUE
    from hz_proxies.ringbuffer import RINGBUFFER

__all__ = ["MAP", "QUEUE", "RINGBUFFER", "__version__"]

_MODULES = {
    "MAP": "hz_proxies.map",
    "QUEUE": "hz_proxies.queue",
    "RINGBUFFER": "hz_proxies.ringbuffer",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that a program loads only the kinds that it uses.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
