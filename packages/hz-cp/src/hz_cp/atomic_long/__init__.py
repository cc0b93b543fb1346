"""AtomicLong, a number in a CP group (``hz:raft:atomicLongService``)."""

from hz_cp.atomic_long.blocking import BlockingAtomicLong
from hz_cp.atomic_long.futures import AtomicLong
from hz_cp.atomic_long.kind import ATOMIC_LONG

__all__ = ["ATOMIC_LONG", "AtomicLong", "BlockingAtomicLong"]
