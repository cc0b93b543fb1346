"""Makes the discovery for the option ``cloud_discovery_token``, without loading HTTP and TLS for other programs."""

from hz_core.discovery import DEFAULT_TIMEOUT, Discovery


def cloud_discovery(token: str, timeout: float) -> Discovery:
    """Return what asks Hazelcast Cloud; see :meth:`hz_core.io.IO.cloud_discovery`."""
    from hz_core.drivers.cloud import HazelcastCloudDiscovery

    return HazelcastCloudDiscovery(token, timeout=timeout or DEFAULT_TIMEOUT)
