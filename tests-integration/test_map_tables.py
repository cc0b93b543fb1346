"""Tables into maps and out of them, on a real member and all three surfaces."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hazelcast
from hz_embedded import Cluster
from hz_proxies import predicate
from hz_proxies.arrow.loading import LoadProgress
from map_harness import LIMIT, AnyMap, AnyObject, Caller, fresh_name
from object_harness import sql


@pytest.fixture(scope="module")
def cluster(sql_cluster: Cluster) -> Cluster:
    """Return a member that knows SQL."""
    return sql_cluster


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        # Starts the thread of callbacks, which lives as long as the client.
        called = threading.Event()
        warm = connected.get_map("warm").blocking()
        warm.add_entry_listener(added_func=lambda event: called.set())
        warm.set(fresh_name(), 1)
        assert called.wait(LIMIT)
        yield connected


ROWS = 900
MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789012)


def some(value: Any) -> list[Any]:
    """Return the value in two of three rows."""
    return [None if n % 3 == 0 else value for n in range(ROWS)]


TABLE = pa.table(
    {
        "id": pa.array(range(ROWS), pa.int32()),
        "t": pa.array([None if n % 5 == 0 else f"name {n}" for n in range(ROWS)]),
        "b": pa.array(some(True)),
        "i8": pa.array(some(-8), pa.int8()),
        "i16": pa.array(some(-16), pa.int16()),
        "i32": pa.array(range(ROWS), pa.int32()),
        "i64": pa.array(some(2**40), pa.int64()),
        "f": pa.array(some(1.5), pa.float32()),
        "d": pa.array([n / 4 for n in range(ROWS)]),
        "n": pa.array(some(Decimal("12.345")), pa.decimal128(38, 3)),
        "on": pa.array(some(date(2024, 2, 29))),
        "at": pa.array(some(time(1, 2, 3, 4))),
        "ts": pa.array(some(MOMENT), pa.timestamp("us")),
        "tz": pa.array(some(MOMENT.replace(tzinfo=UTC)), pa.timestamp("us", "UTC")),
    }
)
SQL_TYPES = {
    "id": "INT", "t": "VARCHAR", "b": "BOOLEAN", "i8": "TINYINT", "i16": "SMALLINT", "i32": "INT", "i64": "BIGINT",
    "f": "REAL", "d": "DOUBLE", "n": "DECIMAL", "on": "DATE", "at": "TIME", "ts": "TIMESTAMP",
    "tz": "TIMESTAMP WITH TIME ZONE",
}  # fmt: skip


async def loaded(caller: Caller, **options: Any) -> AnyMap:
    m = await caller.map(fresh_name("tables"))
    assert await m.load_arrow(TABLE, "id", **options) == ROWS
    return m


async def test_what_was_loaded_is_what_sql_selects(caller: Caller) -> None:
    seen: list[LoadProgress] = []
    m = await loaded(caller, type_name="Row", batch_size=400, progress=seen.append)
    assert await m.size() == ROWS
    columns = ", ".join(f'"{name}" {kind}' for name, kind in SQL_TYPES.items() if name != "id")
    await sql(caller).execute(
        f'CREATE MAPPING "{m.name}" (__key INT, {columns}) TYPE IMap OPTIONS'
        " ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='Row')"
    )
    names = ", ".join(f'"{name}"' for name in SQL_TYPES if name != "id")
    select = f'SELECT __key AS id, {names} FROM "{m.name}" ORDER BY __key'
    result = AnyObject(caller, await sql(caller).execute(select))
    table = await result.to_arrow()
    assert table.schema.types == TABLE.schema.types
    assert table.to_pydict() == TABLE.to_pydict()
    assert [done.rows for done in seen[:2]] == [400, 800]


async def test_what_was_loaded_is_what_the_map_has(caller: Caller) -> None:
    m = await loaded(caller)
    table = (await m.to_arrow(types={"__key": pa.int32()})).sort_by("__key")
    assert table["__key"].to_pylist() == list(range(ROWS))
    for name in ("t", "b", "i64", "n", "on", "ts", "tz"):
        assert table[name].to_pylist() == TABLE[name].to_pylist()
    record = await m.get(7)
    assert (record["t"], record["d"], record["ts"]) == ("name 7", 1.75, MOMENT)


async def test_columns_that_members_extract(caller: Caller) -> None:
    m = await loaded(caller)
    below = predicate.less("i32", 10)
    table = await m.to_arrow(below, ["__key", "t", "ts"])
    assert table.column_names == ["__key", "t", "ts"]
    expected = TABLE.slice(0, 10)
    assert table.sort_by("__key")["t"].to_pylist() == expected["t"].to_pylist()
    assert table.sort_by("__key")["ts"].to_pylist() == expected["ts"].to_pylist()
    everything = await m.to_arrow(columns=["d"])
    assert sorted(everything["d"].to_pylist()) == TABLE["d"].to_pylist()
    assert (await m.to_arrow(predicate.false())).num_rows == 0
    assert (await m.to_arrow(below)).num_rows == 10


async def test_frames_and_files(caller: Caller, tmp_path: Path) -> None:
    m = await caller.map(fresh_name("tables"))
    assert await m.from_pandas(TABLE.select(["id", "t", "d"]).to_pandas(), "id") == ROWS
    assert (await m.get(7)).to_dict() == {"d": 1.75, "t": "name 7"}
    pq.write_table(TABLE, tmp_path / "rows.parquet")
    other = await caller.map(fresh_name("tables"))
    assert await other.from_parquet(tmp_path / "rows.parquet", "id", ["t"], batch_size=500) == ROWS
    assert await other.size() == ROWS
    assert (await other.get(8)).to_dict() == {"t": "name 8"}


async def test_json_that_members_query(caller: Caller) -> None:
    m = await loaded(caller, columns=["t", "d"], values="json", key_range=(None, ROWS))
    assert sorted(await m.key_set(predicate.less("d", 1))) == [0, 1, 2, 3]
    table = await m.to_arrow(predicate.equal("t", "name 7"))
    assert table.to_pylist() == [{"__key": 7, "t": "name 7", "d": 1.75}]
