"""List each `Any` in a public signature; refuse those without a reason.

    python tools/any_types.py [--check]

Public are the names in the `__all__` of public modules, with the public members of classes, inherited ones included.
Of a function with overloads only these count. `any_reasons.toml` has the reasons: its keys are places as they are
listed here, where `*` stands for any text; a key that fits no place is refused, too.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe

from repository import ROOT, distributions

REASONS = Path(__file__).with_name("any_reasons.toml")

_SPECIAL = re.compile(r"__\w+__")


def has_any(annotation: str | griffe.Expr | None) -> bool:
    """Return whether `Any` is part of an annotation."""
    return bool(re.search(r"\bAny\b", str(annotation or "")))


def is_public(name: str) -> bool:
    """Return whether users may use a name."""
    return not name.startswith("_") or bool(_SPECIAL.fullmatch(name))


def of_function(function: griffe.Function) -> Iterator[str]:
    """Yield the places in the signatures of a function."""
    for signature in function.overloads or [function]:
        for parameter in signature.parameters:
            if has_any(parameter.annotation):
                yield f"{function.path}({parameter.name}): {parameter.annotation}"
        if has_any(signature.returns):
            yield f"{function.path} -> {signature.returns}"


def resolved(found: griffe.Object | griffe.Alias) -> griffe.Object | None:
    """Return the object that a name stands for; None if it is another library's, or a module."""
    if isinstance(found, griffe.Alias):
        try:
            found = found.final_target
        except griffe.AliasResolutionError:
            return None
    return None if found.is_module else found


def of_object(name: griffe.Object | griffe.Alias) -> Iterator[str]:
    """Yield the places in what a name stands for; of a class those in its public members."""
    found = resolved(name)
    if isinstance(found, griffe.Function):
        yield from of_function(found)
    elif isinstance(found, griffe.Attribute):
        if has_any(found.annotation):
            yield f"{found.path}: {found.annotation}"
    elif isinstance(found, griffe.Class):
        for member_name, member in {**found.inherited_members, **found.members}.items():
            if is_public(member_name):
                yield from of_object(member)


def of_module(module: griffe.Module) -> Iterator[str]:
    """Yield the places in the public names of a module and of those below it."""
    for name in module.exports or ():
        if str(name) in module.members:
            yield from of_object(module.members[str(name)])
    for name, inner in module.modules.items():
        if is_public(name) and name != "codecs" and not inner.is_alias:
            yield from of_module(inner)


def places(root: Path = ROOT) -> list[str]:
    """Return all places below `root`, sorted."""
    sources = [distribution.path / "src" for distribution in distributions(root)]
    loader = griffe.GriffeLoader(search_paths=sources)
    modules = [loader.load(distribution.import_root) for distribution in distributions(root)]
    loader.resolve_aliases(implicit=True, external=False)
    return sorted(
        {place for module in modules if isinstance(module, griffe.Module) for place in of_module(module)}
    )


def unexplained(found: Iterable[str], reasons: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the places without a reason, and the reasons without a place."""
    left = list(found)
    unused = []
    for reason in reasons:
        pattern = re.compile(re.escape(reason).replace(r"\*", ".*"))
        others = [place for place in left if not pattern.fullmatch(place)]
        if len(others) == len(left):
            unused.append(reason)
        left = others
    return left, unused


def main() -> int:
    """Print the places, or with `--check` only what is wrong."""
    parser = argparse.ArgumentParser(description="List each Any in a public signature.")
    parser.add_argument(
        "--check", action="store_true", help="only those without a reason; fail if there are any"
    )
    chosen = parser.parse_args()
    found = places()
    if not chosen.check:
        print("\n".join(found))
        return 0
    left, unused = unexplained(found, tomllib.loads(REASONS.read_text(encoding="utf-8"))["reasons"])
    for place in left:
        print(f"Any without a reason: {place}; change the type, or add the reason to tools/{REASONS.name}")
    for reason in unused:
        print(f"tools/{REASONS.name}: no Any is left for {reason!r}")
    if not left and not unused:
        print(f"Any in public signatures: {len(found)}, each with a reason")
    return int(bool(left or unused))


if __name__ == "__main__":
    sys.exit(main())
