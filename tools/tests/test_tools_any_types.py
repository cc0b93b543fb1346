"""Each `Any` in a public signature is found, and needs a reason that is still true."""

from pathlib import Path

import pytest

import any_types

PUBLIC = '''"""Sample."""
from typing import Any, overload
from hz_sample.inner import Base, Lazy

__all__ = ["Shown", "Lazy", "function", "overloaded", "number"]

number: Any = 1

def function(first: dict[str, Any], second: int, *rest: Any) -> "list[Any]": ...

def unlisted(value: Any) -> Any: ...

@overload
def overloaded(value: int) -> int: ...
@overload
def overloaded(value: str) -> Any: ...
def overloaded(value: Any) -> Any: ...

class Shown(Base):
    """Shown."""

    field: Any
    _hidden: Any

    def __init__(self, value: Any) -> None: ...
    def _private(self, value: Any) -> None: ...
    @property
    def found(self) -> Any: ...
'''
INNER = '''"""Inner."""
from typing import Any

class Base:
    """Base."""

    def inherited(self) -> Any: ...

class Lazy:
    """Lazy."""

    def Anything(self, company: "Company") -> None: ...
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with one distribution."""
    source = tmp_path / "packages" / "hz-sample" / "src" / "hz_sample"
    source.mkdir(parents=True)
    (source.parent.parent / "pyproject.toml").write_text('[project]\nname = "hz-sample"\n')
    (source / "__about__.py").write_text('__version__ = "0.1.0"\n')
    (source / "__init__.py").write_text(PUBLIC)
    (source / "inner.py").write_text(INNER)
    (source / "_private.py").write_text('__all__ = ["f"]\ndef f(value: Any) -> None: ...\n')
    return tmp_path


def test_places(root: Path) -> None:
    assert any_types.places(root) == [
        "hz_sample.Shown.__init__(value): Any",
        "hz_sample.Shown.field: Any",
        "hz_sample.Shown.found: Any",
        "hz_sample.function -> list[Any]",
        "hz_sample.function(first): dict[str, Any]",
        "hz_sample.function(rest): Any",
        "hz_sample.inner.Base.inherited -> Any",
        "hz_sample.number: Any",
        "hz_sample.overloaded -> Any",
    ]


def test_reasons() -> None:
    places = ["a.f -> Any", "a.g(value): Any", "b.f -> dict[str, Any]"]
    assert any_types.unexplained(places, []) == (places, [])
    assert any_types.unexplained(places, ["*.f -> *"]) == (["a.g(value): Any"], [])
    assert any_types.unexplained(places, ["a.g(*", "* -> *[str, Any]"]) == (["a.f -> Any"], [])
    assert any_types.unexplained(places, ["*", "c.*", "a.f -> Any"]) == ([], ["c.*", "a.f -> Any"])
