"""The generator of surfaces follows all bases, takes the type parameters over and refuses what it can't pass on."""

from pathlib import Path

import pytest

import generate_surfaces
from generate_surfaces import SURFACES, Structure

BLOCKING = SURFACES[1]

HEAD = """from typing import Generic, TypeVar
from hz_core.invocation.op import Op
from hz_core.proxy import Operations
from hz_x.counter.basic import BasicOperations
from hz_x.kinds import E, A
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up package with one structure, whose operations have a base in a module of their own."""
    monkeypatch.setattr(generate_surfaces, "ROOT", tmp_path)
    folder = tmp_path / "packages" / "hz-x" / "src" / "hz_x" / "counter"
    folder.mkdir(parents=True)
    (folder / "basic.py").write_text(
        "from hz_core.invocation.op import Op\nfrom hz_core.proxy import Operations\nfrom hz_x.kinds import Unit\n"
        "Step = int\n\n"
        "class BasicOperations(Operations):\n"
        '    def get(self, unit: Unit, step: Step = 1) -> Op[int]:\n        """Get."""\n'
    )
    return folder


def structure(folder: Path, source: str) -> Structure:
    """Read made-up operations."""
    path = folder / "operations.py"
    path.write_text(HEAD + source)
    return Structure(path)


def method(signature: str) -> str:
    """Return the text of an operation."""
    return f'    def {signature}:\n        """Do it."""\n'


def test_a_base_without_type_parameters_is_followed(folder: Path) -> None:
    found = structure(folder, "class CounterOperations(BasicOperations):\n" + method("add(self) -> Op[None]"))
    assert list(found.methods) == ["get", "add"]
    text = found.render(BLOCKING)
    assert "class BlockingCounter(BlockingSurface):" in text
    assert "    _ops: CounterOperations\n" in text
    assert "return self._submit(self._ops.get(unit, step))" in text
    assert "from hz_x.kinds import Unit\n" in text
    assert "from hz_x.counter.basic import Step\n" in text


def test_a_base_in_the_same_module_is_followed(folder: Path) -> None:
    found = structure(
        folder,
        f"class _Common(Operations):\n{method('add(self) -> Op[int]')}\nclass CounterOperations(_Common):\n    pass\n",
    )
    assert list(found.methods) == ["add"]


def test_type_parameters_are_those_of_generic_in_their_order(folder: Path) -> None:
    found = structure(
        folder,
        "class CounterOperations(Operations, Generic[E, A]):\n" + method("add(self, item: A) -> Op[A]"),
    )
    text = found.render(BLOCKING)
    assert "class BlockingCounter(BlockingSurface, Generic[E, A]):" in text
    assert "    _ops: CounterOperations[E, A]\n" in text
    assert {"from typing import Generic", "from hz_x.kinds import A", "from hz_x.kinds import E"} <= set(
        text.splitlines()
    )


def test_one_type_parameter_of_the_module_itself(folder: Path) -> None:
    found = structure(
        folder,
        'T = TypeVar("T")\nclass CounterOperations(Operations, Generic[T]):\n'
        + method("add(self, *, item: T) -> Op[T]"),
    )
    text = found.render(SURFACES[0])
    assert "class Counter(FuturesSurface, Generic[T]):" in text
    assert "from hz_x.counter.operations import T\n" in text
    assert 'def blocking(self) -> "BlockingCounter[T]":' in text
    assert "self._ops.add(item=item)" in text


@pytest.mark.parametrize(
    "signature",
    [
        "add(self, *more: int) -> Op[int]",
        "add(self, **named: int) -> Op[int]",
        "add(self, first: int, /) -> Op[int]",
    ],
)
def test_parameters_that_are_not_passed_on_are_refused(folder: Path, signature: str) -> None:
    with pytest.raises(SystemExit, match="add must take plain and keyword-only parameters alone"):
        structure(folder, "class CounterOperations(Operations):\n" + method(signature))


@pytest.mark.parametrize(
    ("head", "base", "expected"),
    [
        ("from hz_x import counter\n", "counter.BasicOperations", "import the base counter.BasicOperations"),
        ("from hz_x.counter import Other\n", "Other", "no class Other"),
    ],
)
def test_a_base_that_is_not_found_is_refused(folder: Path, head: str, base: str, expected: str) -> None:
    with pytest.raises(SystemExit, match=expected):
        structure(folder, f"{head}class CounterOperations({base}):\n" + method("add(self) -> Op[int]"))


def test_a_base_of_another_folder_of_the_package_is_followed(folder: Path) -> None:
    (folder.parent / "shared.py").write_text(
        "from hz_core.invocation.op import Op\nLong = int\n"
        'class SharedOperations:\n    def size(self) -> Op[Long]:\n        """Count."""\n'
    )
    found = structure(
        folder,
        "from hz_x.shared import SharedOperations\nclass CounterOperations(SharedOperations):\n    pass\n",
    )
    assert "from hz_x.shared import Long\n" in found.render(BLOCKING)


def test_check_tells_what_differs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    structure(folder, "class CounterOperations(BasicOperations):\n    pass\n")
    monkeypatch.setattr("sys.argv", ["generate_surfaces.py"])
    assert generate_surfaces.main() == 0
    monkeypatch.setattr("sys.argv", ["generate_surfaces.py", "--check"])
    assert generate_surfaces.main() == 0
    (folder / "aio.py").unlink()
    assert generate_surfaces.main() == 1
    assert "packages/hz-x/src/hz_x/counter/aio.py is not what" in capsys.readouterr().out
