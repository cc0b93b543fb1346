"""Every kind of Compact field comes back as it went."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import SerializationService
from hz_serialization.compact.generic import GenericRecord
from hz_serialization_records import (
    SAMPLES,
    Inner,
    InnerSerializer,
    Record,
    RecordSerializer,
    kind_of,
    service_of,
    share,
)

ORDERS = pytest.mark.parametrize("is_big_endian", [True, False], ids=["big", "little"])
INNERS: list[Any] = [None, Inner(n=None, v=0), Inner(n="z" * 300, v=-1)]
ALL_SAMPLES = {**SAMPLES, "compact": INNERS, "array_of_compact": [None, [], INNERS, INNERS * 100]}


def _same(service: SerializationService, value: Any) -> bytes:
    data = service.to_data(value)
    assert service.to_object(data) == value
    assert service.read(b"\xff" * 5 + data + b"\xff" * 300, 5, 5 + len(data)) == value
    assert service.to_object(service.to_data({"in a map": [value, 1]})) == {"in a map": [value, 1]}
    return data


@ORDERS
@pytest.mark.parametrize("method", ALL_SAMPLES)
def test_alone(method: str, is_big_endian: bool) -> None:
    service = service_of(RecordSerializer((method, "f")), InnerSerializer(), is_big_endian=is_big_endian)
    for value in ALL_SAMPLES[method]:
        _same(service, Record(f=value))


@ORDERS
@pytest.mark.parametrize("method", ALL_SAMPLES)
def test_among_others(method: str, is_big_endian: bool) -> None:
    fields = ("string", "a"), ("int64", "b"), (method, "f"), ("boolean", "z"), ("nullable_int8", "zz")
    service = service_of(RecordSerializer(*fields), InnerSerializer(), is_big_endian=is_big_endian)
    for value in ALL_SAMPLES[method]:
        _same(service, Record(a="x", b=2**40, f=value, z=True, zz=None))


@ORDERS
@pytest.mark.parametrize("method", SAMPLES)
def test_as_generic_record(method: str, is_big_endian: bool) -> None:
    service = service_of(is_big_endian=is_big_endian)
    for value in SAMPLES[method]:
        record = GenericRecord("record", {"f": (kind_of(method), value), "i": (kind_of("int16"), 7)})
        data = _same(service, record)
        other = service_of(RecordSerializer(("int16", "i"), (method, "f")), is_big_endian=is_big_endian)
        assert other.to_data(Record(f=value, i=7)) == data, "the same bytes as by a serializer"
        share(service, other)
        assert other.to_object(data) == Record(f=value, i=7)


@ORDERS
@settings(max_examples=150)
@given(
    picked=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(sorted(SAMPLES))
    ),
    choose=st.data(),
)
def test_any_mixture(is_big_endian: bool, picked: dict[str, str], choose: st.DataObject) -> None:
    service = service_of(is_big_endian=is_big_endian)
    fields = {
        name: (kind_of(method), choose.draw(st.sampled_from(SAMPLES[method])))
        for name, method in picked.items()
    }
    record = GenericRecord("mixture", fields)
    data = _same(service, record)
    assert service.to_data(service.to_object(data)) == data
    assert {name: record[name] for name in record} == {name: value for name, (_, value) in fields.items()}


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 17])
def test_booleans_are_bits(count: int) -> None:
    names = [f"b{index:02}" for index in range(count)]
    service = service_of(RecordSerializer(*(("boolean", name) for name in names)))
    for number in (0, 1, 2**count - 1, 0b1010101 % 2**count, 1 << count - 1):
        data = _same(service, Record(**{name: bool(number >> bit & 1) for bit, name in enumerate(names)}))
        assert data[16:] == number.to_bytes((count + 7) // 8, "little")


@pytest.mark.parametrize("size", [0, 254 - 8, 255 - 8, 256, 65534 - 8, 65535 - 8, 65536])
@ORDERS
def test_width_of_the_offsets(size: int, is_big_endian: bool) -> None:
    service = service_of(
        RecordSerializer(("string", "a"), ("string", "b"), ("string", "c")), is_big_endian=is_big_endian
    )
    data = _same(service, Record(a="x" * size, b=None, c=""))
    width = 1 if size + 8 < 255 else 2 if size + 8 < 65535 else 4
    assert len(data) == 8 + 8 + 4 + size + 8 + 3 * width
    assert data[-2 * width : -width] == b"\xff" * width


@pytest.mark.parametrize("size", [254 - 4, 255 - 4, 65534 - 4, 65535 - 4])
@ORDERS
def test_width_of_the_offsets_of_items(size: int, is_big_endian: bool) -> None:
    service = service_of(RecordSerializer(("array_of_string", "a")), is_big_endian=is_big_endian)
    _same(service, Record(a=["x" * size, None]))
    _same(service, Record(a=["x" * (size - 4), None, ""]))


def test_no_fields_at_all() -> None:
    service = service_of(RecordSerializer())
    assert len(_same(service, Record())) == 16


def test_arrays_are_written_from_blocks() -> None:
    service = service_of(
        RecordSerializer(("array_of_int8", "b"), ("array_of_int32", "i"), ("array_of_float64", "d"))
    )
    record = Record(b=b"\x01\xff", i=array("i", [1, 2]), d=(1.0, 2.5))
    assert service.to_object(service.to_data(record)) == Record(b=[1, -1], i=[1, 2], d=[1.0, 2.5])


def test_nested_objects_have_schemas_of_their_own() -> None:
    service = service_of(RecordSerializer(("compact", "a"), ("array_of_compact", "b")), InnerSerializer())
    generic = GenericRecord("other", {"x": (kind_of("int32"), 1)})
    record = Record(a=generic, b=[Inner(n="q", v=1), None, Inner(n=None, v=2)])
    _same(service, record)
    assert {schema.type_name for schema in service.schemas.used.values()} == {"record", "inner", "other"}
    _same(service, Record(a=Inner(n="a", v=1), b=[generic, generic.replace(x=2)]))


def test_ints_that_are_not_int() -> None:
    class Number(int):
        pass

    service = service_of(RecordSerializer(("int32", "i"), ("float64", "f"), ("decimal", "d")))
    record = Record(i=Number(5), f=2, d=Decimal("1.10"))
    result = service.to_object(service.to_data(record))
    assert result == record
    assert str(result.d) == "1.10"


def test_the_order_of_writing_is_the_order_of_the_values() -> None:
    """Keys are compared by their bytes, so it has to be the same in all clients."""
    service = service_of(RecordSerializer(("string", "b"), ("int8", "n"), ("string", "a")))
    data = service.to_data(Record(a="first", b="second", n=1))
    assert data.index(b"second") < data.index(b"first")
    plain = service_of()
    share(service, plain)
    record = plain.to_object(data)
    assert (record["a"], record["b"]) == ("first", "second")
    assert plain.to_data(record) == data
    changed = plain.to_data(record.replace(b=None))
    assert plain.to_object(changed).to_dict() == {"a": "first", "b": None, "n": 1}
    fresh = GenericRecord("record", {name: (record.kind(name), record[name]) for name in record})
    assert fresh == record
    assert plain.to_data(fresh) != data


def test_a_zone_keeps_its_offset() -> None:
    service = service_of(RecordSerializer(("timestamp_with_timezone", "t")))
    data = service.to_data(Record(t=datetime(2020, 1, 1, tzinfo=UTC)))
    assert service.to_object(data).t.utcoffset() == datetime(2020, 1, 1, tzinfo=UTC).utcoffset()
