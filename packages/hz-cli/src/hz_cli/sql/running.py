"""Execute statements: show their rows, or write them to a file."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from hazelcast.sql import BlockingSql, BlockingSqlResult, SqlColumnType
from hz_cli.errors import USAGE, CommandError
from hz_cli.records.formats import pyarrow
from hz_cli.records.writers import Writer, new_writer
from hz_cli.sql.screen import EnoughError, Screen
from hz_cli.sql.tables import Table, records

SHOWN: Final = ("table", "records", "csv", "json", "jsonl")
"""How rows are shown."""


@dataclass(slots=True)
class Settings:
    """How statements are executed and shown.

    Attributes:
        format: One of ``SHOWN``.
        timing: Whether the time that a statement took is shown.
        timeout: Seconds after which members cancel a statement; 0 for no limit, negative for their configuration.
        page_rows: Rows that are fetched at once.
        most_rows: Rows after which a result is not read on; None for no limit.
    """

    format: str = "table"
    timing: bool = False
    timeout: float = -1
    page_rows: int = 4096
    most_rows: int | None = None


class Runner:
    """Executes statements.

    Args:
        sql: The SQL service.
        screen: Where rows are shown.
        settings: How.
    """

    def __init__(self, sql: BlockingSql, screen: Screen, settings: Settings) -> None:
        self._sql = sql
        self.screen = screen
        self.settings = settings

    def rows(self, statement: str, *params: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a statement that has few."""
        return [tuple(row) for row in self._sql.execute(statement, *params, timeout=self.settings.timeout)]

    def show(self, statement: str, params: Sequence[Any] = ()) -> None:
        """Execute a statement and show its rows.

        Raises:
            HazelcastSqlError: It failed.
        """
        began = time.monotonic()
        with self._result(statement, params) as result:
            if not result.is_row_set():
                self._note("OK", began)
                return
            self.screen.begin()
            if self.settings.format in ("table", "records"):
                self._show_lines(result, began)
            else:
                sys.stdout.flush()
                self._write(result, self.settings.format, sys.stdout.buffer)
                sys.stdout.buffer.flush()

    def export(self, statement: str, path: Path, format: str, params: Sequence[Any] = ()) -> int:
        """Execute a statement, write its rows to a file, and return their number.

        The file is complete, or not there: rows are collected beside it until the last one is written. Ctrl-C ends a
        query and keeps the rows that were there.

        Raises:
            HazelcastSqlError: It failed.
            CommandError: It has no rows.
        """
        with self._result(statement, params) as result:
            if not result.is_row_set():
                raise CommandError("the statement has no rows to export", "only queries have", USAGE)
            beside = path.with_name(f"{path.name}.part")
            try:
                with beside.open("wb") as stream:
                    count = self._write(result, format, stream, interruptible=True)
                os.replace(beside, path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            return count

    @contextmanager
    def _result(self, statement: str, params: Sequence[Any]) -> Iterator[BlockingSqlResult]:
        settings = self.settings
        result = self._sql.execute(
            statement, *params, timeout=settings.timeout, cursor_buffer_size=settings.page_rows
        )
        with result:
            yield result

    def _pages(self, result: BlockingSqlResult) -> Iterator[list[tuple[Any, ...]]]:
        left = self.settings.most_rows
        while left is None or left > 0:
            page = result.next_page()
            if page is None:
                return
            rows = list(zip(*page.columns, strict=True))
            if left is not None:
                rows = rows[:left]
                left -= len(rows)
            yield rows

    def _show_lines(self, result: BlockingSqlResult, began: float) -> None:
        metadata = result.get_row_metadata()
        names = [column.name for column in metadata.columns]
        table = Table(names, [column.type for column in metadata.columns], self.screen.width)
        count = 0
        paging = self.screen.paging
        self.screen.paging = paging and not result.is_infinite()
        as_table, headed = self.settings.format == "table", False
        try:
            for rows in self._pages(result):
                if as_table and not headed:
                    headed = True
                    self.screen.show(table.header(rows), bold=True)
                if rows:
                    self.screen.show(table.lines(rows) if as_table else records(names, rows, count + 1))
                count += len(rows)
                self.screen.flush()
            if as_table and not headed:
                self.screen.show(table.header([]), bold=True)
            self._note(f"({rows_text(count)})", began)
        except EnoughError:
            self._note("(stopped)", began)
        except KeyboardInterrupt:
            self._note(f"(cancelled after {rows_text(count)})", began)
        finally:
            self.screen.paging = paging

    def _write(
        self, result: BlockingSqlResult, format: str, stream: BinaryIO, *, interruptible: bool = False
    ) -> int:
        columns = result.get_row_metadata().columns
        types = _arrow_types([(c.name, c.type) for c in columns]) if format == "parquet" else None
        writer: Writer = new_writer(format, stream, [column.name for column in columns], types)
        count = 0
        try:
            for rows in self._pages(result):
                writer.write(rows)
                stream.flush()
                count += len(rows)
        except KeyboardInterrupt:
            if not interruptible:
                raise
        finally:
            writer.close()
        return count

    def _note(self, text: str, began: float) -> None:
        if self.settings.timing:
            text += f"  {time.monotonic() - began:.3f} s"
        print(text, file=sys.stderr if not sys.stdout.isatty() else sys.stdout, flush=True)


def rows_text(count: int) -> str:
    """Return a number of rows, as it is read."""
    return f"{count} row{'' if count == 1 else 's'}"


def _arrow_types(columns: list[tuple[str, SqlColumnType]]) -> dict[str, Any]:
    arrow: Any = pyarrow()
    known = {
        SqlColumnType.VARCHAR: arrow.string(),
        SqlColumnType.BOOLEAN: arrow.bool_(),
        SqlColumnType.TINYINT: arrow.int8(),
        SqlColumnType.SMALLINT: arrow.int16(),
        SqlColumnType.INTEGER: arrow.int32(),
        SqlColumnType.BIGINT: arrow.int64(),
        SqlColumnType.REAL: arrow.float32(),
        SqlColumnType.DOUBLE: arrow.float64(),
        SqlColumnType.DATE: arrow.date32(),
        SqlColumnType.TIME: arrow.time64("us"),
        SqlColumnType.TIMESTAMP: arrow.timestamp("us"),
        SqlColumnType.TIMESTAMP_WITH_TIME_ZONE: arrow.timestamp("us", "UTC"),
        # Of any precision: Arrow's decimals have 76 digits at most.
        SqlColumnType.DECIMAL: arrow.string(),
        SqlColumnType.OBJECT: arrow.string(),
        SqlColumnType.JSON: arrow.string(),
        SqlColumnType.NULL: arrow.string(),
    }
    return {name: known[type] for name, type in columns}
