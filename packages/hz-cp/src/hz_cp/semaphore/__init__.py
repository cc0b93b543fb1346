"""Semaphore, permits in a CP group (``hz:raft:semaphoreService``)."""

from hz_cp.semaphore.blocking import BlockingSemaphore
from hz_cp.semaphore.futures import Semaphore
from hz_cp.semaphore.kind import SEMAPHORE

__all__ = ["SEMAPHORE", "BlockingSemaphore", "Semaphore"]
