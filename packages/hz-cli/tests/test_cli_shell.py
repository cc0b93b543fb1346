"""The shell and the pager without a member; the process: exit codes, one line for each error."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from hazelcast.errors import HazelcastError
from hazelcast.sql import HazelcastSqlError, SqlErrorCode
from hz_cli import main as main_module
from hz_cli.errors import sql_problem
from hz_cli.main import main
from hz_cli.sql.catalog import Catalog, SqlCompleter
from hz_cli.sql.running import Settings
from hz_cli.sql.screen import EnoughError, Screen
from hz_cli.sql.shell import COMMANDS, EndOfShell, PrivateHistory, Shell, ends, new_session

TABLES = {"information_schema.tables": [("prices",), ("my-map",)]}
COLUMNS_OF = {"prices": ["__key", "amount"], "my-map": ["this"]}


class FakeRunner:
    """Notes statements; those that contain `fail` fail."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.screen = Screen(paging=True)
        self.shown: list[tuple[Any, ...]] = []

    def show(self, statement: str, params: Any = ()) -> None:
        if "fail" in statement:
            raise HazelcastSqlError(
                None, SqlErrorCode.OBJECT_NOT_FOUND, "no\nmapping", suggestion="CREATE MAPPING x"
            )
        if "stop" in statement:
            raise KeyboardInterrupt
        self.shown.append((statement, *params))

    def rows(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        if params:
            return [("x",)] if params[0] in COLUMNS_OF else []
        if "columns" in statement:
            return [(table, column) for table, columns in COLUMNS_OF.items() for column in columns]
        return TABLES["information_schema.tables"]

    def export(self, statement: str, path: Path, format: str) -> int:
        self.shown.append((statement, path.name, format))
        return 7


@pytest.fixture
def runner() -> FakeRunner:
    """Return the runner of `shell`."""
    return FakeRunner()


@pytest.fixture
def shell(runner: FakeRunner) -> Shell:
    """Return a shell without a cluster."""
    made: Any = runner
    return Shell(made, Catalog(runner.rows))


def test_statements_are_executed_one_by_one(shell: Shell, runner: FakeRunner) -> None:
    shell.handle("select 1; select\n2;")
    assert runner.shown == [("select 1",), ("select\n2",)]


def test_an_error_is_one_line_and_ends_what_was_typed(
    shell: Shell, runner: FakeRunner, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.handle("select 1; fail; select 2;")
    assert runner.shown == [("select 1",)]
    assert capsys.readouterr().err == (
        "error: no mapping; try this first: CREATE MAPPING x (type \\fix for that)\n"
    )
    shell.handle("\\fix")
    assert runner.shown[1:] == [("CREATE MAPPING x",)]
    shell.handle("\\fix")
    assert capsys.readouterr().err == "error: no error has suggested a statement\n"
    shell.handle("stop;")
    assert capsys.readouterr().err == "error: cancelled\n"


def test_own_commands(shell: Shell, runner: FakeRunner, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("\\format csv", "\\pager off;", "\\timing on", "\\d prices", '\\describe "my-map"'):
        shell.handle(text)
    assert (runner.settings.format, runner.screen.paging, runner.settings.timing) == ("csv", False, True)
    assert [params for _, *params in runner.shown] == [["prices"], ["my-map"]]
    shell.handle("\\export out.csv select 1;")
    assert runner.shown[-1] == ("select 1", "out.csv", "csv")
    output = capsys.readouterr()
    assert (output.out, output.err) == ("7 rows written to out.csv\n", "")
    shell.handle("help")
    assert all(name in capsys.readouterr().out for name in ["\\export"])
    for text, message in {
        "\\nope": "\\nope is no command",
        "\\format xml": "the formats are",
        "\\pager maybe": "write on or off",
        "\\export x.csv": "write \\export FILE STATEMENT",
        "\\d nope": "there is no mapping or view nope",
        "\\export x.txt select 1": "does not say the format",
    }.items():
        shell.handle(text)
        assert message in capsys.readouterr().err
    for text in ("\\q", "exit", "quit;", "\\quit"):
        with pytest.raises(EndOfShell):
            shell.handle(text)


def test_every_command_is_explained(shell: Shell) -> None:
    assert COMMANDS.keys() == shell._own.keys()


@pytest.mark.parametrize(
    ("text", "executes"),
    [
        ("select 1", False),
        ("select 1;", True),
        ("select ';", False),
        ("select 1; select", False),
        ("", True),
        ("\\d", True),
        ("exit", True),
        ("select exit", False),
    ],
)
def test_when_enter_executes(text: str, executes: bool) -> None:
    assert ends(text) is executes


def completions(text: str, catalog: Catalog) -> list[str]:
    """Return what may stand at the end of `text`."""
    completer = SqlCompleter(catalog, COMMANDS)
    return [found.text for found in completer.get_completions(Document(text), CompleteEvent())]


def test_completion_knows_what_may_follow() -> None:
    catalog = Catalog(FakeRunner().rows)
    assert completions("sel", catalog) == ["select"]
    assert completions("SEL", catalog) == ["SELECT"]
    assert completions("select * from pr", catalog) == ["prices"]
    assert completions("select * from ", catalog) == ['"my-map"', "prices"]
    assert completions("select am", catalog) == ["amount"]
    assert completions("select th from prices where th", catalog) == ["then"]
    assert completions('select * from "my-map" where th', catalog) == ["this", "then"]
    assert completions("\\ex", catalog) == ["\\export"]
    assert completions("\\d pr", catalog) == ["prices"]


def test_the_catalog_asks_again_after_changes_and_after_a_while() -> None:
    asked: list[str] = []
    now = 0.0

    def rows(statement: str) -> list[tuple[Any, ...]]:
        asked.append(statement)
        if len(asked) > 6:
            raise HazelcastError("gone")
        return FakeRunner().rows(statement)

    catalog = Catalog(rows, lambda: now)
    assert catalog.columns() == COLUMNS_OF
    catalog.columns()
    assert len(asked) == 2
    catalog.forget_after("select 1")
    catalog.columns()
    assert len(asked) == 2
    catalog.forget_after(" create mapping y")
    catalog.columns()
    assert len(asked) == 4
    now = 31.0
    catalog.columns()
    assert len(asked) == 6
    now = 90.0
    assert catalog.columns() == COLUMNS_OF


def test_keys_in_the_prompt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    history = tmp_path / "folder" / "history"
    monkeypatch.setenv("HZ_SQL_HISTORY", str(history))
    catalog = Catalog(FakeRunner().rows)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        session = new_session(catalog, "dev")
        keys.send_text("select 1\r, 2;\r")
        assert session.prompt() == "select 1\n, 2;"
        keys.send_text(" select secret;\r")
        assert session.prompt() == " select secret;"
        keys.send_text("\x1b[A\r")
        assert session.prompt().strip() == "select secret;"
        keys.send_text("select\x03")
        with pytest.raises(KeyboardInterrupt):
            session.prompt()
        keys.send_text("\x04")
        with pytest.raises(EOFError):
            session.prompt()
    assert "secret" not in history.read_text()
    assert history.stat().st_mode & 0o077 == 0
    assert list(PrivateHistory(history).load_history_strings()) == ["select 1\n, 2;"]


def test_the_pager_stops_after_each_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINES", "7")
    keys = iter(" \ra")
    screen = Screen(paging=True, read_key=lambda: next(keys))
    screen.begin()
    screen.show(map(str, range(40)))
    assert list(keys) == []
    assert capsys.readouterr().out.count("-- more") == 3
    screen = Screen(paging=True, read_key=lambda: "q")
    screen.begin()
    with pytest.raises(EnoughError):
        screen.show(map(str, range(40)))
    assert [line for line in capsys.readouterr().out.split() if line.isdigit()] == ["0", "1", "2", "3", "4"]


def test_advice_for_sql_errors() -> None:
    error = HazelcastSqlError(None, SqlErrorCode.TOPOLOGY_CHANGE, "a member\n left")
    assert sql_problem(error) == "a member left; a member joined or left: execute the statement again"
    assert sql_problem(HazelcastSqlError(None, 4711, "x")) == "x"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Return a function that makes the command `hz members` raise an error."""

    def fail(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(
            main_module, "import_module", lambda name: type("module", (), {"command": command})
        )

    return fail


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (HazelcastError("two\nlines"), 1, "hz: HazelcastError: two lines"),
        (OSError(28, "No space left on device"), 1, "hz: OSError: [Errno 28] No space left on device"),
        (
            ZeroDivisionError("x"),
            1,
            "hz: this is a fault of the program: ZeroDivisionError: x; with HZ_DEBUG=1",
        ),
        (KeyboardInterrupt(), 130, "hz: interrupted"),
    ],
)
def test_errors_are_one_line(
    error: BaseException,
    code: int,
    text: str,
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(error)
    assert main(["members"]) == code
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.strip().startswith(text)
    assert len(found.err.strip().splitlines()) == 1


def test_the_traceback_is_for_those_who_ask(
    failing: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HZ_DEBUG", "1")
    failing(ZeroDivisionError("x"))
    assert main(["members"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["nope"], "hz: No such command 'nope'; see `hz --help`"),
        (["map", "get", "m"], "hz: Missing argument 'KEY'; see `hz map get --help`"),
        (["map", "get", "m", "x", "--key-type", "int"], "hz: key 'x' is no int"),
        (["map", "dump", "m", "x.txt"], "hz: x.txt: the name does not say the format"),
        (["map", "load", "m", "nope.csv"], "hz: Invalid value for 'FILE': File 'nope.csv' does not exist"),
        (["sql", "select 'open"], "hz: a quote or comment is not closed: …select 'open; close it"),
        (
            ["sql", "select 1", "--format", "parquet"],
            "hz: Parquet is written to files only; add --output FILE",
        ),
        (["sql", "a; b", "-o", "x.csv"], "hz: --output and --param need exactly one statement, not 2"),
        (["members", "--url", "http://x"], "hz: the configuration is not valid: URL of the cluster"),
        (["members", "-m", "a b"], "hz: the configuration is not valid"),
    ],
)
def test_wrong_arguments_end_with_2(
    words: list[str],
    text: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    found = capsys.readouterr().err
    assert found.startswith(text), found
    assert len(found.splitlines()) == 1


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    for name in main_module._COMMANDS:
        assert f"\n  {name} " in listed
        if name != "start":  # that of hz-embedded
            assert main([name, "--help"]) == 0
            assert f"Usage: hz {name}" in capsys.readouterr().out


def test_a_program_that_calls_it_keeps_its_logging() -> None:
    logger = logging.getLogger("hazelcast")
    before = list(logger.handlers), logger.level, logger.propagate
    assert main(["-v", "members", "-m", "127.0.0.1:1", "--connect-timeout", "0.1"]) == 3
    assert (logger.handlers, logger.level, logger.propagate) == before


def test_nothing_listens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["members", "-m", "127.0.0.1:1", "--connect-timeout", "0.1"]) == 3
    found = capsys.readouterr().err
    assert found.startswith("hz: no connection to the cluster: no member of cluster 'dev'")
    assert "run `hz doctor`" in found
    assert len(found.splitlines()) == 1
