"""The lowest versions of a release are those of all that it leads to, through its siblings, too."""

from pathlib import Path

from release import direct
from repository import Distribution

PROJECTS = {
    "hz-top": """dependencies = ["hz-base>=0.1,<0.2", "click>=8"]
[project.optional-dependencies]
shown = ["hz-base[stats]>=0.1", "rich>=14"]
other = ["django>=5"]
""",
    "hz-base": """dependencies = ["attrs>=22"]
[project.optional-dependencies]
stats = ["psutil>=5.9"]
more = ["hz-top>=0.1"]
""",
}


def test_direct_requirements(tmp_path: Path) -> None:
    known = {}
    for name, text in PROJECTS.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name}"\n{text}')
        known[name] = Distribution(folder)
    assert direct("hz-top", set(), known) == {"attrs>=22", "click>=8"}
    assert direct("hz-top", {"shown"}, known) == {"attrs>=22", "click>=8", "psutil>=5.9", "rich>=14"}
    assert direct("hz-base", {"more"}, known) == {"attrs>=22", "click>=8"}
