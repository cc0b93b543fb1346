"""Holds that each distribution imports what it declares, declares what it imports, and nothing else.

So the distributions without dependencies outside the workspace stay on the standard library alone. The ranges
between siblings must hold the versions that stand in the workspace.
`python tools/check_imports.py` prints each breach on a line and exits with 1 if there is any.
"""

import ast
import re
import sys
from collections.abc import Iterator

from packaging.requirements import Requirement

from repository import Distribution, Module, distributions, modules


def roots(module: Module) -> Iterator[tuple[str, int]]:
    """Yield import root and line of every import in `module`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno


def breaches(
    distribution: Distribution, members: list[Distribution], all_modules: list[Module]
) -> Iterator[str]:
    """Yield what is wrong between the imports and the declarations of `distribution`."""
    siblings = {member.name: member for member in members}

    def import_name(requirement: str) -> str:
        name = Requirement(requirement).name
        return siblings[name].import_root if name in siblings else re.sub(r"[-.]", "_", name).lower()

    extras = distribution.project.get("optional-dependencies", {}).values()
    required = {import_name(line) for line in distribution.project["dependencies"]}
    declared = required | {import_name(line) for extra in extras for line in extra}
    foreign = [
        (root, f"{module}:{line}")
        for module in all_modules
        if module.shipped and module.name.split(".")[0] == distribution.import_root
        for root, line in roots(module)
        if root not in sys.stdlib_module_names and root != distribution.import_root
    ]
    for root, place in foreign:
        if root not in declared:
            yield f"{place}: {distribution.name} imports {root} but does not declare it"
    for root in sorted(required - {root for root, _ in foreign}):
        yield f"{distribution.name} declares {root} but never imports it"
    for requirement in map(Requirement, distribution.project["dependencies"]):
        sibling = siblings.get(requirement.name)
        if sibling and not requirement.specifier.contains(sibling.version):
            yield f"{distribution.name} wants {requirement}, but the workspace holds {sibling.version}"


def main() -> int:
    """Print the breaches, or that there are none."""
    members = distributions()
    all_modules = modules()
    found = [line for member in members for line in breaches(member, members, all_modules)]
    print("\n".join(found) if found else f"imports: those of {len(members)} distributions are declared")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
