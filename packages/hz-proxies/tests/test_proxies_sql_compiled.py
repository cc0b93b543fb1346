"""Compiled readers of columns give what those in pure Python do, for whole pages and for damaged ones."""

import struct
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_core.wire.frames import FRAME_HEADER
from hz_core.wire.types import raw_data
from hz_proxies import sql_page
from hz_proxies.sql import SqlColumnMetadata, SqlColumnType
from hz_proxies.sql.arrow import cells, columns, moments
from hz_proxies.sql.rows import row_classes, rows_of

NULL, BEGIN, END = 0x0400, 0x1000, 0x0800
LAYOUTS = {
    1: "<?", 2: "<b", 3: "<h", 4: "<i", 5: "<q", 7: "<f", 8: "<d",
    9: "<ibb", 10: "<bbbi", 11: "<ibbbbbi", 12: "<ibbbbbii",
}  # fmt: skip
YEARS = st.sampled_from(
    [1, 4, 1900, 1969, 1970, 2000, 2024, 9999, 0, -1, 10_000, -300_000, 300_000, 2**31 - 1]
)
DAYS = st.integers(1, 28) | st.sampled_from([0, 29, 30, 31, 32, -1])
PARTS = st.sampled_from([0, 1, 12, 23]) | st.sampled_from([24, 59, 60, -1])
NANOS = st.integers(0, 999_999_999) | st.sampled_from([-1, -1_000_000, 10**9, -(2**31)])
DATES = st.tuples(YEARS, st.integers(1, 12) | st.sampled_from([0, 13, -1]), DAYS)
TIMES = st.tuples(PARTS, PARTS, PARTS, NANOS)
OFFSETS = st.sampled_from([0, 3600, -3600, 1, 86_399, 86_400, -(2**31)])
VALUES: Mapping[int, st.SearchStrategy[tuple[Any, ...]]] = {
    1: st.tuples(st.booleans()),
    2: st.tuples(st.integers(-128, 127)),
    3: st.tuples(st.integers(-(2**15), 2**15 - 1)),
    4: st.tuples(st.integers(-(2**31), 2**31 - 1)),
    5: st.tuples(st.integers(-(2**63), 2**63 - 1)),
    7: st.tuples(st.floats(width=32)),
    8: st.tuples(st.floats()),
    9: DATES,
    10: TIMES,
    11: st.tuples(DATES, TIMES).map(lambda parts: parts[0] + parts[1]),
    12: st.tuples(DATES, TIMES, OFFSETS).map(lambda parts: (*parts[0], *parts[1], parts[2])),
}


def frame(payload: bytes = b"", flags: int = 0) -> bytes:
    return FRAME_HEADER.pack(len(payload) + 6, flags) + payload


def fixed(values: list[bytes | None], mixed: bool) -> bytes:
    """Return a column of values of one size."""
    if not mixed and None not in values:
        return frame(struct.pack("<bi", 2, len(values)) + b"".join(filter(None, values)))
    if not mixed and not any(values):
        return frame(struct.pack("<bi", 1, len(values)))
    payload = struct.pack("<bi", 3, len(values))
    for start in range(0, len(values), 8):
        group = values[start : start + 8]
        payload += bytes([sum(1 << bit for bit, value in enumerate(group) if value is not None)])
        payload += b"".join(filter(None, group))
    return frame(payload)


def texts(values: list[bytes | None]) -> bytes:
    """Return a column with a frame for each value."""
    each = [frame(flags=NULL) if value is None else frame(value) for value in values]
    return frame(flags=BEGIN) + b"".join(each) + frame(flags=END)


@st.composite
def column_bytes(draw: st.DrawFn) -> tuple[int, bytes]:
    """Draw the type and the bytes of a column; half of them were changed somewhere."""
    type_ = draw(st.sampled_from([0, *VALUES]))
    if type_:
        value = VALUES[type_].map(lambda parts: struct.pack(LAYOUTS[type_], *parts))
        content = fixed(draw(st.lists(st.none() | value, max_size=20)), draw(st.booleans()))
    else:
        text = st.text(max_size=6).map(str.encode) | st.binary(max_size=2)
        content = texts(draw(st.lists(st.none() | text, max_size=20)))
    if draw(st.booleans()):
        places = st.tuples(st.integers(6, len(content) - 1), st.integers(0, 255))
        changed = bytearray(content)
        for at, byte in draw(st.lists(places, max_size=2)):
            # Lengths of frames are checked when a message is received.
            if type_ or content[at] not in (6, 7, 8):
                changed[at] = byte
        content = bytes(changed)
    return type_, content


