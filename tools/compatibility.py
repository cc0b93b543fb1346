"""Compares the names, parameters and defaults of the official client with ours, and writes the table of the docs.

The facts are in ``packages/hz-client/tests/data/api-names.tsv``. What differs on purpose, and what is not there yet, is
in the tables of ``compatibility_notes.py``; each entry must be needed, or the check fails.
"""

import argparse
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from call_timeout import LIMIT
from compatibility_notes import DIFFERENT, ELSEWHERE, MISSING

ROOT: Final = Path(__file__).resolve().parents[1]
NAMES: Final = ROOT / "packages" / "hz-client" / "tests" / "data" / "api-names.tsv"
PAGE: Final = ROOT / "docs" / "compatibility-names.md"

_HOMES: Final = {
    "hazelcast.internal.asyncio_cluster": "hz_core.services",
    "hazelcast.internal.asyncio_partition": "hz_core.services",
}
"""Where we have what is reached through a client, and has no import path of its own."""

ABSENT: Final = object()
"""What there is of a name that does not exist."""


class Name(NamedTuple):
    """A public name of the official client."""

    release: str
    module: str
    name: str
    kind: str
    parameters: tuple[str, ...] | None
    """Each as ``name`` or ``name=default``; None if it has none, as an attribute."""

    @property
    def path(self) -> str:
        """The module and the name."""
        return f"{self.module}.{self.name}"


class Finding(NamedTuple):
    """What we have of a name."""

    name: Name
    state: str
    """same, more, different, missing or elsewhere."""

    detail: str


def names(text: str) -> list[Name]:
    """Return the names of both releases, those of the later one where both have it."""
    found: dict[str, Name] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        release, module, name, kind, parameters = [*line.split("\t"), ""][:5]
        listed = None
        if parameters.startswith("("):
            listed = tuple(_split(parameters[1:-1]))
        row = Name(release, module, name, kind, listed)
        earlier = found.get(row.path)
        both = "4.0, 5.7" if earlier is not None else release
        found[row.path] = row._replace(release=both)
    return list(found.values())


def _split(parameters: str) -> Iterator[str]:
    """Yield the parameters; after a star those that can be passed by name only."""
    for part in re.split(r", (?=[*\w/]+(?:=|,|$))", parameters):
        if part and part != "/":
            yield part


def find(row: Name) -> Any:
    """Return our object of that name, or a marker if there is none."""
    module, (top, _, rest) = _HOMES.get(row.module, row.module), row.name.partition(".")
    if row.module == "hazelcast.asyncio" and top != "HazelcastClient":
        found = getattr(importlib.import_module(row.module), top, None) or _asyncio_class(top)
    else:
        try:
            found = getattr(importlib.import_module(module), top, ABSENT)
        except ModuleNotFoundError:
            return ABSENT
    for part in filter(None, rest.split(".")):
        if found is ABSENT:
            break
        owner, found = found, inspect.getattr_static(found, part, ABSENT)
        if found is ABSENT and _is_set_by_constructor(owner, part):
            return None
    return found


def _asyncio_class(name: str) -> Any:
    """Return the class of the asyncio surface, which needs no import path of its own."""
    package = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("PNC", "PnC")).lower()
    for module in (f"hz_proxies.{package}.aio", f"hz_cp.{package}.aio", "hz_cp.aio_subsystem"):
        try:
            return getattr(importlib.import_module(module), f"Async{name}")
        except (ModuleNotFoundError, AttributeError):
            continue
    return ABSENT


def _is_set_by_constructor(owner: Any, attribute: str) -> bool:
    if not inspect.isclass(owner):
        return False
    constructors = [vars(base).get("__init__") for base in inspect.getmro(owner)]
    return any(attribute in c.__code__.co_names for c in constructors if inspect.isfunction(c))


