"""The service for the members of the cluster, ``client.cluster_service``."""

from hz_core.services import ClusterService

__all__ = ["ClusterService"]
