"""The generator of the field methods has every kind of field, and notices a file that is not its own work."""

from pathlib import Path

import pytest

import compact_methods
import generate_fields
import portable_methods
from hz_serialization.api import FieldKind
from hz_serialization.portable import FieldType


def test_every_compact_kind_is_there_with_its_number() -> None:
    kinds = compact_methods.kinds()
    assert {kind.name.upper(): kind.number for kind in kinds} == {
        kind.name: kind for kind in FieldKind if kind is not FieldKind.NOT_AVAILABLE
    }
    for path, text in compact_methods.modules().items():
        for verb in ("read", "write"):
            assert all(f"def {verb}_{kind.name}(" in text for kind in kinds), path


def test_every_portable_type_is_there() -> None:
    kinds = portable_methods.kinds()
    assert sorted(kind.name.upper() for kind in kinds) == sorted(
        member.name for member in FieldType if not member.name.startswith("PORTABLE")
    )
    modules = {path.name: text for path, text in portable_methods.modules().items()}
    for kind in kinds:
        assert f"def add_{kind.name}_field(" in modules["builder.py"]
        for name in ("api.py", "fields.py", "_portable_fields.pxi"):
            assert f"def read_{kind.name}(" in modules[name]
            assert f"def write_{kind.name}(" in modules[name]


def test_check_reports_what_differs_and_what_is_not_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate_fields, "ROOT", tmp_path)
    assert generate_fields.main(["--check"]) == 1
    assert "portable/builder.py is not what" in capsys.readouterr().err
    assert generate_fields.main([]) == 0
    assert generate_fields.main(["--check"]) == 0
    fields = tmp_path / compact_methods.FOLDER / "fields.py"
    orphan = fields.with_name("old.py")
    orphan.write_text(fields.read_text("utf-8"), "utf-8")
    by_hand = fields.with_name("other.py")
    by_hand.write_text('"""Written by hand."""\n', "utf-8")
    fields.write_text("changed", "utf-8")
    capsys.readouterr()
    assert generate_fields.main(["--check"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"{fields.relative_to(tmp_path)} is not what tools/generate_fields.py writes",
        f"{orphan.relative_to(tmp_path)} is not generated any more",
    ]
    assert generate_fields.main([]) == 0
    assert generate_fields.main(["--check"]) == 0
    assert by_hand.exists()
    assert not orphan.exists()


def test_the_repository_has_what_is_generated() -> None:
    assert generate_fields.main(["--check"]) == 0
