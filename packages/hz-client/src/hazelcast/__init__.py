"""The Hazelcast client for Python: everything assembled."""

from hazelcast.__about__ import __version__
from hazelcast.client import HazelcastClient

__all__ = ["HazelcastClient", "__version__"]
