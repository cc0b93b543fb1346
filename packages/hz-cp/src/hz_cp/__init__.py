"""Hazelcast's CP Subsystem for Python, on blocking, futures and asyncio surfaces."""

from typing import TYPE_CHECKING, Any

from hz_cp.__about__ import __version__

if TYPE_CHECKING:
    from hz_cp.atomic_long import ATOMIC_LONG
    from hz_cp.fenced_lock import FENCED_LOCK

__all__ = ["ATOMIC_LONG", "FENCED_LOCK", "__version__"]

_HOMES = {"ATOMIC_LONG": "hz_cp.atomic_long", "FENCED_LOCK": "hz_cp.fenced_lock"}


def __getattr__(name: str) -> Any:
    # Loaded when it is used, so that a program pays only for the structures it has.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
