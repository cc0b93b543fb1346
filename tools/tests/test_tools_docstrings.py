"""The docstring check finds what is undocumented, and the distributions have nothing of the kind."""

import importlib
import sys
from pathlib import Path

import pytest

import check_docstrings

SOURCE = '''
"""Documented."""
from abc import ABC
from dataclasses import dataclass

class Base(ABC):
    """Documented."""
    def inherited(self): "Documented."

class Derived(Base):
    """Documented."""
    def inherited(self): ...
    def naked(self): ...
    @property
    def bare(self): ...
    @staticmethod
    def plain(): ...
    def _private(self): ...

@dataclass
class Undocumented:
    x: int

def function(): ...
def _private(): ...
'''


def test_everything_public_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    status = check_docstrings.main()
    assert status == 0, capsys.readouterr().out


def test_undocumented_names_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample_for_docstrings.py").write_text(SOURCE.lstrip())
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("sample_for_docstrings")
    found = list(check_docstrings.undocumented(module))
    monkeypatch.delitem(sys.modules, "sample_for_docstrings")
    names = ["Derived.naked", "Derived.bare", "Derived.plain", "Undocumented", "function"]
    assert found == [f"sample_for_docstrings.{name}" for name in names]
