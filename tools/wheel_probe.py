"""Tries an environment from inside: what is installed, and that it can be imported. Standard library only.

Arguments: `name==version` for each distribution that must be there, and the import roots to try. Prints the
number of installed distributions; exits with a message when something is wrong.
"""

import argparse
import importlib
import pkgutil
import re
import sys
from importlib.metadata import Distribution, distributions, version


def canonical(name: str) -> str:
    """Return `name` as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(distribution: Distribution) -> set[str]:
    """Return the names that `distribution` may need; those of extras only are left out."""
    lines = [line for line in distribution.requires or [] if not re.search(r"\bextra\s*==", line)]
    return {canonical(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in lines}


def unrequired(installed: dict[str, Distribution], tops: set[str]) -> set[str]:
    """Return what is installed although none of `tops` leads to it."""
    reached: set[str] = set()
    waiting = set(tops)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        if name in installed:
            waiting |= required(installed[name]) - reached
    return installed.keys() - reached


def import_everything(root: str, skipped: set[str]) -> None:
    """Import every module of the package `root`."""
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, f"{root}."):
        if found.name not in skipped and not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def main() -> None:
    """Check the environment that this runs in."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--skip", action="append", default=[], help="a module not to import")
    parser.add_argument("--top", action="append", default=[], help="a distribution asked for by name")
    parser.add_argument("--extras", action="store_true", help="allow what no distribution requires")
    parser.add_argument("words", nargs="+")
    options = parser.parse_args()
    installed = {canonical(found.metadata["Name"]): found for found in distributions()}
    for word in options.words:
        name, separator, wanted = word.partition("==")
        if separator and version(name) != wanted:
            sys.exit(f"{name} {version(name)} is installed instead of {wanted}")
    if (strays := unrequired(installed, set(options.top))) and not options.extras:
        sys.exit(f"installed although nothing leads to it: {sorted(strays)}")
    for word in options.words:
        if "==" not in word:
            import_everything(word, set(options.skip))
    print(len(installed))


if __name__ == "__main__":
    main()
