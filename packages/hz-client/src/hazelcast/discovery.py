"""Ways to find the members of a cluster, for the option ``discovery``."""

from hz_core.discovery import Discovery, DiscoveryError
from hz_core.drivers.cloud import HazelcastCloudDiscovery
from hz_core.drivers.dns_discovery import DnsDiscovery
from hz_core.model import Address

__all__ = ["Address", "Discovery", "DiscoveryError", "DnsDiscovery", "HazelcastCloudDiscovery"]