def differences(row: Name, found: Any) -> tuple[list[str], list[str]]:
    """Return what differs of the parameters, and which parameters only we have."""
    if row.parameters is None or not callable(_unwrapped(found)):
        return [], []
    if inspect.isclass(found):
        return [], []  # made by the client or the members, not by programs
    ours = [
        p for p in inspect.signature(_unwrapped(found)).parameters.values() if p.name not in ("self", "cls")
    ]
    wrong: list[str] = []
    by_name = {p.name: p for p in ours}
    positional = [p.name for p in ours if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    theirs = []
    by_name_only = False
    for place, text in enumerate(row.parameters):
        if text == "*":
            by_name_only = True
            continue
        name, has_default, default = text.partition("=")
        theirs.append(name.lstrip("*"))
        mine = by_name.get(name.lstrip("*"))
        if mine is None:
            wrong.append(f"no parameter `{name}`")
        elif name.startswith("*"):
            by_name_only = by_name_only or not name.startswith("**")
        elif not by_name_only and positional[place : place + 1] != [name]:
            wrong.append(f"`{name}` is in another place")
        elif has_default and mine.default is mine.empty:
            wrong.append(f"`{name}` is required")
        elif has_default and _shown(mine.default) != default.strip("'\""):
            wrong.append(f"`{name}={_shown(mine.default)}`, there `{default}`")
    more = [p for p in ours if p.name not in theirs and p.name != LIMIT]
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wrong += [f"`{p.name}` is required" for p in more if p.default is p.empty and p.kind not in optional]
    return wrong, [p.name for p in more]


def _unwrapped(found: Any) -> Any:
    return found.__func__ if isinstance(found, (classmethod, staticmethod)) else found


def _shown(default: Any) -> str:
    text = repr(getattr(default, "value", default))
    return text.strip("'\"")


def compare(row: Name) -> Finding:
    """Return what we have of a name."""
    for pattern, owner in ELSEWHERE.items():
        if re.fullmatch(pattern, row.path):
            return Finding(row, "elsewhere", owner)
    found = find(row)
    if found is ABSENT:
        return Finding(row, "missing", "")
    wrong, more = differences(row, found)
    if wrong:
        return Finding(row, "different", "; ".join(wrong))
    return Finding(row, "more" if more else "same", ", ".join(f"`{name}`" for name in more))


def gaps(findings: list[Finding]) -> list[str]:
    """Return what neither agrees with the official client nor is explained, and explanations that nothing needs."""
    problems = []
    unused = set(MISSING) | set(DIFFERENT) | set(ELSEWHERE)
    for name, state, detail in findings:
        table = {"missing": MISSING, "different": DIFFERENT, "elsewhere": ELSEWHERE}.get(state)
        if table is None:
            continue
        patterns = [pattern for pattern in table if re.fullmatch(pattern, name.path)]
        # An object that is not there on purpose is a difference, too.
        if state == "missing" and not patterns:
            patterns = [pattern for pattern in DIFFERENT if re.fullmatch(pattern, name.path)]
        if not patterns:
            problems.append(f"{name.path}: {state} {detail}".rstrip())
        unused.difference_update(patterns)
    problems += [f"{pattern}: explained, but nothing of that name differs" for pattern in sorted(unused)]
    return problems


def _explained(finding: Finding) -> tuple[str, str]:
    for pattern, reason in DIFFERENT.items():
        if finding.state in ("different", "missing") and re.fullmatch(pattern, finding.name.path):
            return "differs on purpose", reason
    for pattern, reason in MISSING.items():
        if finding.state == "missing" and re.fullmatch(pattern, finding.name.path):
            return "not yet", reason
    if finding.state == "elsewhere":
        return "not part of this page", finding.detail
    return ("yes", f"also takes {finding.detail}") if finding.state == "more" else ("yes", "")


def page(findings: list[Finding]) -> str:
    """Return the text of the page."""
    lines = [
        "<!-- Generated by tools/compatibility.py; do not edit. -->",
        "",
        "## Every name",
        "",
        "Compared are the names of the documentation of client 4.0 and of the official client 5.7, their parameters,"
        " the order of these, and their defaults."
        f" Each operation also takes `{LIMIT}`, its [time limit](errors-and-retries.md#time-limits).",
        "",
    ]
    for module in sorted({f.name.module for f in findings}):
        of_module = [f for f in findings if f.name.module == module]
        if all(f.state == "elsewhere" for f in of_module):
            lines += [f"`{module}`: {len(of_module)} names, {of_module[0].detail}.", ""]
            continue
        lines += [f"### {module}", "", "| name | release | here | |", "|---|---|---|---|"]
        for finding in of_module:
            state, note = _explained(finding)
            lines.append(f"| `{finding.name.name}` | {finding.name.release} | {state} | {note} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Write the page; with --check tell what differs, and fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing, and fail if the page is out of date"
    )
    check = parser.parse_args().check
    findings = [compare(row) for row in names(NAMES.read_text(encoding="utf-8"))]
    problems = gaps(findings)
    text = page(findings)
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        problems.append(f"{PAGE.relative_to(ROOT)} is out of date: run hatch run generate")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
