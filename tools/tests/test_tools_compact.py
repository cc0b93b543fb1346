"""The generator of Compact's field methods has every kind, and notices a file that is not its own work."""

from pathlib import Path

import pytest

import generate_compact


def test_every_kind_has_a_number_of_its_own() -> None:
    kinds = generate_compact.kinds()
    numbers = {kind.number for kind in kinds}
    assert len(numbers) == len(kinds) == len({kind.name for kind in kinds}) == 42
    assert numbers == set(range(1, 47)) - {5, 6, 31, 32}
    for text in list(generate_compact.modules().values())[1:]:
        assert all(f"def read_{kind.name}(" in text and f"def write_{kind.name}(" in text for kind in kinds)
    assert {kind.name for kind in kinds if kind.fixed} == {name for name, _, _ in generate_compact.SCALARS}


def test_check_tells_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate_compact, "ROOT", tmp_path)
    monkeypatch.setattr(generate_compact, "FOLDER", tmp_path)
    monkeypatch.setattr(generate_compact, "COMPILED", tmp_path)
    assert generate_compact.main(["--check"]) == 1
    assert "api.py is not what" in capsys.readouterr().err
    assert generate_compact.main([]) == 0
    assert generate_compact.main(["--check"]) == 0
    (tmp_path / "fields.py").write_text("changed")
    assert generate_compact.main(["--check"]) == 1
    assert capsys.readouterr().err.count("is not what") == 1


def test_the_repository_has_what_is_generated() -> None:
    assert generate_compact.main(["--check"]) == 0
