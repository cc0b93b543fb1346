"""The distributed map; `client.get_map` gives one."""

from hz_proxies.map import BlockingMap, Map

__all__ = ["BlockingMap", "Map"]
