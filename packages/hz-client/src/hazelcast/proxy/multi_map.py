"""The distributed multimap, which ``client.get_multi_map`` returns."""

from hz_proxies.multi_map import BlockingMultiMap, MultiMap, MultiMapValues

__all__ = ["BlockingMultiMap", "MultiMap", "MultiMapValues"]
