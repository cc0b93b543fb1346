"""The command `hz` in a terminal: the shell, its pages, the live view, a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(started_member: str, tmp_path: Path) -> Iterator[Open]:
    """Return a function that runs the command on a terminal."""
    variables = {
        "HZ_URL": f"hazelcast://{started_member}",
        "HZ_SQL_HISTORY": str(tmp_path / "history"),
        "HOME": str(tmp_path),
    }
    with ExitStack() as stack:

        def start(*words: str, columns: int = 100, lines: int = 30) -> Terminal:
            made = Terminal(*words, variables=variables, columns=columns, lines=lines)
            return stack.enter_context(made)

        yield start


def test_a_session(open_terminal: Open, tmp_path: Path) -> None:
    shell = open_terminal("sql")
    shell.wait_for("dev>")
    # Two lines; the second one is completed.
    shell.press("CREATE MAPPING cli_session (__key INT, this VARCHAR)\r")
    shell.wait_for("->")
    shell.press("TYPE IMap OPTIO\t")
    shell.wait_for("OPTIONS")
    shell.press(" ('keyFormat'='int', 'valueFormat'='varchar');\r")
    shell.wait_for("OK")
    shell.press("INSERT INTO cli_session VALUES (1, 'one'), (2, 'two');\r")
    shell.press("select this from cli_ses\t")
    shell.wait_for("from cli_session")
    shell.press(" order by __key;\r")
    assert "this\n----\none\ntwo\n(2 rows)" in shell.wait_for("(2 rows)")
    # An error, and what to do about it.
    shell.press("selct 1;\r")
    shell.wait_for("error: ")
    # The last statement but one from the history.
    shell.press("\x1b[A\x1b[A\r")
    shell.wait_for("(2 rows)\ndev> selct 1;\n")
    shell.press("\\export s.csv select * from cli_session;\r".replace("s.csv", str(tmp_path / "s.csv")))
    shell.wait_for("2 rows written to ")
    shell.press("\\d cli_session\r")
    shell.wait_for("this        | VARCHAR")
    shell.press("\\q\r")
    assert shell.end() == 0
    assert (tmp_path / "s.csv").read_text() in ("__key,this\n1,one\n2,two\n", "__key,this\n2,two\n1,one\n")
    assert "+TYPE IMap OPTIONS" in (tmp_path / "history").read_text()


def test_pages_and_streams(open_terminal: Open) -> None:
    shell = open_terminal("sql", lines=12)
    shell.wait_for("dev>")
    shell.press("select v from table(generate_series(1, 1000));\r")
    shell.wait_for("-- more")
    assert "(1000 rows)" not in shell.screen()
    shell.press(" ")
    shell.wait_for("  18\n")
    shell.press("q")
    shell.wait_for("(stopped)")
    shell.press("select v from table(generate_series(1, 300));\r")
    shell.wait_for("-- more")
    shell.press("a")
    shell.wait_for("(300 rows)")
    shell.press("select v from table(generate_stream(200));\r")
    shell.wait_for("\n20\n")
    shell.press("\x03")
    shell.wait_for("(cancelled after ")
    shell.press("select 5 + 6 as n;\r")
    shell.wait_for("11\n(1 row)")
    shell.press("\x04")
    assert shell.end() == 0


def test_top_is_live_and_ends_with_q(open_terminal: Open) -> None:
    top = open_terminal("top", "--interval", "0.2")
    screen = top.wait_for("Cluster dev, ACTIVE")
    top.wait_for("client ")
    top.press("q")
    assert top.end() == 0
    assert "member " in screen


def test_ctrl_c_ends_with_130(open_terminal: Open) -> None:
    top = open_terminal("bench", "--seconds", "60", "--keys", "10")
    top.wait_for("operations/s")
    top.press("\x03")
    assert top.end() == 130
    assert "Traceback" not in top.everything()
    assert "hz: interrupted" in top.everything()


def test_a_bar_shows_the_progress(open_terminal: Open, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("key,value\n" + "".join(f"{n},{n}\n" for n in range(20_000)))
    load = open_terminal("map", "load", "cli-bar", str(path), "--batch", "100")
    load.wait_for("20000 rows of")
    assert load.end() == 0
    assert "load cli-bar" in load.printed
    assert " entries" in load.printed
    assert " entries" not in load.screen()
