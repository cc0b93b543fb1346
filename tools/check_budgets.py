"""Holds the budgets that keep the code readable: sizes, import cycles, and what is never written.

`python tools/check_budgets.py` prints each breach on a line and exits with 1 if there is any.
"""

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from repository import ROOT, Module, modules

MEDIAN_MODULE = 190
LONGEST_MODULE = 600
LONGEST_CLASS = 500
LONGEST_FUNCTION = 60

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

_IGNORE = re.compile(r"#\s*type:\s*ignore")
_REASONED_IGNORE = re.compile(r"#\s*type:\s*ignore\[[\w-]+(,\s*[\w-]+)*\]\s*#?.*\w{2,}")
_EVASIONS = {"skip", "skipif", "xfail", "importorskip"}


def sizes(module: Module) -> Iterator[str]:
    """Yield what is too long in a hand-written module."""
    if module.generated:
        return
    if module.lines > LONGEST_MODULE:
        yield f"{module}: {module.lines} lines, more than {LONGEST_MODULE}"
    for node in ast.walk(module.tree):
        if isinstance(node, Definition):
            limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > limit:
                yield f"{module}:{node.lineno}: {node.name} has {length} lines, more than {limit}"


def bare_excepts(module: Module) -> Iterator[str]:
    """Yield every `except:` that names no exception."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{module}:{node.lineno}: bare except"


def unreasoned_ignores(module: Module) -> Iterator[str]:
    """Yield every `type: ignore` without an error code and a reason behind it."""
    if not _IGNORE.search(module.text):
        return
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        ignores = token.type == tokenize.COMMENT and _IGNORE.match(token.string)
        if ignores and not _REASONED_IGNORE.match(token.string):
            yield f"{module}:{token.start[0]}: a type-ignore comment needs [code] and a reason"


def evasions(module: Module) -> Iterator[str]:
    """Yield every test that may be skipped or is expected to fail."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in _EVASIONS and _is_pytest(node.value):
            yield f"{module}:{node.lineno}: pytest's {node.attr}"


def _is_pytest(node: ast.expr) -> bool:
    return ast.unparse(node) in ("pytest", "pytest.mark", "unittest")


def import_time_statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements below `node` that run when the module is imported."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        children: Iterable[ast.AST] = node.orelse
    else:
        children = ast.iter_child_nodes(node)
    for child in children:
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
            yield from import_time_statements(child)


def imported(module: Module, known: set[str]) -> set[str]:
    """Return which `known` modules are imported when `module` is; not those for type checking only."""
    package = module.name.split(".") if module.path.name == "__init__.py" else module.name.split(".")[:-1]
    names: set[str] = set()
    for node in import_time_statements(module.tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*parents, node.module] if node.module else parents)
            full = (f"{base}.{alias.name}" for alias in node.names)
            names.update(name if name in known else base for name in full)
    return (names & known) - {module.name}


def cycles(all_modules: list[Module]) -> Iterator[str]:
    """Yield one cycle among the shipped modules' imports, if there is one."""
    shipped = [module for module in all_modules if module.shipped]
    known = {module.name for module in shipped}
    try:
        TopologicalSorter({module.name: imported(module, known) for module in shipped}).prepare()
    except CycleError as error:
        yield "import cycle: " + " <- ".join(error.args[1])


def median(all_modules: list[Module]) -> Iterator[str]:
    """Yield the median length of the hand-written shipped modules if it is too high."""
    lengths = [module.lines for module in all_modules if module.shipped and not module.generated]
    if lengths and statistics.median(lengths) > MEDIAN_MODULE:
        yield f"the median module has {statistics.median(lengths)} lines, more than {MEDIAN_MODULE}"


PER_MODULE: tuple[Callable[[Module], Iterator[str]], ...] = (
    sizes,
    bare_excepts,
    unreasoned_ignores,
    evasions,
)


def breaches(root: Path = ROOT) -> list[str]:
    """Return every breach of a budget below `root`."""
    all_modules = modules(root)
    found = [line for check in PER_MODULE for module in all_modules for line in check(module)]
    return [*found, *cycles(all_modules), *median(all_modules)]


def main() -> int:
    """Print the breaches, or that there are none."""
    found = breaches()
    print("\n".join(found) if found else f"budgets: kept by {len(modules())} modules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
