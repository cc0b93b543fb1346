"""The distributed list, which ``client.get_list`` returns."""

from hz_proxies.list import BlockingList, List

__all__ = ["BlockingList", "List"]
