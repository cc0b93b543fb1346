"""The service for the states of a client, ``client.lifecycle_service``."""

from hz_core.lifecycle import LifecycleService, LifecycleState

__all__ = ["LifecycleService", "LifecycleState"]
