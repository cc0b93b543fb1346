"""Schemas, their fingerprints, and the registry of those that have to be sent to the cluster."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier

import pytest

from hz_serialization import HazelcastSerializationError, SerializationService
from hz_serialization.api import FieldKind
from hz_serialization.compact.automatic import compact_type
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.layout import RecordLayout
from hz_serialization.compact.schema import Field, Schema
from hz_serialization.compact.schema_registry import SchemaRegistry, UnknownSchemaError
from hz_serialization.layout import BIG_ENDIAN
from hz_serialization_records import (
    Inner,
    InnerSerializer,
    Record,
    RecordSerializer,
    Written,
    service_of,
    share,
)

INNER = Schema("inner", [("n", FieldKind.STRING), ("v", FieldKind.INT32)])
NAMES = ["\ufb00", "\U0001f600", "é"]


def test_fingerprint_is_the_members() -> None:
    assert INNER.schema_id.to_bytes(8, "big", signed=True).hex() == "f67158e7a5a23184"
    assert Schema("empty", []).schema_id.to_bytes(8, "big", signed=True).hex() == "62c9417571672020"


def test_fields_are_ordered_as_java_orders_them() -> None:
    """By UTF-16 units, where what lies above U+FFFF comes before U+FB00."""
    schema = Schema("ord", [(name, FieldKind.INT32) for name in NAMES])
    assert [field.name for field in schema.fields] == ["é", "\U0001f600", "\ufb00"]
    assert schema.schema_id.to_bytes(8, "big", signed=True).hex() == "274351a3b23c253a"
    assert schema == Schema("ord", [(name, FieldKind.INT32) for name in reversed(NAMES)])


def test_slots() -> None:
    fields = {
        "s": FieldKind.STRING, "b": FieldKind.BOOLEAN, "i": FieldKind.INT32, "l": FieldKind.INT64, "a": FieldKind.INT8,
        "f": FieldKind.FLOAT32, "d": FieldKind.FLOAT64, "h": FieldKind.INT16, "n": FieldKind.NULLABLE_INT64,
    }  # fmt: skip
    schema = Schema("t", fields.items())
    assert list(schema.slots) == ["d", "l", "f", "i", "h", "a", "b", "n", "s"]
    assert RecordLayout(schema, BIG_ENDIAN).slots == schema.slots


def test_a_schema_does_not_change() -> None:
    assert INNER.fields == (Field("n", FieldKind.STRING), Field("v", FieldKind.INT32))
    assert INNER.kinds["v"] is FieldKind.INT32
    with pytest.raises(AttributeError, match="immutable"):
        INNER.type_name = "x"
    with pytest.raises(AttributeError, match="immutable"):
        del INNER.fields
    assert repr(INNER) == "Schema('inner', id -688671516071415420, {n: STRING, v: INT32})"
    assert pickle.loads(pickle.dumps(INNER)) == INNER
    assert INNER != "inner"
    assert len({INNER, Schema("inner", INNER.fields), Schema("other", INNER.fields)}) == 2


@pytest.mark.parametrize("kind", [0, 5, 6, 31, 32, 47, -1])
def test_kinds_that_no_field_has(kind: int) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=rf"type 't': field 'x' has kind {kind}, .*FieldKind"
    ):
        Schema("t", [("x", kind)])  # type: ignore[list-item] # what comes over the wire is a number


def test_numbers_become_kinds() -> None:
    assert Schema("t", [("x", 9)]).fields[0].kind is FieldKind.INT32  # type: ignore[list-item] # as above


def test_names() -> None:
    with pytest.raises(HazelcastSerializationError, match="type 't' has field 'x' twice"):
        Schema("t", [("x", FieldKind.INT8), ("y", FieldKind.INT8), ("x", FieldKind.STRING)])
    for type_name, name in (("t", "\ud800"), ("\udfff", "x")):
        with pytest.raises(HazelcastSerializationError, match="lone surrogate"):
            Schema(type_name, [(name, FieldKind.INT8)])


def test_what_is_written_is_unconfirmed_until_the_cluster_has_it() -> None:
    service = service_of(RecordSerializer(("compact", "c")), InnerSerializer())
    schemas = service.schemas
    assert (schemas.unconfirmed, schemas.used) == ({}, {})
    service.to_data(Record(c=Inner(n="a", v=1)))
    assert {schema.type_name for schema in schemas.unconfirmed.values()} == {"record", "inner"}
    assert schemas.by_id == schemas.unconfirmed
    schemas.confirm(INNER.schema_id)
    schemas.confirm(INNER.schema_id)
    service.to_data(Inner(n="b", v=1))
    assert [schema.type_name for schema in schemas.unconfirmed.values()] == ["record"]
    assert INNER in schemas.used.values()


def test_what_is_only_read_is_not_unconfirmed() -> None:
    source, target = service_of(InnerSerializer()), service_of()
    data = source.to_data(Inner(n="a", v=1))
    target.schemas.add(INNER)
    record = target.to_object(data)
    assert target.schemas.unconfirmed == {}
    target.to_data(record.replace(v=2))
    assert target.schemas.unconfirmed == {INNER.schema_id: INNER}


def test_unknown_schema() -> None:
    source, target = service_of(InnerSerializer()), service_of(InnerSerializer())
    data = source.to_data([Inner(n="a", v=1)])
    for _ in range(2):
        with pytest.raises(UnknownSchemaError, match=str(INNER.schema_id)) as caught:
            target.to_object(data)
        assert caught.value.schema_id == INNER.schema_id
        assert pickle.loads(pickle.dumps(caught.value)).schema_id == INNER.schema_id
        with pytest.raises(UnknownSchemaError):
            target.read(b"x" + data, 1, len(data) + 1)
    share(source, target)
    assert target.to_object(data) == [Inner(n="a", v=1)]


def test_unknown_schema_inside_a_known_one() -> None:
    source = service_of(RecordSerializer(("compact", "c")), InnerSerializer())
    data = source.to_data(Record(c=Inner(n="a", v=1)))
    for target in (
        service_of(),
        service_of(Written(lambda writer, value: None, lambda reader: reader.read_compact("c"))),
    ):
        target.schemas.add(
            next(schema for schema in source.schemas.used.values() if schema.type_name == "record")
        )
        with pytest.raises(UnknownSchemaError) as caught:
            target.to_object(data)
        assert caught.value.schema_id == INNER.schema_id


def test_an_unknown_schema_of_a_field_that_nobody_reads() -> None:
    source = service_of(RecordSerializer(("compact", "c"), ("int8", "i")), InnerSerializer())
    data = source.to_data(Record(c=Inner(n="a", v=1), i=5))
    target = service_of(RecordSerializer(("int8", "i")))
    target.schemas.add(
        next(schema for schema in source.schemas.used.values() if schema.type_name == "record")
    )
    assert target.to_object(data) == Record(i=5)


def test_two_schemas_with_one_fingerprint() -> None:
    schemas = SchemaRegistry()
    schemas.add(INNER)
    schemas.add(Schema("inner", INNER.fields))
    other = Schema("other", [])
    object.__setattr__(other, "schema_id", INNER.schema_id)
    with pytest.raises(HazelcastSerializationError, match="same fingerprint"):
        schemas.add(other)


def test_threads_that_write_the_first_objects_at_once() -> None:
    for _ in range(20):
        service = service_of(
            RecordSerializer(("string", "s"), ("compact", "c"), ("int32", "i")), InnerSerializer()
        )
        barrier = Barrier(4)

        def work(number: int, service: SerializationService = service, barrier: Barrier = barrier) -> None:
            barrier.wait(20)
            for index in range(25):
                value = Record(s=f"{number}", c=Inner(n=None, v=index), i=number)
                assert service.to_object(service.to_data(value)) == value
                generic = GenericRecord("generic", {"x": (FieldKind.INT32, index)})
                assert service.to_object(service.to_data(generic)) == generic

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(work, number) for number in range(4)]:
                future.result(60)
        assert len(service.schemas.unconfirmed) == 3


def test_threads_that_write_a_marked_class_at_once() -> None:
    @compact_type(name="marked-in-threads")
    @dataclass
    class Marked:
        text: str
        number: int

    for _ in range(20):
        service = service_of()
        barrier = Barrier(4)

        def work(service: SerializationService = service, barrier: Barrier = barrier) -> None:
            barrier.wait(20)
            assert service.to_object(service.to_data([Marked("a", 1)])) == [Marked("a", 1)]

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(work) for _ in range(4)]:
                future.result(60)
