"""Ways to find the members of a cluster, for the option ``discovery``."""

from hz_core.discovery import Discovery, DiscoveryError
from hz_core.drivers.cloud import HazelcastCloudDiscovery
from hz_core.drivers.dns_discovery import DnsDiscovery

__all__ = ["Discovery", "DiscoveryError", "DnsDiscovery", "HazelcastCloudDiscovery"]
