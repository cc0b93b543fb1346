"""Holds that every public module, class, function and method of the distributions is documented.

Looks at the imported objects, so that a method counts as documented when the one it overrides is.
`python tools/check_docstrings.py` prints each undocumented name on a line and exits with 1 if there is any.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType

from repository import modules

_METHODS = (FunctionType, classmethod, staticmethod, property)


def undocumented(module: ModuleType) -> Iterator[str]:
    """Yield the public names that `module` defines without a docstring, itself included."""
    if not module.__doc__:
        yield module.__name__
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if isinstance(thing, type):
            yield from _undocumented_in_class(thing)
        elif inspect.isroutine(thing) and not inspect.getdoc(thing):
            yield f"{module.__name__}.{name}"


def _undocumented_in_class(cls: type) -> Iterator[str]:
    full_name = f"{cls.__module__}.{cls.__qualname__}"
    doc = vars(cls).get("__doc__")
    # Dataclasses and named tuples without one get their signature as docstring.
    if not doc or doc.startswith(f"{cls.__name__}("):
        yield full_name
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(member, type):
            if member.__qualname__.startswith(f"{cls.__qualname__}."):
                yield from _undocumented_in_class(member)
        elif isinstance(member, _METHODS) and not inspect.getdoc(getattr(cls, name)):
            yield f"{full_name}.{name}"


def public_modules() -> list[str]:
    """Return the import names of all shipped modules without a private part."""
    names = [module.name for module in modules() if module.shipped]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


def main() -> int:
    """Print the undocumented names, or that there are none."""
    names = public_modules()
    found = [line for name in names for line in undocumented(importlib.import_module(name))]
    print("\n".join(found) if found else f"docstrings: all public names of {len(names)} modules have one")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
