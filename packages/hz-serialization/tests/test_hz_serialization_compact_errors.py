"""Values that Compact cannot hold: the error names the field, what is wrong, and what to do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError
from hz_serialization.api import CompactReader, CompactWriter
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.layout import MISSING
from hz_serialization_records import (
    SAMPLES,
    SCALARS,
    Inner,
    InnerSerializer,
    Record,
    RecordSerializer,
    Written,
    kind_of,
    service_of,
)

WRONG: list[tuple[str, Any, str]] = [
    ("int8", 128, "$.f: INT8 cannot hold 128: "),
    ("int16", -(2**15) - 1, "INT16 cannot hold -32769: "),
    ("int32", 2**31, "INT32 cannot hold 2147483648: "),
    ("int64", 2**63, "INT64 cannot hold 9223372036854775808: "),
    ("int32", 1.5, "INT32 cannot hold 1.5: "),
    ("float32", 1e300, "FLOAT32 cannot hold 1e+300: "),
    ("boolean", 2, "BOOLEAN cannot hold 2"),
    ("boolean", [], "BOOLEAN cannot hold []"),
    ("nullable_boolean", "x", "NULLABLE_BOOLEAN cannot hold 'x'"),
    ("nullable_int8", -129, "NULLABLE_INT8 cannot hold -129: "),
    ("string", 5, "STRING cannot hold 5"),
    ("string", "\ud800", "lone surrogate (U+D800 at index 0)"),
    ("decimal", Decimal("NaN"), "no NaN"),
    ("decimal", 1.5, "DECIMAL cannot hold 1.5"),
    ("date", datetime(2020, 1, 1), "use value.date()"),
    ("date", "2020-01-01", "DATE cannot hold '2020-01-01'"),
    ("time", time(1, tzinfo=UTC), "drop tzinfo"),
    ("timestamp", datetime(2020, 1, 1, tzinfo=UTC), "TIMESTAMP_WITH_TIMEZONE"),
    ("timestamp", date(2020, 1, 1), "TIMESTAMP cannot hold datetime.date(2020, 1, 1)"),
    ("timestamp_with_timezone", datetime(2020, 1, 1), "set tzinfo"),
    (
        "timestamp_with_timezone",
        datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=20))),
        "end at 18 hours",
    ),
    ("compact", 5, "$.f: a Compact field holds Compact objects only; add the class"),
    ("array_of_boolean", [True, None], "$.f[1]: BOOLEAN cannot hold None"),
    ("array_of_int8", [300], "ARRAY_OF_INT8 cannot hold [300]: "),
    ("array_of_int32", [1, None], "ARRAY_OF_INT32 cannot hold [1, None]: "),
    ("array_of_float64", "abc", "ARRAY_OF_FLOAT64 cannot hold 'abc'"),
    ("array_of_nullable_int32", [None, 2**31], "$.f[1]: NULLABLE_INT32 cannot hold 2147483648: "),
    ("array_of_string", ["a", 5], "$.f[1]: STRING cannot hold 5"),
    ("array_of_string", 7, "ARRAY_OF_STRING cannot hold 7"),
    ("array_of_date", [None, datetime(2020, 1, 1)], "$.f[1]: a DATE field"),
    ("array_of_compact", [Inner(n=5, v=1)], "$.f[0].n: STRING cannot hold 5"),
    ("array_of_compact", [Inner(n="", v=1), object()], "item 1 of class object"),
    ("array_of_compact", [GenericRecord("a", {}), None, GenericRecord("b", {})], "item 2 of Schema('b'"),
]


def _message(call: Any, *arguments: Any) -> str:
    with pytest.raises(HazelcastSerializationError) as caught:
        call(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(("method", "value", "message"), WRONG, ids=lambda value: str(value)[:30])
def test_value_that_does_not_fit(method: str, value: Any, message: str) -> None:
    for fields in ([(method, "f")], [("string", "a"), ("int8", "b"), (method, "f"), ("boolean", "g")]):
        for first in (None, SAMPLES.get(method, [None])[-1]):
            service = service_of(RecordSerializer(*fields), InnerSerializer())
            if first is not None:
                service.to_data(Record(a="", b=1, f=first, g=True))
            assert message in _message(service.to_data, Record(a="", b=1, f=value, g=True))
            assert "$[1]." in _message(service.to_data, [1, Record(a="", b=1, f=value, g=True)])


@pytest.mark.parametrize("name", SCALARS)
def test_null_in_a_plain_field(name: str) -> None:
    service = service_of(RecordSerializer((name, "f")))
    assert f"$.f: {name.upper()} cannot hold None" in _message(service.to_data, Record(f=None))
    record = GenericRecord("r", {"f": (kind_of(name), None)})
    assert f"$.f: {name.upper()} cannot hold None" in _message(service.to_data, record)


@pytest.mark.parametrize("method", [*SAMPLES, "compact", "array_of_compact"])
def test_a_field_that_is_not_written_is_not_filled_with_something(method: str) -> None:
    """Whatever the kind, what stands for a missing value cannot be written."""
    for fields in ({"f": method}, {"f": method, "g": "int32"}, {"f": method, "a": "string", "g": "boolean"}):
        values = {"a": "", "g": 1}
        record = GenericRecord(
            "r", {name: (kind_of(kind), values.get(name, MISSING)) for name, kind in fields.items()}
        )
        assert "did not write 'f'" in _message(service_of().to_data, record)


def test_a_field_written_twice() -> None:
    def write(writer: CompactWriter, value: Record) -> None:
        writer.write_int32("x", 1)
        writer.write_string("x", "1")

    assert "type 'record' writes field 'x' twice" in _message(service_of(Written(write)).to_data, Record())


def test_a_serializer_that_fails() -> None:
    def write(writer: CompactWriter, value: Record) -> None:
        writer.write_int32("x", value.x)

    def read(reader: CompactReader) -> Any:
        raise LookupError("no such thing")

    service = service_of(Written(write, read))
    assert re.search(
        r"AttributeError.*no attribute 'x'.*Written\.write\(\)", _message(service.to_data, Record())
    )
    data = service.to_data(Record(x=1))
    assert re.search(
        r"AttributeError.*no attribute 'x'.*Written\.write\(\)", _message(service.to_data, Record())
    )
    assert re.search(
        r"Written\.read\(\) raised LookupError: no such thing", _message(service.to_object, data)
    )


def test_a_failed_object_leaves_nothing_behind() -> None:
    service = service_of(RecordSerializer(("string", "a"), ("int8", "b")))
    data = service.to_data(Record(a="x", b=1))
    _message(service.to_data, Record(a="x", b=1000))
    _message(service.to_data, Record(a=5, b=1))
    assert service.to_data(Record(a="x", b=1)) == data


def test_nesting_without_end() -> None:
    service = service_of(RecordSerializer(("compact", "c")))
    record = Record(c=None)
    record.c = record
    assert "deeper than 128 levels" in _message(service.to_data, record)
    chain = Record(c=None)
    for _ in range(100):
        chain = Record(c=chain)
    assert service.to_object(service.to_data(chain)) == chain
    for _ in range(60):
        chain = Record(c=chain)
    assert "deeper than 128 levels" in _message(service.to_data, chain)
