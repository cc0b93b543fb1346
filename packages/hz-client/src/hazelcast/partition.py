"""The service for the partitions of the cluster, ``client.partition_service``."""

from hz_core.services import PartitionService

__all__ = ["PartitionService"]
