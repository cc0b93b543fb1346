"""Simulated SQL: results by statement, pages, cursors of one member, and the bytes of a page."""

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hz_core.testing import RawClient, SimulatedCluster, SqlResult, SqlService, SqlType
from hz_core.testing.interpreter import Frame, join
from hz_core.testing.services.sql import page_frames

QUERY = (1, 2, 3, 4)
TWO = [("id", SqlType.INTEGER), ("name", SqlType.VARCHAR)]


@pytest.fixture
def client() -> RawClient:
    cluster = SimulatedCluster(2)
    rows = [(number, str(number)) for number in range(5)]
    cluster.service(SqlService).results = {
        "SELECT": SqlResult(TWO, rows),
        "DELETE": SqlResult(update_count=3),
        "WRONG": SqlResult(error=(1008, "cannot be parsed")),
        "ECHO": lambda parameters: SqlResult([("p", SqlType.OBJECT)], [[p] for p in parameters]),
    }
    return RawClient(cluster.members[0])


def execute(client: RawClient, sql: str, size: int = 4096, **named: Any) -> dict[str, Any]:
    number = client.start("Sql.execute", sql=sql, cursorBufferSize=size, queryId=QUERY, **named)
    message = client.answers[number]
    return {item.name: message[item.name] for item in message.shape.parameters}


def fetch(client: RawClient, size: int = 2) -> list[Any]:
    return client.answers[client.start("Sql.fetch", queryId=QUERY, cursorBufferSize=size)].values


def page(rows: list[tuple[int, str]], last: bool) -> list[Frame]:
    return page_frames([SqlType.INTEGER, SqlType.VARCHAR], rows, last)


def test_pages(client: RawClient) -> None:
    first = execute(client, "SELECT", 2)
    assert first["rowMetadata"] == [("id", 4, True), ("name", 0, True)]
    assert (first["updateCount"], first["error"], first["isInfiniteRows"]) == (-1, None, False)
    assert first["rowPage"] == page([(0, "0"), (1, "1")], False)
    assert fetch(client) == [page([(2, "2"), (3, "3")], False), None]
    assert fetch(client) == [page([(4, "4")], True), None]
    assert client.member.cluster.service(SqlService).cursors == {}


@pytest.mark.parametrize("size", [5, 6, 4096])
def test_one_page(client: RawClient, size: int) -> None:
    assert execute(client, "SELECT", size)["rowPage"] == page([(n, str(n)) for n in range(5)], True)


def test_a_query_belongs_to_its_member(client: RawClient) -> None:
    execute(client, "SELECT", 2)
    other = RawClient(client.member.cluster.members[1], client.uuid)
    rows, error = fetch(other)
    assert rows is None
    assert error[0] == -1
    assert error[2] == other.member.uuid
    assert "not found" in error[1]
    client.call("Sql.close", queryId=QUERY)
    assert fetch(client)[0] is None


def test_updates_and_errors(client: RawClient) -> None:
    deleted = execute(client, "DELETE")
    assert (deleted["rowPage"], deleted["rowMetadata"], deleted["updateCount"]) == (None, None, 3)
    wrong = execute(client, "WRONG")
    assert (wrong["updateCount"], wrong["error"][:3]) == (
        -1,
        (1008, "cannot be parsed", client.member.uuid),
    )
    assert execute(client, "UNKNOWN")["error"][0] == 1010


def test_a_result_may_depend_on_the_parameters(client: RawClient) -> None:
    found = execute(client, "ECHO", parameters=[b"12345678", None])["rowPage"]
    assert found == page_frames([SqlType.OBJECT], [[b"12345678"], [None]], True)


ZONE = timezone(timedelta(hours=-3))
MOMENT = datetime(2021, 6, 28, 11, 22, 41, 123456)
ALL_TYPES = [
    "s", True, 1, 2, 3, 4, Decimal("1.25"), 1.5, 2.5, date(2021, 6, 28), time(11, 22, 41), MOMENT,
    MOMENT.replace(tzinfo=ZONE), None, '{"a":1}',
]  # fmt: skip
CAPTURED: dict[tuple[int, ...], list[Any]] = {
    (0, 4): [("k3", 3), ("k4", 4), ("k5", 5)],
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15): [ALL_TYPES],
    (4, 4, 0, 1): [
        (number if number in (1, 2) else None, None, "1" if number == 1 else None, number == 5 or None)
        for number in (1, 3, 5, 7, 9, 11, 2, 4, 6, 8, 10, 12)
    ],
}
"""Rows by column types of pages that were captured from a real member."""


def test_pages_have_the_bytes_that_real_members_send() -> None:
    seen = set()
    for line in (Path(__file__).parent / "data" / "sql-pages.jsonl").read_text("utf-8").splitlines():
        captured = json.loads(line)
        types = tuple(captured["types"])
        if types in CAPTURED:
            seen.add(types)
            made = join(page_frames([SqlType(number) for number in types], CAPTURED[types], True))
            # The last frame of the page ends no message there.
            assert made[:-2].hex() == captured["hex"][:-4]
    assert seen == set(CAPTURED)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no number"):
        page_frames([SqlType.DECIMAL], [[Decimal("NaN")]], True)


def test_an_empty_page_and_utc() -> None:
    empty = page_frames([SqlType.INTEGER, SqlType.VARCHAR, SqlType.NULL], [], True)
    assert [payload for _, payload in empty[3:]] == [b"\x01\0\0\0\0", b"", b"", b"\0\0\0\0", b""]
    moment = MOMENT.replace(tzinfo=UTC)
    (column,) = page_frames([SqlType.TIMESTAMP_WITH_TIME_ZONE], [[moment]], True)[3:-1]
    assert column[1].endswith(b"\0\0\0\0")
