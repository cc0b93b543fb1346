"""Which options a map gets: by its name, or by a pattern."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def matching(options: Mapping[str, T], name: str) -> T | None:
    """Return the options of a name; None if there are none.

    A key of ``options`` is a name, or a pattern in which ``*`` stands for any characters. The name itself has priority,
    then the pattern with the most other characters; of two that have as many, the first.
    """
    exact = options.get(name)
    if exact is not None:
        return exact
    patterns = [pattern for pattern in options if "*" in pattern and _fits(pattern, name)]
    if not patterns:
        return None
    return options[max(patterns, key=lambda pattern: len(pattern) - pattern.count("*"))]


def _fits(pattern: str, name: str) -> bool:
    first, *middle, last = pattern.split("*")
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    # The leftmost place of each part leaves the most for the others.
    position, end = len(first), len(name) - len(last)
    for part in middle:
        position = name.find(part, position, end)
        if position < 0:
            return False
        position += len(part)
    return True
