"""The examples of docs/cli.md, run as they are written."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from hz_cli.main import main
from terminal import Terminal

PAGE = Path(__file__).parent.parent / "docs" / "cli.md"
PROMPT = re.compile(r"^(dev> |  -> )")
GOODS = "sku,name,price\nA1,apple,1.2\nP1,pear,2.5\n"


class Example(NamedTuple):
    """A command and what it prints."""

    command: str
    output: str


def examples() -> Iterator[Example]:
    """Yield the examples of the page, in order."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Example(command, output)


def check(example: Example, got: str) -> None:
    """Compare what an example prints with what it should: `...` stands for anything, white space does not matter."""
    wanted = re.split(r"\s*\.\.\.\s*", " ".join(example.output.split()))
    pattern = ".*".join(map(re.escape, wanted))
    assert re.fullmatch(pattern, " ".join(got.split()), re.DOTALL), f"$ {example.command}\n{got}"


def session(example: Example, variables: dict[str, str]) -> str:
    """Type what stands after the prompts of an example, and return the screen."""
    words = example.command.split()[1:]
    with Terminal(*words, variables=variables, columns=100, lines=45) as terminal:
        lines = example.output.splitlines()
        for at, line in enumerate(lines):
            prompt = PROMPT.match(line)
            if prompt is None:
                continue
            terminal.wait_until(partial(_ends, prompt[0].rstrip()))
            terminal.press(line[prompt.end() :] + "\r")
            if at + 1 < len(lines):
                terminal.wait_for(line[prompt.end() :].strip())
        assert terminal.end() == 0
        return terminal.everything()


def _ends(prompt: str, screen: str) -> bool:
    return screen.endswith(prompt)


def test_every_example(
    started_member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = {"HZ_URL": f"hazelcast://{started_member}", "HZ_SQL_HISTORY": "", "HOME": str(tmp_path)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    Path("goods.csv").write_text(GOODS)
    code = 0
    for example in examples():
        program, *words = shlex.split(example.command)
        if "\ndev> " in example.output:
            check(example, session(example, variables))
        elif example.command == "echo $?":
            check(example, f"{code}\n")
        elif program == "hz":
            # In this process, which has imported everything already.
            code = main(words)
            check(example, "".join(capfd.readouterr()))
        else:
            check(example, subprocess.check_output([program, *words], text=True, env={"LC_ALL": "C"}))


def test_the_page_has_an_example_of_each_command() -> None:
    shown = {example.command.split()[1] for example in examples() if example.command.startswith("hz ")}
    assert shown == {"bench", "doctor", "map", "members", "sql", "top"}
