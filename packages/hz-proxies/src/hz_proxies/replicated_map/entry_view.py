"""Entries of a replicated map with their statistics."""

from typing import Generic, NamedTuple

from hz_proxies.types import K, V


class ReplicatedMapEntryView(NamedTuple, Generic[K, V]):
    """Snapshot of one entry with the statistics of one member. Times are milliseconds since the epoch."""

    key: K
    """The key."""

    value: V
    """The value."""

    creation_time: int
    """Time of its creation."""

    hits: int
    """Number of reads on that member."""

    last_access_time: int
    """Time of the last read on that member."""

    last_update_time: int
    """Time of the last change of the value."""

    ttl: int
    """Time to live, in milliseconds; 0 for no limit."""
