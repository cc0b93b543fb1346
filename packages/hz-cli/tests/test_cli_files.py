"""Rows in files and back, entries of rows, checkpoints."""

import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from hazelcast.core import HazelcastJsonValue
from hz_cli.errors import CommandError
from hz_cli.records.formats import FORMATS, format_of
from hz_cli.records.readers import batches
from hz_cli.records.writers import new_writer
from hz_cli.transfer.checkpoint import Checkpoint
from hz_cli.transfer.entries import EntryMaker, entry_columns, entry_row
from hz_serialization import Long

COLUMNS = ["key", "text", "n"]
ROWS: list[tuple[Any, ...]] = [(1, 'a "b"\n,c', 1.5), (2, None, -3.25), (3, "ä", None)]


def write(path: Path, format: str, rows: list[tuple[Any, ...]] = ROWS, parts: int = 2) -> Path:
    """Write rows in so many parts."""
    with path.open("wb") as stream:
        writer = new_writer(format, stream, COLUMNS)
        for part in range(parts):
            writer.write(rows[part::parts])
        writer.close()
    return path


def read(path: Path, format: str, size: int = 2, skip: int = 0) -> list[dict[str, Any]]:
    """Read all rows."""
    return [row for batch in batches(path, format, size, skip) for row in batch.rows]


@pytest.mark.parametrize("format", FORMATS)
def test_rows_survive_a_file(format: str, tmp_path: Path) -> None:
    path = write(tmp_path / "rows", format, parts=1)
    texts = [
        {name: "" if value is None else str(value) for name, value in zip(COLUMNS, row, strict=True)}
        for row in ROWS
    ]
    whole = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    assert read(path, format) == (texts if format == "csv" else whole)


@pytest.mark.parametrize("format", FORMATS)
def test_reading_begins_at_any_row_and_tells_how_far_it_is(format: str, tmp_path: Path) -> None:
    path = write(tmp_path / "rows", format, [(n, str(n), n / 2) for n in range(10)], parts=1)
    found = list(batches(path, format, 4, 3))
    assert [(batch.first, len(batch.rows)) for batch in found] == [(3, 4), (7, 3)]
    assert [int(row["key"]) for batch in found for row in batch.rows] == list(range(3, 10))
    assert found[-1].fraction == 1.0
    assert list(batches(path, format, 4, 10)) == []


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_are_a_file_too(format: str, tmp_path: Path) -> None:
    path = write(tmp_path / "rows", format, [], parts=1)
    assert read(path, format) == []
    if format == "csv":
        assert path.read_text() == "key,text,n\n"


def test_json_is_one_array(tmp_path: Path) -> None:
    rows = json.loads(write(tmp_path / "rows", "json").read_text())
    assert [row["key"] for row in rows] == [1, 3, 2]


def test_parquet_has_types_and_keeps_them(tmp_path: Path) -> None:
    row = (5, {"a": 1}, datetime(2026, 1, 2, 3, 4))
    table = pyarrow.parquet.read_table(write(tmp_path / "rows", "parquet", [row], parts=1))
    assert [str(field.type) for field in table.schema] == ["int64", "struct<a: int64>", "timestamp[us]"]
    with (tmp_path / "mixed").open("wb") as stream:
        writer = new_writer("parquet", stream, ["n"])
        writer.write([(1,)])
        with pytest.raises(
            CommandError, match=r"column n has values of type int64, and one that is not .*JSON lines"
        ):
            writer.write([("one",)])
        writer.close()
    with (tmp_path / "texts").open("wb") as stream:
        writer = new_writer("parquet", stream, ["n"])
        writer.write([(1,), ("one",), (None,), (date(2026, 1, 2),), (Decimal("1.5"),)])
        writer.close()
    assert pyarrow.parquet.read_table(tmp_path / "texts")["n"].to_pylist() == [
        "1",
        "one",
        None,
        "2026-01-02",
        "1.5",
    ]


