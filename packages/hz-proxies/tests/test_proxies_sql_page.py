"""SQL pages: what a 5.7.0 member sent, nulls of every kind, and damaged pages."""

from __future__ import annotations

import json
import pickle
import struct
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from operator import add, mod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_core.wire.frames import DECODE_ERRORS, FRAME_HEADER, HazelcastProtocolError
from hz_core.wire.types import raw_data
from hz_proxies.sql import SqlColumnMetadata, SqlColumnType
from hz_proxies.sql.rows import row_classes
from hz_proxies.sql_page import read_sql_page
from hz_serialization import HazelcastJsonValue, HazelcastSerializationError

PAGES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "hz-core" / "tests" / "data" / "sql-pages.jsonl")
    .read_text()
    .splitlines()
]


def frame(payload: bytes = b"", flags: int = 0) -> bytes:
    return FRAME_HEADER.pack(len(payload) + 6, flags) + payload


def page(types: list[int], *columns: bytes, last: int = 1) -> bytes:
    head = frame(flags=0x1000) + frame(bytes([last])) + frame(struct.pack(f"<{len(types)}i", *types))
    return head + b"".join(columns) + frame(flags=0x2800)


def columns(message: bytes) -> list[list[Any]]:
    result, end = read_sql_page(message, 0, raw_data)
    assert end == len(message)
    return result.columns


def test_page_of_a_member_with_every_type() -> None:
    values = [column[0] for column in columns(bytes.fromhex(PAGES[1]["hex"]))]
    moment = datetime(2021, 6, 28, 11, 22, 41, 123456)
    assert PAGES[1]["types"] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]
    assert values[:6] == ["s", True, 1, 2, 3, 4]
    assert values[6:9] == [Decimal("1.25"), 1.5, 2.5]
    assert values[9:12] == [date(2021, 6, 28), time(11, 22, 41), moment]
    assert values[12] == moment.replace(tzinfo=values[12].tzinfo)
    assert values[12].utcoffset() == timedelta(seconds=-10800)
    assert values[13] is None
    assert values[14] == HazelcastJsonValue('{"a":1}')


def test_pages_of_a_member_with_nulls() -> None:
    first, _ = read_sql_page(bytes.fromhex(PAGES[0]["hex"]), 0, raw_data)
    assert first.is_last
    assert first.row_count == 3
    assert first.columns == [["k3", "k4", "k5"], [3, 4, 5]]
    nulls = columns(bytes.fromhex(PAGES[2]["hex"]))
    assert nulls[0] == [1, *[None] * 5, 2, *[None] * 5]
    assert nulls[1] == [None] * 12
    assert nulls[3] == [None, None, True, *[None] * 9]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))))
def test_mixed_columns(values: list[int | None]) -> None:
    payload = struct.pack("<bi", 3, len(values))
    for start in range(0, len(values), 8):
        group = values[start : start + 8]
        payload += bytes([sum(1 << i for i, value in enumerate(group) if value is not None)])
        payload += b"".join(struct.pack("<q", value) for value in group if value is not None)
    assert columns(page([5], frame(payload))) == [values]


def test_decimals() -> None:
    def value(unscaled: int, scale: int) -> bytes:
        digits = unscaled.to_bytes(20, "big", signed=True)
        return frame(struct.pack("<i", 20) + digits + struct.pack("<i", scale))

    content = frame(flags=0x1000) + value(-(10**40) - 1, 3) + frame(flags=0x0400) + value(7, -5)
    result = columns(page([6], content + frame(flags=0x0800)))
    assert result[0][1:] == [None, Decimal("7E+5")]
    assert str(result[0][0]) == "-" + "1" + "0" * 37 + ".001"


def test_zoned_timestamps() -> None:
    fields = struct.pack("<bi", 2, 2)
    fields += struct.pack("<ibbbbbii", 2024, 2, 29, 23, 59, 59, 999_999_999, 3600)
    fields += struct.pack("<ibbbbbii", 1, 1, 1, 0, 0, 0, 0, 0)
    first, second = columns(page([12], frame(fields)))[0]
    assert first == datetime(2024, 2, 29, 23, 59, 59, 999_999, timezone(timedelta(hours=1)))
    assert second == datetime(1, 1, 1, tzinfo=UTC)


def test_a_year_that_python_lacks_says_what_to_do() -> None:
    column = frame(struct.pack("<bi", 2, 1) + struct.pack("<ibb", 12000, 1, 1))
    with pytest.raises(HazelcastSerializationError, match=r"year 12000.*VARCHAR"):
        columns(page([9], column))


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (page([99], frame()), "type 99"),
        (page([14], frame(struct.pack("<i", 2**31 - 1))), "2147483647 rows"),
        (page([4], frame(struct.pack("<bi", 1, -1))), "-1 rows"),
        (page([4], frame(struct.pack("<bi", 2, 9))), "kind 2 with 9 values"),
        (page([4], frame(struct.pack("<bi", 7, 0))), "kind 7"),
        (page([4], frame(struct.pack("<bi", 3, 1) + b"\1\0\0\0\0\0")), "fills 6 bytes, not 5"),
        (page([14, 14], frame(b"\1\0\0\0"), frame(b"\2\0\0\0")), "differ in length"),
    ],
)
def test_damaged_pages(message: bytes, words: str) -> None:
    with pytest.raises(HazelcastProtocolError, match=words):
        columns(message)


