"""Hazelcast's data structures for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_proxies.__about__ import __version__

if TYPE_CHECKING:
    from hz_proxies.cardinality_estimator import CARDINALITY_ESTIMATOR
    from hz_proxies.durable_executor import DURABLE_EXECUTOR
    from hz_proxies.executor import EXECUTOR
    from hz_proxies.flake_id_generator import FLAKE_ID_GENERATOR
    from hz_proxies.map import MAP
    from hz_proxies.pn_counter import PN_COUNTER
    from hz_proxies.queue import QUEUE
    from hz_proxies.scheduled_executor import SCHEDULED_EXECUTOR
    from hz_proxies.vector_collection import VECTOR_COLLECTION

__all__ = [
    "CARDINALITY_ESTIMATOR",
    "DURABLE_EXECUTOR",
    "EXECUTOR",
    "FLAKE_ID_GENERATOR",
    "MAP",
    "PN_COUNTER",
    "QUEUE",
    "SCHEDULED_EXECUTOR",
    "VECTOR_COLLECTION",
    "__version__",
]

_MODULES = {
    "CARDINALITY_ESTIMATOR": "hz_proxies.cardinality_estimator",
    "DURABLE_EXECUTOR": "hz_proxies.durable_executor",
    "EXECUTOR": "hz_proxies.executor",
    "FLAKE_ID_GENERATOR": "hz_proxies.flake_id_generator",
    "MAP": "hz_proxies.map",
    "PN_COUNTER": "hz_proxies.pn_counter",
    "QUEUE": "hz_proxies.queue",
    "SCHEDULED_EXECUTOR": "hz_proxies.scheduled_executor",
    "VECTOR_COLLECTION": "hz_proxies.vector_collection",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that a program loads only the kinds that it uses.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
