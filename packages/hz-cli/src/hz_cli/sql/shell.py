"""The interactive shell."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.filters import Condition, has_completions, is_searching
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import PygmentsLexer
from pygments.lexers.sql import SqlLexer

from hazelcast.errors import HazelcastError
from hazelcast.sql import HazelcastSqlError
from hz_cli.errors import as_command_error, one_line, sql_problem
from hz_cli.records.formats import FORMATS, format_of
from hz_cli.sql.catalog import Catalog, SqlCompleter
from hz_cli.sql.running import SHOWN, Runner, rows_text
from hz_cli.sql.statements import is_complete, split

COMMANDS: Final = {
    "\\help": "what there is to type",
    "\\tables": "list the mappings and views",
    "\\describe": "NAME: list the columns of a mapping",
    "\\export": "FILE STATEMENT: write the rows to a file, .csv, .json, .jsonl or .parquet",
    "\\format": f"NAME: show rows as {', '.join(SHOWN)}",
    "\\fix": "execute the statement that the last error has suggested",
    "\\pager": "on or off: stop after each screen of rows",
    "\\timing": "on or off: show how long statements take",
    "\\quit": "end; so do Ctrl-D, exit and quit",
}
"""The shell's own commands, with what they do."""

_SHORT: Final = {
    "\\?": "\\help",
    "\\h": "\\help",
    "\\d": "\\describe",
    "\\dt": "\\tables",
    "\\q": "\\quit",
    "exit": "\\quit",
    "quit": "\\quit",
    "help": "\\help",
    "\\x": "\\format records",
}
_COLUMNS_OF: Final = (
    "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
    " WHERE table_name = ? ORDER BY ordinal_position"
)
_TABLES: Final = "SELECT table_name, table_type FROM information_schema.tables ORDER BY table_name"


class EndOfShell(Exception):  # no error
    """The user has asked to end."""


class Shell:
    """Reads statements and executes them, until the user has enough.

    Args:
        runner: Executes statements.
        catalog: The mappings, for completion.
    """

    def __init__(self, runner: Runner, catalog: Catalog) -> None:
        self._runner = runner
        self._catalog = catalog
        self._suggestion: str | None = None
        self._own: dict[str, Callable[[str], None]] = {
            "\\help": self._help,
            "\\tables": self._tables,
            "\\describe": self._describe,
            "\\export": self._export,
            "\\format": self._format,
            "\\fix": self._fix,
            "\\pager": self._pager,
            "\\timing": self._timing,
            "\\quit": self._quit,
        }

    def run(self, session: "PromptSession[str]") -> None:
        """Read and execute until the end."""
        while True:
            try:
                self.handle(session.prompt())
            except KeyboardInterrupt:
                continue
            except (EOFError, EndOfShell):
                return

    def handle(self, text: str) -> None:
        """Execute what the user has typed; errors are one line each.

        Raises:
            EndOfShell: The user has asked to end.
        """
        text = text.strip()
        first = text.split(maxsplit=1)[0].rstrip(";").lower() if text else ""
        if first in _SHORT and (first.startswith("\\") or first == text.rstrip("; ").lower()):
            text = f"{_SHORT[first]} {text[len(first) :].strip()}"
            first = text.split(maxsplit=1)[0]
        if first.startswith("\\"):
            self._guarded(self._command, first, text[len(first) :].strip())
            return
        parts = split(text)
        for statement in [*parts.statements, *filter(None, [parts.rest])]:
            if not self._guarded(self._statement, statement):
                return

    def _guarded(self, do: Callable[..., None], *arguments: str) -> bool:
        try:
            do(*arguments)
        except HazelcastSqlError as error:
            self._suggestion = error.suggestion
            _complain(sql_problem(error) + (" (type \\fix for that)" if error.suggestion else ""))
        except KeyboardInterrupt:
            _complain("cancelled")
        except (HazelcastError, click.ClickException, OSError) as error:
            known = as_command_error(error)
            _complain(known.format_message() if known is not None else str(error))
        else:
            return True
        return False

    def _statement(self, statement: str) -> None:
        self._runner.show(statement)
        self._catalog.forget_after(statement)

    def _command(self, name: str, rest: str) -> None:
        if name not in self._own:
            raise click.ClickException(f"{name} is no command; \\help lists them")
        self._own[name](rest.rstrip("; "))

    def _help(self, rest: str) -> None:
        click.echo(
            "Statements end with a semicolon and may have several lines; Tab completes, Ctrl-R searches."
        )
        for name, text in COMMANDS.items():
            click.echo(f"  {name:<10} {text}")

    def _tables(self, rest: str) -> None:
        self._runner.show(_TABLES)

    def _describe(self, rest: str) -> None:
        if not rest:
            self._tables(rest)
            return
        name = rest.strip('"').replace('""', '"')
        if not self._runner.rows(_COLUMNS_OF, name):
            raise click.ClickException(f"there is no mapping or view {name}; \\tables lists them")
        self._runner.show(_COLUMNS_OF, [name])

    def _export(self, rest: str) -> None:
        file, _, statement = rest.partition(" ")
        if not statement.strip():
            raise click.ClickException("write \\export FILE STATEMENT")
        path = Path(file)
        count = self._runner.export(statement, path, format_of(path, None, FORMATS))
        click.echo(f"{rows_text(count)} written to {path}")

    def _format(self, rest: str) -> None:
        if rest not in SHOWN:
            raise click.ClickException(f"the formats are {', '.join(SHOWN)}")
        self._runner.settings.format = rest

    def _fix(self, rest: str) -> None:
        if self._suggestion is None:
            raise click.ClickException("no error has suggested a statement")
        statement, self._suggestion = self._suggestion, None
        click.echo(statement)
        self._statement(statement)

    def _pager(self, rest: str) -> None:
        self._runner.screen.paging = _switch(rest)

    def _timing(self, rest: str) -> None:
        self._runner.settings.timing = _switch(rest)

    def _quit(self, rest: str) -> None:
        raise EndOfShell


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise click.ClickException("write on or off")
    return text == "on"


