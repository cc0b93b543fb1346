"""Iteration over the contents of a structure, page by page."""

from hz_proxies.pages.blocking import BlockingPages
from hz_proxies.pages.futures import Pages
from hz_serialization.public_names import publish

__all__ = ["BlockingPages", "Pages"]

publish(__name__, (globals()[name] for name in __all__))
