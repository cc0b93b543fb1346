"""Read what the calls of each structure return, and write it as programs for type checkers.

`tests-integration/typed/*.txt` state the results of the public operations once, for all surfaces:

    from hazelcast.proxy.list import *List          imports; `*List` is List, BlockingList or AsyncList
    surfaces: blocking asyncio                      not the third one
    given: tx: *Transaction                         a variable that headings use, beside `client` and `name`
    members: cluster                                the fixture with the members that the calls are made on

    *List[int] = client.get_list(name, item=int)    a heading: an object (`it`), and how a program gets it
        add(1) -> bool                              an operation: its result, awaited or in a future by surface
        = iter_items() -> *Pages[int]               a result that is there at once, on each surface
        found = get(0) -> int                       `found` is the result for the lines below
        add("a") !! arg-type                        an error to type checkers, with mypy's code
        blocking: it[0] -> int                      an expression or statement of one surface

In a heading `==` stands for an object that is there at once, and nothing for one that programs get in another way; such
calls are not made.

`python tools/typed_calls.py` writes a program for each file and surface to `tests-integration/typed/_generated`, where
mypy and pyright read them; tests-integration/test_typed_calls.py makes the same calls on real members.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from repository import ROOT

FOLDER = ROOT / "tests-integration" / "typed"
GENERATED = FOLDER / "_generated"

SURFACES = ("futures", "blocking", "asyncio")
_PREFIXES = {"futures": "", "blocking": "Blocking", "asyncio": "Async"}
_MODULES = {"futures": "futures", "blocking": "blocking", "asyncio": "aio"}
_CLIENTS = {
    "futures": "hazelcast.HazelcastClient",
    "blocking": "hazelcast.HazelcastClient",
    "asyncio": "hazelcast.asyncio.HazelcastClient",
}

_ONE_SURFACE = re.compile(rf"({'|'.join(SURFACES)}): (.*)")
_BOUND = re.compile(r"([a-z_]+) = (.*)")


def of_surface(text: str, surface: str) -> str:
    """Return text with the names of one surface."""
    named = re.sub(r"(?<![\w)\]])\*(?=[A-Z])", _PREFIXES[surface], text)
    return named.replace(".@ ", f".{_MODULES[surface]} ")


@dataclass(frozen=True)
class Call:
    """One line below a heading.

    Attributes:
        line: Its number in the file.
        code: The expression or statement.
        result: The type of its result; None for a statement, and for an error.
        error: mypy's code of the error that it is; None if it is none.
        surface: The only surface that it is for; None for all.
        at_once: Whether it is no operation, or has its result at once.
        bound: The variable that gets the result.
    """

    line: int
    code: str
    result: str | None
    error: str | None
    surface: str | None
    at_once: bool
    bound: str | None

    @classmethod
    def parse(cls, number: int, text: str) -> "Call":
        """Read a line."""
        only = _ONE_SURFACE.fullmatch(text)
        surface, text = only.groups() if only else (None, text)
        code, _, error = text.partition(" !! ")
        code, _, result = code.partition(" -> ")
        at_once = code.startswith("= ")
        code = code.removeprefix("= ")
        match = _BOUND.fullmatch(code) if result else None
        bound, code = match.groups() if match else (None, code)
        return cls(number, code, result or None, error or None, surface, at_once, bound)

    @property
    def operation(self) -> str | None:
        """The name of the method that it calls; None for an expression of one surface."""
        return None if self.surface else re.split(r"\W", self.code, maxsplit=1)[0]

    def expression(self) -> str:
        """Return the code, with the object where it is left out."""
        return self.code if self.surface else f"it.{self.code}"


@dataclass
class Section:
    """An object, and its calls.

    Attributes:
        line: The heading's number in the file.
        type: Its type, with ``*``.
        getter: How a program gets it; empty if it is given.
        at_once: Whether it is there at once, on each surface.
        calls: The lines.
    """

    line: int
    type: str
    getter: str
    at_once: bool
    calls: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of its class on the futures surface."""
        return re.split(r"\W", self.type.lstrip("*"), maxsplit=1)[0]

    def getter_of(self, surface: str) -> str:
        """Return the expression that gets it. What clients of threads return has futures, but for transactions."""
        got = of_surface(self.getter, surface)
        if surface == "blocking" and got.startswith("client.") and self.name != "Transaction":
            return f"{got}.blocking()"
        return f"await {got}" if surface == "asyncio" and not self.at_once else got


