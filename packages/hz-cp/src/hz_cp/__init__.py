"""Hazelcast's CP Subsystem for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_cp.__about__ import __version__

if TYPE_CHECKING:
    from hz_cp.atomic_long import ATOMIC_LONG
    from hz_cp.atomic_reference import ATOMIC_REFERENCE
    from hz_cp.count_down_latch import COUNT_DOWN_LATCH
    from hz_cp.cp_map import CP_MAP
    from hz_cp.fenced_lock import FENCED_LOCK
    from hz_cp.owner import LockOwner
    from hz_cp.semaphore import SEMAPHORE

__all__ = [
    "ATOMIC_LONG",
    "ATOMIC_REFERENCE",
    "COUNT_DOWN_LATCH",
    "CP_MAP",
    "FENCED_LOCK",
    "SEMAPHORE",
    "LockOwner",
    "__version__",
]

_MODULES = {
    "ATOMIC_LONG": "hz_cp.atomic_long",
    "ATOMIC_REFERENCE": "hz_cp.atomic_reference",
    "COUNT_DOWN_LATCH": "hz_cp.count_down_latch",
    "CP_MAP": "hz_cp.cp_map",
    "FENCED_LOCK": "hz_cp.fenced_lock",
    "LockOwner": "hz_cp.owner",
    "SEMAPHORE": "hz_cp.semaphore",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that a program loads only the kinds that it uses.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
