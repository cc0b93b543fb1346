"""Replicated map (``hz:impl:replicatedMapService``)."""

from hz_proxies.replicated_map.blocking import BlockingReplicatedMap
from hz_proxies.replicated_map.entry_view import ReplicatedMapEntryView
from hz_proxies.replicated_map.futures import ReplicatedMap
from hz_proxies.replicated_map.kind import REPLICATED_MAP
from hz_serialization.public_names import publish

__all__ = ["REPLICATED_MAP", "BlockingReplicatedMap", "ReplicatedMap", "ReplicatedMapEntryView"]

publish(__name__, (globals()[name] for name in __all__))
