"""The tests on the page about members from Python run, and the program accepts the commands on it.

The interactive examples run with the documentation.
"""

import re
import shlex
from pathlib import Path

import pytest

from hz_embedded.cli import parser

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "embedded.md"


def block(name: str) -> str:
    """Return the code block with a name."""
    found = re.search(
        rf"^```{{code-block}} \w+\n:name: {name}\n\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S
    )
    assert found is not None
    return found[1]


def test_the_tests_of_the_page(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins only cost time
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(block("tests"))
    result = pytester.runpytest_subprocess("-p", "hz_embedded.pytest_plugin", "--strict-markers")
    result.assert_outcomes(passed=5)


def test_the_commands_of_the_page() -> None:
    lines = block("commands").splitlines()
    assert len(lines) == 5
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "hz-embedded"
        assert parser().parse_args(words).action == words[0]
