"""FencedLock, a lock in a CP group (``hz:raft:lockService``)."""

from hz_cp.fenced_lock.blocking import BlockingFencedLock
from hz_cp.fenced_lock.futures import FencedLock
from hz_cp.fenced_lock.kind import FENCED_LOCK

__all__ = ["FENCED_LOCK", "BlockingFencedLock", "FencedLock"]
