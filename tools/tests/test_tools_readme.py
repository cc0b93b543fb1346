"""The README's commands are those that are run, and its licence is the one that the wheels ship."""

import doctest

import readme
from repository import ROOT, distributions


def test_the_commands_are_found() -> None:
    assert readme.commands() == [
        "python3 -m venv .venv && .venv/bin/pip install -q hatch && .venv/bin/hatch run demo",
        ".venv/bin/hatch run test",
    ]


def test_the_examples_are_found() -> None:
    examples = doctest.DocTestParser().get_examples(readme.examples())
    assert [example.want for example in examples if "capital(" in example.source] == ["", "'Rome'\n"]


def test_every_distribution_ships_the_licence() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert {member.name: (member.path / "LICENSE").read_text() == licence for member in distributions()} == {
        member.name: True for member in distributions()
    }


def test_the_readme_names_every_distribution() -> None:
    text = readme.section(readme.README.read_text(), "Install it")
    assert [
        member.name
        for member in distributions()
        if f"| `{member.name}` | `{member.import_root}` |" not in text
    ] == []
