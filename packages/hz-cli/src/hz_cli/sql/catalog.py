"""What there is to complete: keywords, mappings, columns."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from hazelcast.errors import HazelcastError

KEYWORDS: Final = tuple(
    re.findall(
        r"\w+",
        """
        ALL ALTER AND AS ASC BETWEEN BIGINT BOOLEAN BY CASE CAST COUNT CREATE DATE DECIMAL DELETE DESC DESCRIPTOR
        DISTINCT DOUBLE DROP ELSE END EXISTS EXPLAIN EXTERNAL FALSE FROM FULL GROUP HAVING IF IN INDEX INNER INSERT
        INTEGER INTERVAL INTO IS JOB JOBS JOIN JSON LEFT LIKE LIMIT MAPPING MAPPINGS NOT NULL OFFSET ON OPTIONS OR
        ORDER OUTER PARTITION REAL REPLACE RIGHT SELECT SET SHOW SINK SMALLINT SUM TABLE THEN TIME TIMESTAMP TINYINT
        TRUE TYPE UNION UPDATE VALUES VARCHAR VIEW VIEWS WHEN WHERE WITH
        """,
    )
)
"""The words of the members' SQL that are written most."""

_BEFORE_TABLES: Final = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "MAPPING", "DESCRIBE"})
_WORD: Final = re.compile(r"[\w$]+$")
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FRESH: Final = 30.0
"""Seconds after which the members are asked again."""
_CHANGING: Final = ("CREATE", "DROP", "ALTER")


class Catalog:
    """The mappings of the cluster and their columns, asked for when they are needed, and again after a while.

    Args:
        rows: Returns the rows of a query.
        now: Returns the time in seconds.
    """

    def __init__(
        self, rows: Callable[..., Iterable[tuple[Any, ...]]], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._rows = rows
        self._now = now
        self._columns: dict[str, list[str]] = {}
        self._asked: float | None = None

    def forget_after(self, statement: str) -> None:
        """Ask again after a statement that changes mappings."""
        if statement.lstrip().upper().startswith(_CHANGING):
            self._asked = None

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of each mapping and view, by its name; what was known before if members do not answer."""
        if self._asked is None or self._now() - self._asked > _FRESH:
            self._asked = self._now()
            found: dict[str, list[str]] = {}
            try:
                for (table,) in self._rows("SELECT table_name FROM information_schema.tables"):
                    found.setdefault(table, [])
                query = "SELECT table_name, column_name FROM information_schema.columns"
                for table, column in self._rows(query):
                    found.setdefault(table, []).append(column)
            except HazelcastError:
                return self._columns
            self._columns = found
        return self._columns


class SqlCompleter(Completer):
    """Completes keywords, mappings, columns, and the shell's own commands.

    Args:
        catalog: The mappings and columns.
        commands: The shell's own commands, with what they do.
    """

    def __init__(self, catalog: Catalog, commands: dict[str, str]) -> None:
        self._catalog = catalog
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand at the cursor."""
        before = document.text_before_cursor
        if before.startswith("\\") and " " not in before:
            yield from _matching(before, self._commands, "command", self._commands)
            return
        found = _WORD.search(before)
        word = found[0] if found else ""
        previous = before[: len(before) - len(word)].split()
        columns = self._catalog.columns()
        if previous and previous[-1].upper() in _BEFORE_TABLES | {"\\D", "\\DESCRIBE"}:
            yield from _matching(word, sorted(columns), "mapping")
            return
        if not word:
            return
        keywords = [name.lower() for name in KEYWORDS] if word.islower() else list(KEYWORDS)
        mentioned = [table for table in columns if table in before or table in document.text_after_cursor]
        names = sorted({column for table in mentioned or columns for column in columns[table]})
        yield from _matching(word, names, "column")
        yield from _matching(word, sorted(columns), "mapping")
        yield from _matching(word, keywords, "keyword")


def _matching(
    word: str, names: Iterable[str], kind: str, meta: dict[str, str] | None = None
) -> Iterator[Completion]:
    for name in names:
        if name.lower().startswith(word.lower()) and name != word:
            yield Completion(_written(name, kind), -len(word), name, (meta or {}).get(name, kind))


def _written(name: str, kind: str) -> str:
    """Return a name as it stands in a statement: in quotes, unless it is a plain word."""
    if kind in ("command", "keyword") or _PLAIN.fullmatch(name):
        return name
    return '"' + name.replace('"', '""') + '"'
