"""Check the budgets that keep the code readable: sizes, and what is never written.

`python tools/check_budgets.py` prints each breach on a line and exits with 1 if there is any.
"""

import ast
import io
import re
import statistics
import sys
import tokenize
from collections.abc import Callable, Iterator
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


def median(all_modules: list[Module]) -> Iterator[str]:
    """Yield the median length of the hand-written shipped modules if it is too high."""
    lengths = [module.lines for module in all_modules if module.shipped and not module.generated]
    if lengths and statistics.median(lengths) > MEDIAN_MODULE:
        yield f"the median module has {statistics.median(lengths)} lines, more than {MEDIAN_MODULE}"


PER_MODULE: tuple[Callable[[Module], Iterator[str]], ...] = (
    sizes,
    unreasoned_ignores,
    evasions,
)


def breaches(root: Path = ROOT) -> list[str]:
    """Return every breach of a budget below `root`."""
    all_modules = modules(root)
    found = [line for check in PER_MODULE for module in all_modules for line in check(module)]
    return [*found, *median(all_modules)]


def main() -> int:
    """Print the breaches, or that there are none."""
    found = breaches()
    print("\n".join(found) if found else f"budgets: kept by {len(modules())} modules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
