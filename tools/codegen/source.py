"""Building the text of one module: imports noticed as they are used, and lines that ruff leaves alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

LINE_LENGTH = 110
# A piece of code, or a call or display that can be wrapped: prefix, items, suffix.
Item: TypeAlias = "str | tuple[str, Sequence[Item], str]"
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Source:
    """The body of a generated module and what it has to import."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.constants: dict[str, str] = {}
        self.lines: list[str] = []
        self._imports: defaultdict[str, set[str]] = defaultdict(set)

    def use(self, module: str, name: str) -> str:
        """Import ``name`` from ``module`` (unless it is this module) and return it."""
        if module != self.module:
            self._imports[module].add(name)
        return name

    def use_words(self, text: str, homes: dict[str, str]) -> str:
        """Import every word of an annotation that has a home."""
        for word in _IDENTIFIER.findall(text):
            if word in homes:
                self.use(homes[word], word)
        return text

    def struct(self, name: str, code: str, method: str) -> str:
        """The bound ``pack`` or ``unpack_from`` of a module constant `Struct`; equal layouts share one."""
        self.use("struct", "Struct")
        self.use("typing", "Final")
        value = f'Struct("{code}").{method}'
        for other, known in self.constants.items():
            if known == value:
                return other
        self.constants[name] = value
        return name

    def add(self, *lines: str) -> None:
        self.lines.extend(lines)

    def block(self, prefix: str, items: Sequence[Item], suffix: str, indent: int = 0) -> None:
        """Add a call, definition or display: on one line where it fits, else one item a line."""
        self.add(*wrap(prefix, items, suffix, indent))

    def append_call(self, prefix: str, items: list[str], suffix: str) -> None:
        """Add a statement that appends the result of a call to ``parts``."""
        one = f"    parts.append({inline((prefix, items, suffix))})"
        if len(one) <= LINE_LENGTH:
            self.add(one)
        else:
            self.add("    parts.append(", *wrap(prefix, items, suffix, 8), "    )")

    def text(self, header: str) -> str:
        constants = [f"{name}: Final = {value}" for name, value in self.constants.items()]
        parts = [header, "", "from __future__ import annotations", "", *self._import_lines()]
        if constants:
            parts += ["", *constants]
        return "\n".join([*parts, *self.lines]) + "\n"

    def _import_lines(self) -> list[str]:
        standard = sorted(name for name in self._imports if not name.startswith("hz_"))
        own = sorted(name for name in self._imports if name.startswith("hz_"))
        lines = [line for name in standard for line in self._import(name)]
        if standard and own:
            lines.append("")
        return lines + [line for name in own for line in self._import(name)]

    def _import(self, module: str) -> list[str]:
        names = sorted(self._imports[module], key=_import_order)
        one = f"from {module} import {', '.join(names)}"
        if len(one) <= LINE_LENGTH:
            return [one]
        return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def wrap(prefix: str, items: Sequence[Item], suffix: str, indent: int = 0) -> list[str]:
    """``prefix + items + suffix`` as ruff would format it with a trailing comma."""
    space = " " * indent
    one = f"{space}{prefix}{', '.join(map(inline, items))}{suffix}"
    if len(one) <= LINE_LENGTH or not items:
        return [one]
    lines = [f"{space}{prefix}"]
    for item in items:
        part = [f"{space}    {item}"] if isinstance(item, str) else wrap(*item, indent + 4)
        lines += [*part[:-1], f"{part[-1]},"]
    return [*lines, f"{space}{suffix}"]


def inline(item: Item) -> str:
    """An item on one line."""
    if isinstance(item, str):
        return item
    prefix, items, suffix = item
    return f"{prefix}{', '.join(map(inline, items))}{suffix}"


def _import_order(name: str) -> tuple[int, str]:
    if name.isupper():
        return 0, name
    return (1 if name[0].isupper() else 2), name
