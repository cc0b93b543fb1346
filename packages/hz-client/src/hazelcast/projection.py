"""Projections for ``Map.project``, which members evaluate."""

from hz_proxies.projection import Projection, identity, multi_attribute, single_attribute

__all__ = ["Projection", "identity", "multi_attribute", "single_attribute"]
