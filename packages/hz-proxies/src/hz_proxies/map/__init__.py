"""Distributed map (`hz:impl:mapService`)."""

from hz_proxies.map.blocking import BlockingMap
from hz_proxies.map.futures import Map
from hz_proxies.map.kind import MAP

__all__ = ["MAP", "BlockingMap", "Map"]
