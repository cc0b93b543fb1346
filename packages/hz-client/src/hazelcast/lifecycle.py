"""The states of a client; `client.lifecycle_service` tells them."""

from hz_core.lifecycle import LifecycleService, LifecycleState

__all__ = ["LifecycleService", "LifecycleState"]
