"""The AtomicLong, which ``client.cp_subsystem.get_atomic_long`` returns."""

from hz_cp.atomic_long import AtomicLong, BlockingAtomicLong

__all__ = ["AtomicLong", "BlockingAtomicLong"]
