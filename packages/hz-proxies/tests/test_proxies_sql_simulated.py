"""SQL on simulated members: rows of every type, pages, metadata, errors, closing early, update counts."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import TargetDisconnectedError
from hz_core.op import Flow, Sleep
from hz_core.testing import Request, SqlResult, SqlService, SqlType
from hz_core.testing.simulation import Simulation
from hz_proxies.sql import HazelcastSqlError, Sql, SqlColumnMetadata, SqlColumnType
from hz_proxies.sql.operations import SqlOperations
from hz_serialization import HazelcastJsonValue

simulation = simulated_harness.simulation

COLUMNS = [("id", SqlType.INTEGER), ("name", SqlType.VARCHAR)]
ROWS = [(number, f"name {number}") for number in range(10)]


@pytest.fixture
def sql(simulation: Simulation) -> Sql:
    simulation.cluster.service(SqlService).results = {
        "SELECT": SqlResult(COLUMNS, ROWS),
        "NONE": SqlResult(COLUMNS),
        "DELETE": SqlResult(update_count=3),
        "WRONG": SqlResult(error=(1008, "cannot be parsed")),
        "ECHO": lambda parameters: SqlResult([("p", SqlType.OBJECT)], [[p] for p in parameters]),
    }
    return Sql(simulation.client.futures, SqlOperations(simulation.engine))


def requests(simulation: Simulation, method: str) -> list[Request]:
    return [r for member in simulation.cluster.members for r in member.requests if r.method == method]


def cursors(simulation: Simulation) -> int:
    return len(simulation.cluster.service(SqlService).cursors)


@pytest.mark.parametrize(("size", "fetches"), [(1, 9), (3, 3), (5, 1), (9, 1), (10, 0), (4096, 0)])
def test_pages(simulation: Simulation, sql: Sql, size: int, fetches: int) -> None:
    result = sql.execute("SELECT", cursor_buffer_size=size).result()
    assert [(row[0], row["name"]) for row in result] == ROWS
    assert len(requests(simulation, "Sql.fetch")) == fetches
    # All over the connection of the member that has the query.
    pipes = {r.session.pipe for method in ("execute", "fetch") for r in requests(simulation, f"Sql.{method}")}
    assert len(pipes) == 1
    assert cursors(simulation) == 0
    assert list(result) == []
    result.close().result()
    assert requests(simulation, "Sql.close") == []


def test_pages_are_fetched_as_they_are_needed(simulation: Simulation, sql: Sql) -> None:
    rows = iter(sql.blocking().execute("SELECT", cursor_buffer_size=4))
    assert [next(rows)[0] for _ in range(4)] == [0, 1, 2, 3]
    assert requests(simulation, "Sql.fetch") == []
    assert next(rows)[0] == 4
    assert len(requests(simulation, "Sql.fetch")) == 1


def test_closing_early(simulation: Simulation, sql: Sql) -> None:
    result = sql.execute("SELECT", cursor_buffer_size=4).result()
    rows = iter(result)
    next(rows)
    assert cursors(simulation) == 1
    for _ in range(2):
        result.close().result()
    assert cursors(simulation) == 0
    assert len(requests(simulation, "Sql.close")) == 1
    assert len(list(rows)) == 3  # of the page that it had
    assert list(result) == []


def test_a_block_closes_at_its_end(simulation: Simulation, sql: Sql) -> None:
    with sql.blocking().execute("SELECT", cursor_buffer_size=4) as result:
        assert next(iter(result))["id"] == 0
        assert cursors(simulation) == 1
    assert cursors(simulation) == 0


def test_metadata(sql: Sql) -> None:
    result = sql.execute("NONE").result()
    assert (result.is_row_set(), result.update_count(), list(result)) == (True, -1, [])
    metadata = result.get_row_metadata()
    assert metadata.column_count == 2
    assert metadata.get_column(1) == SqlColumnMetadata("name", SqlColumnType.VARCHAR, True)
    assert [metadata.find_column(name) for name in ("id", "name", "x")] == [0, 1, metadata.COLUMN_NOT_FOUND]
    with pytest.raises(IndexError):
        metadata.get_column(2)
    assert repr(metadata) == "SqlRowMetadata(id INTEGER, name VARCHAR)"


def test_a_row(sql: Sql) -> None:
    row = next(iter(sql.execute("SELECT").result()))
    assert (len(row), list(row), row[-1], row["id"]) == (2, [0, "name 0"], "name 0", 0)
    assert (row.get_object("name"), row.get_object_with_index(0)) == ("name 0", 0)
    assert row.metadata.column_count == 2
    assert repr(row) == "SqlRow(id=0, name='name 0')"
    with pytest.raises(ValueError, match="no column 'x'; it has id, name"):
        row["x"]
    with pytest.raises(IndexError):
        row[2]


def test_update_counts(sql: Sql) -> None:
    result = sql.execute("DELETE").result()
    assert (result.is_row_set(), result.update_count()) == (False, 3)
    for use in (result.get_row_metadata, lambda: list(result)):
        with pytest.raises(ValueError, match="update count"):
            use()
    result.close().result()


def test_values_of_every_type(simulation: Simulation, sql: Sql) -> None:
    moment = datetime(2026, 2, 3, 4, 5, 6, 789)
    cases: list[tuple[SqlType, Any]] = [
        (SqlType.VARCHAR, "ü𝄞"), (SqlType.BOOLEAN, True), (SqlType.TINYINT, -128), (SqlType.SMALLINT, 2**15 - 1),
        (SqlType.INTEGER, -(2**31)), (SqlType.BIGINT, 2**63 - 1), (SqlType.DECIMAL, Decimal("-1.50")),
        (SqlType.REAL, 1.5), (SqlType.DOUBLE, 0.1), (SqlType.DATE, date(2026, 2, 3)), (SqlType.TIME, time(4, 5, 6)),
        (SqlType.TIMESTAMP, moment), (SqlType.TIMESTAMP_WITH_TIME_ZONE, moment.replace(tzinfo=UTC)),
    ]  # fmt: skip
    data = simulation.client.serialization.to_data([1, "a"])
    columns = [(type_.name, type_) for type_, _ in cases]
    more = [("OBJECT", SqlType.OBJECT), ("JSON", SqlType.JSON), ("NULL", SqlType.NULL)]
    simulation.cluster.service(SqlService).results["ALL"] = SqlResult(
        [*columns, *more],
        [[*(value for _, value in cases), data, '{"a": 1}', None], [None] * 16],
    )
    first, second = sql.execute("ALL").result()
    for type_, value in cases:
        assert first[type_.name] == value
        assert type(first[type_.name]) is type(value)
    assert first["OBJECT"] == [1, "a"]
    assert first["JSON"] == HazelcastJsonValue({"a": 1})
    assert first["NULL"] is None
    assert list(second) == [None] * 16


def test_parameters_and_options(simulation: Simulation, sql: Sql) -> None:
    result = sql.execute(
        "ECHO", 1, "two", None, [3], cursor_buffer_size=7, timeout=1.5, expected_result_type=1, schema="s"
    ).result()
    assert [row[0] for row in result] == [1, "two", None, [3]]
    (request,) = requests(simulation, "Sql.execute")
    assert (request["cursorBufferSize"], request["timeoutMillis"]) == (7, 1500)
    assert (request["expectedResultType"], request["schema"]) == (1, "s")
    list(sql.execute("SELECT").result())
    assert (
        requests(simulation, "Sql.execute")[-1].named.items() >= {"timeoutMillis": -1, "schema": None}.items()
    )


def test_queries_have_ids_of_their_own(simulation: Simulation, sql: Sql) -> None:
    for _ in range(3):
        sql.execute("SELECT").result()
    assert len({request["queryId"] for request in requests(simulation, "Sql.execute")}) == 3
    assert [member.count("Sql.execute") for member in simulation.cluster.members] == [1, 1, 1]


def test_errors(simulation: Simulation, sql: Sql) -> None:
    with pytest.raises(HazelcastSqlError, match="cannot be parsed") as caught:
        sql.execute("WRONG").result()
    assert (caught.value.code, caught.value.suggestion) == (1008, None)
    assert caught.value.originating_member_uuid in {member.uuid for member in simulation.cluster.members}
    with pytest.raises(HazelcastSqlError, match="UNKNOWN"):
        sql.blocking().execute("UNKNOWN")


def test_an_error_between_two_pages(simulation: Simulation, sql: Sql) -> None:
    rows = iter(sql.execute("SELECT", cursor_buffer_size=4).result())
    for _ in range(4):
        next(rows)
    simulation.cluster.service(SqlService).cursors.clear()
    with pytest.raises(HazelcastSqlError, match="not found"):
        next(rows)


def test_a_lost_connection_between_two_pages(simulation: Simulation, sql: Sql) -> None:
    result = sql.execute("SELECT", cursor_buffer_size=4).result()
    simulation.cluster.cut_all()
    simulation.driver.advance(10)
    with pytest.raises(TargetDisconnectedError):
        list(result)


def test_a_query_that_is_cancelled_before_its_reply_is_closed(simulation: Simulation, sql: Sql) -> None:
    held: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("Sql.execute", held.append, times=1)
    executing = sql.execute("SELECT", cursor_buffer_size=4)
    simulation.driver.advance()
    assert executing.cancel() is True
    simulation.driver.advance()
    (close,) = requests(simulation, "Sql.close")
    assert (close["queryId"], close.session) == (held[0]["queryId"], held[0].session)


@pytest.mark.parametrize(("query", "closed"), [("SELECT", 1), ("NONE", 0), ("DELETE", 0)])
def test_a_query_whose_result_nobody_gets_is_closed(
    simulation: Simulation, sql: Sql, query: str, closed: int
) -> None:
    """It is given up after its first page, in a flow that goes on."""

    def flow() -> Flow[None]:
        yield sql._ops.execute(query, cursor_buffer_size=4)
        yield Sleep(10)

    running = simulation.client.futures.run(flow())
    simulation.driver.advance(1)
    assert running.cancel() is True
    simulation.driver.advance()
    assert len(requests(simulation, "Sql.close")) == closed
    assert cursors(simulation) == 0
