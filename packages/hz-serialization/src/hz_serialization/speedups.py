"""Access to the compiled versions of functions, if they are installed."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Final

INTERFACE: Final = 3
"""The version of the interface between the two packages; another one is not used."""


def compiled(name: str) -> ModuleType | None:
    """Return the module ``name`` of the distribution ``hz-speedups``.

    ``None`` where that is not installed, was built without a compiler or for another version of this package, or
    where the environment says ``HZ_PURE_PYTHON=1``.
    """
    if os.environ.get("HZ_PURE_PYTHON", "0") not in ("", "0"):
        return None
    try:
        package = import_module("hz_speedups")
        if not package.COMPILED or package.INTERFACE != INTERFACE:
            return None
        return import_module(f"hz_speedups.{name}")
    except ImportError:
        return None