@pytest.mark.parametrize(
    ("format", "text", "message"),
    [
        ("csv", "a,a\n1,2\n", "two columns have the same name"),
        ("csv", "a,b\n1,2\n3\n", "line 3: the line has 1 fields, but the first one names 2 columns"),
        ("csv", 'a,b\n1,"2\n', "line 2: not CSV in UTF-8"),
        ("jsonl", '{"a": 1}\n[1]\n', "line 2: a JSON object is expected, not list"),
        ("jsonl", '{"a": 1}\n{"a"\n', "line 2: not JSON"),
        ("json", '{"a": 1}', "an array of objects is expected"),
        ("json", '{"a": 1}\n{"a": 2}', "not JSON .*should end with .jsonl"),
        ("parquet", "PAR0", "not Parquet"),
    ],
)
def test_what_is_no_such_file_is_said_with_its_place(
    format: str, text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows"
    path.write_text(text)
    with pytest.raises(CommandError, match=message):
        read(path, format)


def test_a_name_says_the_format(tmp_path: Path) -> None:
    assert [format_of(Path(f"x.{end}"), None) for end in ("CSV", "ndjson", "json", "parquet")] == [
        "csv",
        "jsonl",
        "json",
        "parquet",
    ]
    assert format_of(Path("x.txt"), "csv") == "csv"
    with pytest.raises(
        CommandError, match=r"x\.txt: the name does not say the format; end it with \.csv"
    ) as caught:
        format_of(Path("x.txt"), None)
    assert caught.value.exit_code == 2


def maker(value_type: str = "auto", texts: bool = True, **types: Any) -> EntryMaker:
    """Return a maker for keys of type long in the column `id`."""
    return EntryMaker("id", "long", value_type, types, texts=texts)


def test_rows_become_entries() -> None:
    key, value = maker().entry({"id": "7", "value": "1.5"}, 1)
    assert (type(key), key, value) == (Long, 7, 1.5)
    assert maker("str").entry({"id": "7", "value": "1.5"}, 1)[1] == "1.5"
    _, value = maker(zip="str").entry({"id": "7", "n": "5", "zip": "12345", "none": "", "o": '{"a": 1}'}, 1)
    assert value == HazelcastJsonValue({"n": 5, "zip": "12345", "none": None, "o": {"a": 1}})
    _, value = maker(texts=False).entry({"id": 7, "value": {"a": [1]}}, 1)
    assert value == HazelcastJsonValue({"a": [1]})


@pytest.mark.parametrize(
    ("row", "types", "message"),
    [
        ({"key": "1"}, {}, "there is no column id for the keys, but key; name it with --key-column"),
        ({"id": "x", "value": "1"}, {}, "row 9: column id: 'x' is no long"),
        ({"id": "1", "value": ""}, {}, "row 9 has no value; maps keep neither"),
        ({"id": "1", "n": "x"}, {"n": "int"}, "row 9: column n: 'x' is no int"),
        ({"id": "1", "n": "x"}, {"m": "int"}, "--type names m, but there is no such column"),
    ],
)
def test_rows_that_are_no_entries_are_refused(
    row: dict[str, str], types: dict[str, Any], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        maker(**types).entry(row, 9)


def test_entries_become_rows() -> None:
    first, second = HazelcastJsonValue({"a": 1}), HazelcastJsonValue({"b": None, "a": 2})
    columns = entry_columns([first, second], "key")
    assert columns == ["key", "a", "b"]
    assert entry_row(7, first, columns) == [7, 1, None]
    assert entry_row(8, second, columns) == [8, 2, None]
    assert entry_columns([first, "text"], "key") == ["key", "value"]
    assert entry_row(7, "text", ["key", "value"]) == [7, "text"]
    with pytest.raises(CommandError, match=r"the value of key 7 has other fields .* JSON lines"):
        entry_row(7, HazelcastJsonValue({"c": 1}), columns)
    with pytest.raises(CommandError, match="the values have a field a, too"):
        entry_columns([first], "a")


def test_a_checkpoint_is_of_one_transfer(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    one = Checkpoint(path, {"map": "m", "size": 5})
    assert one.read() is None
    one.write(rows=7)
    assert Checkpoint(path, {"map": "m", "size": 5}).read() == {"rows": 7}
    with pytest.raises(
        CommandError, match="is of another transfer: size differ; to begin anew use --restart"
    ):
        Checkpoint(path, {"map": "m", "size": 6}).read()
    path.write_text("{}")
    with pytest.raises(CommandError, match="is damaged"):
        one.read()
    one.done()
    one.done()
    assert list(tmp_path.iterdir()) == []


def test_csv_can_be_continued() -> None:
    from hz_cli.records.writers import CsvWriter

    stream = io.BytesIO()
    CsvWriter(stream, ["a"]).write([(1,)])
    CsvWriter(stream, ["a"], header=False).write([(2,)])
    assert stream.getvalue() == b"a\r\n1\r\n2\r\n"
