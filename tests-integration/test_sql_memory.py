"""A query of a million rows, read as a stream, keeps a few pages in memory."""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import hazelcast
from hz_embedded import Cluster

ROWS = 1_000_000
PAGE = 4096
MOST_BYTES = 64 * PAGE * 8
"""Two pages of integers as Python objects, with their lists and a page of bytes, and as much again. All have 32 MiB."""

SERIES = f"SELECT v FROM TABLE(generate_series(1, {ROWS}))"


def rows(result: Any) -> Iterator[tuple[int, int]]:
    """Yield 1 and the value for each row."""
    for (value,) in result:
        yield 1, value


def batches(result: Any) -> Iterator[tuple[int, int]]:
    """Yield the number of rows and the sum of the values for each batch."""
    for batch in result.to_arrow_batches():
        values = batch.column(0)
        yield len(values), (values[0].as_py() + values[-1].as_py()) * len(values) // 2


@pytest.mark.parametrize("read", [rows, batches])
def test_a_stream_of_a_million_rows(
    sql_cluster: Cluster, read: Callable[[Any], Iterator[tuple[int, int]]]
) -> None:
    with hazelcast.HazelcastClient(cluster_members=sql_cluster.addresses) as client:
        sql = client.sql.blocking()
        # What is imported and cached with the first pages does not count.
        for _ in read(sql.execute("SELECT v FROM TABLE(generate_series(1, 10000))")):
            pass
        tracemalloc.start(1)
        try:
            count = total = 0
            for number, value in read(sql.execute(SERIES)):
                count += number
                total += value
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == ROWS
    assert total == ROWS * (ROWS + 1) // 2
    assert peak < MOST_BYTES
