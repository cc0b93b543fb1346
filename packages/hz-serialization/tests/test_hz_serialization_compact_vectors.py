"""What a member's Compact serializers wrote is read, and written again as the same bytes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

import hz_serialization_vectors as vectors
from hz_serialization import SerializationService, partition_hash
from hz_serialization.api import FieldKind
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.schema import Schema
from hz_serialization_records import Inner, InnerSerializer, Record, RecordSerializer, kind_of, service_of

ALL = {
    vector.base_name.removeprefix("Compact."): vector.data
    for vector in vectors.all_vectors()
    if vectors.kind_of(vector) == "Compact"
}
WIDEST = {"big65523": 65523, "big65524": 65524}
"""The longest texts with offsets of two bytes and the shortest with offsets of four."""
DATA = {name: data for name, data in ALL.items() if name not in WIDEST}
WHEN = datetime(2021, 6, 28, 11, 22, 41, 123456)
ZONE = timezone(timedelta(hours=-3))
# In the order in which the member's serializer wrote them, which is that of their bytes.
ALL_KINDS: dict[str, tuple[str, Any]] = {
    "bool": ("boolean", True),
    "bool2": ("boolean", False),
    "bool3": ("boolean", True),
    "i8": ("int8", -5),
    "i16": ("int16", -300),
    "i32": ("int32", 70000),
    "i64": ("int64", -5000000000),
    "f32": ("float32", 1.5),
    "f64": ("float64", -2.25),
    "str": ("string", "hé€"),
    "nstr": ("string", None),
    "dec": ("decimal", Decimal("31231.12331")),
    "time": ("time", WHEN.time()),
    "date": ("date", WHEN.date()),
    "ts": ("timestamp", WHEN),
    "tstz": ("timestamp_with_timezone", WHEN.replace(tzinfo=ZONE)),
    "inner": ("compact", Inner(n="z", v=9)),
    "ninner": ("compact", None),
    "nb": ("nullable_boolean", True),
    "n8": ("nullable_int8", 1),
    "n16": ("nullable_int16", None),
    "n32": ("nullable_int32", 5),
    "n64": ("nullable_int64", 6),
    "nf32": ("nullable_float32", 1.5),
    "nf64": ("nullable_float64", None),
    "ab": ("array_of_boolean", [True, False, True, True, False, False, False, False, True]),
    "a8": ("array_of_int8", [1, -1]),
    "a16": ("array_of_int16", [1, 2]),
    "a32": ("array_of_int32", [1, 2, 3]),
    "a64": ("array_of_int64", [1]),
    "af32": ("array_of_float32", [1.5]),
    "af64": ("array_of_float64", []),
    "na32": ("array_of_int32", None),
    "as": ("array_of_string", ["a", None, "ccc"]),
    "ad": ("array_of_decimal", [None, Decimal("1.5")]),
    "at": ("array_of_time", [time(1, 2, 3)]),
    "adt": ("array_of_date", [date(2021, 6, 28)]),
    "ats": ("array_of_timestamp", []),
    "atstz": (
        "array_of_timestamp_with_timezone",
        [datetime(2021, 6, 28, 11, 22, 41, tzinfo=timezone(timedelta(hours=5)))],
    ),
    "ac": ("array_of_compact", [Inner(n="q", v=1), None, Inner(n="w", v=2)]),
    "anb": ("array_of_nullable_boolean", [True, None]),
    "an8": ("array_of_nullable_int8", [1, None, 3]),
    "an16": ("array_of_nullable_int16", [1]),
    "an32": ("array_of_nullable_int32", [None, 7]),
    "an64": ("array_of_nullable_int64", [None]),
    "anf32": ("array_of_nullable_float32", [1.5]),
    "anf64": ("array_of_nullable_float64", None),
}
CASES: dict[str, tuple[str, dict[str, tuple[str, Any]]]] = {
    "all-kinds": ("all-kinds", ALL_KINDS),
    "inner": ("inner", {"n": ("string", "z"), "v": ("int32", 9)}),
    "big10": ("big", {"a": ("string", "x" * 10), "b": ("string", None), "c": ("string", "end")}),
    "big243": ("big", {"a": ("string", "x" * 243), "b": ("string", None), "c": ("string", "end")}),
    "big244": ("big", {"a": ("string", "x" * 244), "b": ("string", None), "c": ("string", "end")}),
    "fixed-only": (
        "fixed-only",
        {"a": ("int32", 2), "b": ("int32", 1), "z": ("int64", 3), "q": ("boolean", True), "y": ("int8", 4)},
    ),
    "empty": ("empty", {}),
    "record": ("Vec$Rec", {"a": ("int32", 1), "b": ("string", "x"), "c": ("array_of_int64", [1, 2])}),
    "pojo": (
        "Vec$Pojo",
        {
            "name": ("string", "n"),
            "age": ("int32", 3),
            "tags": ("array_of_string", ["a"]),
            "e": ("string", "B"),
            "boxed": ("nullable_int32", None),
        },
    ),
    "genericrecord": ("gr", {"a": ("int32", 1), "b": ("string", "x")}),
    "field-order": ("ord", {"\ufb00": ("int32", 1), "\U0001f600": ("int32", 2), "é": ("int32", 3)}),
}


def _without_nanoseconds(data: bytes) -> bytes:
    """Python's times end with microseconds."""
    changed = data.replace(bytes.fromhex("075bcd15"), bytes.fromhex("075bca00"))
    return changed.replace(bytes.fromhex("01020300000004"), bytes.fromhex("01020300000000"))


