"""Environment variables as a tree, and placeholders in files."""

import re
from collections.abc import Iterator
from collections.abc import Mapping as Variables
from difflib import get_close_matches
from functools import cache
from typing import Final

from hz_core.config.sources.foreign import Foreign
from hz_core.config.sources.keys import PREFIX, SECTIONS, variable_part
from hz_core.config.sources.schema import ANY, ends
from hz_core.config.sources.tree import Items, Mapping, Node, Place, Scalar, problem

_PLACEHOLDER: Final = re.compile(r"\$(?P<escape>\$\{)|\$\{(?P<body>[^{}]*)\}")


def environment_tree(variables: Variables[str, str], rank: int = 1) -> Mapping:
    """Return the tree of all variables that begin with ``HZCLIENT_``; empty ones are left out.

    Raises:
        InvalidConfigurationError: There is no such key.
    """
    tree = Mapping(Place("environment variables", rank=rank))
    for variable in sorted(variables):
        if variable.startswith(PREFIX) and variables[variable]:
            place = Place(f"environment variable {variable}", rank=rank)
            path = _path(variable[len(PREFIX) :], place)
            at = tree
            for name in path[:-1]:
                inner = at.entries.get(name)
                if not isinstance(inner, Mapping):
                    inner = Mapping(place)
                    at.add(name, place, inner)
                at = inner
            at.add(path[-1], place, Scalar(place, variables[variable]))
    return tree


@cache
def _plain() -> dict[str, tuple[str, ...]]:
    """Return the paths without names by what stands for them in variables."""
    return {variable_part("/".join(path)): path for path, _ in ends() if ANY not in path}


def _path(text: str, place: Place) -> tuple[str, ...]:
    part = text.replace("-", "")
    plain = _plain()
    if part.upper() in plain:
        return plain[part.upper()]
    for found in (*_named_paths(text), *_below_foreign(part.upper())):
        return found
    names = [f"{PREFIX}{known}" for known in plain]
    close = get_close_matches(f"{PREFIX}{part.upper()}", names, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise problem(place, "", f"this stands for no key of the configuration{hint}")


def _named_paths(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the path for ``NEARCACHE_<name>_TIMETOLIVESECONDS``; the name is taken as it is."""
    for section in SECTIONS:
        paths = [path[2:] for path, _ in ends() if path[0] == section.path]
        # The longest key first: one may be the end of another.
        for path in sorted(paths, key=lambda path: -len("/".join(path))):
            start, end = f"{variable_part(section.path)}_", f"_{variable_part('/'.join(path))}"
            match = re.fullmatch(f"{_with_dashes(start)}(?P<name>.+){_with_dashes(end)}", text, re.IGNORECASE)
            if match:
                yield (section.path, match["name"], *path)


def _with_dashes(text: str) -> str:
    """Return a pattern for ``text`` with or without dashes in it."""
    return "-?".join(text)


def _below_foreign(part: str) -> Iterator[tuple[str, ...]]:
    for path, end in ends():
        start = variable_part("/".join(path)) + "_"
        if isinstance(end, Foreign) and ANY not in path and part.startswith(start):
            yield (*path, part[len(start) :].lower())


def substituted(node: Mapping, variables: Variables[str, str]) -> Mapping:
    """Return a tree with the placeholders ``${NAME}`` and ``${NAME:default}`` in its texts replaced.

    ``$${`` stands for ``${`` itself.

    Raises:
        InvalidConfigurationError: A variable is not set, and there is no default.
    """
    made = Mapping(node.place, dict(node.entries), node.places)
    for key, place, child in node:
        made.entries[key] = _substituted(child, place, variables)
    return made


def _substituted(node: Node, place: Place, variables: Variables[str, str]) -> Node:
    if isinstance(node, Mapping):
        return substituted(node, variables)
    if isinstance(node, Items):
        return Items(node.place, [_substituted(item, item.place, variables) for item in node.items])

    def value(match: re.Match[str]) -> str:
        if match["escape"]:
            return match["escape"]
        name, colon, default = match["body"].partition(":")
        if name in variables:
            return variables[name]
        if not colon:
            raise problem(
                place,
                "",
                f"the environment variable {name!r} of a placeholder is not set, and has no default",
            )
        return default

    return Scalar(node.place, _PLACEHOLDER.sub(value, node.text))
