"""AtomicReference, a value in a CP group (``hz:raft:atomicRefService``)."""

from hz_cp.atomic_reference.blocking import BlockingAtomicReference
from hz_cp.atomic_reference.futures import AtomicReference
from hz_cp.atomic_reference.kind import ATOMIC_REFERENCE

__all__ = ["ATOMIC_REFERENCE", "AtomicReference", "BlockingAtomicReference"]