def _service(name: str) -> tuple[SerializationService, Record]:
    type_name, fields = CASES[name]
    methods = [(method, field) for field, (method, _) in fields.items()]
    service = service_of(
        RecordSerializer(*methods, name=type_name), *([] if name == "inner" else [InnerSerializer()])
    )
    return service, Record(**{field: value for field, (_, value) in fields.items()})


def _schema(name: str) -> Schema:
    type_name, fields = CASES[name]
    return Schema(type_name, [(field, kind_of(method)) for field, (method, _) in fields.items()])


def test_every_vector_is_used() -> None:
    assert set(CASES) == set(DATA)


def test_every_kind_is_there() -> None:
    kinds = {kind_of(method) for method, _ in ALL_KINDS.values()}
    assert kinds == set(FieldKind) - {FieldKind.NOT_AVAILABLE}


@pytest.mark.parametrize("name", DATA)
def test_a_serializer_writes_the_members_bytes(name: str) -> None:
    service, record = _service(name)
    assert service.to_data(record) == _without_nanoseconds(DATA[name])


@pytest.mark.parametrize("name", DATA)
def test_a_serializer_reads_the_members_bytes(name: str) -> None:
    service, record = _service(name)
    service.schemas.add(_schema(name))
    service.schemas.add(_schema("inner"))
    assert service.to_object(DATA[name]) == record


@pytest.mark.parametrize("name", DATA)
def test_generic_records_of_the_members_bytes(name: str) -> None:
    service = service_of()
    service.schemas.add(_schema(name))
    service.schemas.add(_schema("inner"))
    record = service.to_object(DATA[name])
    assert isinstance(record, GenericRecord)
    assert record.type_name == CASES[name][0]
    for field, (method, value) in CASES[name][1].items():
        assert record.kind(field) == kind_of(method)
        if "compact" not in method:
            assert record[field] == value
    assert service.to_data(record) == _without_nanoseconds(DATA[name])
    assert partition_hash(service.to_data(service.to_object(service.to_data(record)))) == partition_hash(
        service.to_data(record)
    )


@pytest.mark.parametrize("name", WIDEST)
def test_the_widest_offsets(name: str) -> None:
    service = service_of(RecordSerializer(("string", "a"), ("string", "b"), ("string", "c"), name="big"))
    record = Record(a="x" * WIDEST[name], b=None, c="end")
    assert service.to_data(record) == ALL[name]
    assert service.to_object(ALL[name]) == record
