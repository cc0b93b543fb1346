"""The import check finds undeclared, unused and outdated requirements, and the distributions have none."""

from pathlib import Path

import pytest

import check_imports
from repository import distributions, modules


def make(root: Path, name: str, dependencies: list[str], source: str) -> None:
    """Write a made-up distribution."""
    package = root / "packages" / name / "src" / name.replace("-", "_")
    package.mkdir(parents=True)
    (package / "__about__.py").write_text('"""Version."""\n\n__version__ = "0.2.0"\n')
    (package / "code.py").write_text(source)
    project = f'[project]\nname = "{name}"\ndependencies = {dependencies}\n'
    (root / "packages" / name / "pyproject.toml").write_text(project)


def test_the_distributions_declare_what_they_import(capsys: pytest.CaptureFixture[str]) -> None:
    status = check_imports.main()
    assert status == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("dependencies", "source", "expected"),
    [
        (
            [],
            "import requests\n",
            ["packages/hz-b/src/hz_b/code.py:1: hz-b imports requests but does not declare it"],
        ),
        (
            [],
            "def f():\n    from hz_a import x\n",
            ["packages/hz-b/src/hz_b/code.py:2: hz-b imports hz_a but does not declare it"],
        ),
        (["hz-a"], "import json\n", ["hz-b declares hz_a but never imports it"]),
        (["hz-a>=0.1,<0.2"], "import hz_a\n", ["hz-b wants hz-a<0.2,>=0.1, but the workspace holds 0.2.0"]),
        (["hz-a>=0.2,<0.3"], "import hz_a.code, hz_b, json\n", []),
    ],
)
def test_a_wrong_declaration_is_found(
    tmp_path: Path, dependencies: list[str], source: str, expected: list[str]
) -> None:
    make(tmp_path, "hz-a", [], "")
    make(tmp_path, "hz-b", dependencies, source)
    members = distributions(tmp_path)
    assert list(check_imports.breaches(members[1], members, modules(tmp_path))) == expected
