"""Worker for the rows of SQL: queries of many rows, read in several ways, and of a single key.

Run as ``python -m hzbench.sql CONTENDER HOST:PORT``; the member needs SQL. The same code works for every client with
the documented ``hazelcast`` package: the interpreter decides which one is measured.
"""

import importlib
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from hzbench.channel import Channel, serve
from hzbench.task import Outcome, Task

# Either client may be imported here, so there is no common type to check.
hazelcast: Any = importlib.import_module("hazelcast")

ROWS: Final = 100_000
KEYS: Final = 1000
BATCH: Final = 10_000
MOMENT: Final = datetime(2026, 1, 2, 3, 4, 5)

SERIES: Final = (
    "SELECT CAST(v AS INT), v, CAST(v AS DOUBLE), 'name ' || CAST(v AS VARCHAR),"
    " CAST('2026-01-02T03:04:05' AS TIMESTAMP)"
    f" FROM TABLE(generate_series(1, {ROWS}))"
)
"""Five columns: int, bigint, double, varchar and timestamp."""

MAP: Final = 'SELECT i, l, d, s, t FROM "bench-sql-rows"'
"""The same columns, of Compact values."""

SOURCES: Final = {"map": MAP, "series": SERIES}

_PREPARE: Final = (
    'CREATE OR REPLACE MAPPING "bench-sql-rows" (__key INT, i INT, l BIGINT, d DOUBLE, s VARCHAR, t TIMESTAMP)'
    " TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='bench')",
    f"SINK INTO \"bench-sql-rows\" SELECT v, v, v, CAST(v AS DOUBLE), 'name ' || CAST(v AS VARCHAR),"
    f" CAST('2026-01-02T03:04:05' AS TIMESTAMP) FROM TABLE(generate_series(1, {ROWS}))",
    'CREATE OR REPLACE MAPPING "bench-sql" (__key INT, this INT)'
    " TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='int')",
)

BY_KEY: Final = 'SELECT this FROM "bench-sql" WHERE __key = ?'

Step = Callable[[], int]
"""One query; returns the number of rows."""


class SqlWorker:
    """A connected client that runs tasks."""

    def __init__(self, address: str) -> None:
        self._client = hazelcast.HazelcastClient(cluster_members=[address])
        self._execute = self._client.sql.execute
        for statement in _PREPARE:
            self._execute(statement).result()
        self._client.get_map("bench-sql").blocking().put_all({key: key for key in range(KEYS)})
        self._steps: dict[str, Step] = {}

    def work(self, task: Task, seconds: float) -> Outcome:
        """Run one row for a while, after a query that is not measured."""
        step = self._steps.get(task.action)
        if step is None:
            step = self._steps[task.action] = self._step(task.action)
        step()
        rows, cpu, began = 0, time.process_time(), time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            rows += step()
        return Outcome(rows, elapsed, time.process_time() - cpu)

    def close(self) -> None:
        """Disconnect."""
        self._client.shutdown()

    def _step(self, row: str) -> Step:
        if row == "by key":
            return self._by_key()
        if row == "load":
            return self._load_arrow() if hasattr(hazelcast, "asyncio") else self._put_all()
        how, source = row.split(" of ")
        statement = SOURCES[source]
        read: Callable[[Any], int] = getattr(self, f"_{how}")
        return lambda: read(self._execute(statement).result())

    @staticmethod
    def _rows(result: Any) -> int:
        count = 0
        for row in result:
            count += row is not None
        return count

    @staticmethod
    def _pages(result: Any) -> int:
        """Fetch pages and leave them as they are."""
        reading = result.blocking()
        while reading.next_page() is not None:
            pass
        return ROWS

    @staticmethod
    def _columns(result: Any) -> int:
        count = 0
        reading = result.blocking()
        while (page := reading.next_page()) is not None:
            count += len(page.columns[0])
        return count

    @staticmethod
    def _arrow(result: Any) -> int:
        count: int = result.blocking().to_arrow().num_rows
        return count

    @staticmethod
    def _batches(result: Any) -> int:
        return sum(batch.num_rows for batch in result.blocking().to_arrow_batches())

    def _load_arrow(self) -> Step:
        """Load a table as Compact values."""
        import pyarrow

        numbers = range(ROWS)
        table = pyarrow.table(
            {
                "key": pyarrow.array(numbers, pyarrow.int32()),
                "i": pyarrow.array(numbers, pyarrow.int32()),
                "l": numbers,
                "d": [float(number) for number in numbers],
                "s": [f"name {number}" for number in numbers],
                "t": [MOMENT] * ROWS,
            }
        )
        target = self._client.get_map("bench-sql-load").blocking()
        return lambda: int(target.load_arrow(table, "key"))

    def _put_all(self) -> Step:
        """Store the same rows as dictionaries, in batches of the same size."""
        rows = {
            # Pickled values cannot have a datetime: the official client decodes them as UTF-8.
            n: {"i": n, "l": n, "d": float(n), "s": f"name {n}", "t": MOMENT.isoformat()}
            for n in range(ROWS)
        }
        batches = [dict(list(rows.items())[at : at + BATCH]) for at in range(0, ROWS, BATCH)]
        target = self._client.get_map("bench-sql-put-all").blocking()

        def step() -> int:
            for batch in batches:
                target.put_all(batch)
            return ROWS

        return step

    def _by_key(self) -> Step:
        keys = iter(range(10**9))
        return lambda: len(list(self._execute(BY_KEY, next(keys) % KEYS).result()))


def main() -> None:
    """Serve the driver."""
    _, address = sys.argv[1:]
    worker = SqlWorker(address)
    try:
        serve(Channel(), getattr(hazelcast, "__version__", "unknown"), worker.work)
    finally:
        worker.close()


if __name__ == "__main__":
    main()
