"""Distributed multimap (``hz:impl:multiMapService``)."""

from hz_proxies.multi_map.blocking import BlockingMultiMap
from hz_proxies.multi_map.collections import MultiMapValues
from hz_proxies.multi_map.futures import MultiMap
from hz_proxies.multi_map.kind import MULTI_MAP
from hz_serialization.public_names import publish

__all__ = ["MULTI_MAP", "BlockingMultiMap", "MultiMap", "MultiMapValues"]

publish(__name__, (globals()[name] for name in __all__))
