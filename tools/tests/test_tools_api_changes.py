"""Changes that break programs are found by comparing with the last release, unless a fragment announces them."""

import subprocess
from pathlib import Path

import pytest

import api_changes
from repository import Distribution

PROJECT = '[project]\nname = "hz-sample"\ndynamic = ["version"]\n'
BEFORE = '"""Sample."""\n\n\ndef greet(name: str, loud: bool = False) -> str:\n    return name\n'


@pytest.fixture
def released(tmp_path: Path) -> Distribution:
    """Return a distribution whose release 0.2.0 is tagged; an older release is, too."""
    folder = tmp_path / "packages" / "hz-sample"
    source = folder / "src" / "hz_sample"
    source.mkdir(parents=True)
    (folder / "changelog.d").mkdir()
    (folder / "pyproject.toml").write_text(PROJECT)
    (source / "__about__.py").write_text('__version__ = "0.2.0"\n')
    (source / "__init__.py").write_text('"""Sample."""\n')
    git(tmp_path, "init", "--quiet")
    release(tmp_path, "0.1.9")
    (source / "__init__.py").write_text(BEFORE)
    release(tmp_path, "0.2.0")
    return Distribution(folder)


def git(root: Path, *words: str) -> None:
    author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *author, *words], check=True, capture_output=True)


def release(root: Path, version: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", version)
    git(root, "tag", f"hz-sample-v{version}")


def change(distribution: Distribution, text: str) -> list[str]:
    (distribution.path / "src" / "hz_sample" / "__init__.py").write_text(text)
    return api_changes.unannounced(distribution, distribution.path.parent.parent)


def test_the_newest_tag_counts(released: Distribution) -> None:
    root = released.path.parent.parent
    release_tag = api_changes.last_release("hz-sample", root)
    assert release_tag == "hz-sample-v0.2.0"
    git(root, "tag", "hz-sample-v0.10.0")
    assert api_changes.last_release("hz-sample", root) == "hz-sample-v0.10.0"
    assert api_changes.last_release("hz", root) is None


def test_additions_break_nothing(released: Distribution) -> None:
    added = BEFORE.replace("loud: bool = False", "loud: bool = False, twice: bool = False")
    assert change(released, added + "\n\ndef leave() -> None:\n    pass\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('"""Sample."""\n', "greet", id="a name that is gone"),
        pytest.param(BEFORE.replace("name: str", "who: str"), "name", id="a parameter that is renamed"),
        pytest.param(BEFORE.replace("= False", "= True"), "loud", id="another default"),
    ],
)
def test_what_breaks_programs_is_found(released: Distribution, text: str, said: str) -> None:
    found = change(released, text)
    assert found
    assert said in "".join(found)
    (released.path / "changelog.d" / "7.removal.md").write_text("It is gone.\n")
    assert change(released, text) == []


def test_private_names_may_change(released: Distribution) -> None:
    private = BEFORE + "\n\ndef _helper() -> None:\n    pass\n"
    (released.path / "src" / "hz_sample" / "__init__.py").write_text(private)
    release(released.path.parent.parent, "0.3.0")
    assert change(released, BEFORE) == []


def test_before_the_first_release_everything_may_change(released: Distribution) -> None:
    git(released.path.parent.parent, "tag", "--delete", "hz-sample-v0.1.9", "hz-sample-v0.2.0")
    assert change(released, '"""Sample."""\n') == []
