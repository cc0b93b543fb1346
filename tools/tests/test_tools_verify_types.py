"""A name without a complete type is found, and a package that pyright does not see is no success."""

from typing import Any

import pytest

import verify_types


def symbol(name: str, *messages: tuple[str, str]) -> dict[str, Any]:
    """Return a symbol as pyright reports it, with these severities and messages."""
    place = {"file": "a.py", "range": {"start": {"line": 6, "character": 0}}}
    return {"name": name, "diagnostics": [{"severity": s, "message": m, **place} for s, m in messages]}


def shown(monkeypatch: pytest.MonkeyPatch, *symbols: dict[str, Any]) -> int:
    """Run the check of a package with these symbols."""
    monkeypatch.setattr(verify_types, "report", lambda package: {"symbols": list(symbols)})
    monkeypatch.setattr(verify_types, "WITHOUT_TYPES", {"hz_one.py4j.*": "py4j has no types"})
    monkeypatch.setattr("sys.argv", ["verify_types.py", "hz_one"])
    return verify_types.main()


def test_what_is_incomplete_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    excused = symbol("hz_one.py4j.Client", ("error", "Type of base class unknown"))
    found = symbol("hz_one.f", ("warning", "No docstring"), ("error", "Type is missing\n  Inferred: int"))
    assert shown(monkeypatch, excused, found) == 1
    assert capsys.readouterr().out == "a.py:7: hz_one.f: Type is missing Inferred: int\n"
    assert shown(monkeypatch, excused, symbol("hz_one.g", ("warning", "No docstring"))) == 0
    assert capsys.readouterr().out == "types of hz_one: complete\n"


def test_a_reason_that_is_no_longer_needed_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(monkeypatch, symbol("hz_one.py4j.Client")) == 1
    assert "hz_one.py4j.* is complete by now" in capsys.readouterr().out


def test_pyright_sees_a_typed_package_and_no_other() -> None:
    assert verify_types.report("hz_speedups")["completenessScore"] == 1
    with pytest.raises(LookupError, match="hz_no_such_package"):
        verify_types.report("hz_no_such_package")
