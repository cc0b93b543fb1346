"""The Hazelcast client for Python, with all data structures."""

from typing import TYPE_CHECKING, Any

# Not loaded lazily, because it gives the errors their public names.
from hazelcast import errors as errors
from hazelcast.__about__ import __version__
from hazelcast.client import HazelcastClient, HazelcastFailoverClient

if TYPE_CHECKING:
    from hazelcast import aggregator as aggregator
    from hazelcast import asyncio as asyncio
    from hazelcast import cluster as cluster
    from hazelcast import config as config
    from hazelcast import core as core
    from hazelcast import db as db
    from hazelcast import diagnostics as diagnostics
    from hazelcast import future as future
    from hazelcast import jet as jet
    from hazelcast import lifecycle as lifecycle
    from hazelcast import opentelemetry as opentelemetry
    from hazelcast import partition as partition
    from hazelcast import predicate as predicate
    from hazelcast import projection as projection
    from hazelcast import proxy as proxy
    from hazelcast import serialization as serialization
    from hazelcast import sql as sql
    from hazelcast import util as util

__all__ = ["HazelcastClient", "HazelcastFailoverClient", "__version__"]

_MODULES = frozenset(
    {
        "aggregator",
        "asyncio",
        "cluster",
        "config",
        "core",
        "db",
        "future",
        "diagnostics",
        "jet",
        "lifecycle",
        "opentelemetry",
        "partition",
        "predicate",
        "projection",
        "proxy",
        "serialization",
        "sql",
        "util",
    }
)


def __getattr__(name: str) -> Any:
    # Modules are imported on first use, so `hazelcast.config.ReconnectMode` works after `import hazelcast`.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
