"""The PN counter, which ``client.get_pn_counter`` returns."""

from hz_proxies.pn_counter import BlockingPNCounter, PNCounter

__all__ = ["BlockingPNCounter", "PNCounter"]
