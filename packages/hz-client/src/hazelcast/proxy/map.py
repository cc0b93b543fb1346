"""The distributed map, which ``client.get_map`` returns."""

from hz_proxies.map import BlockingMap, Map

__all__ = ["BlockingMap", "Map"]
