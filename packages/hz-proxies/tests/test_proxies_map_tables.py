"""Tables into maps and out of them, on simulated members: batches, progress, failures, what is bounded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # its stubs are another package
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import simulated_harness
from hz_core.testing import MapService
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP
from hz_proxies.arrow.loading import LoadProgress
from hz_serialization import HazelcastSerializationError
from hz_serialization.java_types import Long

simulation = simulated_harness.simulation

TABLE = pa.table(
    {"id": range(100), "name": [f"name {n}" for n in range(100)], "half": [n / 2 for n in range(100)]}
)


@pytest.fixture
def m(simulation: Simulation) -> Any:
    return simulation.client.get_object(MAP, "m").blocking()


def stored(simulation: Simulation) -> dict[Any, Any]:
    """Return the records that the members hold, as dictionaries."""
    read = simulation.client.serialization.to_object
    entries = simulation.cluster.service(MapService).state("m").values().items()
    return {read(key): read(value).to_dict() for key, value in entries}


def expected(first: int = 0, last: int = 100) -> dict[int, dict[str, Any]]:
    return {n: {"half": n / 2, "name": f"name {n}"} for n in range(first, last)}


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_batches_are_stored_in_their_order(simulation: Simulation, m: Any, size: int) -> None:
    seen: list[LoadProgress] = []
    assert m.load_arrow(TABLE, "id", batch_size=size, progress=seen.append) == 100
    assert stored(simulation) == expected()
    simulation.driver.advance()
    ends = [*range(size, 100, size), 100]
    assert seen == [LoadProgress(end, end - 1) for end in ends]
    sent = [r for member in simulation.cluster.members for r in member.requests if r.method == "Map.putAll"]
    assert max(len(request["entries"]) for request in sent) <= size


def test_a_near_cache_and_others_see_the_records(m: Any) -> None:
    m.load_arrow(TABLE, "id", ["half"], type_name="Half")
    record = m.get(7)
    assert (record.type_name, record.to_dict()) == ("Half", {"half": 3.5})


def test_two_batches_are_in_memory(simulation: Simulation, m: Any) -> None:
    read: list[int] = []
    ahead: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in TABLE.to_batches(max_chunksize=10):
            read.append(batch.num_rows)
            yield batch

    reader = pa.RecordBatchReader.from_batches(TABLE.schema, batches())
    stored_rows = m.load_arrow(reader, "id", progress=lambda done: ahead.append(sum(read) - done.rows))
    assert stored_rows == 100
    simulation.driver.advance()
    assert len(ahead) == 10
    assert max(ahead) <= 20


def test_a_failure_says_what_is_stored(simulation: Simulation, m: Any) -> None:
    ids = [*range(30), None, *range(31, 100)]
    damaged = TABLE.set_column(0, "id", pa.array(ids, pa.int64()))
    with pytest.raises(HazelcastSerializationError, match="null in row 0") as caught:
        m.load_arrow(damaged, "id", batch_size=10)
    rows = len(stored(simulation))
    # The batch before it may have been on its way when the next one could not be made.
    assert rows in (20, 30)
    (note,) = caught.value.__notes__
    assert note.startswith("20 rows are stored, up to the key 19; ")
    assert "key_range=(19, None)" in note
    assert m.load_arrow(TABLE, "id", key_range=(19, None)) == 81
    assert stored(simulation) == expected()


def test_a_range_of_keys(simulation: Simulation, m: Any) -> None:
    assert m.load_arrow(TABLE, "id", key_range=(20, 30), batch_size=7) == 10
    assert stored(simulation) == expected(20, 30)
    assert m.load_arrow(TABLE.slice(0, 0), "id") == 0


def test_keys_can_be_made(simulation: Simulation, m: Any) -> None:
    m.load_arrow(TABLE, "id", make_key=Long)
    assert m.get(7) is None  # an Integer
    assert m.get(Long(7))["name"] == "name 7"


def test_frames(simulation: Simulation, m: Any) -> None:
    frame = TABLE.to_pandas()
    assert m.from_pandas(frame, "id") == 100
    assert stored(simulation) == expected()
    m.clear()
    assert m.from_pandas(frame.set_index("id"), "id", batch_size=30) == 100
    assert stored(simulation) == expected()
    m.clear()
    shuffled = frame.iloc[[5, 3]]
    shuffled.loc[5, "half"] = float("nan")
    assert m.from_pandas(shuffled, "id") == 2
    assert stored(simulation) == {5: {"half": None, "name": "name 5"}, 3: expected()[3]}
    with pytest.raises(ValueError, match="no one column 'key'"):
        m.from_pandas(pd.DataFrame({"a": [1], "b": [2]}), "key")


def test_parquet(simulation: Simulation, m: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(TABLE, path, row_group_size=30)
    seen: list[LoadProgress] = []
    assert m.from_parquet(path, "id", batch_size=40, progress=seen.append) == 100
    simulation.driver.advance()
    assert stored(simulation) == expected()
    assert seen[-1] == LoadProgress(100, 99)
    m.clear()
    assert m.from_parquet(str(path), "name", ["half"], key_range=("name 98", None)) == 2
    assert stored(simulation) == {f"name {n}": {"half": n / 2} for n in (98, 99)}
    pq.write_table(TABLE.slice(0, 0), path)
    assert m.from_parquet(path, "id") == 0
    with pytest.raises(FileNotFoundError):
        m.from_parquet(tmp_path / "nothing.parquet", "id")


def test_json(m: Any) -> None:
    m.load_arrow(TABLE, "id", values="json")
    assert m.get(3).loads() == {"name": "name 3", "half": 1.5}
    assert m.to_arrow().sort_by("__key").to_pydict() == {
        "__key": list(range(100)),
        **TABLE.drop(["id"]).to_pydict(),
    }


def test_entries_as_tables(m: Any) -> None:
    assert m.to_arrow().to_pydict() == {"__key": [], "this": []}
    m.load_arrow(TABLE, "id")
    table = m.to_arrow(types={"__key": pa.int32()}).sort_by("__key")
    assert table.select(["__key", "name", "half"]).to_pydict() == dict(
        zip(("__key", "name", "half"), TABLE.to_pydict().values(), strict=True)
    )
    assert table.schema.field("__key").type == pa.int32()


def test_arguments(m: Any) -> None:
    with pytest.raises(TypeError, match=r"a pyarrow Table.*is needed"):
        m.load_arrow([1], "id")
    with pytest.raises(ValueError, match="batch_size"):
        m.load_arrow(TABLE, "id", batch_size=0)
    with pytest.raises(ValueError, match="the table has __key, this"):
        m.to_arrow(types={"x": pa.int8()})
