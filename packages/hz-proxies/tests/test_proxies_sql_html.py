"""How notebooks show results: the first rows, escaped and bounded, without taking any."""

import asyncio
from html.parser import HTMLParser
from typing import Any

import pytest

import simulated_harness
from hz_core.testing import SqlResult, SqlService, SqlType
from hz_core.testing.simulation import Simulation
from hz_proxies.sql import Sql
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.sql.result.html import html_table
from hz_proxies.sql.rows import SqlColumnMetadata, SqlColumnType, SqlRowMetadata

simulation = simulated_harness.simulation


class Table(HTMLParser):
    """The cells of a table, row by row, and the text below it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.note = ""
        self.tags: set[str] = set()
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("td", "th", "p"):
            self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside == "p":
            self.note += data
        else:
            self.rows[-1][-1] += data


@pytest.fixture
def sql(simulation: Simulation) -> Sql:
    columns = [("<b>", SqlType.INTEGER), ("text", SqlType.VARCHAR)]
    simulation.cluster.service(SqlService).results = {
        "SELECT": SqlResult(columns, [(n, f"<script>{n}") for n in range(30)]),
        "SHORT": SqlResult(columns, [(1, None), (2, "x" * 1000)]),
        "DELETE": SqlResult(update_count=3),
    }
    return Sql(simulation.client.futures, SqlOperations(simulation.engine))


def shown(result: Any) -> Table:
    return Table(result._repr_html_())


def test_the_first_rows_are_shown_and_stay(sql: Sql) -> None:
    result = sql.blocking().execute("SELECT")
    for _ in range(2):
        table = shown(result)
        assert table.rows == [["<b>", "text"], *[[str(n), f"<script>{n}"] for n in range(20)]]
        assert table.note == "10 more rows in this page"
        assert table.tags == {"table", "thead", "tbody", "tr", "th", "td", "p"}
    assert len(list(result)) == 30
    after = shown(result)
    assert (len(after.rows), after.note) == (1, "the rows have been read, or the result is closed")


def test_further_pages(sql: Sql) -> None:
    result = sql.execute("SELECT", cursor_buffer_size=5).result()
    table = shown(result)
    assert (len(table.rows), table.note) == (6, "further pages")
    assert result.to_arrow().result().num_rows == 30


def test_nulls_and_long_texts(sql: Sql) -> None:
    table = shown(sql.blocking().execute("SHORT"))
    assert table.rows[1] == ["1", "null"]
    assert "i" in table.tags
    assert table.rows[2] == ["2", "x" * 199 + "…"]
    assert table.note == ""


def test_an_update_count(sql: Sql) -> None:
    assert sql.blocking().execute("DELETE")._repr_html_() == "<p>update count: 3</p>"


def test_many_columns_and_objects_that_have_no_text() -> None:
    class Silent:
        def __str__(self) -> str:
            raise ValueError("no text")

    metadata = SqlRowMetadata([SqlColumnMetadata(f"c{n}", SqlColumnType.OBJECT, True) for n in range(60)])
    table = Table(html_table(metadata, [[Silent()] for _ in range(60)], "rest"))
    assert len(table.rows[0]) == len(table.rows[1]) == 50
    assert "test_many_columns" in table.rows[1][0]
    assert table.note == "rest; 10 more columns"


async def test_a_blocking_result_in_a_running_loop(sql: Sql) -> None:
    """As in a cell of a notebook: nothing needs a loop of its own."""
    assert asyncio.get_running_loop().is_running()
    result = sql.blocking().execute("SELECT", cursor_buffer_size=7)
    assert len(shown(result).rows) == 8
    assert result.to_arrow().num_rows == 30
