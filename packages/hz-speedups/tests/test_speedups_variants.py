"""The tests of hz-serialization pass with the compiled functions and without them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hz_speedups
from hz_serialization.speedups import compiled

TESTS = Path(__file__).resolve().parents[2] / "hz-serialization" / "tests"
COMPILED_TOPICS = ("automatic", "compact", "data", "errors", "hostile", "portable", "tracebacks", "vectors")
"""What the names of test modules contain that come near compiled code."""
CORE_TESTS = Path(__file__).resolve().parents[2] / "hz-core" / "tests"
CORE_MODULES = ("calls", "driver_interrupts", "driver_reading", "future", "mutants_reader", "wire_reader")
"""The test modules of hz-core about what is compiled; all others run with one variant."""
REPORT = "import hz_serialization.data as d; print(type(d.partition_hash).__name__)"


def run(*arguments: str, pure: bool) -> str:
    """Run Python with one of the two variants, and return its output."""
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "HZ_PURE_PYTHON": "1" if pure else "0", "PYTHONPATH": paths}
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_this_environment_has_a_compiler() -> None:
    assert hz_speedups.COMPILED


def test_the_environment_chooses_the_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("-c", REPORT, pure=False) == "cython_function_or_method\n"
    assert run("-c", REPORT, pure=True) == "function\n"
    monkeypatch.setenv("HZ_PURE_PYTHON", "1")
    assert compiled("_hash") is None
    monkeypatch.setenv("HZ_PURE_PYTHON", "0")
    assert compiled("_hash") is not None
    assert compiled("no_such_module") is None
    monkeypatch.setattr(hz_speedups, "INTERFACE", -1)
    assert compiled("_hash") is None


@pytest.mark.timeout(300)
def test_the_other_variant_passes_the_tests() -> None:
    other = compiled("_hash") is not None
    modules = [
        str(path)
        for path in sorted(TESTS.glob("test_*.py"))
        if any(topic in path.stem.removeprefix("test_hz_serialization_") for topic in COMPILED_TOPICS)
    ]
    assert len(modules) > len(COMPILED_TOPICS)
    # This run looks for leaks itself, and random values are the task of test_speedups_same.py.
    options = ["-q", "-p", "no:cacheprovider", "--noconftest", "-p", "speedups_few_examples"]
    run("-m", "pytest", *options, *modules, pure=other)


@pytest.mark.timeout(300)
def test_the_other_variant_of_a_call_passes_its_tests() -> None:
    other = compiled("_calls") is not None
    modules = [str(CORE_TESTS / f"test_core_{name}.py") for name in CORE_MODULES]
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", *modules, pure=other)
