"""The checklist of py4j's capabilities is complete, and what it names is there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
DOCS = TESTS.parent / "docs"
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| \[(?:example|figures)\]\(([^)]+)\) \|$", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Nothing to test: what only an OSGi container could show, and a measurement.
WITHOUT_TEST = {64, 78}


def rows() -> list[tuple[int, str, str]]:
    text = (DOCS / "py4j-checklist.md").read_text(encoding="utf-8")
    return [(int(number), tests, example) for number, _, tests, example in ROW.findall(text)]


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_row_is_there_once() -> None:
    assert [number for number, _, _ in rows()] == list(range(1, 84))


def test_every_test_that_is_named_exists() -> None:
    for number, tests, _ in rows():
        named = re.findall(r"`([\w.]+)::(\w+)`", tests)
        assert named or number in WITHOUT_TEST, number
        for file, name in named:
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
                number,
                name,
            )


def test_every_example_that_is_named_exists() -> None:
    for number, _, example in rows():
        page, _, anchor = example.partition("#")
        assert (DOCS / page).exists(), (number, page)
        assert not anchor or anchor in anchors(DOCS / page), (number, example)
