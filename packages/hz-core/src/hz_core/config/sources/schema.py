"""The tree of all known keys, made from the tables of keys; it finds keys, and the nearest valid one for others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Final

from hz_core.config.sources.foreign import FOREIGN, Foreign
from hz_core.config.sources.keys import CLIENT, SECTIONS, SWITCHES, Key
from hz_core.config.sources.values import FLAG

ANY: Final = "*"
"""Stands for any name."""

IMPORT: Final = "import"
"""The key for other files to read first."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The key of an option.

    Attributes:
        key: The key.
        option: The option of the client; empty for a switch.
        sub: The option of an object's part, for a key below a name.
    """

    key: Key
    option: str
    sub: str = ""


@dataclass(slots=True)
class Branch:
    """Keys that hold other keys."""

    children: "dict[str, Branch | Leaf | Foreign]" = field(default_factory=dict)
    option: str = ""
    """The option of the client that is a dict by name, whose entries these are."""

    def find(self, name: str) -> "Branch | Leaf | Foreign | None":
        """Return what ``name`` stands for here."""
        return self.children.get(name) or self.children.get(ANY)


@cache
def schema() -> Branch:
    """Return the tree of all known keys."""
    root = Branch()
    for option, keys in CLIENT.items():
        for key in keys:
            _add(root, key.parts, Leaf(key, option))
    for section in SECTIONS:
        by_name = _branch(root, (section.path,))
        by_name.children[ANY] = Branch(option=section.option)
        for sub, keys in section.keys.items():
            for key in keys:
                _add(root, (section.path, ANY, *key.parts), Leaf(key, section.option, sub))
    for path in SWITCHES:
        _add(root, tuple(path.split("/")), Leaf(Key(path, FLAG), ""))
    for foreign in FOREIGN:
        _add(root, tuple(foreign.path.split("/")), foreign)
    return root


def _branch(root: Branch, path: Sequence[str]) -> Branch:
    at = root
    for name in path:
        found = at.children.setdefault(name, Branch())
        if not isinstance(found, Branch):
            raise AssertionError(f"{name} in {'/'.join(path)} is a key of its own")
        at = found
    return at


def _add(root: Branch, path: Sequence[str], end: Leaf | Foreign) -> None:
    at = _branch(root, path[:-1])
    if path[-1] in at.children:
        raise AssertionError(f"{'/'.join(path)} is declared twice")
    at.children[path[-1]] = end


def ends(
    branch: Branch | None = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Leaf | Foreign]]:
    """Yield the paths of all known keys that hold a value, or are not followed."""
    for name, child in (schema() if branch is None else branch).children.items():
        if isinstance(child, Branch):
            yield from ends(child, (*path, name))
        else:
            yield (*path, name), child


def nearest(branch: Branch, name: str) -> str | None:
    """Return what was probably meant by ``name``, which is not a key of ``branch``."""
    elsewhere = [path for path, _ in ends() if path[-1] == name]
    if elsewhere:
        return ".".join("NAME" if part == ANY else part for part in elsewhere[0])
    known = [child for child in branch.children if child != ANY]
    close = get_close_matches(name, known, n=1)
    if close:
        return close[0]
    options = get_close_matches(
        name.replace("-", "_"), [name for name in CLIENT if CLIENT[name]], n=1, cutoff=0.8
    )
    return CLIENT[options[0]][0].shown if options else None
