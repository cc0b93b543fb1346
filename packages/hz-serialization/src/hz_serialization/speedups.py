"""Access to the compiled versions of functions, if they are installed."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

INTERFACE: Final = 5
"""The version of the interface between the two packages; another one is not used."""

MODULES: Final = ("_calls", "_compact", "_hash", "_portable", "_top")
"""What is asked for."""


def compiled(name: str) -> ModuleType | None:
    """Return the module ``name`` of the distribution ``hz-speedups``.

    ``None`` where that is not installed, was built without a compiler or for another version of this package, or
    where the environment says ``HZ_PURE_PYTHON=1``. :func:`why_pure` tells which.
    """
    package = None if _is_refused() else _package()
    if not isinstance(package, ModuleType) or not package.COMPILED or package.INTERFACE != INTERFACE:
        return None
    try:
        return import_module(f"hz_speedups.{name}")
    except ImportError:
        return None


def why_pure() -> str | None:
    """Return why compiled code is not used, and what to do; ``None`` where it is used."""
    if _is_refused():
        return "HZ_PURE_PYTHON is set in the environment; unset it to use compiled code"
    package = _package()
    if package is None:
        return "hz-speedups is not installed; install hz-client[speedups] for faster calls"
    if isinstance(package, ImportError):
        return _failed(package)
    if not package.COMPILED:
        return (
            f"hz-speedups {package.__version__} was built without a C compiler; install a wheel of it, or a compiler "
            "and the headers of Python and then hz-speedups again"
        )
    if package.INTERFACE != INTERFACE:
        return (
            f"hz-speedups {package.__version__} has version {package.INTERFACE} of the interface, but this client "
            f"needs version {INTERFACE}; install the hz-speedups that belongs to it"
        )
    try:
        for name in MODULES:
            import_module(f"hz_speedups.{name}")
    except ImportError as error:
        return _failed(error)
    return None


def version() -> str | None:
    """Return the version of ``hz-speedups``; ``None`` where it is not installed or cannot be imported."""
    package = _package()
    return package.__version__ if isinstance(package, ModuleType) else None


@cache  # where it is not installed, each attempt would search all folders again
def _package() -> ModuleType | ImportError | None:
    """Return the package, or what its import raised; None if it is not installed."""
    try:
        return import_module("hz_speedups")
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "hz_speedups":
            return None
        return error.with_traceback(None)


def _is_refused() -> bool:
    return os.environ.get("HZ_PURE_PYTHON", "0") not in ("", "0")


def _failed(error: ImportError) -> str:
    return f"the import of hz-speedups failed: {error}; install it again, for this version of Python"
