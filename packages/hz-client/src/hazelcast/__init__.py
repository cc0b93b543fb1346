"""The Hazelcast client for Python, with all data structures."""

from typing import TYPE_CHECKING

# Not loaded lazily, because it gives the errors their public names.
from hazelcast import errors as errors
from hazelcast.__about__ import __version__
from hz_serialization.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hazelcast import aggregator as aggregator
    from hazelcast import asyncio as asyncio
    from hazelcast import client as client
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
    from hazelcast.client import HazelcastClient, HazelcastFailoverClient

__all__ = ["HazelcastClient", "HazelcastFailoverClient", "__version__"]

_MODULES = (
    "aggregator",
    "asyncio",
    "client",
    "cluster",
    "config",
    "core",
    "db",
    "diagnostics",
    "future",
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
)

# Imported on first use, so `hazelcast.config.ReconnectMode` works after `import hazelcast`.
__getattr__: "Callable[[str], Any]"
__dir__: "Callable[[], list[str]]"
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "HazelcastClient": f"{__name__}.client",
        "HazelcastFailoverClient": f"{__name__}.client",
        **{name: f"{__name__}.{name}" for name in _MODULES},
    },
)
