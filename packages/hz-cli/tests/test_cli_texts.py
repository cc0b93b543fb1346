"""What is typed and what is shown: statements, values, tables, histograms."""

import json
import random
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hazelcast.core import HazelcastJsonValue
from hazelcast.serialization.api import FieldKind
from hazelcast.serialization.compact import GenericRecord
from hazelcast.sql import SqlColumnType
from hz_cli.bench.histogram import Histogram, shown
from hz_cli.sql.statements import is_complete, split
from hz_cli.sql.tables import Table, cell, records
from hz_cli.values import TYPES, guessed, parse, to_json, to_text, typed
from hz_serialization import Byte, Float, Integer, Long, Short


@pytest.mark.parametrize(
    ("text", "statements", "rest", "is_open"),
    [
        ("", [], "", False),
        ("select 1", [], "select 1", False),
        ("select 1;", ["select 1"], "", False),
        (" select 1 ;; select 2 ; x", ["select 1", "select 2"], "x", False),
        ("select ';' as a; y", ["select ';' as a"], "y", False),
        ("select 'it''s; so';", ["select 'it''s; so'"], "", False),
        ('select "a;""b";', ['select "a;""b"'], "", False),
        ("select 1 -- no; end\n;", ["select 1 -- no; end"], "", False),
        ("-- only; a comment\n", [], "", False),
        ("/* a; b */ select 1;", ["/* a; b */ select 1"], "", False),
        ("select 4 / 2 - 1;", ["select 4 / 2 - 1"], "", False),
        ("select 'open; ", [], "select 'open;", True),
        ("select /* open; ", [], "select /* open;", True),
        ('select "open', [], 'select "open', True),
        ("select 1; 'x", ["select 1"], "'x", True),
    ],
)
def test_statements_end_at_semicolons(text: str, statements: list[str], rest: str, is_open: bool) -> None:
    assert split(text) == (statements, rest, is_open)
    assert is_complete(text) == (not rest)


@given(st.lists(st.sampled_from(["'a;b'", "--;\n", "/*;*/", '"x;"', "y", " ", "z'';"]), max_size=8))
def test_statements_keep_every_quoted_text(parts: list[str]) -> None:
    text = "".join(parts)
    found = split(text)
    assert sum(part.count("'a;b'") for part in [*found.statements, found.rest]) == text.count("'a;b'")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("007", "007"),
        ("1.50", 1.5),
        ("1e5", "1e5"),
        ("1.5e3", 1500.0),
        ("true", True),
        ("True", "True"),
        ("a b", "a b"),
        ("1234567890123456789012", "1234567890123456789012"),
        ('{"a": [1]}', HazelcastJsonValue('{"a": [1]}')),
        ("{no json", "{no json"),
    ],
)
def test_a_text_is_taken_for_what_it_looks_like(text: str, value: object) -> None:
    found = guessed(text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("str", "7", "7"),
        ("int", "7", Integer(7)),
        ("long", "7", Long(7)),
        ("short", "7", Short(7)),
        ("byte", "7", Byte(7)),
        ("float", "1.5", Float(1.5)),
        ("double", "1.5", 1.5),
        ("bool", "TRUE", True),
        ("decimal", "1.50", Decimal("1.50")),
        ("date", "2026-11-28", date(2026, 11, 28)),
        ("time", "12:30", time(12, 30)),
        ("timestamp", "2026-11-28T12:30", datetime(2026, 11, 28, 12, 30)),
        ("uuid", str(UUID(int=5)), UUID(int=5)),
        ("json", "[1]", HazelcastJsonValue("[1]")),
        ("bytes", "AAE=", b"\0\1"),
    ],
)
def test_each_type_makes_its_value(name: str, text: str, value: object) -> None:
    for found in (parse(text, name, "it"), typed(text, name, "it")):
        assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("name", sorted(TYPES.keys() - {"auto", "str"}))
def test_a_text_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"column n: 'no!' is no {name}"):
        parse("no!", name, "column n:")


def test_typed_converts_what_json_and_parquet_have() -> None:
    assert typed({"a": 1}, "auto", "") == HazelcastJsonValue('{"a": 1}')
    assert typed([1], "json", "") == HazelcastJsonValue("[1]")
    assert typed(date(2026, 1, 2), "str", "") == "2026-01-02"
    assert type(typed(5, "long", "")) is Long
    assert typed(None, "long", "") is None
    with pytest.raises(ValueError, match="row"):
        typed(5.5, "int", "row")


