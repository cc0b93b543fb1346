"""Functions whose results are kept in the cluster."""

from hz_frameworks.caching.decorator import cached
from hz_frameworks.caching.policy import Counts
from hz_frameworks.caching.tasks import AsyncCachedFunction
from hz_frameworks.caching.threads import CachedFunction

__all__ = ["AsyncCachedFunction", "CachedFunction", "Counts", "cached"]
