"""Projections: what is wanted of each entry, taken out by the members; for `Map.project`."""

from hz_proxies.projection import Projection, identity, multi_attribute, single_attribute

__all__ = ["Projection", "identity", "multi_attribute", "single_attribute"]
