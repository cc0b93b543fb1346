"""Imports of libraries that are extras."""

from importlib import import_module
from typing import Any, Final

_EXTRAS: Final = {"pyarrow": "arrow", "pandas": "pandas", "polars": "polars"}


def library(name: str, purpose: str) -> Any:
    """Return the module ``name``, which an extra installs.

    Imports take a while, so nothing that runs on the I/O thread calls this first.

    Args:
        name: pyarrow, pandas or polars, or a module of these.
        purpose: What needs it, for the error: ``to_arrow()``.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as e:
        root = name.partition(".")[0]
        if e.name != root:
            raise
        extra = _EXTRAS[root]
        raise ImportError(
            f"{purpose} needs the package {root}, which is not installed. It is an extra:"
            f" pip install 'hz-client[{extra}]' (or 'hz-proxies[{extra}]')",
            name=root,
        ) from e
