"""Compiled versions of functions of ``hz_serialization`` and ``hz_core``, which use them if they are installed.

Programs should not call anything here. With ``HZ_PURE_PYTHON=1`` in the environment, only the pure Python versions are
used.
"""

from importlib.util import find_spec
from typing import Final

from hz_speedups.__about__ import __version__

__all__ = ["COMPILED", "INTERFACE", "__version__"]

INTERFACE: Final = 5
"""The version of the interface to ``hz_serialization``, raised with every change of it."""

COMPILED: Final = find_spec("hz_speedups._hash") is not None
"""Whether the package was built with a C compiler."""
