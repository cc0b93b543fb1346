"""Compiled versions of functions of `hz_serialization`, which uses them by itself where they are installed.

Nothing here is meant to be called by programs. ``HZ_PURE_PYTHON=1`` in the environment leaves everything to the pure
Python versions.
"""

from importlib.util import find_spec
from typing import Final

from hz_speedups.__about__ import __version__

__all__ = ["COMPILED", "INTERFACE", "__version__"]

INTERFACE: Final = 1
"""Version of the interface to `hz_serialization`, raised with every change of it."""

COMPILED: Final = find_spec("hz_speedups._hash") is not None
"""Whether the package was built with a C compiler at hand."""
