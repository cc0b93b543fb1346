"""SQL on simulated members: rows of every type, pages, metadata, errors, closing early, update counts."""

import copy
import pickle
import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

import simulated_harness
from hz_core.errors import (
    HazelcastClientNotActiveError,
    IllegalStateError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_core.op import Flow, Sleep
from hz_core.testing import Request, SqlResult, SqlService, SqlType
from hz_core.testing.simulation import Simulation
from hz_proxies.sql import HazelcastSqlError, Sql, SqlColumnMetadata, SqlColumnType, SqlErrorCode, SqlRow
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.sql.paths import SqlPaths
from hz_serialization import (
    HazelcastJsonValue,
    HazelcastSerializationError,
    SerializationService,
    partition_hash,
    partition_id,
)
from hz_serialization.compact import GenericRecord, UnknownSchemaError
from hz_serialization.compact.kinds import FieldKind

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
    assert list(result) == []


def test_one_page_is_fetched_ahead(simulation: Simulation, sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=2)
    rows = iter(result)
    simulation.driver.advance()
    assert requests(simulation, "Sql.fetch") == []  # nobody has asked for rows
    for number in range(10):
        assert next(rows)[0] == number
        simulation.driver.advance()
        # The page of this row, the one behind it, and no further ones.
        assert len(requests(simulation, "Sql.fetch")) == min(number // 2 + 1, 4)
    assert next(rows, None) is None


def test_a_second_loop_goes_on(sql: Sql) -> None:
    for result in (
        sql.execute("SELECT", cursor_buffer_size=4).result(),
        sql.blocking().execute("SELECT", cursor_buffer_size=4),
    ):
        for row in result:
            if row[0] == 5:
                break
        assert [row[0] for row in result] == [6, 7, 8, 9]
        assert list(result) == []


def test_futures_of_rows(sql: Sql) -> None:
    futures = sql.execute("SELECT", cursor_buffer_size=4).result().iterator()
    assert [next(futures).result()["id"] for _ in range(10)] == list(range(10))
    for _ in range(2):
        end = next(futures)
        with pytest.raises(StopIteration):
            end.result()


def test_closing_early(simulation: Simulation, sql: Sql) -> None:
    result = sql.execute("SELECT", cursor_buffer_size=4).result()
    rows = iter(result)
    next(rows)
    assert cursors(simulation) == 1
    for _ in range(2):
        result.close().result()
    assert cursors(simulation) == 0
    assert len(requests(simulation, "Sql.close")) == 1
    assert [next(rows)[0] for _ in range(3)] == [1, 2, 3]  # of the page that it had
    for again in (rows, iter(result)):
        with pytest.raises(HazelcastSqlError, match="closed before all rows") as caught:
            next(again)
        assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


@pytest.mark.parametrize("size", [4, 10])
def test_rows_that_nobody_has_asked_for_are_not_lost_in_silence(sql: Sql, size: int) -> None:
    with sql.execute("SELECT", cursor_buffer_size=size).result() as result:
        pass
    with pytest.raises(HazelcastSqlError, match="closed before all rows"):
        list(result)
    with sql.execute("SELECT", cursor_buffer_size=size).result() as result:
        assert len(list(result)) == 10
    assert list(result) == []


def test_a_block_closes_at_its_end(simulation: Simulation, sql: Sql) -> None:
    with sql.blocking().execute("SELECT", cursor_buffer_size=4) as result:
        assert next(iter(result))["id"] == 0
        assert cursors(simulation) == 1
    assert cursors(simulation) == 0


def test_the_error_of_a_block_is_the_one_to_see(simulation: Simulation, sql: Sql) -> None:
    result = sql.blocking().execute("SELECT", cursor_buffer_size=4)

    def block() -> None:
        with result:
            simulation.cluster.cut_all()
            raise RuntimeError("of the block")

    with pytest.raises(RuntimeError, match="of the block"):
        block()


def held(simulation: Simulation, method: str) -> list[Request]:
    """Return where requests of a message wait from now on for a reply."""
    waiting: list[Request] = []
    for member in simulation.cluster.members:
        member.rule(method, waiting.append)
    return waiting


def test_closing_ends_the_wait_for_a_page(simulation: Simulation, sql: Sql) -> None:
    fetches = held(simulation, "Sql.fetch")
    result = sql.execute("SELECT", cursor_buffer_size=10 - 1).result()
    rows = result.iterator()
    assert [next(rows).result()[0] for _ in range(9)] == list(range(9))
    waiting = next(rows)
    simulation.driver.advance()
    assert (len(fetches), waiting.done()) == (1, False)
    with pytest.raises(IllegalStateError, match="another thread or task waits"):
        next(rows).result()
    result.close().result()
    with pytest.raises(HazelcastSqlError) as caught:
        waiting.result()
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER
    assert cursors(simulation) == 0


def test_who_gives_up_loses_no_page(simulation: Simulation, sql: Sql) -> None:
    fetches = held(simulation, "Sql.fetch")
    result = sql.execute("SELECT", cursor_buffer_size=5).result()
    rows = result.iterator()
    assert [next(rows).result()[0] for _ in range(5)] == list(range(5))
    for _ in range(2):
        with pytest.raises(OperationTimeoutError):
            list(result.with_timeout(2))
    (fetch,) = fetches
    simulation.cluster.service(SqlService).fetch(fetch)
    assert [row[0] for row in result] == [5, 6, 7, 8, 9]


def test_a_client_that_is_shut_down(simulation: Simulation, sql: Sql) -> None:
    held(simulation, "Sql.fetch")
    result = sql.execute("SELECT", cursor_buffer_size=5).result()
    rows = result.iterator()
    first = [next(rows) for _ in range(5)]
    waiting = next(rows)
    simulation.client.shutdown()
    assert [row.result()[0] for row in first] == [0, 1, 2, 3, 4]
    with pytest.raises(HazelcastClientNotActiveError, match="shut down"):
        waiting.result()


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
    member = requests(simulation, "Sql.execute")[0].member.uuid
    with pytest.raises(
        HazelcastSqlError, match=rf"connection to member {member}, which has the query, was lost"
    ) as caught:
        list(result)
    assert caught.value.code == SqlErrorCode.CONNECTION_PROBLEM
    assert isinstance(caught.value.__cause__, TargetDisconnectedError)
    result.close().result()


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


def to_data(simulation: Simulation, value: Any) -> bytes:
    return simulation.client.serialization.to_data(value)


def test_the_owner_of_the_key_is_asked(simulation: Simulation, sql: Sql) -> None:
    service = simulation.cluster.service(SqlService)
    service.results["BY KEY"] = SqlResult(COLUMNS, ROWS[:1], partition_argument=1)
    service.results["CHANGE"] = SqlResult(update_count=1, partition_argument=0)
    table = simulation.engine.view.partitions
    keys = [f"key {number}" for number in range(20)]
    owners = [
        table.owners[partition_id(partition_hash(to_data(simulation, key)), table.count)] for key in keys
    ]
    assert len(set(owners)) == 3

    def asked(statement: str, *parameters: Any) -> Any:
        before = {m.uuid: m.count("Sql.execute") for m in simulation.cluster.members}
        sql.execute(statement, *parameters).result()
        (uuid,) = [m.uuid for m in simulation.cluster.members if m.count("Sql.execute") > before[m.uuid]]
        return uuid

    for statement, parameters in (("BY KEY", lambda key: ("other", key)), ("CHANGE", lambda key: (key,))):
        sql.execute(statement, *parameters(keys[0])).result()
        for key, owner in zip(keys, owners, strict=True):
            assert asked(statement, *parameters(key)) == owner
    # Without the parameter, a key, or the hint of the member, any member will do.
    sql.execute("BY KEY").result()
    sql.execute("BY KEY", 1, None).result()
    service.results["BY KEY"] = SqlResult(COLUMNS, ROWS[:1])
    assert len({asked("BY KEY", 1, keys[0]) for _ in range(4)}) == 3


def test_what_is_remembered_of_statements_is_bounded(simulation: Simulation, sql: Sql) -> None:
    service = simulation.cluster.service(SqlService)
    for number in range(1003):
        name = f"S{number}"
        service.results[name] = SqlResult([(name, SqlType.INTEGER)], partition_argument=0)
        sql.execute(name).result()
    paths = simulation.engine.service(SqlPaths)
    assert list(paths._statements) == [f"S{number}" for number in range(3, 1003)]
    assert len(paths._classes) == 200
    paths.on_cluster_changed()
    assert not paths._statements


def test_ids_of_queries_are_unique_in_the_cluster(simulation: Simulation, sql: Sql) -> None:
    """Also in a forked child, and with another client."""
    for _ in range(3):
        sql.execute("SELECT").result()
    paths = simulation.engine.service(SqlPaths)
    paths.on_fork()
    sql.execute("SELECT").result()
    ids = [request["queryId"] for request in requests(simulation, "Sql.execute")]
    members = [request.member.uuid.int for request in requests(simulation, "Sql.execute")]
    assert len(set(ids)) == 4
    assert len({query_id[2] for query_id in ids}) == 2
    assert [((high % 2**64) << 64) + low % 2**64 for high, low, _, _ in ids] == members
    assert SqlPaths(simulation.engine).query_id(simulation.cluster.members[0].uuid).local_id_high not in {
        query_id[2] for query_id in ids
    }


def test_raw_objects(simulation: Simulation, sql: Sql) -> None:
    data = to_data(simulation, {"a": [1]})
    rows = SqlResult([("o", SqlType.OBJECT), ("n", SqlType.INTEGER)], [[data, 1], [None, 2], [data, 3]])
    simulation.cluster.service(SqlService).results["OBJECTS"] = rows
    raw = list(sql.execute("OBJECTS", return_raw=True, cursor_buffer_size=1).result())
    assert raw == [(data, 1), (None, 2), (data, 3)]
    assert [row["o"] for row in sql.execute("OBJECTS").result()] == [{"a": [1]}, None, {"a": [1]}]


def test_an_object_that_cannot_be_deserialized(simulation: Simulation, sql: Sql) -> None:
    unknown = struct.pack(">ii", 0, 12345) + b"x"
    rows = SqlResult([("n", SqlType.INTEGER), ("o", SqlType.OBJECT)], [[1, unknown], [2, None]])
    simulation.cluster.service(SqlService).results["OBJECTS"] = rows
    first, second = sql.execute("OBJECTS").result()
    assert (first["n"], first[0], tuple(second)) == (1, 1, (2, None))
    for use in (lambda: first["o"], lambda: first[1], lambda: list(first)):
        with pytest.raises(HazelcastSerializationError, match="12345"):
            use()


def a_record(name: str, inner: Any = None) -> GenericRecord:
    fields: dict[str, tuple[FieldKind, Any]] = {"n": (FieldKind.INT32, 5)}
    return GenericRecord(name, fields if inner is None else fields | {"inner": (FieldKind.COMPACT, inner)})


@pytest.fixture
def records(simulation: Simulation) -> dict[str, bytes]:
    """Records that another client has written: it is in the columns, and the cluster has its schemas."""
    other = SerializationService()
    data = {
        "flat": other.to_data(a_record("flat")),
        "nested": other.to_data(a_record("outer", a_record("inner"))),
        "listed": other.to_data([a_record("listed")]),
    }
    for schema in other.schemas.by_id.values():
        simulation.cluster.schemas[schema.schema_id] = (
            schema.type_name,
            [(f.name, f.kind) for f in schema.fields],
        )
    return data


def test_schemas_of_objects_are_fetched_before_rows_are_handed_out(
    simulation: Simulation, sql: Sql, records: dict[str, bytes]
) -> None:
    """Whoever reads a cell cannot wait: also those inside of others."""
    rows = [[index, data] for index, data in enumerate([*records.values(), records["flat"]])]
    result = SqlResult([("n", SqlType.INTEGER), ("o", SqlType.OBJECT)], rows)
    simulation.cluster.service(SqlService).results["RECORDS"] = result
    answered = sql.execute("RECORDS", cursor_buffer_size=3).result()
    assert requests(simulation, "Client.fetchSchema") == []
    taken = list(answered)
    assert len(requests(simulation, "Client.fetchSchema")) == 4
    flat = taken[0]["o"]
    assert (flat.type_name, flat["n"]) == ("flat", 5)
    assert (taken[1]["o"]["inner"]["n"], taken[2]["o"][0]["n"], taken[3]["o"]) == (5, 5, flat)
    assert len(requests(simulation, "Client.fetchSchema")) == 4


def test_only_what_may_have_schemas_inside_is_deserialized_before(
    simulation: Simulation, sql: Sql, records: dict[str, bytes]
) -> None:
    values = [to_data(simulation, value) for value in ("text", 5, [1.5], {"a": 1})]
    rows = [[index, data] for index, data in enumerate([records["flat"], *values, records["nested"]])]
    result = SqlResult([("n", SqlType.INTEGER), ("o", SqlType.OBJECT)], rows)
    simulation.cluster.service(SqlService).results["RECORDS"] = result
    taken = list(sql.execute("RECORDS").result())
    cells = [tuple.__getitem__(row, 1) for row in taken]
    assert [cell.data is None for cell in cells] == [False, False, False, True, True, True]
    assert [row["o"] for row in taken][1:5] == ["text", 5, [1.5], {"a": 1}]


def test_a_schema_that_the_cluster_does_not_know(
    simulation: Simulation, sql: Sql, records: dict[str, bytes]
) -> None:
    """It is asked for once for each page, and an error only of the cells that need it."""
    simulation.cluster.schemas.clear()
    rows: list[list[Any]] = [[1, records["flat"]], [2, None], [3, records["flat"]]]
    result = SqlResult([("n", SqlType.INTEGER), ("o", SqlType.OBJECT)], rows)
    simulation.cluster.service(SqlService).results["RECORDS"] = result
    taken = list(sql.execute("RECORDS").result())
    assert len(requests(simulation, "Client.fetchSchema")) == 1
    assert ([row["n"] for row in taken], taken[1]["o"]) == ([1, 2, 3], None)
    for row in (taken[0], taken[2]):
        with pytest.raises(UnknownSchemaError):
            row["o"]


def test_a_result_is_closed_while_a_schema_is_fetched(
    simulation: Simulation, sql: Sql, records: dict[str, bytes]
) -> None:
    rows = [[1, records["flat"]], [2, records["flat"]]]
    result = SqlResult([("n", SqlType.INTEGER), ("o", SqlType.OBJECT)], rows)
    simulation.cluster.service(SqlService).results["RECORDS"] = result
    held: list[Request] = []
    for member in simulation.cluster.members:
        member.rule("Client.fetchSchema", held.append)
    answered = sql.execute("RECORDS", cursor_buffer_size=1).result()
    row = next(answered.iterator())
    simulation.until(lambda: held)
    answered.close().result()
    held[0].reply(simulation.cluster.schemas[held[0]["schemaId"]])
    with pytest.raises(HazelcastSqlError) as caught:
        row.result()
    assert caught.value.code == SqlErrorCode.CANCELLED_BY_USER


def test_infinite_rows(simulation: Simulation, sql: Sql) -> None:
    simulation.cluster.service(SqlService).results["STREAM"] = SqlResult(COLUMNS, ROWS, infinite=True)
    assert sql.execute("STREAM").result().is_infinite() is True
    assert sql.execute("SELECT").result().is_infinite() is False


def test_a_select_is_repeated_if_that_is_asked_for(simulation: Simulation, sql: Sql) -> None:
    errors = [(SqlErrorCode.TOPOLOGY_CHANGE, "a member left"), (SqlErrorCode.PARTITION_DISTRIBUTION, "moved")]
    for statement, retry, attempts in (
        (" select 1", True, 3),
        (" select 1", False, 1),
        ("DELETE FROM m", True, 1),
    ):
        left = list(errors)

        def answer(_: object, left: list[Any] = left) -> SqlResult:
            return SqlResult(error=left.pop(0)) if left else SqlResult(COLUMNS, ROWS)

        simulation.cluster.service(SqlService).results[statement] = answer
        before = len(requests(simulation, "Sql.execute"))
        if attempts == 1:
            with pytest.raises(HazelcastSqlError, match="a member left"):
                sql.execute(statement, retry_select=retry).result()
        else:
            assert len(list(sql.execute(statement, retry_select=retry).result())) == 10
        assert len(requests(simulation, "Sql.execute")) - before == attempts


def test_a_select_is_not_repeated_for_ever(simulation: Simulation, sql: Sql) -> None:
    for code, at_most in ((SqlErrorCode.TOPOLOGY_CHANGE, 1000), (SqlErrorCode.PARSING, 1)):
        simulation.cluster.service(SqlService).results["SELECT x"] = SqlResult(error=(code, "always"))
        before = len(requests(simulation, "Sql.execute"))
        with pytest.raises(HazelcastSqlError, match="always"):
            sql.execute("SELECT x", retry_select=True).result()
        assert 1 <= len(requests(simulation, "Sql.execute")) - before <= at_most


def test_a_select_whose_member_is_lost(simulation: Simulation, sql: Sql) -> None:
    def cut(request: Request) -> None:
        request.member.cut_all()

    for retry in (False, True):
        for member in simulation.cluster.members:
            member.rule("Sql.execute", cut, times=1)
        if retry:
            assert len(list(sql.execute("SELECT", retry_select=retry).result())) == 10
        else:
            with pytest.raises(HazelcastSqlError, match="which has the query, was lost") as caught:
                sql.execute("SELECT", retry_select=retry).result()
            assert caught.value.code == SqlErrorCode.CONNECTION_PROBLEM


def test_rows_can_be_pickled_and_copied(sql: Sql) -> None:
    row = next(iter(sql.execute("SELECT").result()))
    for again in (pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert (again, again["name"], repr(again)) == (row, "name 0", repr(row))
        assert isinstance(again, SqlRow)
    assert row.as_dict() == {"id": 0, "name": "name 0"}
    error = HazelcastSqlError(None, 1008, "m", ValueError("v"), "s")
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, str(again), again.suggestion, str(again.__cause__)) == (1008, "m", "s", "v")


def test_integers_of_any_size_are_parameters(sql: Sql) -> None:
    values = [2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63), 2**63, -(2**100), True]
    assert [row[0] for row in sql.execute("ECHO", *values).result()] == values
