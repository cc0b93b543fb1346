"""Distributed list (``hz:impl:listService``)."""

from hz_proxies.list.blocking import BlockingList
from hz_proxies.list.futures import List
from hz_proxies.list.kind import LIST
from hz_serialization.public_names import publish

__all__ = ["LIST", "BlockingList", "List"]

publish(__name__, (globals()[name] for name in __all__))
