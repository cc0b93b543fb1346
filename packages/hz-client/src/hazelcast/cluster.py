"""The members of the cluster; `client.cluster_service` lists them."""

from hz_core.services import ClusterService

__all__ = ["ClusterService"]