@settings(deadline=None)
@given(
    st.integers(0, 16),
    st.lists(st.tuples(st.binary(max_size=24), st.sampled_from([0, 0, 0x0400, 0x0800, 0x1000])), max_size=6),
)
def test_garbage_gives_only_the_named_errors(column_type: int, frames: list[tuple[bytes, int]]) -> None:
    message = page([column_type], *(frame(payload, flags) for payload, flags in frames))
    with suppress(HazelcastProtocolError, HazelcastSerializationError, *DECODE_ERRORS):
        read_sql_page(message, 0, raw_data)


def test_an_object_that_cannot_be_read_does_not_spoil_the_others() -> None:
    def read(buffer: bytes, start: int, end: int) -> Any:
        content = buffer[start:end]
        if content == b"bad":
            raise HazelcastSerializationError("no class for it")
        return content.decode()

    content = frame(flags=0x1000) + frame(b"a") + frame(b"bad") + frame(flags=0x0400) + frame(flags=0x0800)
    result, _ = read_sql_page(page([13], content), 0, read)
    good, bad, none = result.columns[0]
    assert (good, none, repr(bad)) == ("a", None, "<unreadable: no class for it>")
    classes = row_classes([SqlColumnMetadata("o", SqlColumnType.OBJECT, True)])
    rows = list(map(classes.lazy, zip(*result.cells, strict=True)))
    assert (rows[0]["o"], list(rows[0]), rows[0][:1], rows[2][0]) == ("a", ["a"], ("a",), None)
    for use in (
        lambda: rows[1]["o"],
        lambda: rows[1][0],
        lambda: list(rows[1]),
        lambda: rows[1][:],
        lambda: rows[1] == rows[0],
        lambda: hash(rows[1]),
    ):
        with pytest.raises(HazelcastSerializationError, match="no class for it"):
            use()
    assert repr(rows[1]) == "SqlRow(o=<unreadable: no class for it>)"


def test_objects_are_read_when_they_are_accessed_and_once() -> None:
    """A row is the same whether its objects were read or not, also for code that is written in C."""
    read: list[bytes] = []

    def note(buffer: bytes, start: int, end: int) -> Any:
        read.append(buffer[start:end])
        return buffer[start:end].decode()

    texts = frame(flags=0x1000) + frame(b"a") + frame(b"b") + frame(flags=0x0800)
    message = page([13, 4], texts, frame(struct.pack("<bi", 2, 2) + struct.pack("<ii", 7, 8)))
    result, _ = read_sql_page(message + frame(flags=0x0400), 0, note)
    metadata = [
        SqlColumnMetadata("o", SqlColumnType.OBJECT, True),
        SqlColumnMetadata("n", SqlColumnType.INTEGER, True),
    ]
    first, second = map(row_classes(metadata).lazy, zip(*result.cells, strict=True))
    assert (result.row_count, second["n"], second[1], second[1:]) == (2, 8, 8, (8,))
    assert read == []
    assert (second["o"], second[0], second.as_dict()) == ("b", "b", {"o": "b", "n": 8})
    assert read == [b"b"]
    row: tuple[Any, ...] = ("a", 7)
    assert first == row
    assert row == first
    assert first != second
    assert first < second
    assert max(first, second) is second
    assert first <= row <= first
    assert first >= row >= first
    assert second > first
    assert {first: 1}[row] == 1
    assert "a" in first
    assert first.index("a") == 0
    for joined in (add(first, (1,)), add((1,), first)):
        assert type(joined) is tuple
        assert set(joined) == {"a", 7, 1}
        assert "a" in map(str, joined)
    assert mod("%s %s", first) == "a 7"
    assert str(tuple.__getitem__(first, 0)) == "a"
    assert repr(first) == "SqlRow(o='a', n=7)"
    copied = pickle.loads(pickle.dumps(first))
    assert (copied, type(tuple.__getitem__(copied, 0))) == (("a", 7), str)
    assert read == [b"b", b"a"]
    assert result.columns == [["a", "b"], [7, 8]]
    assert read == [b"b", b"a"]
    for operands in ((first, [1]), ([1], first)):
        with pytest.raises(TypeError):
            add(*operands)


def test_a_page_in_a_reply_is_decoded_when_its_columns_are_asked_for() -> None:
    """Also as something else than lists, by readers of one's own."""
    numbers = frame(struct.pack("<bi", 2, 2) + struct.pack("<ii", 7, 8))
    message = page([4, 14], numbers, frame(b"\2\0\0\0")) + frame(flags=0x0400)
    result, end = read_sql_page(message, 0, raw_data)
    assert end == len(message) - 6

    def span(buffer: bytes, pos: int, read: object) -> tuple[int, int]:
        length = struct.unpack_from("<i", buffer, pos)[0]
        return length, pos + length

    assert result.decode({4: span, 14: span}) == [len(numbers), 10]
    assert result.columns == [[7, 8], [None, None]]
    with pytest.raises(HazelcastProtocolError, match="type 14"):
        result.decode({4: span})
    damaged = message.replace(struct.pack("<bi", 2, 2), struct.pack("<bi", 2, 3))
    lazily, _ = read_sql_page(damaged, 0, raw_data)
    with pytest.raises(HazelcastProtocolError, match="kind 2 with 3 values"):
        lazily.columns  # noqa: B018
    longer, _ = read_sql_page(page([4], numbers, frame()) + frame(flags=0x0400), 0, raw_data)
    with pytest.raises(HazelcastProtocolError, match="end at byte"):
        longer.columns  # noqa: B018
