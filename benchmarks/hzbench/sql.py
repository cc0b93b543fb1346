"""Rows of SQL: a query of many rows, and one of a single key.

Run as ``python -m hzbench.sql HOST:PORT [SECONDS]``; the member needs SQL (``hz-embedded start --sql``). The same code
works for every client with the documented ``hazelcast`` package: the interpreter decides which one is measured.
"""

import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

# Either client may be imported here, so there is no common type to check.
hazelcast: Any = importlib.import_module("hazelcast")

ROWS = 100_000
KEYS = 1000

MANY = (
    "SELECT CAST(v AS INT), v, CAST(v AS DOUBLE), 'name ' || CAST(v AS VARCHAR),"
    " CAST('2026-01-02T03:04:05' AS TIMESTAMP)"
    f" FROM TABLE(generate_series(1, {ROWS}))"
)
"""Five columns: int, bigint, double, varchar and timestamp."""

BY_KEY = 'SELECT this FROM "bench-sql" WHERE __key = ?'

Step = Callable[[], int]
"""One query; returns the number of rows."""


def rows_iterated(client: Any) -> Step:
    """Return the step that reads all rows of a query."""
    execute = client.sql.execute

    def step() -> int:
        count = 0
        for row in execute(MANY).result():
            count += row is not None
        return count

    return step


def by_key(client: Any) -> Step:
    """Return the step that reads the value of one key."""
    mapping = "TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='int')"
    client.sql.execute(f'CREATE MAPPING IF NOT EXISTS "bench-sql" (__key INT, this INT) {mapping}').result()
    client.get_map("bench-sql").blocking().put_all({key: key for key in range(KEYS)})
    execute = client.sql.execute
    keys = iter(range(10**9))

    def step() -> int:
        return len(list(execute(BY_KEY, next(keys) % KEYS).result()))

    return step


STEPS = {f"SELECT of {ROWS:,} rows x 5 columns": rows_iterated, "SELECT WHERE __key = ?": by_key}
"""The rows by name."""


def main(address: str, seconds: float = 5.0) -> None:
    """Print rows per second and CPU time per row of each."""
    client = hazelcast.HazelcastClient(cluster_members=[address])
    try:
        for name, make in STEPS.items():
            step = make(client)
            step()
            rows, cpu, began = 0, time.process_time(), time.perf_counter()
            while time.perf_counter() - began < seconds:
                rows += step()
            wall, used = time.perf_counter() - began, time.process_time() - cpu
            print(f"{name}: {rows / wall:,.0f} rows/s, {used / rows * 1e6:.2f} us of CPU per row")
    finally:
        client.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
