"""Distributed counter without coordination (``hz:impl:PNCounterService``)."""

from hz_proxies.pn_counter.blocking import BlockingPNCounter
from hz_proxies.pn_counter.futures import PNCounter
from hz_proxies.pn_counter.kind import PN_COUNTER
from hz_serialization.public_names import publish

__all__ = ["PN_COUNTER", "BlockingPNCounter", "PNCounter"]

publish(__name__, (globals()[name] for name in __all__))