def outcome(function: Callable[[], Any]) -> str:
    """Return the text of a result, in which not-a-numbers are the same, or the error."""
    try:
        return repr(function())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def page(type_: int, content: bytes) -> sql_page.SqlPage:
    message = b"before" + content + frame(flags=END) + frame(flags=NULL)
    return sql_page.SqlPage(True, [type_], message, (6, 6 + len(content)), raw_data)


@settings(deadline=None, max_examples=100)
@given(column_bytes())
def test_lists(column: tuple[int, bytes]) -> None:
    type_, content = column
    assert outcome(lambda: page(type_, content).decode(sql_page.COLUMNS)) == outcome(
        lambda: page(type_, content).decode(sql_page.PURE_COLUMNS)
    )


@settings(deadline=None, max_examples=100)
@given(column_bytes(), st.sampled_from(["s", "ms", "us", "ns"]))
def test_arrays(column: tuple[int, bytes], unit: str) -> None:
    type_, content = column
    sql_type = SqlColumnType(type_)
    types = {}
    if sql_type in (SqlColumnType.TIMESTAMP, SqlColumnType.TIMESTAMP_WITH_TIME_ZONE):
        zone = None if sql_type is SqlColumnType.TIMESTAMP else "UTC"
        types["c"] = pa.timestamp(unit, zone)
    elif sql_type is SqlColumnType.TIME:
        types["c"] = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)

    def table() -> list[Any]:
        made = columns.Columns([SqlColumnMetadata("c", sql_type, True)], types, True)
        array = made.table([made.chunks(page(type_, content))]).column(0)
        array.validate(full=True)
        if pa.types.is_temporal(array.type):  # some are beyond Python's
            array = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64())
        return [array.null_count, array.to_pylist()]

    fast = outcome(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "CELLS", cells.PURE_CELLS)
        for module in (columns, moments):
            patch.setattr(module, "COMPILED", None)
        assert fast == outcome(table)


def test_compiled_readers_leave_little() -> None:
    """What is usual is not left to pure Python, where the compiled functions are installed."""
    compiled = sql_page.COMPILED
    if compiled is not None:
        moment = struct.pack(LAYOUTS[11], 2024, 2, 29, 1, 2, 3, 4)
        assert compiled.texts(texts([b"a", None]), 0) == (["a", None], 25)
        assert compiled.text_buffers(texts([b"a", None]), 0)[:3] == (2, 1, b"\1")
        assert compiled.numbers(fixed([b"\1", None], True), 0, "b") == ([1, None], 13)
        assert compiled.moments(fixed([moment], False), 0, 13) is not None
        assert compiled.dense(fixed([moment, None], True), 0, 13) == (2, moment, b"\1", 25)
        assert compiled.ticks(moment, 13, 1) == struct.pack("<q", 1_709_168_523)
        assert compiled.dates(moment[:6]) == struct.pack("<i", 19_782)
        assert compiled.spread(b"ab", b"\5", 3, 1) == b"a\0b"
        assert compiled.spread(b"ab", b"\1", 3, 1) is None


def test_rows() -> None:
    metadata = [SqlColumnMetadata(name, SqlColumnType.INTEGER, True) for name in "ab"]
    classes = row_classes(metadata)
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(2):
            rows, first = rows_of(classes.whole, [[1, 2, 3], ["x", "y", None]])
            assert next(rows) == (1, "x")
            assert first.__length_hint__() == 2  # type: ignore[attr-defined]  # iterators of lists have it
            left = list(rows)
            assert left == [(2, "y"), (3, None)]
            assert {type(row) for row in left} == {classes.whole}
            assert left[1]["a"] == 3
            assert first.__length_hint__() == 0  # type: ignore[attr-defined]  # see above
            patch.setattr("hz_proxies.sql.rows.COMPILED", None)
