"""The checklist of py4j's capabilities has every row, and the tests that it names run and can fail."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "py4j-checklist.md"
ROW = re.compile(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| \[(?:example|figures)\]\([^)]+\) \|$", re.MULTILINE)
# Nothing to test: what only an OSGi container could show, and a measurement.
WITHOUT_TEST = {64, 78}


def listed() -> dict[int, list[tuple[str, str]]]:
    """Return the rows of the page, each with file and name of the tests that it names."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {int(row): re.findall(r"`([\w.]+)::(\w+)`", tests) for row, tests in rows}


def can_fail(test: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Assert) or "raises" in ast.dump(node) for node in ast.walk(test))


def asserting_tests() -> Iterator[tuple[str, str]]:
    """Yield file and name of each test that pytest runs here and that can fail."""
    for path in TESTS.glob("test_*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and can_fail(node):
                yield path.name, node.name


def test_each_row_names_tests_that_run_and_assert() -> None:
    rows = listed()
    assert list(rows) == list(range(1, 84))
    assert {row for row, tests in rows.items() if not tests} == WITHOUT_TEST
    assert {test for tests in rows.values() for test in tests} - set(asserting_tests()) == set()
