"""The partitions of the cluster; `client.partition_service` tells their owners."""

from hz_core.services import PartitionService

__all__ = ["PartitionService"]
