"""What is remembered of a statement by key: its request, its reply, and how long."""

import itertools
from typing import Any

import pytest

import simulated_harness
from hz_core.testing import Request, SqlResult, SqlService, SqlType
from hz_core.testing.simulation import Simulation
from hz_core.wire.types import raw_data
from hz_proxies.codecs import sql as codec
from hz_proxies.sql import HazelcastSqlError, Sql, SqlExpectedResultType
from hz_proxies.sql.known import KnownStatement, new_request
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.sql.paths import SqlPaths

simulation = simulated_harness.simulation

INT, TEXT = ("n", SqlType.INTEGER), ("t", SqlType.VARCHAR)
ONE = SqlResult([INT], [[5]], partition_argument=0)


@pytest.fixture
def results(simulation: Simulation) -> dict[str, Any]:
    results: dict[str, Any] = simulation.cluster.service(SqlService).results
    results["BY KEY"] = ONE
    return results


@pytest.fixture
def sql(simulation: Simulation, results: dict[str, Any]) -> Sql:
    return Sql(simulation.client.futures, SqlOperations(simulation.engine))


def sent(simulation: Simulation) -> list[Request]:
    return [r for member in simulation.cluster.members for r in member.requests if r.method == "Sql.execute"]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Collect the replies that are decoded from the first byte on."""
    messages: list[bytes] = []
    whole = codec.execute_response

    def execute_response(message: bytes, read: Any) -> codec.ExecuteResponse:
        messages.append(message)
        return whole(message, read)

    monkeypatch.setattr(codec, "execute_response", execute_response)
    return messages


OPTIONS = list(
    itertools.product((-1, 0, 1500), (1, 4096), (None, "", "schema"), (0, SqlExpectedResultType.ROWS))
)


@pytest.mark.parametrize("text", ["", "SELECT ü", "x" * 5000], ids=["empty", "short", "long"])
def test_a_request_has_the_bytes_that_the_codec_writes(simulation: Simulation, text: str) -> None:
    connection = simulation.engine.any_connection()
    known = KnownStatement(0)
    numbers = itertools.count(-3)
    for parameters in ([], [None], [b"12345678abc", None, b"87654321"]):
        for options in (*OPTIONS, OPTIONS[0]):
            for _ in range(2):
                query_id = codec.SqlQueryId(2**63 - 1, -(2**63), next(numbers), next(numbers))
                one = known.request(connection, text, parameters, options, query_id)
                other = new_request(connection, text, parameters, options, query_id)
                assert one.request == other.request
                assert (one.method, one.connection) == (other.method, other.connection)
                assert (one.partition_id, one.member) == (other.partition_id, other.member)
                one.request[:] = b""  # nothing of it is shared


def test_a_reply_like_the_one_before_is_not_decoded_again(sql: Sql, decoded: list[bytes]) -> None:
    for number in range(5):
        result = sql.execute("BY KEY", number).result()
        assert [tuple(row) for row in result] == [(5,)]
        assert (result.update_count(), result.is_infinite()) == (-1, False)
        assert result.get_row_metadata().columns[0].name == "n"
    # One that told the parameter, whose columns were remembered then.
    assert len(decoded) == 1


CHANGES = {
    "values": SqlResult([INT], [[6]], partition_argument=0),
    "no rows": SqlResult([INT], [], partition_argument=0),
    "more rows": SqlResult([INT], [[n] for n in range(9)], partition_argument=0),
    "nulls": SqlResult([INT], [[None], [1]], partition_argument=0),
    "name": SqlResult([("m", SqlType.INTEGER)], [[5]], partition_argument=0),
    "long name": SqlResult([("m" * 5000, SqlType.INTEGER)], [[5]], partition_argument=0),
    "type": SqlResult([("n", SqlType.BIGINT)], [[5]], partition_argument=0),
    "columns": SqlResult([INT, TEXT], [[5, "x"]], partition_argument=0),
    "infinite": SqlResult([INT], [[5]], infinite=True, partition_argument=0),
    "parameter": SqlResult([INT], [[5]], partition_argument=1),
    "no parameter": SqlResult([INT], [[5]]),
    "update count": SqlResult(update_count=7, partition_argument=0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_another_reply_is_seen(sql: Sql, results: dict[str, Any], change: SqlResult) -> None:
    for wanted in (ONE, ONE, change, change, change, ONE, ONE):
        results["BY KEY"] = wanted
        result = sql.execute("BY KEY", 1, 2, cursor_buffer_size=4).result()
        assert result.is_infinite() is wanted.infinite
        if not wanted.columns:
            assert result.update_count() == 7
            continue
        found: list[Any] = [(c.name, c.type) for c in result.metadata.columns]
        assert found == list(wanted.columns)
        assert [list(row) for row in result] == list(map(list, wanted.rows))


def test_an_error_is_seen(sql: Sql, results: dict[str, Any]) -> None:
    for _ in range(3):
        sql.execute("BY KEY", 1).result()
    results["BY KEY"] = SqlResult(error=(1008, "wrong"))
    with pytest.raises(HazelcastSqlError, match="wrong"):
        sql.execute("BY KEY", 1).result()


def test_raw_and_other_objects_of_one_statement(
    simulation: Simulation, sql: Sql, results: dict[str, Any]
) -> None:
    data = simulation.client.serialization.to_data({"a": 1})
    results["BY KEY"] = SqlResult([("o", SqlType.OBJECT)], [[data]], partition_argument=0)
    for raw in (False, True, False, True, True, False):
        (row,) = sql.execute("BY KEY", 1, return_raw=raw).result()
        assert row["o"] == (data if raw else {"a": 1})


def test_pages_are_independent(sql: Sql) -> None:
    for _ in range(4):
        result = sql.blocking().execute("BY KEY", 1)
        page = result.next_page()
        assert page is not None
        assert (page.column_types, page.columns) == ([4], [[5]])
        page.column_types.clear()


def replies(sql: Sql) -> tuple[KnownStatement, bytes]:
    """Return what is remembered, and a reply."""
    for _ in range(2):
        sql.execute("BY KEY", 1).result()
    page: Any = sql.execute("BY KEY", 1).result()._ops._page
    known = sql._ops._paths.known("BY KEY")
    assert known is not None
    return known, page._message


def outcome(decode: Any, message: bytes) -> Any:
    try:
        response = decode(message, raw_data)
        page = response.row_page
        fields = (*list(response)[2:], list(response.row_metadata or ()))
        return fields, page and (page.is_last, page.column_types, page.cells)
    except Exception as e:
        return type(e)


def test_damaged_replies_are_decoded_as_without_what_is_remembered(sql: Sql) -> None:
    known, message = replies(sql)
    assert outcome(known.decode, message) == outcome(codec.execute_response, message)
    for place in range(len(message)):
        changed = bytearray(message)
        changed[place] ^= 0x11
        for damaged in (message[:place], bytes(changed), message[:place] + b"\0" + message[place:]):
            assert outcome(known.decode, damaged) == outcome(codec.execute_response, damaged), place


def test_a_reply_whose_begin_and_end_overlap_is_damaged(sql: Sql) -> None:
    known, message = replies(sql)
    reply: Any = known._reply
    short = message[: reply.start - 12] + reply.ends
    known._reply = reply._replace(begin=short[18:])
    assert outcome(known.decode, short) == outcome(codec.execute_response, short)


def test_statements_that_are_used_are_not_forgotten(
    simulation: Simulation, sql: Sql, results: dict[str, Any]
) -> None:
    for name in (*(f"S{number}" for number in range(1000)), "S0", "S1000"):
        results[name] = ONE
        sql.execute(name, 1).result()
    remembered = simulation.engine.service(SqlPaths)._statements
    assert list(remembered) == [*(f"S{number}" for number in range(2, 1000)), "S0", "S1000"]


def test_long_requests_and_replies_are_not_remembered(sql: Sql, results: dict[str, Any]) -> None:
    for length, kept in ((4000, True), (5000, False)):
        name = "x" * length
        results[name] = SqlResult([(name, SqlType.INTEGER)], [[5]], partition_argument=0)
        for _ in range(3):
            assert [tuple(row) for row in sql.execute(name, 1).result()] == [(5,)]
        known = sql._ops._paths.known(name)
        assert known is not None
        assert (known._request is not None, known._reply is not None) == (kept, kept)


def test_a_statement_that_is_forgotten_while_it_is_looked_up(
    simulation: Simulation, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql.execute("BY KEY", 1).result()
    paths = simulation.engine.service(SqlPaths)

    class Forgetting(type(paths._statements)):  # type: ignore[misc]  # its class is known only here
        def get(self, key: str, default: Any = None) -> Any:
            return self.pop(key, default)

    paths._statements = Forgetting(paths._statements)
    assert paths.known("BY KEY") is not None
    assert paths.known("BY KEY") is None


def test_the_owner_of_another_parameter_is_asked(
    simulation: Simulation, sql: Sql, results: dict[str, Any]
) -> None:
    owners = {}
    for key in range(50):
        sql.execute("BY KEY", key).result()
        sql.execute("BY KEY", key).result()
        owners[sent_last(simulation)] = key
    (one, first), (other, second), *_ = owners.items()
    for argument, owner in ((0, one), (1, other), (0, one)):
        results["BY KEY"] = SqlResult([INT], [[5]], partition_argument=argument)
        sql.execute("BY KEY", first, second).result()
        sql.execute("BY KEY", first, second).result()
        assert sent_last(simulation) is owner


def test_the_connection_to_the_owner_of_a_partition(simulation: Simulation) -> None:
    engine = simulation.engine
    owners = engine.view.partitions.owners
    for number, owner in enumerate(owners):
        found = engine.owner_connection(number)
        assert found is not None
        assert found.member == owner
    assert engine.owner_connection(len(owners)) is None
    found = engine.owner_connection(0)
    assert found is not None
    found.alive = False  # closed, and the routes do not know yet
    try:
        assert engine.owner_connection(0) is None
    finally:
        found.alive = True


def test_another_member_is_asked_if_the_owner_of_the_key_is_not_connected(
    simulation: Simulation, sql: Sql
) -> None:
    sql.execute("BY KEY", 1).result()
    sql.execute("BY KEY", 1).result()
    owner = sent_last(simulation)
    sql.execute("BY KEY", 1).result()
    assert sent_last(simulation) is owner
    simulation.cluster.remove(owner, announce=False)
    simulation.driver.advance(0.1)
    for _ in range(3):
        sql.execute("BY KEY", 1).result()
        assert sent_last(simulation) is not owner


def sent_last(simulation: Simulation) -> Any:
    return max(sent(simulation), key=lambda request: request["queryId"][3]).member
