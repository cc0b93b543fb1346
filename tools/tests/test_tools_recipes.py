"""Recipes of threads are what those of asyncio say, without what waits."""

from pathlib import Path

import pytest

import generate_recipes


def test_the_recipes_are_what_the_source_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (generate_recipes.FOLDER / "aio_recipes.py").read_text("utf-8")
    (tmp_path / "aio_recipes.py").write_text(source)
    monkeypatch.setattr(generate_recipes, "FOLDER", tmp_path)
    monkeypatch.setattr(generate_recipes, "ROOT", tmp_path)
    assert generate_recipes.main(["--check"]) == 1
    assert generate_recipes.main([]) == 0
    assert generate_recipes.main(["--check"]) == 0
    text = (tmp_path / "recipes.py").read_text("utf-8")
    assert "def lead(lock: BlockingFencedLock, work: Callable[[Term], T]) -> T:" in text
    (tmp_path / "recipes.py").write_text(text + "\n")
    capsys.readouterr()
    assert generate_recipes.main(["--check"]) == 1
    assert "recipes.py is not what" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("async with", "with", None),
        ("_current_task", "_current", "used by nothing"),
        ("import time", "import asyncio", "leaves"),
    ],
)
def test_what_is_not_understood_is_an_error(old: str, new: str, message: str | None) -> None:
    source = (generate_recipes.FOLDER / "aio_recipes.py").read_text("utf-8").replace(old, new)
    if message is None:
        assert "with lock.hold() as fence:" in generate_recipes.blocking(source)
        return
    with pytest.raises(SystemExit, match=message):
        generate_recipes.blocking(source)
