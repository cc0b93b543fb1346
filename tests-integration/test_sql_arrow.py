"""Results as Arrow, pandas and Polars on a real member, on all three surfaces, compared with the rows."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_proxies.sql import HazelcastSqlError, SqlErrorCode
from hz_serialization.compact import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from map_harness import AnyObject, Caller, fresh_name
from object_harness import rows_of, sql
from sql_values import ARROW_TYPES, ARROW_VALUES, EVERY_TYPE, VALUES

SERIES = (
    "SELECT v, 'row ' || CAST(v AS VARCHAR) AS name, CAST(v AS DECIMAL) / 4 AS quarter"
    " FROM TABLE(generate_series(1, 20000))"
)


@pytest.fixture(scope="module")
def cluster(sql_cluster: Cluster) -> Cluster:
    """Return a member that knows SQL."""
    return sql_cluster


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of that member."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        yield connected


async def test_values_of_every_type(caller: Caller) -> None:
    async def table(values: list[Any]) -> pa.Table:
        result = AnyObject(caller, await sql(caller).execute(EVERY_TYPE, *values))
        return await result.to_arrow()

    found = await table(VALUES)
    found.validate(full=True)
    assert [str(kind) for kind in found.schema.types] == ARROW_TYPES
    assert [column[0].as_py() for column in found.columns] == ARROW_VALUES
    nothing = await table([None] * len(VALUES))
    assert [column.to_pylist() for column in nothing.columns] == [[None]] * len(ARROW_TYPES)
    assert nothing.schema.types[:6] == found.schema.types[:6]


async def test_nulls_between_values(caller: Caller) -> None:
    """From a map, whose members send groups of eight values with a mask."""
    name = fresh_name("gaps")
    statements = [
        f'CREATE MAPPING "{name}" (__key INT, t VARCHAR, i INT, d DOUBLE, b BOOLEAN, s TIMESTAMP, n DECIMAL)'
        f" TYPE IMap OPTIONS ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='{name}')",
        f'INSERT INTO "{name}" SELECT v, CASE WHEN v % 2 = 0 THEN CAST(v AS VARCHAR) END,'
        " CASE WHEN v % 3 = 0 THEN v END, CASE WHEN v > 100 THEN CAST(v AS DOUBLE) END,"
        " CASE WHEN v % 5 < 3 THEN v % 5 = 0 END,"
        " CASE WHEN v % 7 > 0 THEN CAST('2024-02-29T12:00:00.5' AS TIMESTAMP) END,"
        " CASE WHEN v % 4 > 0 THEN CAST(v AS DECIMAL) END"
        " FROM TABLE(generate_series(1, 203))",
    ]
    for statement in statements:
        await sql(caller).execute(statement)
    select = f'SELECT * FROM "{name}" ORDER BY __key'
    rows = await rows_of(await sql(caller).execute(select, cursor_buffer_size=50))
    result = AnyObject(caller, await sql(caller).execute(select, cursor_buffer_size=50))
    table = await result.to_arrow()
    assert [tuple(row.values()) for row in table.to_pylist()] == [tuple(row) for row in rows]
    assert [column.null_count for column in table.columns] == [0, 102, 136, 100, 81, 29, 50]


@pytest.mark.parametrize("size", [1000, 4096])
async def test_thousands_of_rows(caller: Caller, size: int) -> None:
    result = AnyObject(caller, await sql(caller).execute(SERIES, cursor_buffer_size=size))
    table = (await result.to_arrow()).sort_by("v")
    assert table["v"].to_pylist() == list(range(1, 20001))
    assert table["name"].to_pylist() == [f"row {number}" for number in range(1, 20001)]
    assert table["quarter"].to_pylist() == [Decimal(number) / 4 for number in range(1, 20001)]


async def test_batches(caller: Caller) -> None:
    result = await sql(caller).execute(SERIES, cursor_buffer_size=4096)
    batches = result.to_arrow_batches()
    found = [batch async for batch in batches] if hasattr(batches, "__aiter__") else list(batches)
    assert len(found) >= 5
    assert {str(batch.schema.field("quarter").type) for batch in found} == {"decimal256(76, 38)"}
    table = pa.Table.from_batches(found).sort_by("v")
    assert table["quarter"][2].as_py() == Decimal("0.75")
    assert table["v"].to_pylist() == list(range(1, 20001))


async def test_frames(caller: Caller) -> None:
    result = AnyObject(caller, await sql(caller).execute(SERIES))
    frame = await result.to_pandas(types={"quarter": pa.float64()})
    assert frame["quarter"].sum() == 20000 * 20001 / 8
    result = AnyObject(caller, await sql(caller).execute(SERIES))
    polars = await result.to_polars()
    assert polars["quarter"].sum() == Decimal(20000 * 20001) / 8
    assert polars["v"].sum() == 20000 * 20001 // 2


def test_a_stream_in_batches(client: hazelcast.HazelcastClient) -> None:
    result = client.sql.blocking().execute(
        "SELECT v FROM TABLE(generate_stream(1000))", cursor_buffer_size=10
    )
    batches = result.to_arrow_batches()
    seen: list[int] = []
    for batch in batches:
        seen += batch["v"].to_pylist()
        if len(seen) > 30:
            break
    assert seen == list(range(len(seen)))
    batches.close()
    with pytest.raises(HazelcastSqlError) as caught:
        result.to_arrow()
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


def test_records_become_structs(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("records")
    kinds = {"city": FieldKind.STRING, "zip": FieldKind.INT32}
    values: list[dict[str, Any]] = [{"city": "Paris", "zip": 75001}, {"city": None, "zip": 10115}]
    records = client.get_map(name).blocking()
    for key, value in enumerate(values):
        records.put(key, GenericRecord(name, {field: (kinds[field], value[field]) for field in value}))
    service = client.sql.blocking()
    service.execute(
        f'CREATE MAPPING "{name}" (__key INT, city VARCHAR, zip INT) TYPE IMap OPTIONS'
        f" ('keyFormat'='int', 'valueFormat'='compact', 'valueCompactTypeName'='{name}')"
    )
    table = service.execute(f'SELECT __key, city, this FROM "{name}" ORDER BY __key').to_arrow()
    assert table["this"].to_pylist() == values
    assert table["city"].to_pylist() == ["Paris", None]
    raw = service.execute(f'SELECT this FROM "{name}" ORDER BY __key', return_raw=True).to_arrow()
    assert raw["this"].type == pa.binary()
    assert client.serialization.to_object(raw["this"][0].as_py())["zip"] == 75001
