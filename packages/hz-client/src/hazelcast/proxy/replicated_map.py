"""The replicated map, which ``client.get_replicated_map`` returns."""

from hz_proxies.replicated_map import BlockingReplicatedMap, ReplicatedMap, ReplicatedMapEntryView

__all__ = ["BlockingReplicatedMap", "ReplicatedMap", "ReplicatedMapEntryView"]
