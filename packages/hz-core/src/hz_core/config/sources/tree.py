"""What a file or the environment says: a tree of texts, each with its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from hz_core.errors import InvalidConfigurationError

ROOT: Final = "hazelcast-client"
"""The root of a configuration."""

MOST_NODES: Final = 100_000
"""Maximum number of nodes in a tree; a YAML file with aliases of aliases would have millions."""

DEEPEST: Final = 40
"""Maximum depth of a tree."""


_SHOWN: Final = 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said.

    Attributes:
        source: A file, "environment variable X", or the URL.
        line: The line in the file, from 1; None if there are no lines.
        rank: The place of a higher rank wins.
    """

    source: str
    line: int | None = None
    rank: int = 0

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text."""

    place: Place
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: "list[Node]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Nodes by key, and the place of each key."""

    place: Place
    entries: "dict[str, Node]" = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, key: str, place: Place, node: "Node") -> None:
        """Add an entry.

        Raises:
            InvalidConfigurationError: The key is there already.
        """
        if key in self.entries:
            raise problem(place, key, f"is there twice, first at {self.places[key]}")
        self.entries[key] = node
        self.places[key] = place

    def __iter__(self) -> Iterator[tuple[str, Place, "Node"]]:
        for key, node in self.entries.items():
            yield key, self.places[key], node


Node = Scalar | Items | Mapping


def problem(place: Place, path: str, text: str) -> InvalidConfigurationError:
    """Return the error about the key ``path`` at ``place``."""
    path = path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"
    return InvalidConfigurationError(f"{place}: {path} {text}" if path else f"{place}: {text}")


def dotted(path: Sequence[str]) -> str:
    """Return a path of keys as users read it."""
    return ".".join(path)


def merged(below: Mapping, above: Mapping) -> Mapping:
    """Return both trees as one, in which ``above`` wins key by key."""
    made = Mapping(below.place, dict(below.entries), dict(below.places))
    for key, place, node in above:
        under = made.entries.get(key)
        if isinstance(under, Mapping) and isinstance(node, Mapping):
            made.entries[key] = merged(under, node)
        else:
            made.entries[key] = node
        made.places[key] = place
    return made
