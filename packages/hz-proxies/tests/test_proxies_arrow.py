"""Pages of SQL results as Arrow arrays, compared with the lists of Python objects that rows are made of."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_core.op import Flow
from hz_core.wire.frames import FRAME_HEADER, HazelcastProtocolError
from hz_core.wire.types import raw_data
from hz_proxies.sql import SqlColumnMetadata, SqlColumnType, SqlRowMetadata
from hz_proxies.sql.arrow.batches import BatchSource
from hz_proxies.sql.arrow.columns import Columns
from hz_proxies.sql_page import SqlPage, Unreadable, read_sql_page
from hz_serialization import HazelcastJsonValue, HazelcastSerializationError
from hz_serialization.big_numbers import split_decimal
from hz_serialization.scalars import big_integer_bytes

PAGES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "hz-core" / "tests" / "data" / "sql-pages.jsonl")
    .read_text()
    .splitlines()
]
NULL = 0x0400
BEGIN = 0x1000
END = 0x0800


def frame(payload: bytes = b"", flags: int = 0) -> bytes:
    return FRAME_HEADER.pack(len(payload) + 6, flags) + payload


def page(types: list[int], *columns: bytes) -> SqlPage:
    head = frame(flags=BEGIN) + frame(b"\1") + frame(struct.pack(f"<{len(types)}i", *types))
    message = head + b"".join(columns) + frame(flags=0x2000 | END) + frame(flags=NULL)
    return read_sql_page(message, 0, raw_data)[0]


def fixed(pack: Callable[[Any], bytes], values: list[Any]) -> bytes:
    """Return a column of values of a fixed size, as members write it."""
    known = [value for value in values if value is not None]
    if len(known) == len(values):
        return frame(struct.pack("<bi", 2, len(values)) + b"".join(map(pack, values)))
    if not known:
        return frame(struct.pack("<bi", 1, len(values)))
    payload = struct.pack("<bi", 3, len(values))
    for start in range(0, len(values), 8):
        group = values[start : start + 8]
        payload += bytes([sum(1 << i for i, value in enumerate(group) if value is not None)])
        payload += b"".join(pack(value) for value in group if value is not None)
    return frame(payload)


def framed(pack: Callable[[Any], bytes], values: list[Any]) -> bytes:
    """Return a column with a frame for each value."""
    cells = [frame(flags=NULL) if value is None else frame(pack(value)) for value in values]
    return frame(flags=BEGIN) + b"".join(cells) + frame(flags=END)


def json_cells(values: list[Any]) -> bytes:
    cells = [
        frame(flags=NULL) if value is None else frame(flags=BEGIN) + frame(value.encode()) + frame(flags=END)
        for value in values
    ]
    return frame(flags=BEGIN) + b"".join(cells) + frame(flags=END)


def pack_date(value: date) -> bytes:
    return struct.pack("<ibb", value.year, value.month, value.day)


def pack_time(value: time) -> bytes:
    return struct.pack("<bbbi", value.hour, value.minute, value.second, value.microsecond * 1000 + 999)


def pack_timestamp(value: datetime) -> bytes:
    return pack_date(value) + pack_time(value.time())


def pack_instant(value: datetime) -> bytes:
    offset = value.utcoffset()
    assert offset is not None
    return pack_timestamp(value.replace(tzinfo=None)) + struct.pack("<i", int(offset.total_seconds()))


def pack_decimal(value: Decimal) -> bytes:
    unscaled, scale = split_decimal(value)
    digits = big_integer_bytes(unscaled)
    return struct.pack("<i", len(digits)) + digits + struct.pack("<i", scale)


def packer(code: str) -> Callable[[Any], bytes]:
    return struct.Struct(f"<{code}").pack


def metadata(*types: int) -> list[SqlColumnMetadata]:
    return [SqlColumnMetadata(f"c{i}", SqlColumnType(t), True) for i, t in enumerate(types)]


ZONES = st.integers(-64800, 64800).map(lambda seconds: timezone(timedelta(seconds=seconds)))
# A day from the first and the last one, so that the moment in UTC is one of Python's, too.
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
DECIMALS = st.decimals(-(10**18), 10**18, places=6) | st.decimals(-100, 100, places=0)

KINDS: dict[int, tuple[st.SearchStrategy[Any], Callable[[list[Any]], bytes]]] = {
    0: (st.text(st.characters(codec="utf-8"), max_size=9), lambda v: framed(str.encode, v)),
    1: (st.booleans(), lambda v: fixed(packer("?"), v)),
    2: (st.integers(-128, 127), lambda v: fixed(packer("b"), v)),
    3: (st.integers(-(2**15), 2**15 - 1), lambda v: fixed(packer("h"), v)),
    4: (st.integers(-(2**31), 2**31 - 1), lambda v: fixed(packer("i"), v)),
    5: (st.integers(-(2**63), 2**63 - 1), lambda v: fixed(packer("q"), v)),
    6: (DECIMALS, lambda v: framed(pack_decimal, v)),
    7: (st.floats(width=32, allow_nan=False), lambda v: fixed(packer("f"), v)),
    8: (st.floats(allow_nan=False), lambda v: fixed(packer("d"), v)),
    9: (st.dates(), lambda v: fixed(pack_date, v)),
    10: (st.times(), lambda v: fixed(pack_time, v)),
    11: (st.datetimes(), lambda v: fixed(pack_timestamp, v)),
    12: (st.datetimes(timezones=st.just(UTC)), lambda v: fixed(pack_instant, v)),
    14: (st.none(), lambda v: frame(struct.pack("<i", len(v)))),
    15: (st.text(st.characters(codec="utf-8"), max_size=9), json_cells),
}


def as_rows_have_it(table: pa.Table | pa.RecordBatch) -> list[list[Any]]:
    return [column.to_pylist() for column in table.columns]


def in_rows(columns: list[list[Any]]) -> list[list[Any]]:
    return [
        [value.to_string() if isinstance(value, HazelcastJsonValue) else value for value in column]
        for column in columns
    ]


@settings(deadline=None, max_examples=40)
@given(st.data(), st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4), st.integers(0, 20))
def test_every_type_has_the_values_of_the_rows(data: st.DataObject, types: list[int], count: int) -> None:
    pages = []
    for _ in range(2):
        columns = []
        for column_type in types:
            values, encode = KINDS[column_type]
            nullable = values if data.draw(st.booleans()) else st.none() | values
            columns.append(encode(data.draw(st.lists(nullable, min_size=count, max_size=count))))
        pages.append(page(types, *columns))
    lists = [in_rows(each.columns) for each in pages]
    whole = Columns(metadata(*types), None, whole=True)
    table = whole.table([whole.chunks(each) for each in pages])
    table.validate(full=True)
    assert as_rows_have_it(table) == [first + second for first, second in zip(*lists, strict=True)]
    streamed = Columns(metadata(*types), None, whole=False)
    for each, expected in zip(pages, lists, strict=True):
        batch = streamed.batch(each)
        batch.validate(full=True)
        assert as_rows_have_it(batch) == expected


@settings(deadline=None, max_examples=40)
@given(st.lists(st.none() | st.tuples(MOMENTS, ZONES), max_size=20))
def test_timestamps_with_offsets_are_instants(values: list[tuple[datetime, timezone] | None]) -> None:
    moments = [None if value is None else value[0].replace(tzinfo=value[1]) for value in values]
    array = Columns(metadata(12), None, whole=False).batch(page([12], fixed(pack_instant, moments)))["c0"]
    assert array.type == pa.timestamp("us", "UTC")
    assert array.to_pylist() == moments


def test_a_page_of_a_member_with_every_type() -> None:
    content = bytes.fromhex(PAGES[1]["hex"])
    result, _ = read_sql_page(content, 0, raw_data)
    batch = Columns(metadata(*PAGES[1]["types"]), None, whole=False).batch(result)
    assert as_rows_have_it(batch) == in_rows(result.columns)
    assert [str(kind) for kind in batch.schema.types] == [
        "string", "bool", "int8", "int16", "int32", "int64", "decimal256(76, 38)", "float", "double",
        "date32[day]", "time64[us]", "timestamp[us]", "timestamp[us, tz=UTC]", "null", "string",
    ]  # fmt: skip
    assert batch.schema.field("c14").metadata == {b"hazelcast.sql.type": b"JSON"}


def one(column_type: int, column: bytes, kind: pa.DataType | None = None, whole: bool = False) -> pa.Array:
    types = None if kind is None else {"c0": kind}
    columns = Columns(metadata(column_type), types, whole)
    content = page([column_type], column)
    if not whole:
        return columns.batch(content)["c0"]
    return columns.table([columns.chunks(content)])["c0"].combine_chunks()


def test_nanoseconds_are_kept_where_they_are_asked_for() -> None:
    timestamp = fixed(bytes, [struct.pack("<ibbbbbi", 2024, 2, 29, 23, 59, 58, 123_456_789)])
    assert one(11, timestamp, pa.timestamp("ns")).cast(pa.int64()).to_pylist() == [1709251198123456789]
    assert one(11, timestamp, pa.timestamp("s")).cast(pa.int64()).to_pylist() == [1709251198]
    of_day = fixed(bytes, [struct.pack("<bbbi", 1, 2, 3, 4)])
    assert one(10, of_day, pa.time64("ns")).cast(pa.int64()).to_pylist() == [3723000000004]
    assert one(10, of_day, pa.time32("ms")).cast(pa.int32()).to_pylist() == [3723000]


def test_years_that_python_lacks() -> None:
    for year in (12000, 9999, 0, -1, -400, -4713):
        column = fixed(bytes, [struct.pack("<ibb", year, 1, 1)])
        assert one(9, column).cast(pa.int32()).to_pylist() == [_first_day(year)]
    far = fixed(bytes, [struct.pack("<ibbbbbi", 999_999_999, 12, 31, 0, 0, 0, 0)])
    with pytest.raises(HazelcastSerializationError, match=r"'c0' \(TIMESTAMP\).*timestamp\[us\].*`types`"):
        one(11, far)
    assert one(11, far, pa.timestamp("s")).cast(pa.int64()).to_pylist() == [31556889832694400]
    with pytest.raises(HazelcastSerializationError, match="VARCHAR"):
        one(9, fixed(bytes, [struct.pack("<ibb", 999_999_999, 12, 31)]))


def _first_day(year: int) -> int:
    """Return the days between 1970 and the first day of a year, by counting years."""

    def days(first: int, last: int) -> int:
        return sum(366 if y % 4 == 0 and (y % 100 or y % 400 == 0) else 365 for y in range(first, last))

    return days(1970, year) if year >= 1970 else -days(year, 1970)


@pytest.mark.parametrize(
    ("column_type", "content"),
    [
        (9, struct.pack("<ibb", 2024, 13, 1)),
        (9, struct.pack("<ibb", 2024, 2, 30)),
        (9, struct.pack("<ibb", 2024, 4, 31)),
        (9, struct.pack("<ibb", 2024, 1, 0)),
        (10, struct.pack("<bbbi", 24, 0, 0, 0)),
        (10, struct.pack("<bbbi", 0, 60, 0, 0)),
        (11, struct.pack("<ibbbbbi", 2024, 1, 1, 0, 0, -1, 0)),
    ],
)
def test_moments_that_do_not_exist(column_type: int, content: bytes) -> None:
    with pytest.raises(HazelcastProtocolError, match="does not exist"):
        one(column_type, fixed(bytes, [content]))


def test_decimals_get_a_type_that_suits_all() -> None:
    def decimals(*values: str) -> pa.Array:
        return one(6, framed(pack_decimal, [Decimal(value) for value in values]), whole=True)

    assert decimals("1.5", "1E+3").type == pa.decimal128(38, 1)
    assert decimals("1.5", "1E+3").to_pylist() == [Decimal("1.5"), Decimal(1000)]
    assert decimals("0." + "3" * 76).to_pylist() == [Decimal("0." + "3" * 76)]
    assert decimals("9" * 38).type == pa.decimal128(38, 0)
    assert decimals("9" * 39).type == pa.decimal256(76, 0)
    with pytest.raises(HazelcastSerializationError, match=r"77 digits, 38 of them.*CAST"):
        decimals("9" * 39, "0." + "0" * 37 + "1")


def test_pages_with_decimals_of_other_scales_make_one_column() -> None:
    columns = Columns(metadata(6), None, whole=True)
    values: list[list[str | None]] = [["0.125", None], ["9" * 30], [None]]
    pages = [
        page([6], framed(pack_decimal, [None if v is None else Decimal(v) for v in each])) for each in values
    ]
    table = columns.table([columns.chunks(each) for each in pages])
    assert table["c0"].type == pa.decimal128(38, 3)
    assert table["c0"].to_pylist() == [Decimal("0.125"), None, Decimal("9" * 30), None]


def test_decimals_of_a_named_type() -> None:
    column = framed(pack_decimal, [Decimal("1.50"), None, Decimal("-2")])
    assert one(6, column, pa.decimal128(5, 1)).to_pylist() == [Decimal("1.5"), None, Decimal(-2)]
    assert one(6, column, pa.float64()).to_pylist() == [1.5, None, -2.0]
    for text in ("1.25", "12345"):
        with pytest.raises(HazelcastSerializationError, match=r"'c0' \(DECIMAL\).*decimal128\(5, 1\)"):
            one(6, framed(pack_decimal, [Decimal(text)]), pa.decimal128(5, 1))
    with pytest.raises(HazelcastSerializationError, match="1001"):
        one(6, framed(pack_decimal, [Decimal((0, (1,), -1001))]))


def test_named_types_of_other_columns() -> None:
    numbers = fixed(packer("i"), [1, None, 300])
    assert one(4, numbers, pa.float32()).to_pylist() == [1.0, None, 300.0]
    with pytest.raises(HazelcastSerializationError, match=r"'c0' \(INTEGER\) does not fit into int8"):
        one(4, numbers, pa.int8())
    texts = framed(str.encode, ["a", None])
    assert one(0, texts, pa.large_string()).type == pa.large_string()
    documents = one(15, json_cells(['{"a": 1}', None]), pa.json_())
    assert documents.type == pa.json_()
    assert documents.storage.to_pylist() == ['{"a": 1}', None]
    with pytest.raises(ValueError, match="'c9'; the result has c0"):
        Columns(metadata(4), {"c9": pa.int8()}, whole=False)
    with pytest.raises(TypeError, match="'int8' for the column 'c0'"):
        Columns(metadata(4), {"c0": "int8"}, whole=False)


def test_objects() -> None:
    def objects(*values: Any) -> SqlPage:
        content = page([13, 4], framed(bytes, [b"", b""]), fixed(packer("i"), [1, 2]))
        content._columns = [list(values), [1, 2]]
        return content

    whole = Columns(metadata(13, 4), None, whole=True)
    table = whole.table([whole.chunks(objects(None, None)), whole.chunks(objects(1, 2.5))])
    assert table["c0"].to_pylist() == [None, None, 1.0, 2.5]
    assert table["c1"].to_pylist() == [1, 2, 1, 2]
    streamed = Columns(metadata(13, 4), None, whole=False)
    assert streamed.batch(objects(1, None))["c0"].type == pa.int64()
    with pytest.raises(HazelcastSerializationError, match=r"'c0' \(OBJECT\) has values of str.*int64"):
        streamed.batch(objects(None, "two"))
    with pytest.raises(HazelcastSerializationError, match="values of bytes, int, str, and no Arrow type"):
        whole.table([whole.chunks(objects("a", 1)), whole.chunks(objects(b"a", None))])
    named = Columns(metadata(13, 4), {"c0": pa.list_(pa.int32())}, whole=True)
    assert named.table([named.chunks(objects([1], None))])["c0"].type == pa.list_(pa.int32())
    with pytest.raises(HazelcastSerializationError, match="no class"):
        streamed.batch(objects(Unreadable(HazelcastSerializationError("no class")), None))


def test_damaged_pages() -> None:
    with pytest.raises(HazelcastProtocolError, match="UTF-8"):
        one(0, framed(bytes, [b"\xff"]))
    with pytest.raises(HazelcastProtocolError, match=r"differ in length: \[2, 1\]"):
        Columns(metadata(4, 0), None, whole=False).batch(
            page([4, 0], fixed(packer("i"), [1, 2]), framed(str.encode, ["a"]))
        )
    with pytest.raises(HazelcastProtocolError, match="kind 2 with 3 values"):
        one(4, fixed(packer("i"), [1, 2]).replace(struct.pack("<bi", 2, 2), struct.pack("<bi", 2, 3)))


def test_a_result_without_pages_is_an_empty_table() -> None:
    table = Columns(metadata(*sorted(KINDS), 13), None, whole=True).table([])
    assert (table.num_rows, table.num_columns) == (0, len(KINDS) + 1)


@pytest.mark.parametrize(("rows", "expected"), [([0], [0]), ([0, 0], [0]), ([2, 0, 1, 0], [2, 1])])
def test_empty_pages_make_no_batches_but_the_first(rows: list[int], expected: list[int]) -> None:
    pages = [page([4], fixed(packer("i"), list(range(count)))) for count in rows]

    def next_page() -> Flow[SqlPage | None]:
        yield from ()
        return pages.pop(0) if pages else None

    def close() -> Flow[None]:
        yield from ()

    source = BatchSource(SqlRowMetadata(metadata(4)), next_page, close, None)
    found: list[int] = []
    while source.more:
        found += [batch.num_rows for batch in result_of(source.fetch())]
    assert found == expected


def result_of(flow: Flow[Any]) -> Any:
    """Return the result of a flow without steps."""
    with pytest.raises(StopIteration) as stopped:
        next(flow)
    return stopped.value.value
