"""The Semaphore, which ``client.cp_subsystem.get_semaphore`` returns."""

from hz_cp.semaphore import BlockingSemaphore, Semaphore

__all__ = ["BlockingSemaphore", "Semaphore"]
