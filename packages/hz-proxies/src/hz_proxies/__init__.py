"""Hazelcast's data structures for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_proxies.__about__ import __version__

if TYPE_CHECKING:
    from hz_proxies.cardinality_estimator import CARDINALITY_ESTIMATOR
    from hz_proxies.durable_executor import DURABLE_EXECUTOR
    from hz_proxies.executor import EXECUTOR
    from hz_proxies.flake_id_generator import FLAKE_ID_GENERATOR
    from hz_proxies.list import LIST
    from hz_proxies.map import MAP
    from hz_proxies.multi_map import MULTI_MAP
    from hz_proxies.pn_counter import PN_COUNTER
    from hz_proxies.queue import QUEUE
    from hz_proxies.reliable_topic import RELIABLE_TOPIC
    from hz_proxies.replicated_map import REPLICATED_MAP
    from hz_proxies.ringbuffer import RINGBUFFER
    from hz_proxies.scheduled_executor import SCHEDULED_EXECUTOR
    from hz_proxies.set import SET
    from hz_proxies.topic import TOPIC
    from hz_proxies.vector_collection import VECTOR_COLLECTION

__all__ = [
    "CARDINALITY_ESTIMATOR",
    "DURABLE_EXECUTOR",
    "EXECUTOR",
    "FLAKE_ID_GENERATOR",
    "LIST",
    "MAP",
    "MULTI_MAP",
    "PN_COUNTER",
    "QUEUE",
    "RELIABLE_TOPIC",
    "REPLICATED_MAP",
    "RINGBUFFER",
    "SCHEDULED_EXECUTOR",
    "SET",
    "TOPIC",
    "VECTOR_COLLECTION",
    "__version__",
]


def __getattr__(name: str) -> Any:
    # A kind is loaded from the package of its name on first use, so that a program loads only what it uses.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{name.lower()}"), name)


def kinds() -> list[Any]:
    """Return all kinds of objects of this package."""
    return [__getattr__(name) for name in __all__ if name.isupper()]
