"""The distributed set, which ``client.get_set`` returns."""

from hz_proxies.set import BlockingSet, Set

__all__ = ["BlockingSet", "Set"]
