"""Results as Arrow, pandas and Polars on simulated members: pages ahead, surfaces, errors, what is missing."""

import importlib
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest

import simulated_harness
from hz_core.errors import IllegalStateError
from hz_core.testing import SqlResult, SqlService, SqlType
from hz_core.testing.simulation import Simulation
from hz_proxies.arrow.libraries import library
from hz_proxies.sql import HazelcastSqlError, Sql
from hz_proxies.sql.operations import SqlOperations
from hz_serialization import HazelcastSerializationError

simulation = simulated_harness.simulation

COLUMNS = [("id", SqlType.INTEGER), ("name", SqlType.VARCHAR)]
ROWS: list[tuple[int | None, str | None]] = [(number, f"name {number}") for number in range(9)]
ROWS.append((None, None))
EXPECTED: dict[str, list[Any]] = {"id": [row[0] for row in ROWS], "name": [row[1] for row in ROWS]}


@pytest.fixture
def sql(simulation: Simulation) -> Sql:
    simulation.cluster.service(SqlService).results = {
        "SELECT": SqlResult(COLUMNS, ROWS),
        "NONE": SqlResult(COLUMNS),
        "DELETE": SqlResult(update_count=3),
    }
    return Sql(simulation.client.futures, SqlOperations(simulation.engine))


def fetches(simulation: Simulation) -> int:
    return sum(r.method == "Sql.fetch" for member in simulation.cluster.members for r in member.requests)


@pytest.mark.parametrize("size", [1, 4, 4096])
def test_tables_and_frames(sql: Sql, size: int) -> None:
    def result() -> Any:
        return sql.blocking().execute("SELECT", cursor_buffer_size=size)

    assert result().to_arrow().to_pydict() == EXPECTED
    assert sql.execute("SELECT", cursor_buffer_size=size).result().to_arrow().result() == result().to_arrow()
    frame = result().to_pandas()
    assert frame["name"].tolist()[:9] == EXPECTED["name"][:9]
    assert frame["id"].isna().tolist() == [False] * 9 + [True]
    exact = result().to_pandas(dtype_backend="pyarrow")
    assert str(exact["id"].dtype) == "int32[pyarrow]"
    assert result().to_polars().to_dict(as_series=False) == EXPECTED
    small = result().to_arrow(types={"id": pa.int8()})
    assert small.schema.field("id").type == pa.int8()


def test_batches_are_fetched_one_page_ahead(simulation: Simulation, sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=2)
    batches = result.to_arrow_batches()
    simulation.driver.advance()
    assert fetches(simulation) == 0  # nobody has asked for a batch
    for number in range(5):
        batch = next(batches)
        simulation.driver.advance()
        assert batch["id"].to_pylist() == EXPECTED["id"][2 * number : 2 * number + 2]
        assert fetches(simulation) == min(number + 1, 4)
    assert next(batches, None) is None
    assert list(result) == []


def test_batches_of_futures(sql: Sql) -> None:
    batches = sql.execute("SELECT", cursor_buffer_size=4).result().to_arrow_batches()
    assert [batch.num_rows for batch in batches] == [4, 4, 2]
    (first,) = sql.execute("SELECT").result().to_arrow_batches().next_page().result()
    assert first.to_pydict() == EXPECTED


def test_closing_batches_closes_the_result(simulation: Simulation, sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=4)
    batches = result.to_arrow_batches()
    next(batches)
    batches.close()
    assert list(batches) == []
    assert simulation.cluster.service(SqlService).cursors == {}
    with pytest.raises(HazelcastSqlError, match="closed before all rows"):
        result.to_arrow()


def test_an_empty_result_has_a_schema(sql: Sql) -> None:
    table = sql.blocking().execute("NONE").to_arrow()
    assert (table.num_rows, table.column_names) == (0, ["id", "name"])
    (batch,) = sql.blocking().execute("NONE").to_arrow_batches()
    assert batch.schema == table.schema


def test_what_is_left_of_a_result(sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=4)
    rows = iter(result)
    next(rows)
    for read in (result.to_arrow, result.to_arrow_batches, result.to_pandas, result.to_polars):
        with pytest.raises(IllegalStateError, match="3 rows of the page that was read last are left"):
            read()
    assert [next(rows)[0] for _ in range(3)] == [1, 2, 3]  # none was lost
    assert result.to_arrow()["id"].to_pylist() == EXPECTED["id"][4:]
    assert result.to_arrow().num_rows == 0


def test_a_page_that_does_not_fit_is_converted_again(sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=4)
    batches = result.to_arrow_batches(types={"name": pa.int32()})
    for _ in range(2):
        with pytest.raises(HazelcastSerializationError, match=r"'name'.*does not fit into int32.*name [0-3]"):
            next(batches)


def test_arguments(sql: Sql) -> None:
    with pytest.raises(ValueError, match="update count"):
        sql.blocking().execute("DELETE").to_arrow()
    result = sql.blocking().execute("SELECT")
    with pytest.raises(ValueError, match="dtype_backend must be 'pyarrow' or None, not 'numpy'"):
        result.to_pandas(dtype_backend="numpy")
    with pytest.raises(ValueError, match="'nam'; the result has id, name"):
        result.to_arrow_batches(types={"nam": pa.string()})
    assert result.to_arrow().num_rows == 10


LIBRARIES = ["pyarrow", "pandas", "polars"]


@pytest.fixture(params=LIBRARIES)
def missing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a library that cannot be imported."""
    # Libraries remember whether the others were there when they were imported first.
    for name in LIBRARIES:
        importlib.import_module(name)

    class Finder:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == request.param:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.delitem(sys.modules, request.param, raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    return str(request.param)


def test_a_missing_library_is_named_with_its_extra(missing: str) -> None:
    extra = {"pyarrow": "arrow"}.get(missing, missing)
    with pytest.raises(ImportError, match=rf"to_x\(\) needs the package {missing}.*'hz-client\[{extra}\]'"):
        library(missing, "to_x()")


def test_results_ask_for_what_they_need(sql: Sql, missing: str) -> None:
    result = sql.blocking().execute("SELECT")
    needs = {
        "to_arrow": ["pyarrow"],
        "to_arrow_batches": ["pyarrow"],
        "to_pandas": ["pandas", "pyarrow"],
        "to_polars": ["polars", "pyarrow"],
    }
    for method, libraries in needs.items():
        if missing in libraries:
            with pytest.raises(ImportError, match=rf"{method}\(\) needs the package {missing}"):
                getattr(result, method)()
    assert len(list(result)) == 10  # still to be read


def test_nothing_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, hz_proxies.sql, hz_proxies.sql.aio, hz_proxies.sql.result.aio\n"
        "print([name for name in ('pyarrow', 'pandas', 'polars', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
