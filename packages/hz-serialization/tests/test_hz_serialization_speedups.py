"""Why compiled code is not used: what ``diagnostics()`` says about it."""

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from hz_serialization import speedups
from hz_serialization.speedups import INTERFACE, MODULES, compiled, version, why_pure


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look for the package anew, and again after the test."""
    monkeypatch.setenv("HZ_PURE_PYTHON", "0")
    speedups._package.cache_clear()
    yield
    speedups._package.cache_clear()


def installed(
    monkeypatch: pytest.MonkeyPatch, *, is_compiled: bool = True, interface: int = INTERFACE
) -> None:
    """Install a package in the place of ``hz-speedups``, with all its modules."""
    package = ModuleType("hz_speedups")
    package.__path__ = []
    package.__version__ = "7.8.9"  # type: ignore[attr-defined]  # a module has any
    package.COMPILED = is_compiled  # type: ignore[attr-defined]  # as before
    package.INTERFACE = interface  # type: ignore[attr-defined]  # as before
    monkeypatch.setitem(sys.modules, "hz_speedups", package)
    for name in MODULES:
        monkeypatch.setitem(sys.modules, f"hz_speedups.{name}", ModuleType(f"hz_speedups.{name}"))


class Broken:
    """A finder of modules that raises an error for one name."""

    def __init__(self, name: str, error: ImportError) -> None:
        self.name = name
        self.error = error
        self.asked = 0

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == self.name:
            self.asked += 1
            raise self.error


def broken(monkeypatch: pytest.MonkeyPatch, name: str, error: ImportError) -> Broken:
    """Let the import of one module fail."""
    monkeypatch.delitem(sys.modules, name, raising=False)
    finder = Broken(name, error)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    return finder


def test_compiled_code_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    assert (why_pure(), version()) == (None, "7.8.9")
    assert all(compiled(name) is sys.modules[f"hz_speedups.{name}"] for name in MODULES)


def test_the_environment_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    monkeypatch.setenv("HZ_PURE_PYTHON", "1")
    assert why_pure() == "HZ_PURE_PYTHON is set in the environment; unset it to use compiled code"
    assert (compiled("_hash"), version()) == (None, "7.8.9")


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = ModuleNotFoundError("No module named 'hz_speedups'", name="hz_speedups")
    finder = broken(monkeypatch, "hz_speedups", missing)
    assert why_pure() == "hz-speedups is not installed; install hz-client[speedups] for faster calls"
    assert (compiled("_hash"), version()) == (None, None)
    assert finder.asked == 1  # a search in all folders


def test_it_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "hz_speedups", ModuleNotFoundError("No module named 'other'", name="other"))
    assert why_pure() == (
        "the import of hz-speedups failed: No module named 'other'; install it again, for this version of Python"
    )
    assert (compiled("_hash"), version()) == (None, None)


def test_it_was_built_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, is_compiled=False)
    assert why_pure() == (
        "hz-speedups 7.8.9 was built without a C compiler; install a wheel of it, or a compiler and the headers of "
        "Python and then hz-speedups again"
    )
    assert (compiled("_hash"), version()) == (None, "7.8.9")


def test_it_belongs_to_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, interface=INTERFACE + 1)
    assert why_pure() == (
        f"hz-speedups 7.8.9 has version {INTERFACE + 1} of the interface, but this client needs version {INTERFACE}; "
        "install the hz-speedups that belongs to it"
    )
    assert (compiled("_hash"), version()) == (None, "7.8.9")


def test_one_of_its_modules_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    broken(monkeypatch, "hz_speedups._calls", ImportError("undefined symbol: x"))
    assert why_pure() == (
        "the import of hz-speedups failed: undefined symbol: x; install it again, for this version of Python"
    )
    assert compiled("_calls") is None
    assert compiled("_hash") is not None
