"""Print the test files that say whether the lowest versions of the dependencies work, for `hatch run lowest:test`.

    python tools/lowest_tests.py

These are all of the distributions that are built on others' packages, and each test file that imports such a package,
by itself, by a helper module of the tests, or by a module of ours that imports it. Nobody keeps a list: a new test
of an extra is chosen as soon as it is there.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from repository import ROOT, Distribution, Module, distributions, modules

WHOLE: Final = ("packages/hz-cli/", "packages/hz-embedded/", "packages/hz-frameworks/")
"""Folders whose tests are all chosen: what these distributions do is done with others' packages."""

LEFT_OUT: Final = {
    "py4j": "the tests of hz-embedded use it; those of the bridge with real members take minutes",
    "pytest": "every test imports it",
}
"""Packages whose import chooses no test, and why."""

TOOLS_OF_TESTS: Final = {"psutil"}
"""Packages that tests use for themselves: only what modules of ours do with them is of interest."""


def required(found: Iterable[Distribution]) -> set[str]:
    """Return the names, in small letters, of the packages of others that distributions and their extras require."""
    known = list(found)
    lines = [
        line
        for one in known
        for part in (
            one.project.get("dependencies", ()),
            *one.project.get("optional-dependencies", {}).values(),
        )
        for line in part
    ]
    return {str(canonicalize_name(Requirement(line).name)) for line in lines} - {one.name for one in known}


def import_names(names: set[str]) -> set[str]:
    """Return what packages are imported as.

    Raises:
        LookupError: One of them is not installed.
    """
    installed: dict[str, set[str]] = {}
    for imported, providers in packages_distributions().items():
        for provider in providers:
            installed.setdefault(str(canonicalize_name(provider)), set()).add(imported)
    if missing := names - installed.keys():
        raise LookupError(f"not installed, so nobody can say what they are imported as: {sorted(missing)}")
    return set().union(*(installed[name] for name in names))


def imports(module: Module) -> Iterator[str]:
    """Yield the dotted names that a module imports, wherever and however; of ``from a import b`` ``a`` and ``a.b``."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and "import_module" in (
            getattr(node.func, "id", None),
            getattr(node.func, "attr", None),
        ):
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def chosen(found: Iterable[Module], packages: set[str]) -> list[Module]:
    """Return the test modules among ``found`` that use packages, which are given by what they are imported as."""
    named = re.compile(rf"\b({'|'.join(map(re.escape, sorted(packages)))})\b")
    ours: set[str] = set()
    tests: dict[str, Module] = {}
    for module in found:
        if module.shipped:
            # Most need not be parsed.
            if named.search(module.text) and not packages.isdisjoint(_tops(imports(module))):
                ours.add(module.name)
        elif "tests" in re.split(r"[/-]", str(module)):
            tests[module.name] = module
    imported = {name: set(imports(module)) for name, module in tests.items()}
    telling = packages - TOOLS_OF_TESTS

    def uses(name: str, above: frozenset[str]) -> bool:
        names = imported[name]
        if not (telling.isdisjoint(_tops(names)) and ours.isdisjoint(names)):
            return True
        return any(uses(helper, above | {name}) for helper in names & imported.keys() - above)

    return [
        one
        for name, one in tests.items()
        if one.path.name.startswith("test_") and uses(name, frozenset({name}))
    ]


def _tops(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def main() -> int:
    """Print the folders and files, each on a line."""
    packages = import_names(required(distributions()) - LEFT_OUT.keys())
    files = [str(module) for module in chosen(modules(), packages)]
    for file in [*WHOLE, *(file for file in files if not file.startswith(WHOLE))]:
        if not (ROOT / file).exists():
            raise FileNotFoundError(file)
        print(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
