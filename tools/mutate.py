"""Change the decisive modules of hz-core in small ways, one at a time, and tell which changes no test notices.

`hatch run mutate` takes every module of `DECISIVE`, `hatch run mutate wire/reader.py` only those that are named.
mutmut does the work, in a temporary folder laid out as it wants; all that the folder takes from the repository are
the sources and unit tests of hz-core. Results and reasons for survivors: docs/mutation-testing.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HZ_CORE = ROOT / "packages" / "hz-core"

DECISIVE = (
    "cluster/backoff.py",
    "client_state.py",
    "cluster/membership.py",
    "flow.py",
    "future.py",
    "invocation/retry.py",
    "wire/reader.py",
)

CONFIGURATION = """
[tool.pytest.ini_options]
addopts = [
    "--import-mode=importlib", "-p", "no:xdist", "-p", "no:hz_embedded.pytest_plugin", "-p", "no:cacheprovider",
    # mutmut's way into a changed function keeps its arguments alive.
    "--deselect=tests/test_core_future.py::test_nothing_keeps_a_future_alive",
]
pythonpath = ["tests", {tools}]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
timeout = 60

[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
also_copy = ["tests"]
pytest_add_cli_args_test_selection = {tests}
track_dependencies = false
use_git_change_detection = false
timeout_constant = 5.0
timeout_multiplier = 3.0
"""

CONFTEST = """
from hypothesis import Phase, settings

# The same examples for every mutant, and no time spent on a smaller one for a mutant that is found.
phases = [Phase.explicit, Phase.generate]
settings.register_profile("mutate", deadline=None, derandomize=True, database=None, phases=phases)
settings.load_profile("mutate")
"""

SHOW = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant

for name in sys.argv[1:]:
    print("#", name, get_diff_for_mutant(name), sep="\\n")
"""
"""Prints the differences that mutants make; `mutmut show` takes seconds for each."""

KILLED = (1, 3)
"""Exit codes of pytest that mean: some test failed."""

ENDLESS = (24, -24, 36, 152, 255)
"""Exit codes of a mutant that mutmut had to stop. Tests would have hung."""


def tests(patterns: list[str]) -> list[str]:
    """Return the unit tests that take part: without those of generated code, and without real sockets."""
    found = sorted({path.name for pattern in patterns for path in (HZ_CORE / "tests").glob(pattern)})
    return [
        f"tests/{name}" for name in found if not name.startswith(("test_core_codecs", "test_core_driver"))
    ]


def prepare(folder: Path, modules: list[str], patterns: list[str]) -> Path:
    """Lay out `folder` as mutmut wants it, and return the folder to run it in."""
    work = folder / "work"
    shutil.copytree(HZ_CORE / "src", work / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HZ_CORE / "tests", work / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    # Where the copies of the tests look for what lies in the root of the repository.
    for name in ("protocol", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = CONFIGURATION.format(
        modules=json.dumps([f"src/hz_core/{module}" for module in modules]),
        tests=json.dumps(tests(patterns)),
        tools=json.dumps(str(ROOT / "tools")),
    )
    (work / "pyproject.toml").write_text(text, encoding="utf-8")
    (work / "tests" / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return work


def outcomes(work: Path, module: str) -> dict[str, int]:
    """Return mutmut's exit code for each mutant of a module."""
    path = work / "mutants" / "src" / "hz_core" / f"{module}.meta"
    codes: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def report(work: Path, modules: list[str]) -> Iterator[str]:
    """Yield the difference that each surviving mutant makes, and the score of each module."""
    scores, survivors = [], []
    for module in modules:
        count: Counter[str] = Counter()
        for mutant, code in outcomes(work, module).items():
            kind = "killed" if code in KILLED else "stopped" if code in ENDLESS else "survived"
            count[kind] += 1
            if kind == "survived":
                survivors.append(mutant)
        found = count["killed"] + count["stopped"]
        scores.append(f"{module}: {found} of {count.total()} found ({count['stopped']} by time)")
    show = [sys.executable, "-c", SHOW, *survivors]
    yield subprocess.run(show, cwd=work, capture_output=True, text=True, check=True).stdout
    yield from scores


def main() -> int:
    """Run mutmut and print what it found; fail only when the tests fail without any change."""
    parser = argparse.ArgumentParser(description="Tell which small changes of hz-core no unit test notices.")
    parser.add_argument("modules", nargs="*", default=DECISIVE, help="below hz_core, such as wire/reader.py")
    parser.add_argument(
        "--tests", nargs="+", default=["test_core_*.py"], metavar="PATTERN", help="test files that take part"
    )
    arguments = parser.parse_args()
    modules = list(arguments.modules)
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        work = prepare(Path(folder), modules, arguments.tests)
        start = time.monotonic()
        environment = {**os.environ, "PYTHONHASHSEED": "0", "HZ_PURE_PYTHON": "1"}
        done = subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=work, env=environment)
        if done.returncode:
            return done.returncode
        print("\n".join(report(work, modules)))
        print(f"{time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
