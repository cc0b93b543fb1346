"""Distributed set (``hz:impl:setService``)."""

from hz_proxies.set.blocking import BlockingSet
from hz_proxies.set.futures import Set
from hz_proxies.set.kind import SET
from hz_serialization.public_names import publish

__all__ = ["SET", "BlockingSet", "Set"]

publish(__name__, (globals()[name] for name in __all__))
