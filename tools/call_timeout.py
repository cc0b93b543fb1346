"""The time limit of a single call, which each operation on each surface takes."""

import ast
from pathlib import Path
from typing import Final

LIMIT: Final = "call_timeout"
"""The name of the parameter; it is in seconds."""


def with_limit(node: ast.FunctionDef, source: Path) -> ast.arguments:
    """Return the parameters of an operation with the time limit of a call behind them."""
    arguments = node.args
    if LIMIT in (a.arg for a in (*arguments.args, *arguments.kwonlyargs)):
        raise SystemExit(f"{source}: {node.name} has a parameter {LIMIT}, which all operations get")
    limit = ast.arg(LIMIT, ast.parse("float | None", mode="eval").body)
    return ast.arguments(
        arguments.posonlyargs,
        arguments.args,
        arguments.vararg,
        [*arguments.kwonlyargs, limit],
        [*arguments.kw_defaults, ast.Constant(None)],
        arguments.kwarg,
        arguments.defaults,
    )


def limited_call(name: str, given: str, wait: str) -> str:
    """Return the lines of an operation that call it again with its time limit, if it has one."""
    return f"        if {LIMIT} is not None:\n            {wait} self.with_timeout({LIMIT}).{name}({given})\n"


def with_limit_described(doc: str) -> str:
    """Return the documentation of an operation with its time limit, if the other parameters are described."""
    before, args, rest = doc.partition("\nArgs:\n")
    if not args:
        return doc
    described, blank, after = rest.partition("\n\n")
    return f"{before}{args}{described}\n    {LIMIT}: Time limit of this call, in seconds.{blank}{after}"