@dataclass
class Table:
    """A file.

    Attributes:
        path: Where it is.
        imports: The lines that import, with ``*`` and ``@``, and comments for pyright.
        surfaces: What it is for.
        given: Names and types of further variables.
        members: The fixture with the members.
        sections: The headings, with what is below them.
    """

    path: Path
    imports: list[str] = field(default_factory=list)
    surfaces: tuple[str, ...] = SURFACES
    given: dict[str, str] = field(default_factory=dict)
    members: str = ""
    sections: list[Section] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Read a file.

        Raises:
            ValueError: A line cannot be understood.
        """
        table = cls(path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text = line.strip()
            if text.startswith("# pyright: "):
                table.imports.append(text)
            if not text or text.startswith("#"):
                continue
            if line.startswith(" "):
                table.sections[-1].calls.append(Call.parse(number, text))
            elif text.startswith(("from ", "import ")):
                table.imports.append(text)
            elif text.startswith("surfaces: "):
                table.surfaces = tuple(text.split()[1:])
            elif text.startswith("given: "):
                name, _, kind = text.removeprefix("given: ").partition(": ")
                table.given[name] = kind
            elif text.startswith("members: "):
                table.members = text.removeprefix("members: ")
            elif heading := re.fullmatch(r"(\*?[A-Z]\w*(?:\[.*?\])?)(?: (==?) (.*))?", text):
                kind, equals, getter = heading.groups()
                table.sections.append(Section(number, kind, getter or "", equals == "=="))
            else:
                raise ValueError(f"{path.name}:{number}: neither an import nor a heading: {text}")
        return table

    def program(self, surface: str) -> str:
        """Return the program of one surface."""
        lines = [
            f'"""Generated by tools/typed_calls.py from typed/{self.path.name}; do not edit."""',
            "from typing import Any, assert_type",
            "import hazelcast",
            "import hazelcast.asyncio",
            "from hz_core.future import Future",
            *(of_surface(line, surface) for line in self.imports),
        ]
        for section in self.sections:
            lines += ["", *self._function(section, surface)]
        return "\n".join(lines) + "\n"

    def _function(self, section: Section, surface: str) -> Iterator[str]:
        kind = of_surface(section.type, surface)
        parameters = {"client": _CLIENTS[surface], "name": "str", **self.given}
        if not section.getter:
            parameters["it"] = kind
        listed = ", ".join(f"{name}: {of_surface(t, surface)}" for name, t in parameters.items())
        define = "async def" if surface == "asyncio" else "def"
        yield f"{define} line_{section.line}({listed}) -> None:"
        yield f'    """Make the calls of {kind}."""'
        if section.getter:
            yield f"    it = assert_type({section.getter_of(surface)}, {kind})"
        for call in section.calls:
            if call.surface in (None, surface):
                yield f"    {self._statement(call, surface)}"

    def _statement(self, call: Call, surface: str) -> str:
        code = of_surface(call.expression(), surface)
        waits = not call.at_once and call.surface is None
        if waits and surface == "asyncio":
            code = f"await {code}"
        if call.error is not None:
            return f"{code}  # type: ignore[{call.error}]  # line {call.line}"
        if call.result is None:
            return f"{code}  # line {call.line}"
        result = of_surface(call.result, surface)
        if waits and surface == "futures":
            code, got = f"assert_type({code}, Future[{result}])", ".result()"
        else:
            code, got = f"assert_type({code}, {result})", ""
        return f"{call.bound} = {code}{got}" if call.bound else f"{code}  # line {call.line}"


def tables() -> list[Table]:
    """Return all files, sorted by name."""
    return [Table.read(path) for path in sorted(FOLDER.glob("*.txt"))]


def main() -> int:
    """Write the programs."""
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    calls = 0
    for table in tables():
        calls += sum(len(section.calls) for section in table.sections)
        for surface in table.surfaces:
            path = GENERATED / f"typed_{table.path.stem}_{surface}.py"
            path.write_text(table.program(surface), encoding="utf-8")
    print(f"typed calls: {calls} lines, in programs for the type checkers")
    return 0


if __name__ == "__main__":
    sys.exit(main())