def _complain(text: str) -> None:
    click.echo(click.style("error: ", fg="red") + one_line(text), err=True)


def new_session(catalog: Catalog, name: str) -> "PromptSession[str]":
    """Return what reads statements from the terminal.

    Args:
        catalog: The mappings, for completion.
        name: Name of the cluster, which the prompt shows.
    """
    prompt = f"{name}> "
    return PromptSession(
        prompt,
        multiline=True,
        prompt_continuation=lambda width, line, wrapped: "-> ".rjust(width),
        completer=SqlCompleter(catalog, COMMANDS),
        complete_in_thread=True,
        complete_while_typing=False,
        history=_history(),
        lexer=PygmentsLexer(SqlLexer),
        key_bindings=_keys(),
        enable_history_search=True,
    )


def _keys() -> KeyBindings:
    """Return the bindings: Enter executes what is complete, and begins a new line otherwise."""
    keys = KeyBindings()

    @Condition
    def choosing() -> bool:
        from prompt_toolkit.application import get_app

        state = get_app().current_buffer.complete_state
        return state is not None and state.current_completion is not None

    @keys.add("enter", filter=has_completions & choosing)
    def take(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("enter", filter=~is_searching & ~(has_completions & choosing))
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if ends(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def ends(text: str) -> bool:
    """Return whether Enter after ``text`` executes it."""
    stripped = text.strip()
    first = stripped.split(maxsplit=1)[0].lower() if stripped else ""
    if first.startswith("\\export"):
        return is_complete(stripped) or ("\n" not in stripped and stripped.endswith(";"))
    return first.startswith("\\") or stripped.lower() in _SHORT or is_complete(stripped)


class PrivateHistory(FileHistory):
    """A history that keeps nothing of lines that begin with a space, and that nobody else can read."""

    def store_string(self, string: str) -> None:
        """Append what was typed to the file."""
        if string.strip() and not string.startswith(" "):
            Path(os.fsdecode(self.filename)).parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.filename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            super().store_string(string)


def _history() -> History:
    path = os.environ.get("HZ_SQL_HISTORY")
    if path == "":
        return InMemoryHistory()
    return PrivateHistory(Path(path) if path else Path.home() / ".hazelcast" / "sql-history")
