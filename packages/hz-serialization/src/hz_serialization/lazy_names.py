"""Public names of a package that are imported when they are first used (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package.

    They may run in many threads at a time: the import of a module is done by one of them, and the others wait.

    Args:
        package: The import name of the package, its ``__name__``.
        modules: The module of each name. If the name is that of a module in the package, it stands for the module.
    """

    def get(name: str) -> Any:
        where = modules.get(name)
        if where is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(where)
        found = module if where == f"{package}.{name}" else getattr(module, name)
        setattr(sys.modules[package], name, found)  # so that this is not called again
        return found

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules})

    return get, names
