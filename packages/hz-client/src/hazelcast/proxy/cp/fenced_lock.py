"""The FencedLock, which ``client.cp_subsystem.get_lock`` returns."""

from hz_cp.fenced_lock import BlockingFencedLock, FencedLock

__all__ = ["BlockingFencedLock", "FencedLock"]
