"""Records whose values are given as columns have the bytes of single records."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.compact import GenericRecord
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Schema

NESTED = Schema("Nested", [("n", FieldKind.INT32)])
VALUES: dict[FieldKind, st.SearchStrategy[Any]] = {
    FieldKind.BOOLEAN: st.booleans(),
    FieldKind.INT8: st.integers(-128, 127),
    FieldKind.INT32: st.integers(-(2**31), 2**31 - 1),
    FieldKind.INT64: st.integers(-(2**63), 2**63 - 1),
    FieldKind.FLOAT64: st.floats(allow_nan=False),
    FieldKind.NULLABLE_BOOLEAN: st.none() | st.booleans(),
    FieldKind.NULLABLE_INT16: st.none() | st.integers(-(2**15), 2**15 - 1),
    FieldKind.NULLABLE_INT64: st.none() | st.integers(-(2**63), 2**63 - 1),
    FieldKind.NULLABLE_FLOAT32: st.none() | st.floats(width=32, allow_nan=False),
    # Records of more than 254 bytes have offsets of two bytes.
    FieldKind.STRING: st.none() | st.text(max_size=5) | st.just("long " * 60),
    FieldKind.DECIMAL: st.none() | st.decimals(-1000, 1000, places=2),
    FieldKind.DATE: st.none() | st.dates(),
    FieldKind.TIME: st.none() | st.times(),
    FieldKind.TIMESTAMP: st.none() | st.datetimes(),
    FieldKind.TIMESTAMP_WITH_TIMEZONE: st.none() | st.datetimes(timezones=st.just(UTC)),
    FieldKind.ARRAY_OF_INT32: st.none() | st.lists(st.integers(0, 9), max_size=3),
    FieldKind.ARRAY_OF_STRING: st.none() | st.lists(st.none() | st.text("ab"), max_size=3),
    FieldKind.COMPACT: st.none() | st.integers(0, 9).map(lambda n: GenericRecord.of(NESTED, [n])),
}


@settings(deadline=None, max_examples=80)
@given(
    st.data(),
    st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=11),
    st.booleans(),
    st.integers(0, 9),
)
def test_bytes_are_those_of_single_records(
    data: st.DataObject, kinds: list[FieldKind], big_endian: bool, rows: int
) -> None:
    service = SerializationService(SerializationConfig(is_big_endian=big_endian))
    schema = Schema("T", [(f"f{index}", kind) for index, kind in enumerate(kinds)])
    columns = [
        data.draw(st.lists(VALUES[schema.kinds[name]], min_size=rows, max_size=rows)) for name in schema.slots
    ]
    records = [GenericRecord.of(schema, values) for values in zip(*columns, strict=True)]
    single = [service.to_data(record) for record in records]
    for _ in range(2):
        assert service.encode_columns(schema, columns) == single
    assert [service.to_object(each) for each in single] == records


def test_the_schema_counts_as_used() -> None:
    service = SerializationService()
    schema = Schema("T", [("a", FieldKind.INT32)])
    assert service.encode_columns(schema, [[]]) == []
    assert schema.schema_id not in service.schemas.unconfirmed
    service.encode_columns(schema, [[1]])
    assert service.schemas.unconfirmed == {schema.schema_id: schema}


def test_many_schemas_and_many_shapes() -> None:
    service = SerializationService()
    for number in range(150):
        schema = Schema("T", [(f"f{number}", FieldKind.STRING)])
        (found,) = service.encode_columns(schema, [["x"]])
        assert found == service.to_data(GenericRecord.of(schema, ["x"]))
    schema = Schema("T", [("f", FieldKind.STRING)])
    texts = ["x" * length for length in range(5000)]
    for text, found in zip(texts, service.encode_columns(schema, [texts]), strict=True):
        assert found == service.to_data(GenericRecord.of(schema, [text]))
    assert len(service._further().compact._encoders) <= 100
    assert len(service._further().compact._encoders[schema]._shapes) <= 4096


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (FieldKind.INT8, 128),
        (FieldKind.NULLABLE_INT32, "text"),
        (FieldKind.STRING, 5),
        (FieldKind.DATE, datetime(2024, 1, 1)),
        (FieldKind.TIMESTAMP, date(2024, 1, 1)),
        (FieldKind.TIME, time(1, tzinfo=UTC)),
        (FieldKind.DECIMAL, Decimal("NaN")),
        (FieldKind.INT32, None),
        (FieldKind.BOOLEAN, None),
    ],
)
def test_a_value_that_does_not_fit_is_named(kind: FieldKind, value: Any) -> None:
    schema = Schema("T", [("field", kind)])
    with pytest.raises(HazelcastSerializationError, match=rf"'T': the field 'field' \({kind.name}\) has a"):
        SerializationService().encode_columns(schema, [[value]])
