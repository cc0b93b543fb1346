"""Hazelcast for frameworks: cached functions, Django, Flask-Caching, ASGI, Celery.

Each framework has a module of its own, which needs the extra of that name.
"""

from hz_frameworks.__about__ import __version__
from hz_frameworks.caching import AsyncCachedFunction, CachedFunction, Counts, cached

__all__ = ["AsyncCachedFunction", "CachedFunction", "Counts", "__version__", "cached"]
