"""Rows of Arrow tables as keys and values of maps, and values of maps as tables."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_proxies.arrow import hashes
from hz_proxies.arrow.contents import contents
from hz_proxies.arrow.hashes import partitions_of
from hz_proxies.arrow.kinds import target
from hz_proxies.arrow.rows import RowReader, parts_of, schema_of
from hz_proxies.arrow.values import columns_of, entries_of
from hz_serialization import (
    Data,
    HazelcastJsonValue,
    HazelcastSerializationError,
    SerializationService,
    partition_hash,
    partition_id,
)
from hz_serialization.compact import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.java_types import Long

SERVICE = SerializationService()


def objects(rows: tuple[list[Any], list[Data]]) -> tuple[list[Any], list[Any]]:
    """Return the keys, and the values as objects."""
    return rows[0], [SERVICE.to_object(value) for value in rows[1]]


TYPES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.uint8(): st.integers(0, 255),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.uint16(): st.integers(0, 2**16 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.uint32(): st.integers(0, 2**32 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**63 - 1),
    pa.float32(): st.floats(width=32, allow_nan=False),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(st.characters(codec="utf-8"), max_size=5) | st.text("abc"),
    pa.large_string(): st.text("abcé"),
    pa.string_view(): st.text("abcé"),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from("abc"),
    pa.binary(): st.binary(max_size=5),
    pa.decimal128(20, 3): st.decimals(-1000, 1000, places=3),
    pa.date32(): st.dates(),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): st.datetimes(),
    pa.timestamp("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
    pa.list_(pa.int32()): st.lists(st.none() | st.integers(0, 9), max_size=3),
    pa.list_(pa.string()): st.lists(st.text("ab"), max_size=3),
    pa.null(): st.none(),
}


@settings(deadline=None, max_examples=150)
@given(st.data(), st.sampled_from(sorted(TYPES, key=str)), st.booleans(), st.integers(0, 3))
def test_records_have_the_values_of_the_columns(
    data: st.DataObject, kind: pa.DataType, nullable: bool, skipped: int
) -> None:
    item = TYPES[kind] | st.none() if nullable else TYPES[kind]
    values = data.draw(st.lists(item, max_size=12))
    field = pa.field("v", kind, nullable or kind == pa.null())
    keys = pa.array(range(len(values)), pa.int32())
    table = pa.table([keys, pa.array(values, kind)], pa.schema([pa.field("k", pa.int32()), field]))
    table = table.slice(skipped)
    reader = RowReader(SERVICE, table.schema, "k", None, "compact", "T", (None, None))
    found, records = objects(reader.read(table))
    assert found == list(range(len(values)))[skipped:]
    again = [record["v"] for record in records]
    # The same bytes as one by one.
    assert [SERVICE.to_data(record) for record in records] == reader.read(table)[1]
    # Bytes are arrays of int8, which are read as lists.
    expected = [value if type(value) is not bytes else _signed(value) for value in values[skipped:]]
    assert again == expected
    assert all(record.type_name == "T" for record in records)


def _signed(value: bytes) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in value]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(TYPES, key=str)), st.integers(0, 3))
def test_contents_are_those_of_pyarrow(data: st.DataObject, kind: pa.DataType, skipped: int) -> None:
    array = pa.array(data.draw(st.lists(TYPES[kind] | st.none(), max_size=20)), kind)[skipped:]
    assert contents(array) == array.to_pylist()


def test_kinds() -> None:
    def kind(arrow: pa.DataType, nullable: bool = True) -> FieldKind:
        return target(pa.field("f", arrow, nullable), "T").kind

    assert kind(pa.int32()) is FieldKind.NULLABLE_INT32
    assert kind(pa.int32(), nullable=False) is FieldKind.INT32
    assert kind(pa.uint16(), nullable=False) is FieldKind.INT32
    assert kind(pa.float16()) is FieldKind.NULLABLE_FLOAT32
    assert kind(pa.date64()) is FieldKind.DATE
    assert kind(pa.time32("s")) is FieldKind.TIME
    assert kind(pa.json_()) is FieldKind.STRING
    assert kind(pa.binary(4)) is FieldKind.ARRAY_OF_INT8
    assert kind(pa.list_(pa.field("item", pa.int64(), nullable=False))) is FieldKind.ARRAY_OF_INT64
    assert kind(pa.large_list(pa.int64())) is FieldKind.ARRAY_OF_NULLABLE_INT64
    assert kind(pa.list_(pa.struct([("a", pa.int8())]))) is FieldKind.ARRAY_OF_COMPACT
    for arrow in (pa.duration("s"), pa.list_(pa.list_(pa.int8())), pa.map_(pa.string(), pa.int8())):
        with pytest.raises(HazelcastSerializationError, match="'f' is of type"):
            kind(arrow)


def test_nested_records() -> None:
    city = pa.struct([("name", pa.string()), ("at", pa.timestamp("ns"))])
    moment = datetime(2024, 2, 29, 1, 2, 3)
    rows = [
        {"k": 1, "city": {"name": "Paris", "at": moment}, "more": [{"name": "a", "at": None}, None]},
        {"k": 2, "city": None, "more": None},
    ]
    table = pa.Table.from_pylist(
        rows, pa.schema([("k", pa.int64()), ("city", city), ("more", pa.list_(city))])
    )
    _, (first, second) = objects(
        RowReader(SERVICE, table.schema, "k", None, "compact", "T", (None, None)).read(table)
    )
    assert (first["city"].type_name, first["city"]["at"]) == ("T.city", moment)
    assert [record and record["name"] for record in first["more"]] == ["a", None]
    assert (second["city"], second["more"]) == (None, None)
    again = entries_of([(1, first), (2, second)])
    assert again["city"].to_pylist() == [{"name": "Paris", "at": moment}, None]


def test_parts_of_a_microsecond_are_dropped() -> None:
    table = pa.table({"k": [1], "v": pa.array([1_000_001_999], pa.timestamp("ns"))})
    _, (record,) = objects(
        RowReader(SERVICE, table.schema, "k", None, "compact", "T", (None, None)).read(table)
    )
    assert record["v"] == datetime(1970, 1, 1, 0, 0, 1, 1)


def test_json() -> None:
    table = pa.table(
        {
            "k": ["a"],
            "n": [None],
            "d": [Decimal("1.50")],
            "at": [datetime(2024, 1, 2, 3, 4, 5)],
            "on": [date(2024, 1, 2)],
            "s": [{"x": 1}],
        }
    )
    keys, (value,) = objects(
        RowReader(SERVICE, table.schema, "k", None, "json", "T", (None, None)).read(table)
    )
    assert keys == ["a"]
    assert json.loads(value.to_string()) == {
        "n": None, "d": "1.50", "at": "2024-01-02T03:04:05", "on": "2024-01-02", "s": {"x": 1},
    }  # fmt: skip
    for wrong in (pa.table({"k": [1], "v": [float("nan")]}), pa.table({"k": [1], "v": [b"b"]})):
        with pytest.raises(HazelcastSerializationError, match="cannot be JSON"):
            RowReader(SERVICE, wrong.schema, "k", None, "json", "T", (None, None)).read(wrong)


def test_a_range_of_keys() -> None:
    table = pa.table({"k": range(10), "v": range(10)})

    def keys(low: Any, high: Any) -> list[int]:
        return RowReader(SERVICE, table.schema, "k", None, "compact", "T", (low, high)).read(table)[0]

    assert keys(3, None) == [3, 4, 5, 6, 7, 8, 9]
    assert keys(None, 3) == [0, 1, 2]
    assert keys(3, 5) == [3, 4]
    assert keys(50, None) == []


def test_arguments() -> None:
    table = pa.table({"k": [1, None], "v": [1, 2]})

    def reader(**changed: Any) -> RowReader:
        given = {"key": "k", "columns": None, "form": "compact", "type_name": "T", "key_range": (None, None)}
        return RowReader(SERVICE, table.schema, **{**given, **changed})

    with pytest.raises(ValueError, match="no one column 'x'; the columns are k, v"):
        reader(key="x")
    with pytest.raises(ValueError, match="no one column 'x'"):
        reader(columns=["v", "x"])
    with pytest.raises(ValueError, match="no column for values"):
        reader(columns=[])
    with pytest.raises(ValueError, match="'compact' or 'json', not 'csv'"):
        reader(form="csv")
    with pytest.raises(HazelcastSerializationError, match="'k' of the key has a null in row 1"):
        reader().read(table)
    big = pa.table({"k": [1], "v": pa.array([2**63], pa.uint64())})
    with pytest.raises(HazelcastSerializationError, match="'v' does not fit"):
        RowReader(SERVICE, big.schema, "k", None, "compact", "T", (None, None)).read(big)


def test_parts() -> None:
    table = pa.table({"k": range(10)})
    chunked = pa.concat_tables([table.slice(0, 3), table.slice(3)])
    for source in (table, chunked, table.to_batches()[0], chunked.to_reader(), chunked.to_batches()):
        parts = list(parts_of(source, 4))
        assert [key for part in parts for key in part["k"].to_pylist()] == list(range(10))
        assert all(part.num_rows <= 4 for part in parts)
    assert [part.num_rows for part in parts_of(chunked, 4)] == [4, 4, 2]
    assert schema_of(table.to_reader()) == table.schema
    with pytest.raises(TypeError, match=r"a pyarrow Table.*is needed, not 3"):
        schema_of(3)
    with pytest.raises(TypeError, match=r"a pyarrow.RecordBatch is needed, not 3"):
        list(parts_of([3], 4))


@dataclass
class City:
    name: str
    id: UUID
    tags: tuple[str, ...]


def test_entries_as_tables() -> None:
    uuid = UUID(int=7)
    table = entries_of([(1, City("Paris", uuid, ("a",))), (2, City("Rome", uuid, ()))])
    assert table.to_pydict() == {
        "__key": [1, 2], "name": ["Paris", "Rome"], "id": [str(uuid)] * 2, "tags": [["a"], []],
    }  # fmt: skip
    documents = [(1, HazelcastJsonValue({"a": 1})), (2, HazelcastJsonValue({"b": [2]}))]
    assert entries_of(documents).to_pydict() == {"__key": [1, 2], "a": [1, None], "b": [None, [2]]}
    assert entries_of([(1, 2.5), (2, None)]).to_pydict() == {"__key": [1, 2], "this": [2.5, None]}
    mixed = [(1, HazelcastJsonValue("[1]")), (2, HazelcastJsonValue({"b": 2}))]
    assert entries_of(mixed)["this"].to_pylist() == ["[1]", '{"b": 2}']
    assert entries_of([]).to_pydict() == {"__key": [], "this": []}
    assert columns_of(["a", "b"], [[1, "x"], [None, "y"]]).to_pydict() == {"a": [1, None], "b": ["x", "y"]}
    assert columns_of(["a"], [], {"a": pa.int8()}).schema.field("a").type == pa.int8()
    with pytest.raises(ValueError, match="'c'; the table has a"):
        columns_of(["a"], [], {"c": pa.int8()})
    with pytest.raises(HazelcastSerializationError, match="the column 'a' has values of complex, int"):
        columns_of(["a"], [[1j], [1]])


def test_timestamps_with_a_zone() -> None:
    zone = timezone(timedelta(hours=2))
    moment = datetime(2024, 7, 1, 12, tzinfo=zone)
    table = pa.table({"k": [1], "v": pa.array([moment], pa.timestamp("ms", "+02:00"))})
    _, (record,) = objects(
        RowReader(SERVICE, table.schema, "k", None, "compact", "T", (None, None)).read(table)
    )
    assert isinstance(record, GenericRecord)
    assert record["v"] == moment
    assert record["v"].utcoffset() == timedelta(hours=2)
    assert record.kind("v") is FieldKind.TIMESTAMP_WITH_TIMEZONE


KEYS = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1).map(Long),
    "text": st.text("abc", max_size=9),
    "same": st.text("abc", min_size=8, max_size=8),
    "uuid": st.uuids(),
}


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(KEYS)), st.sampled_from([1, 3, 271, 5003]))
def test_partitions_are_those_of_single_keys(data: st.DataObject, kind: str, count: int) -> None:
    keys = data.draw(st.lists(KEYS[kind], min_size=1, max_size=40))
    serialized = [SERVICE.to_data(key) for key in keys]
    expected = [partition_id(partition_hash(key), count) for key in serialized]
    assert partitions_of(serialized, count) == hashes.pure_partitions(serialized, count) == expected
    assert hashes.pure_partitions(serialized * 16, count) == expected * 16


def test_keys_that_have_chosen_their_partition() -> None:
    keys = [SERVICE.to_data(number) for number in range(20)]
    keys[7] = b"\0\0\0\5" + keys[7][4:]
    assert partitions_of(keys, 271) == [partition_id(partition_hash(key), 271) for key in keys]
    assert partitions_of(keys, 271)[7] == 5


def test_the_hash_that_has_no_absolute_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members put it into partition 0."""
    monkeypatch.setattr(
        hashes, "_hashes", lambda joined, size: pa.array([1 << 31, 5, 0xFFFFFFFF], pa.uint32())
    )
    keys = [SERVICE.to_data(number) for number in range(16)]
    assert hashes.pure_partitions(keys, 271) == [0, 5, 1]
    assert partitions_of([b"\x80\0\0\0" + keys[1][4:]], 271) == [0]
