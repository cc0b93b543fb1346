"""The AtomicReference, which ``client.cp_subsystem.get_atomic_reference`` returns."""

from hz_cp.atomic_reference import AtomicReference, BlockingAtomicReference

__all__ = ["AtomicReference", "BlockingAtomicReference"]