def test_values_as_json_and_text() -> None:
    record = GenericRecord("point", {"x": (FieldKind.INT32, 5), "name": (FieldKind.STRING, "ä")})
    assert to_json(record) == {"x": 5, "name": "ä"}
    value: dict[Any, Any] = {1: [b"\0", Decimal("1.0")], "d": date(2026, 1, 2), "j": HazelcastJsonValue("{}")}
    made = to_json(value)
    assert made == {"1": ["AA==", "1.0"], "d": "2026-01-02", "j": {}}
    assert json.loads(json.dumps(made)) == made
    assert to_json(HazelcastJsonValue("{broken")) == "{broken"
    assert [to_text(v) for v in (None, "a", True, 5, 1.5, record)] == [
        "",
        "a",
        "true",
        "5",
        "1.5",
        '{"name": "ä", "x": 5}',
    ]


def test_a_table_is_aligned() -> None:
    table = Table(["name", "n"], [SqlColumnType.VARCHAR, SqlColumnType.INTEGER], None)
    rows = [("apple", 1), ("日本", 1000), (None, -1)]
    assert table.header(rows) == ["name  | n", "------+-----"]
    assert table.lines(rows) == ["apple |    1", "日本  | 1000", "NULL  |   -1"]
    assert table.lines([("pineapple", 5)]) == ["pineapple |    5"]


def test_columns_grow_while_there_is_room() -> None:
    table = Table(["n", "t"], [SqlColumnType.INTEGER, SqlColumnType.VARCHAR], 30)
    assert table.header([(1, "a")])[1] == "--+--"
    assert table.lines([(10_000, "b")]) == ["10000 | b"]
    assert table.lines([(2, "c" * 50)]) == ["    2 | " + "c" * 21 + "…"]


def test_a_table_fits_into_the_terminal() -> None:
    types = [SqlColumnType.VARCHAR] * 3
    table = Table(["a", "b", "c"], types, 40)
    rows = [("x" * 100, "y" * 50, "z")]
    lines = [*table.header(rows), *table.lines(rows)]
    assert max(map(len, lines)) <= 40
    assert lines[2].startswith("xxx")
    assert lines[2].count("…") == 2
    assert lines[2].endswith("z")


@given(st.lists(st.integers(1, 300), min_size=1, max_size=12), st.integers(20, 200))
def test_no_column_is_narrower_than_needed(widths: list[int], width: int) -> None:
    table = Table([""] * len(widths), [SqlColumnType.VARCHAR] * len(widths), width)
    row = ["w" * count for count in widths]
    (line,) = table.lines([row]) if table.header([row]) else [""]
    natural = sum(widths) + 3 * (len(widths) - 1)
    least = sum(min(count, 6) for count in widths) + 3 * (len(widths) - 1)
    assert len(line) == natural if natural <= width else len(line) <= max(width, least)


def test_cells_cannot_disturb_the_terminal() -> None:
    assert cell("a\x1b[2Jb\nc\td\x9b") == "a[2Jb⏎c⇥d"
    assert cell(None) == "NULL"


def test_records_number_their_rows() -> None:
    assert list(records(["id", "name"], [(1, "a"), (2, None)], 11)) == [
        "-[ row 11 ]-",
        "id   | 1",
        "name | a",
        "-[ row 12 ]-",
        "id   | 2",
        "name | NULL",
    ]


def test_percentiles_are_exact_to_the_width_of_a_bucket() -> None:
    histogram = Histogram()
    chance = random.Random(5)
    values = sorted(chance.lognormvariate(-7, 1) for _ in range(5000))
    for value in values:
        histogram.add(value)
    assert histogram.count == sum(bar.times for bar in histogram.bars()) == 5000
    assert histogram.mean == pytest.approx(sum(values) / 5000)
    assert (histogram.least, histogram.most) == (values[0], values[-1])
    for percent in (1, 50, 90, 99, 99.9, 100):
        exact = values[min(int(5000 * percent / 100 + 0.999999), 5000) - 1]
        assert exact <= histogram.percentile(percent) * 1.000001 <= exact * 1.03


def test_an_empty_histogram() -> None:
    histogram = Histogram()
    assert (histogram.percentile(99), histogram.mean, list(histogram.bars())) == (0.0, 0.0, [])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5e-7, "0.50 µs"),
        (1.234e-5, "12.3 µs"),
        (0.000999, "999 µs"),
        (0.0123, "12.3 ms"),
        (2.0, "2.00 s"),
        (345.6, "346 s"),
    ],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert shown(seconds) == text
