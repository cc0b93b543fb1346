"""Near caches for Hazelcast's maps, and a bounded cache to use alone."""

from typing import Any

from hz_nearcache.__about__ import __version__
from hz_nearcache.cache import Cache
from hz_nearcache.near_cache import NearCache
from hz_nearcache.reads import make_operations
from hz_nearcache.service import NearCaches
from hz_nearcache.statistics import Statistics

__all__ = ["Cache", "NearCache", "NearCaches", "Statistics", "__version__", "make_operations", "near_cache"]


def near_cache(map: Any) -> NearCache | None:
    """Return the near cache of a map, or of a replicated map, on any surface; None if it has none."""
    found: NearCache | None = getattr(map._ops, "near_cache", None)
    return found
